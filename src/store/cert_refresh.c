/*
 * store/cert_refresh: see the header.
 *
 * The dates kept on a record always hold begins_at <= expiring_at <= expires_at, whatever the
 * certificate says: statuses are told apart, and counted, by comparing `now` with the three.
 */
#include "store/cert_refresh.h"

#include "base/err.h"
#include "store/bucket.h"
#include "store/cert_marks.h"
#include "store/cert_use.h"
#include "store/kept_text.h"
#include "store/life.h"
#include "store/pending.h"
#include "store/read.h"
#include "store/record_version.h"
#include "store/version.h"

/* A list sorted by issuer carries it in its cursor, so there is an end to it. */
#define ISSUER_SIZE 401
#define KEY_TYPE_SIZE 64

struct facts {
    int64_t version_id;
    char issuer[ISSUER_SIZE];
    char key_type[KEY_TYPE_SIZE];
    int64_t begins_at;
    int64_t expires_at;
    int64_t expiring_at;
};

/* The current version that ends first. */
static bool read_current(struct tx *tx, int64_t id, struct facts *facts, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT r.version_id, v.issuer, v.not_before, r.path_expires_at,"
                       "       v.key_algorithm, v.key_size"
                       "  FROM record_version r JOIN version v ON v.id = r.version_id"
                       " WHERE r.certificate_id = $1 AND r.role = 'current'"
                       " ORDER BY r.path_expires_at, r.id LIMIT 1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        facts->version_id = stmt_i64(q, 0);
        span_copy_text(span_text(stmt_text(q, 1)), facts->issuer, sizeof facts->issuer);
        facts->begins_at = stmt_i64(q, 2);
        facts->expires_at = stmt_i64(q, 3);
        (void)snprintf(facts->key_type, sizeof facts->key_type, "%s %" PRId64, stmt_text(q, 4),
            stmt_i64(q, 5));
    }
    return stmt_end(q, err);
}

/* The worst that is served of this record's own versions: a laggard counts, a foreigner does not.
 */
static bool read_served(struct tx *tx, int64_t id, struct facts *facts, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT min(b.path_expires_at)"
        "  FROM certificate_endpoint l"
        "  JOIN observation b ON b.endpoint_id = l.endpoint_id"
        "  JOIN record_version r ON r.certificate_id = l.certificate_id"
        "                       AND r.version_id = b.version_id"
        " WHERE l.certificate_id = $1 AND b.is_in_dns = TRUE AND b.is_waived = FALSE");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        if (!stmt_is_null(q, 0) && stmt_i64(q, 0) < facts->expires_at)
            facts->expires_at = stmt_i64(q, 0);
    }
    return stmt_end(q, err);
}

static void settle_dates(struct facts *facts, const struct display_rule *rule)
{
    if (facts->begins_at > facts->expires_at)
        facts->begins_at = facts->expires_at;
    facts->expiring_at = display_expiring_at(rule, facts->begins_at, facts->expires_at);
}

/* "host:port: what went wrong" of the first that fails, and when the least recent check was. */
static bool write_checks(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE certificate_check SET"
        " last_checked_at = (SELECT min(e.last_checked_at) FROM certificate_endpoint l"
        "    JOIN endpoint e ON e.id = l.endpoint_id WHERE l.certificate_id = $1),"
        " last_error = COALESCE((SELECT e.host || ':' || e.port || ': ' || e.error"
        "    FROM certificate_endpoint l JOIN endpoint e ON e.id = l.endpoint_id"
        "   WHERE l.certificate_id = $1 AND e.failing_since_at IS NOT NULL"
        "   ORDER BY e.failing_since_at, e.id LIMIT 1), '')"
        " WHERE certificate_id = $1");

    stmt_bind_i64(q, 1, id);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 ||
           fail(err, ERR_NOT_FOUND, "there is no certificate %" PRId64, id);
}

static bool write_alert(struct tx *tx, int64_t id, const char *alert, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET alert = $2 WHERE id = $1 AND alert <> $2");

    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, alert);
    return stmt_run(q, err);
}

/* To be kept with the record: nothing where it is too long. */
static bool describe_version(struct tx *tx, int64_t version_id, struct buf *text, struct err *err)
{
    autofree(version_row) struct version_row *version = NULL;

    if (!store_version_get(tx, version_id, &version, err))
        return false;
    version_text_write(version, text);
    if (!buf_ok(text))
        buf_clear(text);
    return true;
}

static bool write_dates(struct tx *tx, int64_t id, const struct facts *facts, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE certificate SET version_id = $2, issuer = $3, begins_at = $4, expires_at = $5,"
        " expiring_at = $6, notify_at = $7, updated_at = $7, key_type = $8, version_text = $9,"
        " labels = labels | $10"
        " WHERE id = $1");
    autodone(buf) struct buf text = BUF_INIT(VERSION_TEXT_MAX);

    if (facts->version_id && !describe_version(tx, facts->version_id, &text, err))
        return false;

    stmt_bind_i64(q, 1, id);
    bind_or_null(q, 2, facts->version_id);
    stmt_bind_text(q, 3, facts->issuer);
    stmt_bind_text(q, 8, facts->key_type);
    bind_text_or_null(q, 9, buf_text(&text));
    stmt_bind_i64(q, 10, cert_marks_of_issuer(facts->issuer));
    if (facts->version_id) {
        stmt_bind_i64(q, 4, facts->begins_at);
        stmt_bind_i64(q, 5, facts->expires_at);
        stmt_bind_i64(q, 6, facts->expiring_at);
        stmt_bind_i64(q, 7, now);
    } else {
        stmt_bind_null(q, 4);
        stmt_bind_null(q, 5);
        stmt_bind_null(q, 6);
        stmt_bind_i64(q, 7, now);
    }
    return stmt_run(q, err);
}

