/* store/session: see the header. */
#include "store/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "db/db.h"
#include "db/kept.h"

#define KEEP_ANSWERS_SECONDS 86400
#define KEEP_ANSWERS_MAX 50000

bool store_session_add(struct tx *tx, const uint8_t id_hash[static SHA256_SIZE],
    const struct session_row *session, const char *address, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO session(id_hash, account_id, csrf, address, created_at, seen_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $5, $6)");

    stmt_bind_blob(q, 1, span_of(id_hash, SHA256_SIZE));
    stmt_bind_i64(q, 2, session->account_id);
    stmt_bind_text(q, 3, session->csrf);
    stmt_bind_text(q, 4, address);
    stmt_bind_i64(q, 5, session->created_at);
    stmt_bind_i64(q, 6, session->expires_at);
    return stmt_run(q, err);
}

static void read_caller(struct stmt *q, int first, struct caller_row *row)
{
    span_copy_text(stmt_blob(q, first), row->name, sizeof row->name);
    span_copy_text(stmt_blob(q, first + 1), row->role, sizeof row->role);
    row->is_disabled = stmt_bool(q, first + 2);
}

bool store_session_find(struct tx *tx, const uint8_t id_hash[static SHA256_SIZE], int64_t now,
    struct session_row *ret, bool *ret_found, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT s.account_id, s.csrf, s.created_at, s.seen_at, s.expires_at,"
                       " a.name, a.role, a.is_disabled"
                       "  FROM session s JOIN account a ON a.id = s.account_id"
                       " WHERE s.id_hash = $1 AND s.expires_at > $2");
    struct session_row session = { 0 };
    bool found = false;

    stmt_bind_blob(q, 1, span_of(id_hash, SHA256_SIZE));
    stmt_bind_i64(q, 2, now);
    while (stmt_next(q)) {
        found = true;
        session.account_id = stmt_i64(q, 0);
        span_copy_text(span_text(stmt_text(q, 1)), session.csrf, sizeof session.csrf);
        session.created_at = stmt_i64(q, 2);
        session.seen_at = stmt_i64(q, 3);
        session.expires_at = stmt_i64(q, 4);
        read_caller(q, 5, &session.caller);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = session;
    *ret_found = found;
    return true;
}

bool store_session_touch(struct tx *tx, const uint8_t id_hash[static SHA256_SIZE], int64_t now,
    int64_t expires_at, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE session SET seen_at = $2, expires_at = $3 WHERE id_hash = $1");

    stmt_bind_blob(q, 1, span_of(id_hash, SHA256_SIZE));
    stmt_bind_i64(q, 2, now);
    stmt_bind_i64(q, 3, expires_at);
    return stmt_run(q, err);
}

bool store_session_delete(struct tx *tx, const uint8_t id_hash[static SHA256_SIZE], struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM session WHERE id_hash = $1");

    stmt_bind_blob(q, 1, span_of(id_hash, SHA256_SIZE));
    return stmt_run(q, err);
}

bool store_session_delete_of(struct tx *tx, int64_t account_id, const uint8_t *keep,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM session WHERE account_id = $1 AND id_hash <> $2");
    static const uint8_t none[SHA256_SIZE] = { 0 };

    stmt_bind_i64(q, 1, account_id);
    stmt_bind_blob(q, 2, span_of(keep ? keep : none, SHA256_SIZE));
    return stmt_run(q, err);
}

bool store_session_forget(struct tx *tx, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *sessions =
        tx_prepare(tx, "DELETE FROM session WHERE expires_at <= $1");
    autofree(stmt) struct stmt *throttles =
        tx_prepare(tx, "DELETE FROM throttle WHERE until_at <= $1 AND updated_at <= $2");
    autofree(stmt) struct stmt *answers =
        tx_prepare(tx, "DELETE FROM idempotency"
                       " WHERE created_at <= $1"
                       "    OR created_at < (SELECT created_at FROM idempotency"
                       "                      ORDER BY created_at DESC LIMIT 1 OFFSET $2)");

    stmt_bind_i64(sessions, 1, now);
    stmt_bind_i64(throttles, 1, now);
    stmt_bind_i64(throttles, 2, now - KEEP_ANSWERS_SECONDS);
    stmt_bind_i64(answers, 1, now - KEEP_ANSWERS_SECONDS);
    stmt_bind_i64(answers, 2, KEEP_ANSWERS_MAX);
    return stmt_run(sessions, err) && stmt_run(throttles, err) && stmt_run(answers, err);
}

