/* store/cert_people: see the header. */
#include "store/cert_people.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/lifecycle.h"
#include "db/many.h"
#include "store/account.h"
#include "store/cert_load.h"
#include "store/cert_marks.h"
#include "store/read.h"
#include "store/select.h"
#include "store/ticket.h"

#define INTO_ACCESS                                                                                \
    "INSERT INTO certificate_access(certificate_id, relation, account_id, group_id, may_use_key,"  \
    " is_notified, expires_at)"

static const struct many_sql access_entries = { INTO_ACCESS, "itiibb",
    "$1, $2, $3, $4, $5, $6, (SELECT c.expires_at FROM certificate c WHERE c.id = $1)",
    " ON CONFLICT DO NOTHING" };

/* Nothing was seen yet of a record that is being made. */
static const struct many_sql access_entries_of_new = { INTO_ACCESS, "itiibb",
    "$1, $2, $3, $4, $5, $6, NULL", " ON CONFLICT DO NOTHING" };

bool cert_forget_access(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *forget =
        tx_prepare(tx, "DELETE FROM certificate_access WHERE certificate_id = $1");

    stmt_bind_i64(forget, 1, id);
    return stmt_run(forget, err);
}

struct many *cert_prepare_access(struct tx *tx, bool is_new)
{
    return tx_prepare_many(tx, is_new ? &access_entries_of_new : &access_entries);
}

static void add_entry(struct many *entries, int64_t id, const char *relation,
    const struct cert_share *entry)
{
    many_i64(entries, id);
    many_text(entries, relation);
    many_i64_or_null(entries, entry->account_id);
    many_i64_or_null(entries, entry->group_id);
    many_bool(entries, entry->may_use_key);
    many_bool(entries, entry->is_notified);
}

int64_t cert_people_marks(const struct cert_people *people)
{
    int64_t marks = cert_marks_of_account(people->owner_id);

    if (people->assignee_id)
        marks |= cert_marks_of_account(people->assignee_id);
    for (size_t i = 0; i < people->n_shares; i++) {
        const struct cert_share *share = &people->shares[i];

        marks |= share->group_id ? cert_marks_of_group(share->group_id)
                                 : cert_marks_of_account(share->account_id);
    }
    return marks;
}

bool cert_add_access(struct many *entries, int64_t id, const struct cert_people *people,
    struct err *err)
{
    const struct cert_share owner = { people->owner_id, 0, true, true };
    const struct cert_share assignee = { people->assignee_id, 0, false, true };

    add_entry(entries, id, "owner", &owner);
    if (people->assignee_id)
        add_entry(entries, id, "assignee", &assignee);
    for (size_t i = 0; i < people->n_shares; i++) {
        const struct cert_share *share = &people->shares[i];

        if (!share->account_id == !share->group_id)
            return fail(err, ERR_INVALID, "a certificate is shared with one user or one group");
        if (share->account_id != people->owner_id)
            add_entry(entries, id, "share", share);
    }
    return true;
}

static bool replace_access(struct tx *tx, int64_t id, const struct cert_people *people,
    struct err *err)
{
    autofree(many) struct many *entries = cert_prepare_access(tx, false);

    return cert_forget_access(tx, id, err) && cert_add_access(entries, id, people, err) &&
           many_run(entries, err);
}

/* For those who look for a tag or a custom field, too: with the record's own, in
 * store_cert_set_people().
 */
static bool repeat_holders(struct tx *tx, int64_t id, int64_t holders, struct err *err)
{
    autofree(stmt) struct stmt *tags = tx_prepare(tx,
        "UPDATE certificate_tag SET holders = $2 WHERE certificate_id = $1 AND holders <> $2");
    autofree(stmt) struct stmt *fields = tx_prepare(tx,
        "UPDATE certificate_field SET holders = $2 WHERE certificate_id = $1 AND holders <> $2");

    stmt_bind_i64(tags, 1, id);
    stmt_bind_i64(tags, 2, holders);
    stmt_bind_i64(fields, 1, id);
    stmt_bind_i64(fields, 2, holders);
    return stmt_send(tags, err) && stmt_send(fields, err);
}

static bool fail_edit(struct tx *tx, int64_t id, struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT 1 FROM certificate WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    if (!read_number(q, &n, err))
        return false;
    return n ? fail_stale(err, "certificate")
             : fail(err, ERR_NOT_FOUND, "there is no certificate %" PRId64, id);
}

/* Who is to see to it that a record is renewed. */
struct responsible {
    int64_t owner_id;
    int64_t assignee_id;
};

