/* store/audit: see the header. */
#include "store/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"
#include "db/db.h"
#include "db/many.h"
#include "store/ids.h"
#include "store/read.h"

#define ENTRY_MAX (4u << 20)
#define VERIFY_PAGE 1000
#define COLUMNS                                                                                    \
    "a.id, a.at, a.account_id, a.actor, a.address, a.action, a.object_type, a.object_id,"          \
    " a.object_name, a.before_value, a.after_value"

static const struct many_sql entries_sql = {
    "INSERT INTO audit(id, at, account_id, actor, address, action, object_type, object_id,"
    "  object_name, before_value, after_value)",
    "iiittttittt", "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11", ""
};

static const struct many_sql pending_sql = { "INSERT INTO audit_pending(audit_id)", "i", "$1", "" };

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

static void add_entry(struct many *rows, int64_t id, const struct audit_entry *e)
{
    many_i64(rows, id);
    many_i64(rows, e->at);
    many_i64_or_null(rows, e->account_id);
    many_text(rows, e->actor);
    many_text(rows, text_or_empty(e->address));
    many_text(rows, e->action);
    many_text(rows, e->object_type);
    many_i64_or_null(rows, e->object_id);
    many_text(rows, text_or_empty(e->object_name));
    many_text(rows, text_or_empty(e->before));
    many_text(rows, text_or_empty(e->after));
}

static bool add_entries(struct tx *tx, const struct audit_entry *entries, size_t n, int64_t *ids,
    struct err *err)
{
    autofree(many) struct many *rows = tx_prepare_many(tx, &entries_sql);
    autofree(many) struct many *pending = tx_prepare_many(tx, &pending_sql);

    if (!ids_take(tx, "audit", n, ids, err))
        return false;
    for (size_t i = 0; i < n; i++)
        add_entry(rows, ids[i], &entries[i]);
    if (!many_send(rows, err))
        return false;
    for (size_t i = 0; i < n; i++)
        many_i64(pending, ids[i]);
    return many_send(pending, err);
}

bool store_audit_add_all(struct tx *tx, const struct audit_entry *entries, size_t n,
    struct err *err)
{
    int64_t *ids = xcalloc(n + 1, sizeof *ids);
    bool works = add_entries(tx, entries, n, ids, err);

    free(ids);
    return works || err_wrap(err, "could not write the audit log");
}

/*
 * PostgreSQL gives the number while it writes, and remembers it for this connection: nothing is to
 * be waited for.
 */
static bool send_entry(struct tx *tx, const struct audit_entry *e, struct err *err)
{
    autofree(stmt) struct stmt *pending =
        tx_prepare(tx, "INSERT INTO audit_pending(audit_id)"
                       " VALUES (currval(pg_get_serial_sequence('audit', 'id')))");
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO audit(at, account_id, actor, address, action, object_type, object_id,"
        "  object_name, before_value, after_value)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");

    stmt_bind_i64(q, 1, e->at);
    bind_or_null(q, 2, e->account_id);
    stmt_bind_text(q, 3, e->actor);
    stmt_bind_text(q, 4, text_or_empty(e->address));
    stmt_bind_text(q, 5, e->action);
    stmt_bind_text(q, 6, e->object_type);
    bind_or_null(q, 7, e->object_id);
    stmt_bind_text(q, 8, text_or_empty(e->object_name));
    stmt_bind_text(q, 9, text_or_empty(e->before));
    stmt_bind_text(q, 10, text_or_empty(e->after));
    return (stmt_send(q, err) && stmt_send(pending, err)) ||
           err_wrap(err, "could not write the audit log");
}

bool store_audit_add(struct tx *tx, const struct audit_entry *entry, struct err *err)
{
    return db_is_postgres(tx_db(tx)) ? send_entry(tx, entry, err)
                                     : store_audit_add_all(tx, entry, 1, err);
}

