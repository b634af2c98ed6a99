/* store/account: see the header. */
#include "store/account.h"

#include "base/alloc.h"
#include "base/err.h"
#include "store/read.h"
#include "store/select.h"

#define COLUMNS                                                                                    \
    "id, name, display_name, email, role, password_hash, is_disabled, created_at, updated_at,"     \
    " row_version"

static struct account_row *read_row(struct stmt *q)
{
    struct account_row *row = xcalloc(1, sizeof *row);

    row->id = stmt_i64(q, 0);
    row->name = xstrdup(stmt_text(q, 1));
    row->display_name = xstrdup(stmt_text(q, 2));
    row->email = xstrdup(stmt_text(q, 3));
    row->role = xstrdup(stmt_text(q, 4));
    row->password_hash = stmt_is_null(q, 5) ? NULL : xstrdup(stmt_text(q, 5));
    row->is_disabled = stmt_bool(q, 6);
    row->created_at = stmt_i64(q, 7);
    row->updated_at = stmt_i64(q, 8);
    row->row_version = stmt_i64(q, 9);
    return row;
}

bool store_account_add(struct tx *tx, const struct account_new *account, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO account(name, display_name, email, role, password_hash, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $6)"
        " ON CONFLICT (name) DO NOTHING RETURNING id");
    int64_t id = 0;

    stmt_bind_text(q, 1, account->name);
    stmt_bind_text(q, 2, account->display_name ? account->display_name : "");
    stmt_bind_text(q, 3, account->email ? account->email : "");
    stmt_bind_text(q, 4, account->role);
    stmt_bind_text(q, 5, account->password_hash);
    stmt_bind_i64(q, 6, now);
    if (!read_number(q, &id, err))
        return err_wrap(err, "could not add the user \"%s\"", account->name);
    if (id == 0)
        return fail(err, ERR_CONFLICT, "there is a user \"%s\" already", account->name);
    *ret_id = id;
    return true;
}

bool store_account_get(struct tx *tx, int64_t id, struct account_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT " COLUMNS " FROM account WHERE id = $1");
    autofree(account_row) struct account_row *row = NULL;

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        row = read_row(q);
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no user %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_account_choose(struct tx *tx, int64_t first_id, int64_t second_id, const char *name,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id FROM account WHERE (id = $1 OR id = $2 OR name = lower($3))"
                       "  AND is_disabled = FALSE AND deleted_at IS NULL"
                       " ORDER BY CASE id WHEN $1 THEN 0 WHEN $2 THEN 1 ELSE 2 END LIMIT 1");
    int64_t id = 0;

    stmt_bind_i64(q, 1, first_id);
    stmt_bind_i64(q, 2, second_id);
    stmt_bind_text(q, 3, name);
    if (!read_number(q, &id, err))
        return false;
    *ret_id = id;
    return true;
}

bool store_account_find(struct tx *tx, const char *name, struct account_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS " FROM account WHERE name = lower($1) AND deleted_at IS NULL");
    autofree(account_row) struct account_row *row = NULL;

    stmt_bind_text(q, 1, name);
    while (stmt_next(q))
        row = read_row(q);
    if (!stmt_end(q, err))
        return false;
    *ret = take(&row);
    return true;
}

bool store_account_find_by_mail(struct tx *tx, const char *email, struct account_row **ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " COLUMNS " FROM account"
        " WHERE email <> '' AND lower(email) = lower($1) AND deleted_at IS NULL LIMIT 2");
    autofree(account_row) struct account_row *row = NULL;
    size_t n = 0;

    stmt_bind_text(q, 1, email);
    while (stmt_next(q)) {
        account_row_free(take(&row));
        row = read_row(q);
        n++;
    }
    if (!stmt_end(q, err))
        return false;
    *ret = n == 1 ? take(&row) : NULL;
    return true;
}

bool store_account_list(struct tx *tx, const char *q, const char *after, int64_t limit,
    struct account_row **rows, size_t *ret_n, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *stmt = NULL;
    size_t n = 0;

    select_add(&select, "SELECT " COLUMNS " FROM account WHERE deleted_at IS NULL AND name > ");
    select_text(&select, after);
    if (q) {
        select_add(&select, " AND lower(name || ' ' || display_name)");
        select_contains(&select, q);
    }
    select_add(&select, " ORDER BY name LIMIT ");
    select_i64(&select, limit);
    stmt = select_prepare(tx, &select);
    while (stmt_next(stmt))
        rows[n++] = read_row(stmt);
    if (!stmt_end(stmt, err)) {
        while (n > 0)
            account_row_free(rows[--n]);
        return false;
    }
    *ret_n = n;
    return true;
}