static bool read_responsible(struct tx *tx, int64_t id, struct responsible *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT owner_id, assignee_id FROM certificate WHERE id = $1");

    *ret = (struct responsible){ 0 };
    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        ret->owner_id = stmt_i64(q, 0);
        ret->assignee_id = stmt_i64(q, 1);
    }
    return stmt_end(q, err);
}

/* A ticket that somebody gave to a third person stays with them. */
static bool hand_tickets_on(struct tx *tx, int64_t id, const struct responsible *before,
    const struct cert_people *after, int64_t now, struct err *err)
{
    autodone(ticket_rows) struct ticket_rows tickets = { 0 };
    int64_t heir_id = 0;

    if (after->owner_id == before->owner_id && after->assignee_id == before->assignee_id)
        return true;
    if (!store_account_choose(tx, after->assignee_id, after->owner_id, "", &heir_id, err) ||
        !store_tickets_open_of(tx, id, ticket_type_name(TICKET_CERTIFICATE_EXPIRY), &tickets, err))
        return false;
    for (size_t i = 0; i < tickets.n; i++) {
        const struct ticket_row *ticket = &tickets.items[i];
        const struct ticket_edit edit = { .assignee_id = &heir_id };
        const bool is_theirs = !ticket->assignee_id || ticket->assignee_id == before->owner_id ||
                               ticket->assignee_id == before->assignee_id;

        if (is_theirs && heir_id &&
            !(store_ticket_lock(tx, ticket->id, 0, err) &&
                store_ticket_edit(tx, ticket->id, &edit, now, err)))
            return false;
    }
    return true;
}

bool store_cert_set_people(struct tx *tx, int64_t id, const struct cert_people *people,
    int64_t expected_row_version, int64_t now, struct err *err)
{
    const int64_t holders = cert_people_marks(people);
    autofree(stmt) struct stmt *q = NULL;
    struct responsible before;

    if (!people->owner_id)
        return fail(err, ERR_INVALID, "a certificate needs an owner");
    if (!read_responsible(tx, id, &before, err))
        return false;
    q = tx_prepare(tx,
        "UPDATE certificate SET owner_id = $2, assignee_id = $3, updated_at = $4,"
        " owner_name = (SELECT a.name FROM account a WHERE a.id = $2),"
        " row_version = row_version + 1, holders = $6"
        " WHERE id = $1 AND (CAST($5 AS BIGINT) = 0 OR row_version = CAST($5 AS BIGINT))");
    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, people->owner_id);
    bind_or_null(q, 3, people->assignee_id);
    stmt_bind_i64(q, 4, now);
    stmt_bind_i64(q, 5, expected_row_version);
    stmt_bind_i64(q, 6, holders);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail_edit(tx, id, err);
    return replace_access(tx, id, people, err) && repeat_holders(tx, id, holders, err) &&
           hand_tickets_on(tx, id, &before, people, now, err);
}

static unsigned relation_of(const char *relation, bool is_group)
{
    if (strcmp(relation, "owner") == 0)
        return RELATION_OWNER;
    if (strcmp(relation, "assignee") == 0)
        return RELATION_ASSIGNEE;
    return is_group ? RELATION_SHARED_GROUP : RELATION_SHARED_USER;
}

static int rank_of(const struct access_row *row)
{
    return row->relation == RELATION_OWNER ? 0 : row->relation == RELATION_ASSIGNEE ? 1 : 2;
}

static const char *name_of(const struct access_row *row)
{
    return row->account ? row->account : row->group ? row->group : "";
}

static int compare_entries(const void *a, const void *b)
{
    const struct access_row *one = a;
    const struct access_row *other = b;

    if (one->certificate_id != other->certificate_id)
        return one->certificate_id < other->certificate_id ? -1 : 1;
    if (rank_of(one) != rank_of(other))
        return rank_of(one) - rank_of(other);
    return strcmp(name_of(one), name_of(other));
}

static struct stmt *prepare_people(struct tx *tx, const int64_t *ids, size_t n, int64_t account_id)
{
    autodone(select) struct select select = SELECT_INIT;

    select_add(&select,
        "SELECT x.certificate_id, x.relation, x.account_id, a.name, x.group_id, g.name,"
        "  x.may_use_key, x.is_notified, m.account_id"
        "  FROM certificate_access x"
        "  LEFT JOIN account a ON a.id = x.account_id"
        "  LEFT JOIN user_group g ON g.id = x.group_id"
        "  LEFT JOIN group_member m ON m.group_id = x.group_id AND m.account_id = ");
    select_i64(&select, account_id);
    select_add(&select, " WHERE x.certificate_id IN (");
    select_ids(&select, ids, n);
    select_add(&select, ")");
    return select_prepare(tx, &select);
}

