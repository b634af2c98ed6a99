/* monitor/told: see the header. */
#include "monitor/told.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/hex.h"
#include "codec/hostport.h"
#include "core/lifecycle.h"
#include "core/rows_delivery.h"
#include "core/window.h"
#include "monitor/outside.h"
#include "store/account.h"
#include "store/audit.h"
#include "store/cert.h"
#include "store/cert_refresh.h"
#include "store/life.h"
#include "store/notice.h"
#include "store/ticket.h"
#include "store/ticket_talk.h"

#define TEXT_MAX_BYTES 32000

static bool audit_ticket(struct tx *tx, int64_t id, const char *key, const char *action,
    const char *after, int64_t now, struct err *err)
{
    struct audit_entry entry = { .at = now,
        .actor = "certdesk",
        .action = action,
        .object_type = "ticket",
        .object_id = id,
        .object_name = key,
        .after = after };

    return store_audit_add(tx, &entry, err);
}

/* What certdesk has just said is not said again. */
bool told_say(struct tx *tx, int64_t ticket_id, struct buf *body, int64_t now, struct err *err)
{
    bool said;
    int64_t id;

    if (!buf_ok(body))
        body->overflowed = false;
    if (!store_comment_is_last(tx, ticket_id, buf_text(body), &said, err))
        return false;
    return said || store_comment_add(tx, ticket_id, 0, buf_text(body), now, &id, err);
}

static void describe(struct buf *out, const struct version_row *version)
{
    char fingerprint[2 * SHA256_SIZE + 1];
    char until[CLOCK_RFC3339_SIZE];

    hex_encode(span_of(version->sha256, SHA256_SIZE), fingerprint, sizeof fingerprint);
    buf_addf(out, "certificate %s (serial %s, SHA-256 %s), issued by %s, valid until %s",
        version->name, version->serial, fingerprint, version->issuer,
        clock_rfc3339(version->not_after, until));
}

static bool resolve(struct tx *tx, const struct ticket_row *ticket, struct buf *body, int64_t now,
    struct err *err)
{
    struct ticket_edit edit = { .status = ticket_status_name(STATUS_DONE),
        .resolution = "replaced" };

    const struct item_new item = { .event = EVENT_RENEWED,
        .certificate_id = ticket->certificate_id,
        .version_id = ticket->version_id,
        .detail = buf_text(body) };

    return told_say(tx, ticket->id, body, now, err) &&
           store_ticket_edit(tx, ticket->id, &edit, now, err) &&
           audit_ticket(tx, ticket->id, ticket->key, "ticket.resolve", "replaced", now, err) &&
           outside_renewed(tx, &item, now, err);
}

static const struct compare_fate *find_fate(const struct judgement *j, int64_t version_id)
{
    for (size_t i = 0; i < j->result.n_fates; i++)
        if (j->result.fates[i].version_id == version_id)
            return &j->result.fates[i];
    return NULL;
}

static void add_places(struct buf *body, size_t n)
{
    if (n == 1)
        buf_add_text(body, ", at the only address there is.");
    else
        buf_addf(body, ", at all %zu addresses.", n);
}

/* A certificate that has begun to be replaced: say how far that is. */
static bool follow_fate(struct tx *tx, const struct judgement *j, const struct ticket_row *ticket,
    const struct compare_fate *fate, int64_t now, struct err *err)
{
    const struct version_row *successor =
        fate->successor_id ? judgement_version(j, fate->successor_id) : NULL;
    autodone(buf) struct buf body = BUF_INIT(TEXT_MAX_BYTES);

    if (!successor)
        return true;
    buf_add_text(&body, "Seen: ");
    describe(&body, successor);
    if (fate->is_replaced && fate->ends_later) {
        add_places(&body, fate->n_places);
        buf_add_text(&body, " Resolved.");
        return resolve(tx, ticket, &body, now, err);
    }
    if (fate->is_replaced) {
        add_places(&body, fate->n_places);
        buf_add_text(&body, " It does not end later, so this stays open.");
    } else {
        buf_addf(&body, ", at %zu of %zu addresses. Still to do:\n%s", fate->n_replaced,
            fate->n_places, buf_text(&fate->laggards));
    }
    return told_say(tx, ticket->id, &body, now, err);
}

/* Of a record without endpoints: do all that took the old version's place end later? */
static const struct version_row *find_heir(const struct judgement *j,
    const struct record_version_row *old)
{
    const struct version_row *heir = NULL;
    bool has_same_slot = false;

    for (size_t i = 0; i < j->versions.n; i++)
        has_same_slot |= j->versions.items[i].role == VERSION_CURRENT &&
                         strcmp(j->versions.items[i].slot, old->slot) == 0;
    for (size_t i = 0; i < j->versions.n; i++) {
        const struct record_version_row *current = &j->versions.items[i];

        if (current->role != VERSION_CURRENT ||
            (has_same_slot && strcmp(current->slot, old->slot) != 0))
            continue;
        if (current->path_expires_at <= old->path_expires_at)
            return NULL;
        heir = current->version;
    }
    return heir;
}

