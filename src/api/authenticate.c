/*
 * api/authenticate: see the header.
 *
 * Being used is written down at most once a minute for each session and token, so that a page that
 * polls does not make the database write.
 */
#include "api/authenticate.h"

#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "codec/digest.h"
#include "db/db.h"
#include "store/account.h"
#include "store/session.h"

#define TOUCH_SECONDS 60

static bool refuse(struct api_call *call, struct err *err, const char *why)
{
    call->status = 401;
    return fail(err, ERR_DENIED, "%s", why);
}

static bool become(struct api_call *call, struct tx *tx, int64_t account_id, unsigned scopes,
    bool *ret_may, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (!store_account_get(tx, account_id, &account, err))
        return false;
    *ret_may = !account->is_disabled;
    call->who.account_id = account->id;
    call->who.scopes = scopes;
    span_copy_text(span_text(account->name), call->who.name, sizeof call->who.name);
    if (!role_from_name(account->role, &call->who.role))
        return fail(err, ERR_INTERNAL, "the user \"%s\" has no known role", account->name);
    return true;
}

/* In a transaction of its own, and never a reason to refuse the request. */
static void touch_token(struct api_call *call, int64_t id)
{
    autofree(tx) struct tx *tx = NULL;
    struct err ignored = { 0 };

    if (tx_begin(call->db, TX_WRITE, &tx, &ignored) &&
        store_token_touch(tx, id, call->now, &ignored))
        (void)!tx_commit(take(&tx), &ignored);
}

static void touch_session(struct api_call *call, const uint8_t hash[static SHA256_SIZE],
    const struct session_row *session)
{
    autofree(tx) struct tx *tx = NULL;
    struct err ignored = { 0 };
    int64_t end = call->now + SESSION_IDLE_SECONDS;
    int64_t last = session->created_at + SESSION_SECONDS;

    if (tx_begin(call->db, TX_WRITE, &tx, &ignored) &&
        store_session_touch(tx, hash, call->now, end < last ? end : last, &ignored))
        (void)!tx_commit(take(&tx), &ignored);
}

static bool by_token(struct api_call *call, struct span token, struct err *err)
{
    uint8_t hash[SHA256_SIZE];
    autofree(tx) struct tx *tx = NULL;
    autofree(token_row) struct token_row *row = NULL;
    unsigned scopes = 0;
    bool may = false;

    digest_sha256(token, hash);
    if (!tx_begin(call->db, TX_READ, &tx, err) || !store_token_find(tx, hash, call->now, &row, err))
        return false;
    if (!row || !scopes_from_text(row->scopes, &scopes))
        return refuse(call, err, "the token is not known, or has expired");
    if (!become(call, tx, row->account_id, scopes, &may, err))
        return false;
    if (!may)
        return refuse(call, err, "the token is not known, or has expired");
    tx_free(take(&tx));
    call->who_until = row->expires_at;
    if (call->now - row->used_at >= TOUCH_SECONDS)
        touch_token(call, row->id);
    return true;
}

bool authenticate_session_id(const struct http_request *request, struct span *ret)
{
    const char *field = http_request_field(request, "cookie");
    struct span rest = span_text(field);
    struct span part;

    while (span_split(&rest, ';', &part)) {
        part = span_trim(part);
        if (span_starts_with(part, SESSION_COOKIE "=")) {
            *ret = span_slice(part, strlen(SESSION_COOKIE "="), SIZE_MAX);
            return ret->size > 0;
        }
    }
    return false;
}

static bool check_csrf(struct api_call *call, const struct http_request *request,
    const struct session_row *session, struct err *err)
{
    const char *shown = http_request_field(request, "x-csrf-token");

    if (!(call->route->flags & API_WRITES) && strcmp(call->route->method, "GET") == 0)
        return true;
    if (shown && secret_equal(span_text(shown), span_text(session->csrf)))
        return true;
    return fail(err, ERR_DENIED, "the X-CSRF-Token of this session is missing or wrong");
}

static bool by_session(struct api_call *call, const struct http_request *request, struct span id,
    struct err *err)
{
    uint8_t hash[SHA256_SIZE];
    autofree(tx) struct tx *tx = NULL;
    struct session_row session;
    bool found = false;
    bool may = false;

    digest_sha256(id, hash);
    if (!tx_begin(call->db, TX_READ, &tx, err) ||
        !store_session_find(tx, hash, call->now, &session, &found, err))
        return false;
    if (found && !become(call, tx, session.account_id, SCOPE_ALL, &may, err))
        return false;
    tx_free(take(&tx));
    if (!may) {
        memset(&call->who, 0, sizeof call->who);
        if (call->route->role == ROLE_PUBLIC)
            return true;
        return refuse(call, err, "the session has ended; sign in again");
    }
    if (call->route->role != ROLE_PUBLIC && !check_csrf(call, request, &session, err))
        return false;
    call->who_until = session.expires_at;
    memcpy(call->session_hash, hash, sizeof hash);
    span_copy_text(span_text(session.csrf), call->csrf, sizeof call->csrf);
    if (call->now - session.seen_at >= TOUCH_SECONDS)
        touch_session(call, hash, &session);
    return true;
}

bool authenticate(struct api_call *call, const struct http_request *request, struct err *err)
{
    const char *field = http_request_field(request, "authorization");
    struct span id;

    memset(&call->who, 0, sizeof call->who);
    if (field && span_starts_with(span_text(field), "Bearer "))
        return by_token(call, span_trim(span_slice(span_text(field), 7, SIZE_MAX)), err);
    if (field)
        return refuse(call, err, "only bearer tokens are taken here: Authorization: Bearer TOKEN");
    if (authenticate_session_id(request, &id))
        return by_session(call, request, id, err);
    return true;
}