/* The texts live until the statement moves on. */
static struct audit_entry read_entry(struct stmt *q)
{
    return (struct audit_entry){
        .id = stmt_i64(q, 0),
        .at = stmt_i64(q, 1),
        .account_id = stmt_i64(q, 2),
        .actor = stmt_text(q, 3),
        .address = stmt_text(q, 4),
        .action = stmt_text(q, 5),
        .object_type = stmt_text(q, 6),
        .object_id = stmt_i64(q, 7),
        .object_name = stmt_text(q, 8),
        .before = stmt_text(q, 9),
        .after = stmt_text(q, 10),
    };
}

/* What every filter may say besides the object; parameters from $5 on. */
#define OTHER_CONDITIONS                                                                           \
    " AND (CAST($5 AS TEXT) = '' OR substr(a.action, 1, length($5)) = $5)"                         \
    " AND (CAST($6 AS TEXT) = '' OR a.actor = $6)"                                                 \
    " AND (CAST($7 AS BIGINT) = 0 OR a.at >= $7) AND (CAST($8 AS BIGINT) = 0 OR a.at < $8)"        \
    " ORDER BY a.id DESC LIMIT $2"

bool store_audit_list(struct tx *tx, const struct audit_filter *filter, int64_t limit,
    audit_visit visit, void *context, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (filter->object_type && filter->object_id)
        q = tx_prepare(tx, "SELECT " COLUMNS " FROM audit a WHERE a.id < $1 AND a.object_type = $3"
                           " AND a.object_id = $4" OTHER_CONDITIONS);
    else
        q = tx_prepare(tx, "SELECT " COLUMNS " FROM audit a WHERE a.id < $1"
                           " AND (CAST($3 AS TEXT) = '' OR a.object_type = $3)"
                           " AND (CAST($4 AS BIGINT) = 0 OR a.object_id = $4)" OTHER_CONDITIONS);
    stmt_bind_i64(q, 1, filter->before_id ? filter->before_id : INT64_MAX);
    stmt_bind_i64(q, 2, limit);
    stmt_bind_text(q, 3, text_or_empty(filter->object_type));
    stmt_bind_i64(q, 4, filter->object_id);
    stmt_bind_text(q, 5, text_or_empty(filter->action));
    stmt_bind_text(q, 6, text_or_empty(filter->actor));
    stmt_bind_i64(q, 7, filter->from_at);
    stmt_bind_i64(q, 8, filter->to_at);
    while (stmt_next(q)) {
        struct audit_entry entry = read_entry(q);

        visit(context, &entry);
    }
    return stmt_end(q, err);
}

static void add_field(struct buf *bytes, const char *text)
{
    buf_add_u32(bytes, (uint32_t)strlen(text));
    buf_add_text(bytes, text);
}

/* Every field with its length, so that no two entries have the same bytes. */
static bool link_hash(const uint8_t previous[static 32], int64_t seq, const struct audit_entry *e,
    uint8_t ret[static 32], struct err *err)
{
    autodone(buf) struct buf bytes = BUF_INIT(ENTRY_MAX);

    buf_add(&bytes, previous, 32);
    buf_add_u64(&bytes, (uint64_t)seq);
    buf_add_u64(&bytes, (uint64_t)e->id);
    buf_add_u64(&bytes, (uint64_t)e->at);
    buf_add_u64(&bytes, (uint64_t)e->account_id);
    add_field(&bytes, e->actor);
    add_field(&bytes, e->address);
    add_field(&bytes, e->action);
    add_field(&bytes, e->object_type);
    buf_add_u64(&bytes, (uint64_t)e->object_id);
    add_field(&bytes, e->object_name);
    add_field(&bytes, e->before);
    add_field(&bytes, e->after);
    if (!buf_check(&bytes, "audit entry", err))
        return false;
    digest_sha256(buf_span(&bytes), ret);
    return true;
}

bool store_audit_head(struct tx *tx, int64_t *ret_seq, uint8_t ret_hash[static 32], struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT seq, hash FROM audit_link ORDER BY seq DESC LIMIT 1");
    int64_t seq = 0;
    uint8_t hash[32] = { 0 };

    while (stmt_next(q)) {
        struct span blob = stmt_blob(q, 1);

        seq = stmt_i64(q, 0);
        if (blob.size == sizeof hash)
            memcpy(hash, blob.data, sizeof hash);
    }
    if (!stmt_end(q, err))
        return false;
    *ret_seq = seq;
    memcpy(ret_hash, hash, sizeof hash);
    return true;
}