/* Record by record. Put in order here: a record has one entry, or a few, and a database takes as
 * long to set a sort up as to find them. */
static bool read_people(struct stmt *q, int64_t account_id, struct access_rows *rows,
    struct err *err)
{
    const size_t n_before = rows->n;

    while (stmt_next(q)) {
        struct access_row *row = access_rows_add(rows);

        row->certificate_id = stmt_i64(q, 0);
        row->account_id = stmt_i64(q, 2);
        row->account = read_text_or_null(q, 3);
        row->group_id = stmt_i64(q, 4);
        row->group = read_text_or_null(q, 5);
        row->may_use_key = stmt_bool(q, 6);
        row->is_notified = stmt_bool(q, 7);
        row->relation = relation_of(stmt_text(q, 1), row->group_id != 0);
        row->is_mine = (row->account_id && row->account_id == account_id) || !stmt_is_null(q, 8);
    }
    if (rows->n > n_before + 1)
        qsort(rows->items + n_before, rows->n - n_before, sizeof *rows->items, compare_entries);
    return stmt_end(q, err);
}

void cert_people_ask(struct asked *people, struct tx *tx, int64_t account_id, const int64_t *ids,
    size_t n)
{
    asked_begin(people, tx, prepare_people, account_id, ids, n);
}

bool cert_people_read(struct asked *people, struct access_rows *rows, struct err *err)
{
    struct stmt *q;

    while ((q = asked_next(people))) {
        if (!read_people(q, people->arg, rows, err))
            return false;
    }
    return true;
}

bool store_cert_people_of(struct tx *tx, int64_t account_id, const int64_t *ids, size_t n,
    struct access_rows *rows, struct err *err)
{
    autodone(asked) struct asked people = { 0 };

    cert_people_ask(&people, tx, account_id, ids, n);
    return cert_people_read(&people, rows, err);
}

bool store_cert_people(struct tx *tx, int64_t id, struct access_rows *rows, struct err *err)
{
    return store_cert_people_of(tx, 0, &id, 1, rows, err);
}

static bool has_mine(const struct access_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        if (rows->items[i].is_mine)
            return true;
    }
    return false;
}

bool store_cert_get_with_people(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct access_rows *people, struct cert_row **ret, struct err *err)
{
    autodone(asked) struct asked entries = { 0 };
    autodone(cert_loading) struct cert_loading record = { 0 };

    cert_people_ask(&entries, tx, viewer->account_id, &id, 1);
    cert_load_ask(&record, tx, &id, 1);
    if (!cert_people_read(&entries, people, err))
        return false;
    if (!viewer->sees_all && !has_mine(people))
        return fail(err, ERR_NOT_FOUND, "there is no certificate %" PRId64, id);
    return cert_load_read_one(&record, ret, err);
}

unsigned cert_people_relations(const struct access_rows *rows, int64_t certificate_id)
{
    unsigned relations = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const struct access_row *row = &rows->items[i];

        if (row->certificate_id != certificate_id || !row->is_mine)
            continue;
        relations |= row->relation;
        if (row->may_use_key)
            relations |= RELATION_MAY_USE_KEY;
    }
    return relations;
}

/* The record itself comes without a relation, so that one to which nobody stands is there too. */
bool store_cert_relations(struct tx *tx, int64_t id, int64_t account_id, unsigned *ret,
    struct err *err)
{
    unsigned relations = 0;
    bool is_found = false;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT x.relation, x.group_id, x.may_use_key"
        "  FROM certificate c LEFT JOIN certificate_access x ON x.certificate_id = c.id"
        "   AND (x.account_id = $2 OR x.group_id IN"
        "        (SELECT m.group_id FROM group_member m WHERE m.account_id = $2))"
        " WHERE c.id = $1");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, account_id);
    while (stmt_next(q)) {
        is_found = true;
        if (stmt_is_null(q, 0))
            continue;
        relations |= relation_of(stmt_text(q, 0), !stmt_is_null(q, 1));
        if (stmt_bool(q, 2))
            relations |= RELATION_MAY_USE_KEY;
    }
    if (!stmt_end(q, err))
        return false;
    if (!is_found)
        return fail(err, ERR_NOT_FOUND, "there is no certificate %" PRId64, id);
    *ret = relations;
    return true;
}

