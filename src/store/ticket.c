/* store/ticket: see the header. */
#include "store/ticket.h"

#include "base/err.h"
#include "base/parse.h"
#include "codec/fold.h"
#include "store/pending.h"
#include "store/read.h"
#include "store/ticket_event.h"
#include "store/ticket_label.h"
#include "store/ticket_read.h"
#include "store/ticket_words.h"

void ticket_read(struct stmt *q, struct ticket_row *row)
{
    row->id = stmt_i64(q, 0);
    row->key = xasprintf("%s-%" PRId64, stmt_text(q, 1), stmt_i64(q, 2));
    row->type = read_text(q, 3);
    row->status = read_text(q, 4);
    row->summary = read_text(q, 5);
    row->description = read_text(q, 6);
    row->certificate_id = stmt_i64(q, 7);
    row->certificate = read_text_or_null(q, 8);
    row->version_id = stmt_i64(q, 9);
    row->reporter_id = stmt_i64(q, 10);
    row->reporter = read_text_or_null(q, 11);
    row->assignee_id = stmt_i64(q, 12);
    row->assignee = read_text_or_null(q, 13);
    row->priority = read_text(q, 14);
    row->labels = read_text(q, 15);
    row->due_at = stmt_i64(q, 16);
    row->snoozed_until = stmt_i64(q, 17);
    row->acknowledged_at = stmt_i64(q, 18);
    row->acknowledged_by = read_text_or_null(q, 19);
    row->created_at = stmt_i64(q, 20);
    row->updated_at = stmt_i64(q, 21);
    row->resolved_at = stmt_i64(q, 22);
    row->resolution = read_text(q, 23);
    row->row_version = stmt_i64(q, 24);
    row->project = read_text(q, 1);
    row->profile = read_text_or_null(q, 25);
    row->domain = read_text(q, 26);
    row->ca_certificate_id = read_text_or_null(q, 27);
    row->expires_at = stmt_i64(q, 28);
}

static bool next_number(struct tx *tx, const char *project, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO counter(name, value) VALUES ($1, 1)"
                       " ON CONFLICT (name) DO UPDATE SET value = counter.value + 1"
                       " RETURNING value");

    stmt_bind_text(q, 1, project);
    return read_number(q, ret, err);
}

/* ret->id is 0 when the open expiry ticket is there already. */
static bool insert(struct tx *tx, const struct ticket_new *ticket, int64_t now,
    struct ticket_placed *ret, struct err *err)
{
    const char *project = ticket->project ? ticket->project : "CERT";
    const char *description = ticket->description ? ticket->description : "";
    autofree(stmt) struct stmt *q = NULL;
    int64_t number = 0;

    if (!ticket->summary || !*ticket->summary)
        return fail(err, ERR_INVALID, "a ticket needs a summary");
    if (strlen(ticket->summary) > TICKET_SUMMARY_MAX)
        return fail(err, ERR_LIMIT, "the summary is longer than %d bytes", TICKET_SUMMARY_MAX);
    if (!next_number(tx, project, &number, err))
        return false;
    q = tx_prepare(tx,
        "INSERT INTO ticket(project, number, type, status, summary, description, certificate_id,"
        " version_id, reporter_id, assignee_id, priority, labels, due_at, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)"
        " ON CONFLICT DO NOTHING RETURNING id");
    stmt_bind_text(q, 1, project);
    stmt_bind_i64(q, 2, number);
    stmt_bind_text(q, 3, ticket->type);
    stmt_bind_text(q, 4, ticket->status);
    stmt_bind_text(q, 5, ticket->summary);
    stmt_bind_text(q, 6, description);
    bind_or_null(q, 7, ticket->certificate_id);
    bind_or_null(q, 8, ticket->version_id);
    bind_or_null(q, 9, ticket->reporter_id);
    bind_or_null(q, 10, ticket->assignee_id);
    stmt_bind_text(q, 11, ticket->priority ? ticket->priority : "medium");
    stmt_bind_text(q, 12, ticket->labels ? ticket->labels : "");
    bind_or_null(q, 13, ticket->due_at);
    stmt_bind_i64(q, 14, now);
    if (!read_number(q, &ret->id, err))
        return false;
    if (!ret->id)
        return true;
    (void)snprintf(ret->key, sizeof ret->key, "%s-%" PRId64, project, number);
    pending_event(tx, ret->id, TICKET_CREATED_EVENT, ticket->reporter_id, 0, now);
    const struct ticket_texts texts = { .key = ret->key,
        .summary = ticket->summary,
        .description = description,
        .names = ticket->names ? ticket->names : "" };

    return ticket_words_put(tx, ret->id, &texts, err) &&
           (!ticket->labels || !*ticket->labels ||
               ticket_labels_put(tx, ret->id, ticket->labels, err));
}