bool store_token_add(struct tx *tx, const struct token_row *token,
    const uint8_t hash[static SHA256_SIZE], int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO token(account_id, name, hash, scopes, created_at, expires_at)"
                       " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id");
    int64_t id = 0;

    stmt_bind_i64(q, 1, token->account_id);
    stmt_bind_text(q, 2, token->name);
    stmt_bind_blob(q, 3, span_of(hash, SHA256_SIZE));
    stmt_bind_text(q, 4, token->scopes);
    stmt_bind_i64(q, 5, token->created_at);
    if (token->expires_at)
        stmt_bind_i64(q, 6, token->expires_at);
    else
        stmt_bind_null(q, 6);
    while (stmt_next(q))
        id = stmt_i64(q, 0);
    *ret_id = id;
    return stmt_end(q, err);
}

#define TOKEN_COLUMNS "t.id, t.account_id, t.name, t.scopes, t.created_at, t.expires_at, t.used_at"

static struct token_row *read_token(struct stmt *q)
{
    struct token_row *row = xcalloc(1, sizeof *row);

    row->id = stmt_i64(q, 0);
    row->account_id = stmt_i64(q, 1);
    row->name = xstrdup(stmt_text(q, 2));
    row->scopes = xstrdup(stmt_text(q, 3));
    row->created_at = stmt_i64(q, 4);
    row->expires_at = stmt_i64(q, 5);
    row->used_at = stmt_i64(q, 6);
    return row;
}

/* Tokens that were shown in one state of the database, each at the place that its hash says. */
#define KNOWN_TOKENS 32

struct known_tokens {
    struct known_token {
        bool is_there;
        uint8_t hash[SHA256_SIZE];
        struct token_use_row row;
    } items[KNOWN_TOKENS];
};

static const char known_tokens_key;

static bool find_known(struct tx *tx, const uint8_t hash[static SHA256_SIZE],
    struct known_token **ret, struct err *err)
{
    void *kept = NULL;

    if (!kept_find(tx, &known_tokens_key, &kept, err))
        return false;
    if (!kept) {
        kept = xcalloc(1, sizeof(struct known_tokens));
        kept_add(tx, &known_tokens_key, kept, free);
    }
    *ret = &((struct known_tokens *)kept)->items[hash[0] % KNOWN_TOKENS];
    return true;
}

static bool read_token_use(struct tx *tx, const uint8_t hash[static SHA256_SIZE], int64_t now,
    struct token_use_row *ret, bool *ret_found, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT t.id, t.account_id, t.scopes, t.expires_at, t.used_at,"
                       " a.name, a.role, a.is_disabled"
                       "  FROM token t JOIN account a ON a.id = t.account_id"
                       " WHERE t.hash = $1 AND (t.expires_at IS NULL OR t.expires_at > $2)");
    struct token_use_row token = { 0 };
    bool found = false;

    stmt_bind_blob(q, 1, span_of(hash, SHA256_SIZE));
    stmt_bind_i64(q, 2, now);
    while (stmt_next(q)) {
        found = true;
        token.id = stmt_i64(q, 0);
        token.account_id = stmt_i64(q, 1);
        span_copy_text(stmt_blob(q, 2), token.scopes, sizeof token.scopes);
        token.expires_at = stmt_i64(q, 3);
        token.used_at = stmt_i64(q, 4);
        read_caller(q, 5, &token.caller);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = token;
    *ret_found = found;
    return true;
}

bool store_token_find(struct tx *tx, const uint8_t hash[static SHA256_SIZE], int64_t now,
    struct token_use_row *ret, bool *ret_found, struct err *err)
{
    struct known_token *known = NULL;

    if (!find_known(tx, hash, &known, err))
        return false;
    if (!known->is_there || memcmp(known->hash, hash, SHA256_SIZE) != 0) {
        if (!read_token_use(tx, hash, now, &known->row, &known->is_there, err))
            return false;
        memcpy(known->hash, hash, SHA256_SIZE);
    }
    *ret = known->row;
    *ret_found = known->is_there && (!known->row.expires_at || known->row.expires_at > now);
    return true;
}

bool store_token_touch(struct tx *tx, int64_t id, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "UPDATE token SET used_at = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, now);
    return stmt_run(q, err);
}

bool store_token_list(struct tx *tx, int64_t account_id, size_t max, struct token_row **rows,
    size_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " TOKEN_COLUMNS
                       " FROM token t WHERE t.account_id = $1 ORDER BY t.id DESC LIMIT $2");
    size_t n = 0;

    stmt_bind_i64(q, 1, account_id);
    stmt_bind_i64(q, 2, (int64_t)max);
    while (stmt_next(q))
        rows[n++] = read_token(q);
    if (!stmt_end(q, err)) {
        while (n > 0)
            token_row_free(rows[--n]);
        return false;
    }
    *ret_n = n;
    return true;
}

bool store_token_delete(struct tx *tx, int64_t account_id, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM token WHERE id = $1 AND account_id = $2");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, account_id);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) == 0)
        return fail(err, ERR_NOT_FOUND, "there is no token %" PRId64, id);
    return true;
}