static bool run_hand_over(struct stmt *q, int64_t from, int64_t to, int64_t now, struct err *err)
{
    stmt_bind_i64(q, 1, from);
    stmt_bind_i64(q, 2, to);
    if (now)
        stmt_bind_i64(q, 3, now);
    return stmt_run(q, err);
}

static bool add_marks(struct stmt *q, int64_t from, int64_t to, struct err *err)
{
    stmt_bind_i64(q, 1, from);
    stmt_bind_i64(q, 2, cert_marks_of_account(to));
    return stmt_run(q, err);
}

#define OF_ENTRIES                                                                                 \
    " SET holders = holders | $2 WHERE certificate_id IN"                                          \
    " (SELECT x.certificate_id FROM certificate_access x WHERE x.account_id = $1)"

/* Before the entries are handed over, by which they are found. */
static bool hand_over_marks(struct tx *tx, int64_t from, int64_t to, struct err *err)
{
    autofree(stmt) struct stmt *tags = tx_prepare(tx, "UPDATE certificate_tag" OF_ENTRIES);
    autofree(stmt) struct stmt *fields = tx_prepare(tx, "UPDATE certificate_field" OF_ENTRIES);

    return add_marks(tags, from, to, err) && add_marks(fields, from, to, err);
}

/* Entries follow the columns; who now owns a record needs no share in it. */
static bool hand_over_access(struct tx *tx, int64_t from, int64_t to, struct err *err)
{
    autofree(stmt) struct stmt *shares = tx_prepare(tx,
        "DELETE FROM certificate_access WHERE relation = 'share' AND (account_id = $1"
        " OR (account_id = $2 AND certificate_id IN"
        "     (SELECT o.certificate_id FROM certificate_access o"
        "       WHERE o.account_id = $1 AND o.relation = 'owner')))");
    autofree(stmt) struct stmt *entries =
        tx_prepare(tx, "UPDATE certificate_access SET account_id = $2 WHERE account_id = $1");

    return run_hand_over(shares, from, to, 0, err) && run_hand_over(entries, from, to, 0, err);
}

/* Requests, and the views that others use; a view of a name that the heir has already says whose it
 * was. */
static bool hand_over_rest(struct tx *tx, int64_t from, int64_t to, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *requests =
        tx_prepare(tx, "UPDATE csr SET owner_id = $2 WHERE owner_id = $1");
    autofree(stmt) struct stmt *views = tx_prepare(tx,
        "UPDATE saved_view SET account_id = $2, updated_at = $3, row_version = row_version + 1,"
        " name = CASE WHEN EXISTS (SELECT 1 FROM saved_view o"
        "   WHERE o.account_id = $2 AND o.name = saved_view.name)"
        "  THEN saved_view.name || ' (' || (SELECT a.name FROM account a WHERE a.id = $1) || ' '"
        "   || CAST(saved_view.id AS TEXT) || ')'"
        "  ELSE saved_view.name END"
        " WHERE account_id = $1 AND is_shared = TRUE");

    return run_hand_over(requests, from, to, 0, err) && run_hand_over(views, from, to, now, err);
}

bool store_cert_hand_over(struct tx *tx, int64_t from, int64_t to, int64_t now, int64_t *ret_n,
    struct err *err)
{
    autofree(stmt) struct stmt *records =
        tx_prepare(tx, "UPDATE certificate SET updated_at = $3, row_version = row_version + 1,"
                       " owner_id = CASE WHEN owner_id = $1 THEN $2 ELSE owner_id END,"
                       " owner_name = CASE WHEN owner_id = $1"
                       "  THEN (SELECT a.name FROM account a WHERE a.id = $2) ELSE owner_name END,"
                       " assignee_id = CASE WHEN assignee_id = $1 THEN $2 ELSE assignee_id END,"
                       " holders = holders | $4"
                       " WHERE owner_id = $1 OR assignee_id = $1");
    autofree(stmt) struct stmt *tickets = tx_prepare(tx,
        "UPDATE ticket SET assignee_id = $2, updated_at = $3, row_version = row_version + 1"
        " WHERE assignee_id = $1 AND resolved_at IS NULL");

    if (from == to)
        return fail(err, ERR_INVALID, "records are handed over to somebody else");
    stmt_bind_i64(records, 4, cert_marks_of_account(to));
    if (!run_hand_over(records, from, to, now, err) ||
        !run_hand_over(tickets, from, to, now, err) || !hand_over_marks(tx, from, to, err) ||
        !hand_over_access(tx, from, to, err) || !hand_over_rest(tx, from, to, now, err))
        return err_wrap(err, "could not hand over the records");
    *ret_n = stmt_n_changed(records);
    return true;
}