/*
 * The ticket is about a version that is not current any more. Where the record has endpoints, what
 * each of them serves decides, as it does for current ones; else what is current.
 */
static bool follow_superseded(struct tx *tx, const struct judgement *j,
    const struct ticket_row *ticket, int64_t now, struct err *err)
{
    const struct record_version_row *old = judgement_record_version(j, ticket->version_id);
    autodone(compare_fate) struct compare_fate fate = { 0 };
    autodone(buf) struct buf body = BUF_INIT(TEXT_MAX_BYTES);

    if (!old || old->role != VERSION_SUPERSEDED)
        return true;
    if (j->endpoints.n > 0)
        return !compare_fate_of_old(&j->compared, old->version_id, &fate) ||
               follow_fate(tx, j, ticket, &fate, now, err);
    const struct version_row *heir = find_heir(j, old);

    if (!heir)
        return true;
    buf_add_text(&body, "Replaced by ");
    describe(&body, heir);
    buf_add_text(&body, ". Resolved.");
    return resolve(tx, ticket, &body, now, err);
}

bool told_after_check(struct tx *tx, const struct judgement *j, int64_t now, struct err *err)
{
    autodone(ticket_rows) struct ticket_rows tickets = { 0 };

    if (!store_tickets_open_of(tx, j->cert->id, ticket_type_name(TICKET_CERTIFICATE_EXPIRY),
            &tickets, err))
        return false;
    for (size_t i = 0; i < tickets.n; i++) {
        const struct ticket_row *ticket = &tickets.items[i];
        const struct compare_fate *fate = find_fate(j, ticket->version_id);

        if (!(fate ? follow_fate(tx, j, ticket, fate, now, err)
                   : follow_superseded(tx, j, ticket, now, err)))
            return false;
    }
    return true;
}

static void write_when(struct buf *out, int64_t expires_at, int64_t now)
{
    char at[CLOCK_RFC3339_SIZE];
    int64_t days = clock_days_between(now, expires_at);

    clock_rfc3339(expires_at, at);
    if (expires_at <= now)
        buf_addf(out, "has expired on %.10s", at);
    else if (days == 0)
        buf_addf(out, "expires within a day, on %.10s", at);
    else
        buf_addf(out, "expires in %" PRId64 " day%s, on %.10s", days, days == 1 ? "" : "s", at);
}

static void write_description(struct buf *out, const struct judgement *j,
    const struct record_version_row *row)
{
    buf_add_text(out, "About the ");
    describe(out, row->version);
    buf_add_text(out, ".\n");
    if (row->path_expires_at < row->version->not_after)
        buf_add_text(out, "Something above it ends earlier than it does itself.\n");
    for (size_t i = 0; i < j->endpoints.n && i < 100; i++)
        buf_addf(out, "%s%s\n", i ? "" : "\nServed at:\n",
            hostport_text(j->endpoints.items[i].host, j->endpoints.items[i].port).text);
    if (j->endpoints.n > 100)
        buf_addf(out, "and %zu more\n", j->endpoints.n - 100);
    buf_add_text(out,
        "\nThis ticket resolves itself when every address presents a certificate that can take its place.");
}

static bool open_or_raise(struct tx *tx, const struct judgement *j,
    const struct record_version_row *row, const struct window_answer *answer,
    const struct notification_settings *settings, int64_t now, struct err *err)
{
    autodone(buf) struct buf summary = BUF_INIT(1024);
    autodone(buf) struct buf description = BUF_INIT(TEXT_MAX_BYTES);
    static const struct store_viewer system = { .sees_all = true };
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    struct ticket_new new = { .type = ticket_type_name(TICKET_CERTIFICATE_EXPIRY),
        .status = ticket_status_name(ticket_first_status(TICKET_CERTIFICATE_EXPIRY)),
        .certificate_id = j->cert->id,
        .version_id = row->version_id,
        .priority = priority_name(answer->priority),
        .due_at = row->path_expires_at };
    struct ticket_placed placed;
    int64_t id;

    buf_addf(&summary, "Certificate %.150s ", j->cert->name);
    write_when(&summary, row->path_expires_at, now);
    write_description(&description, j, row);
    new.summary = buf_text(&summary);
    new.description = buf_text(&description);
    if (!store_account_choose(tx, j->cert->assignee_id, j->cert->owner_id,
            settings->default_assignee, &new.assignee_id, err) ||
        !store_ticket_put_expiry(tx, &new, now, &placed, err))
        return false;
    id = placed.id;
    if (placed.is_new)
        return audit_ticket(tx, id, placed.key, "ticket.create", new.summary, now, err);
    if (!store_ticket_get(tx, &system, id, &ticket, err))
        return false;

    struct ticket_edit edit = { .priority = new.priority, .summary = new.summary };

    return store_ticket_edit(tx, id, &edit, now, err) && told_say(tx, id, &summary, now, err) &&
           audit_ticket(tx, id, ticket->key, "ticket.raise", new.priority, now, err);
}