bool store_ticket_add(struct tx *tx, const struct ticket_new *ticket, int64_t now, int64_t *ret_id,
    struct err *err)
{
    struct ticket_placed placed = { 0 };

    if (!insert(tx, ticket, now, &placed, err))
        return err_wrap(err, "could not create the ticket");
    if (!placed.id)
        return fail(err, ERR_CONFLICT, "there is an open ticket for this already");
    *ret_id = placed.id;
    return true;
}

static bool find_expiry(struct tx *tx, int64_t certificate_id, int64_t version_id, int64_t *ret_id,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id FROM ticket WHERE certificate_id = $1 AND version_id = $2"
                       " AND type = 'certificate_expiry' AND resolved_at IS NULL");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, version_id);
    return read_number(q, ret_id, err);
}

/* Looked for first, so that a number is only spent on a ticket; the unique index settles a race. */
bool store_ticket_put_expiry(struct tx *tx, const struct ticket_new *ticket, int64_t now,
    struct ticket_placed *ret, struct err *err)
{
    struct ticket_placed placed = { 0 };

    ASSERT(strcmp(ticket->type, "certificate_expiry") == 0 && ticket->certificate_id &&
           ticket->version_id);
    if (!find_expiry(tx, ticket->certificate_id, ticket->version_id, &placed.id, err))
        return false;
    if (!placed.id) {
        if (!insert(tx, ticket, now, &placed, err))
            return err_wrap(err, "could not create the ticket");
        placed.is_new = placed.id != 0;
    }
    if (!placed.id && !find_expiry(tx, ticket->certificate_id, ticket->version_id, &placed.id, err))
        return false;
    if (!placed.id)
        return fail(err, ERR_UNAVAILABLE, "the ticket is being created elsewhere");
    *ret = placed;
    return true;
}

DEFINE_READ_ONE(ticket, ticket_read);

bool store_ticket_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct ticket_row **ret, struct err *err)
{
    struct ticket_row *row = NULL;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, SELECT_TICKET " WHERE t.id = $1 AND " VISIBLE_TICKET("$2", "$3"));

    stmt_bind_i64(q, 1, id);
    stmt_bind_bool(q, 2, viewer->sees_all);
    stmt_bind_i64(q, 3, viewer->account_id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no such ticket");
    *ret = row;
    return true;
}

bool ticket_split_key(const char *key, char project[static 16], int64_t *ret_number)
{
    const char *dash = strrchr(key, '-');
    size_t n = dash ? (size_t)(dash - key) : 0;

    if (n == 0 || n > 15 || !parse_i64(span_text(dash + 1), 1, INT64_MAX, ret_number, NULL))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool is_small = key[i] >= 'a' && key[i] <= 'z';

        project[i] = is_small ? (char)(key[i] - 'a' + 'A') : key[i];
    }
    project[n] = '\0';
    return true;
}

bool store_ticket_lock(struct tx *tx, int64_t id, int64_t expected_row_version, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare_locking(tx, "SELECT row_version FROM ticket WHERE id = $1");
    int64_t row_version = 0;

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        row_version = stmt_i64(q, 0);
    if (!stmt_end(q, err))
        return false;
    return !expected_row_version || row_version == expected_row_version ||
           fail_stale(err, "ticket");
}

bool store_ticket_get_by_key(struct tx *tx, const struct store_viewer *viewer, const char *key,
    struct ticket_row **ret, struct err *err)
{
    struct ticket_row *row = NULL;
    char project[16];
    int64_t number = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        SELECT_TICKET " WHERE t.project = $1 AND t.number = $2 AND " VISIBLE_TICKET("$3", "$4"));

    if (!ticket_split_key(key, project, &number) || !parse_is_utf8(span_text(project)))
        return fail(err, ERR_NOT_FOUND, "there is no ticket \"%s\"", key);
    stmt_bind_text(q, 1, project);
    stmt_bind_i64(q, 2, number);
    stmt_bind_bool(q, 3, viewer->sees_all);
    stmt_bind_i64(q, 4, viewer->account_id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no ticket \"%s\"", key);
    *ret = row;
    return true;
}

bool store_tickets_open_of(struct tx *tx, int64_t certificate_id, const char *type,
    struct ticket_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, SELECT_TICKET
        " WHERE t.certificate_id = $1 AND t.type = $2 AND t.resolved_at IS NULL ORDER BY t.id");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_text(q, 2, type);
    while (stmt_next(q))
        ticket_read(q, ticket_rows_add(rows));
    return stmt_end(q, err);
}

bool store_tickets_by_version(struct tx *tx, int64_t version_id, const char *type,
    struct ticket_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, SELECT_TICKET " WHERE t.version_id = $1 AND t.type = $2 ORDER BY t.id");

    stmt_bind_i64(q, 1, version_id);
    stmt_bind_text(q, 2, type);
    while (stmt_next(q))
        ticket_read(q, ticket_rows_add(rows));
    return stmt_end(q, err);
}
