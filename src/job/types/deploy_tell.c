/* job/types/deploy_tell: see the header. */
#include "job/types/deploy_tell.h"

#include "base/clock.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "core/lifecycle.h"
#include "monitor/told.h"
#include "store/audit.h"
#include "store/deployment.h"
#include "store/ticket.h"

#define TEXT_MAX_BYTES 4096

bool deploy_audit(struct tx *tx, const struct deployment_row *row, const char *action, int64_t now,
    struct err *err)
{
    autodone(buf) struct buf after = BUF_INIT(16384);
    struct json_out out;
    struct audit_entry entry = { .at = now,
        .account_id = row->account_id,
        .actor = row->account ? row->account : "certdesk",
        .address = "",
        .action = action,
        .object_type = "deployment",
        .object_id = row->id,
        .object_name = row->certificate,
        .before = "" };

    json_out_init(&out, &after);
    json_begin_object(&out, NULL);
    json_str(&out, "resource", row->resource);
    json_str(&out, "slot", row->slot);
    json_i64(&out, "certificate", row->certificate_id);
    json_hex(&out, "fingerprint_sha256", span_of(row->sha256, SHA256_SIZE));
    json_str(&out, "state", deployment_state_name(row->state));
    json_bool(&out, "is_putting_back", row->is_putting_back);
    if (row->error[0])
        json_str(&out, "error", row->error);
    json_end(&out);
    entry.after = buf_text(&after);
    return json_out_check(&out, err) && store_audit_add(tx, &entry, err);
}

static void add_where(struct buf *out, const struct deployment_row *row)
{
    buf_addf(out, "%s%s%s%s", row->resource, row->slot[0] ? " (" : "", row->slot,
        row->slot[0] ? ")" : "");
}

static void write_seen(struct buf *out, const struct deployment_row *row, size_t n_addresses)
{
    char fingerprint[2 * SHA256_SIZE + 1];

    buf_add_text(out, "Served: ");
    add_where(out, row);
    buf_addf(out, " presents the certificate with SHA-256 %s",
        hex_encode(span_of(row->sha256, SHA256_SIZE), fingerprint, sizeof fingerprint));
    if (n_addresses == 1)
        buf_add_text(out, " at its only address.");
    else
        buf_addf(out, " at all %zu addresses.", n_addresses);
}

static void write_not_served(struct buf *out, const struct deployment_row *row)
{
    char at[CLOCK_RFC3339_SIZE];

    buf_add_text(out, "Issued, not served: ");
    add_where(out, row);
    buf_addf(out, ": %s.", row->error);
    if (row->retry_at)
        buf_addf(out, " It is tried again after %s.", clock_rfc3339(row->retry_at, at));
}

static bool tell_expiry_tickets(struct tx *tx, const struct deployment_row *row, struct buf *body,
    int64_t now, struct err *err)
{
    autodone(ticket_rows) struct ticket_rows tickets = { 0 };

    if (!store_tickets_open_of(tx, row->certificate_id, ticket_type_name(TICKET_CERTIFICATE_EXPIRY),
            &tickets, err))
        return false;
    for (size_t i = 0; i < tickets.n; i++)
        if (!told_say(tx, tickets.items[i].id, body, now, err))
            return false;
    return true;
}

/* The tickets that waited for this. */
static bool resolve_served(struct tx *tx, const struct deployment_row *row, int64_t now,
    struct err *err)
{
    autodone(id_list) struct id_list served = { 0 };
    const struct ticket_edit edit = { .resolution = "served" };

    if (!store_deployment_served(tx, row->certificate_id, row->version_id, &served, err))
        return false;
    for (size_t i = 0; i < served.n; i++)
        if (!store_ticket_edit(tx, served.items[i], &edit, now, err))
            return false;
    return true;
}

bool deploy_tell(struct tx *tx, const struct deployment_row *row, size_t n_addresses, int64_t now,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(TEXT_MAX_BYTES);
    bool is_seen = row->state == DEPLOYMENT_SEEN;

    if (is_seen)
        write_seen(&body, row, n_addresses);
    else
        write_not_served(&body, row);
    if (is_seen && !resolve_served(tx, row, now, err))
        return false;
    if (row->ticket_id)
        return told_say(tx, row->ticket_id, &body, now, err);
    /* What is seen the check tells, which knows which ticket that answers. */
    return is_seen || tell_expiry_tickets(tx, row, &body, now, err);
}