/* Of the rows of a table that repeat the record's end. */
#define WRITE_END(table)                                                                           \
    "UPDATE " table " SET expires_at = $2"                                                         \
    " WHERE certificate_id = $1 AND expires_at IS DISTINCT FROM CAST($2 AS BIGINT)"

static bool write_end(struct stmt *q, int64_t id, const struct facts *facts, struct err *err)
{
    stmt_bind_i64(q, 1, id);
    if (facts->version_id)
        stmt_bind_i64(q, 2, facts->expires_at);
    else
        stmt_bind_null(q, 2);
    return stmt_send(q, err);
}

/* Those who may see the record, and those who look for a tag or a field, find it by its end. */
static bool write_ends(struct tx *tx, int64_t id, const struct facts *facts, struct err *err)
{
    autofree(stmt) struct stmt *access = tx_prepare(tx, WRITE_END("certificate_access"));
    autofree(stmt) struct stmt *tags = tx_prepare(tx, WRITE_END("certificate_tag"));
    autofree(stmt) struct stmt *fields = tx_prepare(tx, WRITE_END("certificate_field"));

    return write_end(access, id, facts, err) && write_end(tags, id, facts, err) &&
           write_end(fields, id, facts, err);
}

static bool read_version_id(struct tx *tx, int64_t id, int64_t *ret, bool *ret_managed,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT version_id, is_managed FROM certificate WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        *ret = stmt_i64(q, 0);
        *ret_managed = stmt_bool(q, 1);
    }
    return stmt_end(q, err);
}

bool store_cert_refresh(struct tx *tx, int64_t id, const char *alert,
    const struct display_rule *rule, int64_t now, bool *ret_changed, struct err *err)
{
    struct facts facts = { 0 };
    struct bucket_dates from;
    struct bucket_dates to;
    int64_t old_version_id = 0;
    bool is_managed = false;
    bool has_new_dates;

    if (!bucket_dates_lock(tx, id, &from, err) || !write_checks(tx, id, err) ||
        !write_alert(tx, id, alert, err) || !store_cert_use_changed(tx, id, err) ||
        !read_current(tx, id, &facts, err) ||
        (facts.version_id && !read_served(tx, id, &facts, err)) ||
        !read_version_id(tx, id, &old_version_id, &is_managed, err))
        return false;
    if (facts.version_id)
        settle_dates(&facts, rule);
    to = from;
    to.has_version = facts.version_id != 0;
    to.begins_at = facts.begins_at;
    to.expires_at = facts.expires_at;
    to.expiring_at = facts.expiring_at;
    has_new_dates = old_version_id != facts.version_id || from.begins_at != to.begins_at ||
                    from.expires_at != to.expires_at || from.expiring_at != to.expiring_at;
    if (has_new_dates &&
        (!write_dates(tx, id, &facts, now, err) || !store_record_version_keep(tx, id, err) ||
            !write_ends(tx, id, &facts, err)))
        return false;
    bucket_move(tx, &from, &to);
    if (old_version_id != facts.version_id)
        pending_words(tx, id);
    if (old_version_id != facts.version_id && is_managed &&
        !store_life_replan(tx, id, now, NULL, err))
        return false;
    if (ret_changed)
        *ret_changed = has_new_dates;
    return true;
}

static bool redisplay(struct tx *tx, int64_t id, const struct display_rule *rule, struct err *err)
{
    struct bucket_dates from;
    struct bucket_dates to;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET expiring_at = $2 WHERE id = $1");

    if (!bucket_dates_lock(tx, id, &from, err))
        return false;
    to = from;
    to.expiring_at = display_expiring_at(rule, from.begins_at, from.expires_at);
    if (to.expiring_at == from.expiring_at || !from.has_version)
        return true;
    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, to.expiring_at);
    bucket_move(tx, &from, &to);
    return stmt_run(q, err);
}

bool store_cert_redisplay(struct tx *tx, const struct display_rule *rule, int64_t after_id,
    int64_t limit, int64_t *ret_last, struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id FROM certificate WHERE id > $1 ORDER BY id LIMIT $2");

    stmt_bind_i64(q, 1, after_id);
    stmt_bind_i64(q, 2, limit);
    while (stmt_next(q))
        id_list_add(&ids, stmt_i64(q, 0));
    if (!stmt_end(q, err))
        return false;
    for (size_t i = 0; i < ids.n; i++) {
        if (!redisplay(tx, ids.items[i], rule, err))
            return false;
    }
    *ret_last = ids.n ? ids.items[ids.n - 1] : 0;
    return true;
}

bool store_cert_set_notify_at(struct tx *tx, int64_t id, int64_t notify_at, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET notify_at = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    bind_or_null(q, 2, notify_at);
    return stmt_send(q, err);
}

bool store_cert_ids_to_notify(struct tx *tx, int64_t now, int64_t limit, struct id_list *ids,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id FROM certificate WHERE notify_at IS NOT NULL AND notify_at <= $1"
                       " ORDER BY notify_at, id LIMIT $2");

    stmt_bind_i64(q, 1, now);
    stmt_bind_i64(q, 2, limit);
    while (stmt_next(q))
        id_list_add(ids, stmt_i64(q, 0));
    return stmt_end(q, err);
}

bool store_cert_notify_all(struct tx *tx, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET notify_at = $1 WHERE version_id IS NOT NULL");

    stmt_bind_i64(q, 1, now);
    return stmt_run(q, err);
}
