/*
 * store/ticket_edit: changing a ticket, and the history of it. See store/ticket.h.
 *
 * The edit is applied to the row in memory, field by field; each field that becomes another leaves
 * a line of history. Then the row is written whole, if its version is still the one that was read.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/cert_refresh.h"
#include "store/delivery_item.h"
#include "store/pending.h"
#include "store/read.h"
#include "store/tags.h"
#include "store/ticket.h"
#include "store/ticket_label.h"
#include "store/ticket_read.h"
#include "store/ticket_talk.h"
#include "store/ticket_words.h"
#include "store/watcher.h"

/* Longer texts are cut in the history. */
#define VALUE_SIZE 2001

struct editing {
    struct tx *tx;
    const struct ticket_edit *edit;
    struct ticket_row *row;
    int64_t now;
    bool has_changed;
    bool has_acknowledged; /* or taken it back */
    bool has_other_words;
};

static bool note(struct editing *e, const char *field, const char *old_value, const char *new_value,
    struct err *err)
{
    char old_cut[VALUE_SIZE];
    char new_cut[VALUE_SIZE];

    e->has_changed = true;
    span_copy_text(span_text(old_value), old_cut, sizeof old_cut);
    span_copy_text(span_text(new_value), new_cut, sizeof new_cut);
    struct change_new change = { .ticket_id = e->row->id,
        .actor_id = e->edit->actor_id,
        .field = field,
        .old_value = old_cut,
        .new_value = new_cut };

    return store_change_add(e->tx, &change, e->now, err);
}

static bool edit_text(struct editing *e, const char *field, char **value, const char *text,
    struct err *err)
{
    if (!text || strcmp(*value, text) == 0)
        return true;
    if (!note(e, field, *value, text, err))
        return false;
    str_set(value, text);
    return true;
}

static bool edit_instant(struct editing *e, const char *field, int64_t *value, const int64_t *at,
    struct err *err)
{
    char old_text[CLOCK_RFC3339_SIZE] = "";
    char new_text[CLOCK_RFC3339_SIZE] = "";

    if (!at || *value == *at)
        return true;
    if (*value)
        (void)clock_rfc3339(*value, old_text);
    if (*at)
        (void)clock_rfc3339(*at, new_text);
    *value = *at;
    return note(e, field, old_text, new_text, err);
}

/* The one text that the query gives for an id; "" for id 0 or where it gives none. */
static bool read_name(struct stmt *q, int64_t id, char **ret, struct err *err)
{
    autofree(str) char *name = xstrdup("");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        str_set(&name, stmt_text(q, 0));
    if (!stmt_end(q, err))
        return false;
    *ret = take(&name);
    return true;
}

/* The history tells names, not ids: they outlive what they named. */
static bool edit_id(struct editing *e, const char *field, struct stmt *name_of, int64_t *value,
    const int64_t *id, struct err *err)
{
    autofree(str) char *old_name = NULL;
    autofree(str) char *new_name = NULL;

    if (!id || *value == *id)
        return true;
    if (!read_name(name_of, *value, &old_name, err))
        return false;
    stmt_reset(name_of);
    if (!read_name(name_of, *id, &new_name, err))
        return false;
    if (*id && !*new_name)
        return fail(err, ERR_INVALID, "there is no such %s", field);
    *value = *id;
    return note(e, field, old_name, new_name, err);
}

static bool edit_ids(struct editing *e, struct err *err)
{
    autofree(stmt) struct stmt *account =
        tx_prepare(e->tx, "SELECT name FROM account WHERE id = $1");
    autofree(stmt) struct stmt *certificate =
        tx_prepare(e->tx, "SELECT name FROM certificate WHERE id = $1");
    autofree(stmt) struct stmt *version =
        tx_prepare(e->tx, "SELECT serial FROM version WHERE id = $1");

    return edit_id(e, "assignee", account, &e->row->assignee_id, e->edit->assignee_id, err) &&
           edit_id(e, "certificate", certificate, &e->row->certificate_id, e->edit->certificate_id,
               err) &&
           edit_id(e, "version", version, &e->row->version_id, e->edit->version_id, err);
}

static bool edit_resolution(struct editing *e, struct err *err)
{
    const char *resolution = e->edit->resolution;

    if (!resolution)
        return true;
    if (*resolution && !e->row->resolved_at)
        e->row->resolved_at = e->now;
    if (!*resolution)
        e->row->resolved_at = 0;
    return edit_text(e, "resolution", &e->row->resolution, resolution, err);
}

static bool edit_acknowledgement(struct editing *e, struct err *err)
{
    const bool *is_acknowledged = e->edit->is_acknowledged;

    if (!is_acknowledged || *is_acknowledged == (e->row->acknowledged_at != 0))
        return true;
    e->row->acknowledged_at = *is_acknowledged ? e->now : 0;
    e->has_acknowledged = true;
    return note(e, "acknowledged", *is_acknowledged ? "no" : "yes", *is_acknowledged ? "yes" : "no",
        err);
}