static bool find_snooze(struct tx *tx, const struct judgement *j, int64_t version_id, int64_t *ret,
    struct err *err)
{
    autodone(ticket_rows) struct ticket_rows tickets = { 0 };

    if (!store_tickets_open_of(tx, j->cert->id, ticket_type_name(TICKET_CERTIFICATE_EXPIRY),
            &tickets, err))
        return false;
    *ret = 0;
    for (size_t i = 0; i < tickets.n; i++)
        if (tickets.items[i].version_id == version_id)
            *ret = tickets.items[i].snoozed_until;
    return true;
}

/* What the scan of one record goes by. */
struct scan {
    const struct notification_settings *settings;
    struct window_periods periods;
    int64_t now;
    int64_t n_told;
};

static bool look_at_version(struct tx *tx, const struct judgement *j,
    const struct record_version_row *row, struct scan *scan, struct window_answer *answer,
    struct err *err)
{
    autodone(notice_rows) struct notice_rows notices = { 0 };
    int64_t noticed[WINDOW_PERIODS_MAX * 2];
    struct window_input input = { .periods = &scan->periods,
        .begins_at = row->version->not_before,
        .expires_at = row->path_expires_at,
        .noticed = noticed,
        .now = scan->now };
    bool is_new;

    if (!store_notices(tx, j->cert->id, row->version_id, &notices, err) ||
        !find_snooze(tx, j, row->version_id, &input.snoozed_until, err))
        return false;
    const struct outside_question outside = { .settings = scan->settings,
        .notices = &notices,
        .window = input,
        .certificate_id = j->cert->id,
        .version_id = row->version_id };

    input.n_noticed = outside_noticed(&notices, CHANNEL_TICKET, noticed, countof(noticed));
    window_look(&input, answer);
    if (!outside_expiry(tx, &outside, &answer->next_at, &scan->n_told, err))
        return false;
    if (!answer->is_due)
        return true;
    struct notice_new notice = { .certificate_id = j->cert->id,
        .version_id = row->version_id,
        .period_days = answer->period,
        .channel = CHANNEL_TICKET };

    if (!store_notice_add(tx, &notice, scan->now, &is_new, err))
        return false;
    scan->n_told += is_new;
    return !is_new || open_or_raise(tx, j, row, answer, scan->settings, scan->now, err);
}

/* A record that renews itself, as planned, needs nobody (F6). *ret_until: look again then; 0: it
 * needs people. */
static bool find_renewal(struct tx *tx, const struct cert_row *cert, int64_t now,
    int64_t *ret_until, struct err *err)
{
    autodone(life_facts) struct life_facts facts = { 0 };
    struct renewal_plan plan;

    *ret_until = 0;
    if (!cert->is_managed)
        return true;
    if (!store_life_facts(tx, cert->id, now, &facts, err))
        return false;
    renewal_decide(&facts.input, &plan);
    if (facts.life && renewal_is_in_hand(&facts.input, &plan))
        *ret_until = plan.overdue_at;
    return true;
}

static bool tell(struct tx *tx, struct cert_row *take_cert,
    const struct notification_settings *settings, int64_t now, int64_t *told, struct err *err)
{
    autodone(judgement) struct judgement j = { 0 };
    struct scan scan = { .settings = settings, .periods = settings->periods, .now = now };
    int64_t next_at = 0;

    if (!judge_row(tx, take_cert, now, &j, err) || !find_renewal(tx, j.cert, now, &next_at, err))
        return false;
    if (next_at)
        return store_cert_set_notify_at(tx, j.cert->id, next_at, err);
    if (j.cert->notify_periods &&
        !window_periods_from_json(j.cert->notify_periods, &scan.periods, err))
        return false;
    for (size_t i = 0; i < j.versions.n; i++) {
        struct window_answer answer = { 0 };

        if (j.versions.items[i].role != VERSION_CURRENT || j.cert->revoked_at)
            continue;
        if (!look_at_version(tx, &j, &j.versions.items[i], &scan, &answer, err))
            return false;
        if (answer.next_at && (!next_at || answer.next_at < next_at))
            next_at = answer.next_at;
    }
    *told += scan.n_told;
    return store_cert_set_notify_at(tx, j.cert->id, next_at, err);
}

bool told_expiry(struct tx *tx, const struct id_list *certificates,
    const struct notification_settings *settings, int64_t now, int64_t *ret_told, struct err *err)
{
    autodone(cert_rows) struct cert_rows rows = { 0 };
    int64_t told = 0;

    if (!store_certs_get(tx, certificates, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        struct cert_row *cert = xmalloc(sizeof *cert);

        *cert = rows.items[i];
        rows.items[i] = (struct cert_row){ 0 };
        if (!tell(tx, cert, settings, now, &told, err))
            return false;
    }
    *ret_told = told;
    return true;
}
