/* store/project: see the header. */
#include "store/project.h"

#include <ctype.h>
#include <string.h>

#include "base/err.h"
#include "store/read.h"

#define SELECT_PROJECT                                                                             \
    "SELECT p.key, p.name, p.lead_id, a.name, p.created_at,"                                       \
    " COALESCE((SELECT n.value FROM counter n WHERE n.name = p.key), 0)"                           \
    "  FROM project p LEFT JOIN account a ON a.id = p.lead_id"

bool project_key_is_valid(const char *key)
{
    const size_t n = strlen(key);

    if (n < 2 || n > PROJECT_KEY_MAX || !isupper((unsigned char)key[0]))
        return false;
    for (size_t i = 1; i < n; i++)
        if (!isupper((unsigned char)key[i]) && !isdigit((unsigned char)key[i]))
            return false;
    return true;
}

/* *ret_new is false where there is one of that key. */
static bool insert(struct tx *tx, const char *key, const char *name, int64_t lead_id, int64_t now,
    bool *ret_new, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO project(key, name, lead_id, created_at)"
                       " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING");

    stmt_bind_text(q, 1, key);
    stmt_bind_text(q, 2, name);
    bind_or_null(q, 3, lead_id);
    stmt_bind_i64(q, 4, now);
    if (!stmt_run(q, err))
        return false;
    *ret_new = stmt_n_changed(q) == 1;
    return true;
}

bool store_project_add(struct tx *tx, const char *key, const char *name, int64_t lead_id,
    int64_t now, struct err *err)
{
    bool is_new = false;

    if (!insert(tx, key, name, lead_id, now, &is_new, err))
        return false;
    return is_new || fail(err, ERR_CONFLICT, "there is a project \"%s\" already", key);
}

bool store_project_put_default(struct tx *tx, int64_t now, struct err *err)
{
    bool is_new;

    return insert(tx, PROJECT_DEFAULT, "Certificate Management", 0, now, &is_new, err);
}

static void read_row(struct stmt *q, struct project_row *row)
{
    row->key = read_text(q, 0);
    row->name = read_text(q, 1);
    row->lead_id = stmt_i64(q, 2);
    row->lead = read_text_or_null(q, 3);
    row->created_at = stmt_i64(q, 4);
    row->n_tickets = stmt_i64(q, 5);
}

DEFINE_READ_ONE(project, read_row);

bool store_project_get(struct tx *tx, const char *key, struct project_row **ret, struct err *err)
{
    autofree(project_row) struct project_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx, SELECT_PROJECT " WHERE p.key = $1");

    stmt_bind_text(q, 1, key);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no project \"%.20s\"", key);
    *ret = take(&row);
    return true;
}

bool store_projects(struct tx *tx, struct project_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, SELECT_PROJECT " ORDER BY p.key");

    while (stmt_next(q))
        read_row(q, project_rows_add(rows));
    return stmt_end(q, err);
}