/* Until when the notification scan may pass the record by is not what it was. */
static bool edit_snooze(struct editing *e, struct err *err)
{
    const int64_t before = e->row->snoozed_until;

    if (!edit_instant(e, "snoozed_until", &e->row->snoozed_until, e->edit->snoozed_until, err))
        return false;
    return e->row->snoozed_until == before || !e->row->certificate_id ||
           store_cert_set_notify_at(e->tx, e->row->certificate_id, e->now, err);
}

static bool edit_labels(struct editing *e, struct err *err)
{
    const char *labels = e->edit->labels;

    if (!labels || strcmp(e->row->labels, labels) == 0)
        return true;
    return edit_text(e, "labels", &e->row->labels, labels, err) &&
           ticket_labels_put(e->tx, e->row->id, labels, err);
}

static bool edit_fields(struct editing *e, struct err *err)
{
    struct ticket_row *row = e->row;
    const struct ticket_edit *edit = e->edit;

    if (!edit_text(e, "summary", &row->summary, edit->summary, err) ||
        !edit_text(e, "description", &row->description, edit->description, err))
        return false;
    e->has_other_words = e->has_changed;
    return edit_text(e, "status", &row->status, edit->status, err) &&
           edit_text(e, "priority", &row->priority, edit->priority, err) && edit_labels(e, err) &&
           edit_ids(e, err) && edit_instant(e, "due_at", &row->due_at, edit->due_at, err) &&
           edit_snooze(e, err) && edit_resolution(e, err) && edit_acknowledgement(e, err);
}

static bool write_row(struct editing *e, struct err *err)
{
    const struct ticket_row *row = e->row;
    autofree(stmt) struct stmt *q = tx_prepare(e->tx,
        "UPDATE ticket SET summary = $3, description = $4, status = $5, priority = $6, labels = $7,"
        " assignee_id = $8, certificate_id = $9, version_id = $10, due_at = $11,"
        " snoozed_until = $12, resolved_at = $13, resolution = $14, acknowledged_at = $15,"
        " acknowledged_by = CASE WHEN $16 = TRUE THEN $17 ELSE acknowledged_by END,"
        " updated_at = $18, row_version = row_version + 1"
        " WHERE id = $1 AND row_version = $2");

    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    stmt_bind_text(q, 3, row->summary);
    stmt_bind_text(q, 4, row->description);
    stmt_bind_text(q, 5, row->status);
    stmt_bind_text(q, 6, row->priority);
    stmt_bind_text(q, 7, row->labels);
    bind_or_null(q, 8, row->assignee_id);
    bind_or_null(q, 9, row->certificate_id);
    bind_or_null(q, 10, row->version_id);
    bind_or_null(q, 11, row->due_at);
    bind_or_null(q, 12, row->snoozed_until);
    bind_or_null(q, 13, row->resolved_at);
    stmt_bind_text(q, 14, row->resolution);
    bind_or_null(q, 15, row->acknowledged_at);
    stmt_bind_bool(q, 16, e->has_acknowledged);
    bind_or_null(q, 17, row->acknowledged_at ? e->edit->actor_id : 0);
    stmt_bind_i64(q, 18, e->now);
    if (!stmt_run(q, err))
        return false;
    (void)pending_touches(e->tx, row->id, e->now);
    if (stmt_n_changed(q) != 1)
        return fail_stale(err, "ticket");
    const struct ticket_texts texts = { .key = row->key,
        .summary = row->summary,
        .description = row->description };

    return !e->has_other_words || ticket_words_put(e->tx, row->id, &texts, err);
}

static bool tell_assignee(struct editing *e, int64_t before, struct err *err)
{
    const struct ticket_row *row = e->row;
    int64_t n = 0;

    if (row->assignee_id == before || !row->assignee_id)
        return true;
    autofree(str) char *detail =
        xasprintf("%s (%.200s) is assigned to you", row->key, row->summary);

    if (!store_assignee_tell(e->tx, row, e->edit->actor_id, detail, e->now, &n, err))
        return false;
    if (n > 0)
        store_items_gather(e->tx, e->now);
    return true;
}

bool store_ticket_edit(struct tx *tx, int64_t id, const struct ticket_edit *edit, int64_t now,
    struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;
    autofree(ticket_row) struct ticket_row *row = NULL;
    struct editing editing = { .tx = tx, .edit = edit, .now = now };

    if (edit->summary && !*edit->summary)
        return fail(err, ERR_INVALID, "a ticket needs a summary");
    if (edit->summary && strlen(edit->summary) > TICKET_SUMMARY_MAX)
        return fail(err, ERR_LIMIT, "the summary is longer than %d bytes", TICKET_SUMMARY_MAX);
    if (!store_ticket_get(tx, &system, id, &row, err))
        return false;
    if (edit->expected_row_version && edit->expected_row_version != row->row_version)
        return fail_stale(err, "ticket");
    editing.row = row;
    const int64_t assignee_id = row->assignee_id;

    if (!edit_fields(&editing, err))
        return err_wrap(err, "could not change %s", row->key);
    return !editing.has_changed ||
           (write_row(&editing, err) && tell_assignee(&editing, assignee_id, err));
}