bool store_throttle_get(struct tx *tx, const char *key, int64_t max_wait, int64_t now,
    int64_t *ret_until, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT until_at FROM throttle WHERE key = $1 AND until_at > $2 AND until_at <= $3");
    int64_t until = 0;

    stmt_bind_text(q, 1, key);
    stmt_bind_i64(q, 2, now);
    stmt_bind_i64(q, 3, now + max_wait);
    while (stmt_next(q))
        until = stmt_i64(q, 0);
    *ret_until = until;
    return stmt_end(q, err);
}

static int64_t throttle_wait(int64_t n_failures, int64_t free_tries, int64_t max_wait)
{
    int64_t over = n_failures - free_tries;

    if (over < 0)
        return 0;
    return over >= 12 || (INT64_C(1) << over) > max_wait ? max_wait : INT64_C(1) << over;
}

bool store_throttle_fail(struct tx *tx, const char *key, int64_t free_tries, int64_t max_wait,
    int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *count = tx_prepare(tx,
        "INSERT INTO throttle(key, n_failures, until_at, updated_at) VALUES ($1, 1, 0, $2)"
        " ON CONFLICT (key) DO UPDATE"
        " SET n_failures = throttle.n_failures + 1, updated_at = excluded.updated_at"
        " RETURNING n_failures");
    autofree(stmt) struct stmt *wait =
        tx_prepare(tx, "UPDATE throttle SET until_at = $2 WHERE key = $1");
    int64_t n = 0;

    stmt_bind_text(count, 1, key);
    stmt_bind_i64(count, 2, now);
    while (stmt_next(count))
        n = stmt_i64(count, 0);
    if (!stmt_end(count, err))
        return false;
    stmt_bind_text(wait, 1, key);
    stmt_bind_i64(wait, 2, now + throttle_wait(n, free_tries, max_wait));
    return stmt_run(wait, err);
}

bool store_throttle_clear(struct tx *tx, const char *key, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM throttle WHERE key = $1");

    stmt_bind_text(q, 1, key);
    return stmt_run(q, err);
}

bool store_idempotency_find(struct tx *tx, const struct idempotency_key *key, int64_t now,
    uint8_t ret_request[static SHA256_SIZE], int64_t *ret_status, char **ret_body, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT request_hash, status, body FROM idempotency"
                       " WHERE account_id = $1 AND key = $2 AND created_at > $3");
    autofree(str) char *body = NULL;

    stmt_bind_i64(q, 1, key->account_id);
    stmt_bind_text(q, 2, key->text);
    stmt_bind_i64(q, 3, now - KEEP_ANSWERS_SECONDS);
    while (stmt_next(q)) {
        struct span hash = stmt_blob(q, 0);

        if (hash.size == SHA256_SIZE)
            memcpy(ret_request, hash.data, SHA256_SIZE);
        *ret_status = stmt_i64(q, 1);
        str_set(&body, stmt_text(q, 2));
    }
    if (!stmt_end(q, err))
        return false;
    *ret_body = take(&body);
    return true;
}

static void bind_answer(struct stmt *q, const struct idempotency_key *key,
    const struct idempotency_answer *answer, int64_t now)
{
    stmt_bind_i64(q, 1, key->account_id);
    stmt_bind_text(q, 2, key->text);
    stmt_bind_blob(q, 3, span_of(answer->request, SHA256_SIZE));
    stmt_bind_i64(q, 4, answer->status);
    stmt_bind_text(q, 5, answer->body);
    stmt_bind_i64(q, 6, now);
}

bool store_idempotency_add(struct tx *tx, const struct idempotency_key *key,
    const struct idempotency_answer *answer, int64_t now, bool *ret_is_new, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO idempotency(account_id, key, request_hash, status, body, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (account_id, key) DO UPDATE"
        " SET request_hash = excluded.request_hash, status = excluded.status,"
        "     body = excluded.body, created_at = excluded.created_at"
        " WHERE idempotency.created_at <= $7"
        " RETURNING status");
    bool is_new = false;

    bind_answer(q, key, answer, now);
    stmt_bind_i64(q, 7, now - KEEP_ANSWERS_SECONDS);
    while (stmt_next(q))
        is_new = true;
    if (!stmt_end(q, err))
        return false;
    *ret_is_new = is_new;
    return true;
}

bool store_idempotency_put(struct tx *tx, const struct idempotency_key *key,
    const struct idempotency_answer *answer, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO idempotency(account_id, key, request_hash, status, body, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (account_id, key) DO UPDATE"
        " SET status = excluded.status, body = excluded.body,"
        "     created_at = excluded.created_at"
        " WHERE idempotency.request_hash = excluded.request_hash");

    bind_answer(q, key, answer, now);
    return stmt_run(q, err);
}
