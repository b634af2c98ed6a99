/* store/delivery_item: see the header. */
#include "store/delivery_item.h"

#include "base/err.h"
#include "codec/hex.h"
#include "codec/hostport.h"
#include "store/job.h"
#include "store/read.h"
#include "store/ticket_read.h"

/* So that what happens together is told together. */
#define GATHER_SECONDS 60

static void bind_item(struct stmt *q, const struct item_new *item, int64_t now)
{
    stmt_bind_text(q, 1, item->event);
    stmt_bind_i64(q, 2, item->certificate_id);
    bind_or_null(q, 3, item->version_id);
    stmt_bind_i64(q, 4, item->period_days);
    bind_or_null(q, 5, item->expires_at);
    stmt_bind_text(q, 6, item->detail ? item->detail : "");
    stmt_bind_i64(q, 7, now);
}

#define INSERT_ITEMS                                                                               \
    "INSERT INTO delivery_item(account_id, webhook_id, event, certificate_id, version_id,"         \
    " period_days, expires_at, detail, created_at) "
#define VALUES_OF_ITEM                                                                             \
    "CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT),"                \
    " CAST($5 AS BIGINT), CAST($6 AS TEXT), CAST($7 AS BIGINT)"

static bool add_otherwise(struct tx *tx, const struct item_new *item, const char *name, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, INSERT_ITEMS "SELECT a.id, CAST(NULL AS BIGINT), " VALUES_OF_ITEM
                                    "  FROM account a WHERE a.name = $8 AND a.is_disabled = FALSE"
                                    " ON CONFLICT DO NOTHING");

    bind_item(q, item, now);
    stmt_bind_text(q, 8, name);
    return stmt_run(q, err);
}

bool store_item_add_mails(struct tx *tx, const struct item_new *item, const char *otherwise,
    int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        INSERT_ITEMS "SELECT a.id, CAST(NULL AS BIGINT), " VALUES_OF_ITEM "  FROM account a"
                     " WHERE a.is_disabled = FALSE AND a.id IN ("
                     "   SELECT x.account_id FROM certificate_access x"
                     "    WHERE x.certificate_id = CAST($2 AS BIGINT) AND x.is_notified = TRUE"
                     "      AND x.account_id IS NOT NULL"
                     "   UNION"
                     "   SELECT m.account_id FROM certificate_access x"
                     "     JOIN group_member m ON m.group_id = x.group_id"
                     "    WHERE x.certificate_id = CAST($2 AS BIGINT) AND x.is_notified = TRUE)"
                     " ON CONFLICT DO NOTHING");

    bind_item(q, item, now);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) > 0 || !otherwise[0] || add_otherwise(tx, item, otherwise, now, err);
}

bool store_item_add_webhooks(struct tx *tx, const struct item_new *item, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        INSERT_ITEMS "SELECT CAST(NULL AS BIGINT), w.id, " VALUES_OF_ITEM "  FROM webhook w"
                     " WHERE w.is_enabled = TRUE"
                     "   AND ' ' || w.events || ' ' LIKE '% ' || CAST($1 AS TEXT) || ' %'"
                     " ON CONFLICT DO NOTHING");

    bind_item(q, item, now);
    return stmt_send(q, err);
}

void store_items_gather(struct tx *tx, int64_t now)
{
    const struct job_new outbox = { .type = "outbox",
        .dedupe_key = "outbox:soon",
        .due_at = now + GATHER_SECONDS };

    store_job_want(tx, &outbox, now);
}

bool store_items_waiting(struct tx *tx, const char *event, struct item_target *targets, size_t max,
    size_t *ret_n, struct err *err)
{
    size_t n = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT DISTINCT account_id, webhook_id FROM delivery_item"
                       " WHERE delivery_id IS NULL AND event = $1"
                       " ORDER BY account_id, webhook_id LIMIT $2");

    stmt_bind_text(q, 1, event);
    stmt_bind_i64(q, 2, (int64_t)max);
    while (stmt_next(q) && n < max)
        targets[n++] =
            (struct item_target){ .account_id = stmt_i64(q, 0), .webhook_id = stmt_i64(q, 1) };
    if (!stmt_end(q, err))
        return false;
    *ret_n = n;
    return true;
}