static bool insert_link(struct tx *tx, int64_t seq, int64_t audit_id, const uint8_t hash[static 32],
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO audit_link(seq, audit_id, hash) VALUES ($1, $2, $3)");

    stmt_bind_i64(q, 1, seq);
    stmt_bind_i64(q, 2, audit_id);
    stmt_bind_blob(q, 3, span_of(hash, 32));
    return stmt_run(q, err);
}

/* What has been linked since `seq` waits no more. */
static bool remove_pending(struct tx *tx, int64_t seq, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM audit_pending WHERE audit_id IN"
                       " (SELECT audit_id FROM audit_link WHERE seq > $1)");

    stmt_bind_i64(q, 1, seq);
    return stmt_run(q, err);
}

bool store_audit_chain(struct tx *tx, int64_t limit, int64_t *ret_n, struct err *err)
{
    uint8_t hash[32];
    int64_t seq;
    int64_t n = 0;

    if (!store_audit_head(tx, &seq, hash, err))
        return false;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COLUMNS " FROM audit_pending p JOIN audit a ON a.id = p.audit_id"
                       " ORDER BY p.audit_id LIMIT $1");

    stmt_bind_i64(q, 1, limit);
    while (stmt_next(q)) {
        struct audit_entry entry = read_entry(q);
        uint8_t next[32];

        n++;
        if (!link_hash(hash, seq + n, &entry, next, err) ||
            !insert_link(tx, seq + n, entry.id, next, err))
            return false;
        memcpy(hash, next, sizeof hash);
    }
    if (!stmt_end(q, err) || !remove_pending(tx, seq, err))
        return false;
    *ret_n = n;
    return true;
}

static void broken(struct audit_verdict *verdict, int64_t seq, const char *reason)
{
    verdict->broken_seq = seq;
    (void)snprintf(verdict->reason, sizeof verdict->reason, "%s", reason);
}

/* Without a link, and not waiting for one: slipped in, or its link was removed. */
static bool find_unlinked(struct tx *tx, struct audit_verdict *verdict, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT a.id FROM audit a LEFT JOIN audit_link l ON l.audit_id = a.id"
                       " LEFT JOIN audit_pending p ON p.audit_id = a.id"
                       " WHERE l.seq IS NULL AND p.audit_id IS NULL ORDER BY a.id LIMIT 1");

    while (stmt_next(q))
        broken(verdict, verdict->n_links + 1, "an entry has no link and waits for none");
    return stmt_end(q, err);
}

/* The chain must still have what the vault has signed. */
static bool compare_checkpoints(struct tx *tx, struct audit_verdict *verdict, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT c.seq, l.hash FROM audit_checkpoint c LEFT JOIN audit_link l ON l.seq = c.seq"
        " WHERE l.hash IS NULL OR l.hash <> c.hash ORDER BY c.seq LIMIT 1");

    while (stmt_next(q))
        broken(verdict, stmt_i64(q, 0),
            stmt_is_null(q, 1) ? "the link that a checkpoint vouches for is missing"
                               : "the link differs from what a checkpoint vouches for");
    return stmt_end(q, err);
}

/* Does this row of walk_page() follow from `hash`, which then becomes that of its link? */
static bool check_link(struct stmt *q, uint8_t hash[static 32], struct audit_verdict *verdict,
    struct err *err)
{
    struct audit_entry entry = read_entry(q);
    int64_t seq = stmt_i64(q, 11);
    uint8_t expected[32];

    if (seq != verdict->n_links + 1) {
        broken(verdict, verdict->n_links + 1, "the link is missing");
        return true;
    }
    if (stmt_is_null(q, 0)) {
        broken(verdict, seq, "the entry is missing");
        return true;
    }
    if (!link_hash(hash, seq, &entry, expected, err))
        return false;
    if (!span_equal(stmt_blob(q, 12), span_of(expected, 32))) {
        broken(verdict, seq, "the entry is not what was linked");
        return true;
    }
    memcpy(hash, expected, sizeof expected);
    verdict->n_links++;
    return true;
}