bool store_account_save(struct tx *tx, struct account_row *row, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE account SET display_name = $3, email = $4, role = $5, password_hash = $6,"
        "  is_disabled = $7, updated_at = $8, row_version = row_version + 1"
        " WHERE id = $1 AND row_version = $2");

    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    stmt_bind_text(q, 3, row->display_name);
    stmt_bind_text(q, 4, row->email);
    stmt_bind_text(q, 5, row->role);
    stmt_bind_text(q, 6, row->password_hash);
    stmt_bind_bool(q, 7, row->is_disabled);
    stmt_bind_i64(q, 8, now);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) == 0)
        return fail(err, ERR_CONFLICT, "the user \"%s\" has been changed meanwhile", row->name);
    row->row_version++;
    row->updated_at = now;
    return true;
}

bool store_account_holdings(struct tx *tx, int64_t id, struct account_holdings *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT (SELECT count(*) FROM certificate WHERE owner_id = $1 OR assignee_id = $1),"
        " (SELECT count(*) FROM ticket WHERE assignee_id = $1 AND resolved_at IS NULL),"
        " (SELECT count(*) FROM csr WHERE owner_id = $1)");
    struct account_holdings holdings = { 0 };

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        holdings.certificates = stmt_i64(q, 0);
        holdings.tickets = stmt_i64(q, 1);
        holdings.requests = stmt_i64(q, 2);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = holdings;
    return true;
}

static bool run_for(struct stmt *q, int64_t from, int64_t to, struct err *err)
{
    stmt_bind_i64(q, 1, from);
    if (to)
        stmt_bind_i64(q, 2, to);
    return stmt_run(q, err);
}

static bool left_traces(struct tx *tx, int64_t id, bool *ret, struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM ticket WHERE reporter_id = $1 OR assignee_id = $1"
        "  OR acknowledged_by = $1)"
        " OR EXISTS (SELECT 1 FROM ticket_comment WHERE author_id = $1)"
        " OR EXISTS (SELECT 1 FROM ticket_change WHERE actor_id = $1)"
        " OR EXISTS (SELECT 1 FROM attachment WHERE author_id = $1)"
        " OR EXISTS (SELECT 1 FROM approval WHERE account_id = $1)"
        " OR EXISTS (SELECT 1 FROM ca_order WHERE account_id = $1)"
        " OR EXISTS (SELECT 1 FROM ticket_event WHERE actor_id = $1)");

    stmt_bind_i64(q, 1, id);
    if (!read_number(q, &n, err))
        return false;
    *ret = n != 0;
    return true;
}

/* "ann (deleted)", or "ann (deleted 2)" where there was an Ann before; no account that signs in can
 * be called that. */
static bool add_former(struct tx *tx, const struct account_row *row, int64_t now, int64_t *ret_id,
    struct err *err)
{
    int64_t id = 0;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO account(name, display_name, role, is_disabled, deleted_at, created_at,"
        " updated_at) VALUES ($1, $2, 'user', TRUE, $3, $4, $3)"
        " ON CONFLICT (name) DO NOTHING RETURNING id");

    for (int i = 1; !id; i++) {
        autofree(str) char *name = i == 1 ? xasprintf("%s (deleted)", row->name)
                                          : xasprintf("%s (deleted %d)", row->name, i);

        stmt_reset(q);
        stmt_bind_text(q, 1, name);
        stmt_bind_text(q, 2, row->display_name);
        stmt_bind_i64(q, 3, now);
        stmt_bind_i64(q, 4, row->created_at);
        if (!read_number(q, &id, err))
            return false;
    }
    *ret_id = id;
    return true;
}