bool store_items_bundle(struct tx *tx, const struct item_target *target, const char *event,
    int64_t delivery_id, int64_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *q =
        target->account_id
            ? tx_prepare(tx, "UPDATE delivery_item SET delivery_id = $1"
                             " WHERE delivery_id IS NULL AND event = $2 AND account_id = $3")
            : tx_prepare(tx, "UPDATE delivery_item SET delivery_id = $1"
                             " WHERE delivery_id IS NULL AND event = $2 AND webhook_id = $3");

    stmt_bind_i64(q, 1, delivery_id);
    stmt_bind_text(q, 2, event);
    stmt_bind_i64(q, 3, target->account_id ? target->account_id : target->webhook_id);
    if (!stmt_run(q, err))
        return false;
    *ret_n = stmt_n_changed(q);
    return true;
}

/* An item i of the message $1 that the viewer ($2, $3) may see, with its ticket t or record. */
#define FROM_ITEMS                                                                                 \
    "  FROM delivery_item i LEFT JOIN ticket t ON t.id = i.ticket_id"                              \
    "  LEFT JOIN certificate c ON c.id = COALESCE(i.certificate_id, t.certificate_id)"
#define WHERE_VISIBLE                                                                              \
    " WHERE i.delivery_id = $1 AND (i.ticket_id IS NULL AND " VISIBLE("i.certificate_id", "$2",    \
        "$3") " OR i.ticket_id IS NOT NULL AND " VISIBLE_TICKET("$2", "$3") ")"

static bool count_items(struct tx *tx, const struct store_viewer *viewer, int64_t delivery_id,
    int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT count(*)" FROM_ITEMS WHERE_VISIBLE);

    stmt_bind_i64(q, 1, delivery_id);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    return read_number(q, ret, err);
}

static void read_fingerprint(struct stmt *q, int column, struct delivery_item_row *row)
{
    char text[65] = "";
    struct span bytes = stmt_blob(q, column);

    if (bytes.size == 32)
        hex_encode(bytes, text, sizeof text);
    row->fingerprint = xstrdup(text);
}

bool store_items_of(struct tx *tx, const struct store_viewer *viewer, int64_t delivery_id,
    int64_t limit, struct delivery_item_rows *rows, int64_t *ret_total, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT c.id, COALESCE(c.name, NULLIF(r.domain, ''), t.summary), i.period_days, i.expires_at, i.detail,"
        " v.issuer, COALESCE(o.name, ''), v.sha256, e.host, e.port, t.project, t.number" FROM_ITEMS
        "  LEFT JOIN certificate_request r ON r.ticket_id = i.ticket_id"
        "  LEFT JOIN account o ON o.id = COALESCE(c.owner_id, t.reporter_id)"
        "  LEFT JOIN version v ON v.id = i.version_id"
        "  LEFT JOIN endpoint e ON e.id = (SELECT min(n.endpoint_id) FROM certificate_endpoint n"
        "       WHERE n.certificate_id = c.id)" WHERE_VISIBLE
        " ORDER BY i.expires_at NULLS LAST, c.name_lower, i.id LIMIT $4");

    if (!count_items(tx, viewer, delivery_id, ret_total, err))
        return false;
    stmt_bind_i64(q, 1, delivery_id);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    stmt_bind_i64(q, 4, limit);
    while (stmt_next(q)) {
        struct delivery_item_row *row = delivery_item_rows_add(rows);

        row->certificate_id = stmt_i64(q, 0);
        row->certificate = read_text(q, 1);
        row->period_days = stmt_i64(q, 2);
        row->expires_at = stmt_i64(q, 3);
        row->detail = read_text(q, 4);
        row->issuer = read_text(q, 5);
        row->owner = read_text(q, 6);
        read_fingerprint(q, 7, row);
        row->endpoint = stmt_is_null(q, 8)
                            ? xstrdup("")
                            : xstrdup(hostport_text(stmt_text(q, 8), stmt_i64(q, 9)).text);
        row->ticket = stmt_is_null(q, 10)
                          ? xstrdup("")
                          : xasprintf("%s-%" PRId64, stmt_text(q, 10), stmt_i64(q, 11));
    }
    return stmt_end(q, err);
}