/* PostgreSQL gives a whole result at once, so it is asked for one page after the other. */
static bool walk_page(struct tx *tx, uint8_t hash[static 32], struct audit_verdict *verdict,
    int64_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS ", l.seq, l.hash FROM audit_link l LEFT JOIN audit a ON a.id = l.audit_id"
        " WHERE l.seq > $1 ORDER BY l.seq LIMIT $2");
    int64_t n = 0;

    stmt_bind_i64(q, 1, verdict->n_links);
    stmt_bind_i64(q, 2, VERIFY_PAGE);
    for (; !verdict->broken_seq && stmt_next(q); n++)
        if (!check_link(q, hash, verdict, err))
            return false;
    *ret_n = n;
    return stmt_end(q, err);
}

static bool walk_links(struct tx *tx, struct audit_verdict *verdict, struct err *err)
{
    uint8_t hash[32] = { 0 };
    int64_t n = VERIFY_PAGE;

    while (n == VERIFY_PAGE && !verdict->broken_seq)
        if (!walk_page(tx, hash, verdict, &n, err))
            return false;
    return true;
}

static bool count_waiting(struct tx *tx, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT count(*) FROM audit_pending");

    while (stmt_next(q))
        *ret = stmt_i64(q, 0);
    return stmt_end(q, err);
}

bool store_audit_verify(struct tx *tx, struct audit_verdict *ret, struct err *err)
{
    struct audit_verdict verdict = { 0 };

    if (!walk_links(tx, &verdict, err))
        return false;
    if (!verdict.broken_seq && !find_unlinked(tx, &verdict, err))
        return false;
    if (!verdict.broken_seq && !compare_checkpoints(tx, &verdict, err))
        return false;
    if (!count_waiting(tx, &verdict.n_waiting, err))
        return false;
    *ret = verdict;
    return true;
}

bool store_audit_checkpoint(struct tx *tx, int64_t seq, const uint8_t hash[static 32],
    struct span signature, struct span public_key, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO audit_checkpoint(seq, hash, signature, public_key, created_at)"
                       " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (seq) DO NOTHING");

    stmt_bind_i64(q, 1, seq);
    stmt_bind_blob(q, 2, span_of(hash, 32));
    stmt_bind_blob(q, 3, signature);
    stmt_bind_blob(q, 4, public_key);
    stmt_bind_i64(q, 5, now);
    return stmt_run(q, err);
}

void audit_checkpoint_row_done(struct audit_checkpoint_row *row)
{
    free(row->signature);
    free(row->public_key);
    *row = (struct audit_checkpoint_row){ 0 };
}

static void read_checkpoint(struct stmt *q, struct audit_checkpoint_row *row)
{
    struct span hash = stmt_blob(q, 1);
    struct span signature = stmt_blob(q, 2);
    struct span public_key = stmt_blob(q, 3);

    row->seq = stmt_i64(q, 0);
    if (hash.size == sizeof row->hash)
        memcpy(row->hash, hash.data, sizeof row->hash);
    row->signature = xmemdup(signature.data, signature.size);
    row->signature_size = signature.size;
    row->public_key = xmemdup(public_key.data, public_key.size);
    row->public_key_size = public_key.size;
    row->created_at = stmt_i64(q, 4);
}

bool store_audit_checkpoint_find(struct tx *tx, int64_t seq, struct audit_checkpoint_row *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT seq, hash, signature, public_key, created_at FROM audit_checkpoint"
                       " WHERE seq <= $1 ORDER BY seq DESC LIMIT 1");
    struct audit_checkpoint_row row = { 0 };

    stmt_bind_i64(q, 1, seq);
    if (stmt_next(q))
        read_checkpoint(q, &row);
    if (!stmt_end(q, err)) {
        audit_checkpoint_row_done(&row);
        return false;
    }
    *ret = row;
    return true;
}
