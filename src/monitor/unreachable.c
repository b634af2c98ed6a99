/* monitor/unreachable: see the header. Told in the logs of the records, in their open expiry
 * tickets, and outside. */
#include "monitor/unreachable.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/hostport.h"
#include "core/lifecycle.h"
#include "core/rows_delivery.h"
#include "db/db.h"
#include "monitor/outside.h"
#include "store/audit.h"
#include "store/cert.h"
#include "store/endpoint.h"
#include "store/settings.h"
#include "store/ticket.h"
#include "store/ticket_talk.h"

#define BATCH 100
#define IT_IS_US_MIN 3 /* of fewer endpoints nobody can tell */

static bool tell_tickets(struct tx *tx, int64_t certificate_id, const char *text, int64_t now,
    struct err *err)
{
    autodone(ticket_rows) struct ticket_rows tickets = { 0 };
    int64_t id;

    if (!store_tickets_open_of(tx, certificate_id, ticket_type_name(TICKET_CERTIFICATE_EXPIRY),
            &tickets, err))
        return false;
    for (size_t i = 0; i < tickets.n; i++)
        if (!store_comment_add(tx, tickets.items[i].id, 0, text, now, &id, err))
            return false;
    return true;
}

/* One look at all endpoints. */
struct scan {
    struct notification_settings settings;
    int64_t since;
    bool has_mail;
    int64_t now;
};

/* What there is to tell about an endpoint. */
struct news {
    bool is_back;
    const char *text;
};

static bool tell_record(struct tx *tx, int64_t certificate_id, const struct news *news,
    const struct scan *scan, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(cert_row) struct cert_row *cert = NULL;

    if (!store_cert_get(tx, &system, certificate_id, &cert, err))
        return false;
    struct audit_entry entry = { .at = scan->now,
        .actor = "certdesk",
        .action = news->is_back ? "endpoint.reachable" : "endpoint.unreachable",
        .object_type = "certificate",
        .object_id = cert->id,
        .object_name = cert->name,
        .after = news->text };
    const struct item_new item = { .event = news->is_back ? EVENT_RECOVERED : EVENT_UNREACHABLE,
        .certificate_id = cert->id,
        .detail = news->text };

    return store_audit_add(tx, &entry, err) &&
           tell_tickets(tx, cert->id, news->text, scan->now, err) &&
           outside_event(tx, &scan->settings, &item, scan->now, err);
}

static bool tell_endpoint(struct tx *tx, const struct endpoint_row *e, const struct scan *scan,
    struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autodone(id_list) struct id_list records = { 0 };
    bool is_back = e->failing_since_at == 0;
    char since[CLOCK_RFC3339_SIZE];
    autofree(str) char *text = NULL;

    if (is_back)
        text = xasprintf("%s answers again", hostport_text(e->host, e->port).text);
    else
        text = xasprintf("%s has not answered since %s: %s", hostport_text(e->host, e->port).text,
            clock_rfc3339(e->failing_since_at, since), e->error);
    const struct news news = { is_back, text };

    log_warning(is_back ? "endpoint.reachable" : "endpoint.unreachable", KV_I64("endpoint", e->id),
        KV_STR("host", e->host), KV_I64("port", e->port), KV_STR("error", e->error));
    if (!store_endpoint_set_noticed(tx, e->id, !is_back, err) ||
        !store_endpoint_records(tx, &system, e->id, &records, err))
        return false;
    for (size_t i = 0; i < records.n; i++)
        if (!tell_record(tx, records.items[i], &news, scan, err))
            return false;
    return true;
}

/* One batch above *after; *ret_more says whether there may be another. */
static bool scan_batch(struct db *db, struct scan *scan, int64_t *after, bool *ret_more,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autodone(endpoint_rows) struct endpoint_rows rows = { 0 };
    int64_t n_checked;
    int64_t n_failed;

    *ret_more = false;
    if (!tx_begin(db, TX_WRITE, &tx, err) ||
        !store_endpoint_window(tx, scan->since, &n_checked, &n_failed, err))
        return false;
    if (n_checked >= IT_IS_US_MIN && n_failed == n_checked) {
        log_warning("check.everything_fails", KV_I64("endpoints", n_checked));
        return true;
    }
    if (!store_notification_settings(tx, &scan->settings, NULL, err) ||
        !store_endpoints_to_notice(tx, scan->settings.unreachable_after, *after, BATCH, &rows, err))
        return false;
    scan->settings.has_email = scan->settings.has_email && scan->has_mail;
    for (size_t i = 0; i < rows.n; i++) {
        if (!tell_endpoint(tx, &rows.items[i], scan, err))
            return false;
        *after = rows.items[i].id;
    }
    *ret_more = rows.n == BATCH;
    return tx_commit(take(&tx), err);
}

bool unreachable_scan(struct db *db, int64_t since, bool has_mail, int64_t now, struct err *err)
{
    struct scan scan = { .since = since, .has_mail = has_mail, .now = now };
    int64_t after = 0;
    bool more = true;

    while (more)
        if (!scan_batch(db, &scan, &after, &more, err))
            return false;
    return true;
}