static bool move_traces(struct tx *tx, int64_t from, int64_t to, struct err *err)
{
    autofree(stmt) struct stmt *tickets = tx_prepare(tx,
        "UPDATE ticket SET reporter_id = CASE WHEN reporter_id = $1 THEN $2 ELSE reporter_id END,"
        " assignee_id = CASE WHEN assignee_id = $1 THEN $2 ELSE assignee_id END,"
        " acknowledged_by = CASE WHEN acknowledged_by = $1 THEN $2 ELSE acknowledged_by END"
        " WHERE reporter_id = $1 OR acknowledged_by = $1"
        " OR (assignee_id = $1 AND resolved_at IS NOT NULL)");
    autofree(stmt) struct stmt *comments =
        tx_prepare(tx, "UPDATE ticket_comment SET author_id = $2 WHERE author_id = $1");
    autofree(stmt) struct stmt *changes =
        tx_prepare(tx, "UPDATE ticket_change SET actor_id = $2 WHERE actor_id = $1");
    autofree(stmt) struct stmt *files =
        tx_prepare(tx, "UPDATE attachment SET author_id = $2 WHERE author_id = $1");
    autofree(stmt) struct stmt *approvals =
        tx_prepare(tx, "UPDATE approval SET account_id = $2 WHERE account_id = $1");
    autofree(stmt) struct stmt *orders =
        tx_prepare(tx, "UPDATE ca_order SET account_id = $2 WHERE account_id = $1");
    autofree(stmt) struct stmt *events =
        tx_prepare(tx, "UPDATE ticket_event SET actor_id = $2 WHERE actor_id = $1");

    return run_for(tickets, from, to, err) && run_for(comments, from, to, err) &&
           run_for(changes, from, to, err) && run_for(files, from, to, err) &&
           run_for(approvals, from, to, err) && run_for(orders, from, to, err) &&
           run_for(events, from, to, err);
}

/* What acts in their name: nobody else may see what it tells. */
static bool end_rest(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *webhooks =
        tx_prepare(tx, "DELETE FROM webhook WHERE id IN (SELECT webhook_id FROM jira_webhook"
                       " WHERE account_id = $1)");
    autofree(stmt) struct stmt *projects =
        tx_prepare(tx, "UPDATE project SET lead_id = NULL WHERE lead_id = $1");

    return run_for(webhooks, id, 0, err) && run_for(projects, id, 0, err);
}

bool store_account_delete(struct tx *tx, int64_t id, int64_t now, struct err *err)
{
    autofree(account_row) struct account_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM account WHERE id = $1");
    struct account_holdings held;
    bool has_traces = false;
    int64_t former = 0;

    if (!store_account_get(tx, id, &row, err) || !store_account_holdings(tx, id, &held, err))
        return false;
    if (held.certificates || held.tickets || held.requests)
        return fail(err, ERR_CONFLICT,
            "\"%s\" still has %" PRId64 " certificates, %" PRId64 " open tickets and %" PRId64
            " certificate requests",
            row->name, held.certificates, held.tickets, held.requests);
    if (!left_traces(tx, id, &has_traces, err))
        return false;
    if (has_traces &&
        (!add_former(tx, row, now, &former, err) || !move_traces(tx, id, former, err)))
        return err_wrap(err, "could not keep the name of the user \"%s\"", row->name);
    return (end_rest(tx, id, err) && run_for(q, id, 0, err)) ||
           err_wrap(err, "could not remove the user");
}

/* Two admins who demote each other at once must not both find the other one there: whoever counts
 * has all of their rows. */
static bool lock_admins(struct tx *tx, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE account SET role = role WHERE role = 'admin'");

    return stmt_run(q, err);
}

bool store_account_count_admins(struct tx *tx, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT COUNT(*) FROM account WHERE role = 'admin' AND is_disabled = FALSE");

    return lock_admins(tx, err) && read_number(q, ret, err);
}

bool store_setting_get(struct tx *tx, const char *name, char **ret, int64_t *ret_version,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT value, row_version FROM setting WHERE name = $1");
    autofree(str) char *value = NULL;
    int64_t version = 0;

    stmt_bind_text(q, 1, name);
    while (stmt_next(q)) {
        str_set(&value, stmt_text(q, 0));
        version = stmt_i64(q, 1);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = take(&value);
    *ret_version = version;
    return true;
}

bool store_setting_put(struct tx *tx, const char *name, const char *value, int64_t if_version,
    int64_t now, int64_t *ret_version, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO setting(name, value, updated_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,"
        "  row_version = setting.row_version + 1"
        " WHERE CAST($4 AS BIGINT) = 0 OR setting.row_version = $4"
        " RETURNING row_version");
    int64_t version = 0;

    stmt_bind_text(q, 1, name);
    stmt_bind_text(q, 2, value);
    stmt_bind_i64(q, 3, now);
    stmt_bind_i64(q, 4, if_version);
    while (stmt_next(q))
        version = stmt_i64(q, 0);
    if (!stmt_end(q, err))
        return false;
    if (version == 0)
        return fail(err, ERR_CONFLICT, "the setting \"%s\" has been changed meanwhile", name);
    *ret_version = version;
    return true;
}
