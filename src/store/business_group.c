/* store/business_group: see the header. */
#include "store/business_group.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "store/read.h"

#define NAME_MAX 100 /* characters */

bool store_business_group_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT id FROM business_group WHERE name = $1");

    stmt_bind_text(q, 1, name);
    return read_number(q, ret_id, err);
}

/* Blanks at its ends are not taken: in a table they would make another group of it. */
bool store_business_group_put(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
{
    autofree(str) char *label = span_dup(span_trim(span_text(name)));
    int64_t id = 0;
    autofree(stmt) struct stmt *q = NULL;

    if (parse_n_characters(span_text(label)) > NAME_MAX)
        return fail(err, ERR_LIMIT, "the business group's name is longer than %d characters",
            NAME_MAX);
    if (*label && !store_business_group_find(tx, label, &id, err))
        return false;
    if (id || !*label) {
        *ret_id = id;
        return true;
    }
    q = tx_prepare(tx, "INSERT INTO business_group(name) VALUES ($1)"
                       " ON CONFLICT (name) DO UPDATE SET name = excluded.name"
                       " RETURNING id");
    stmt_bind_text(q, 1, label);
    return read_number(q, ret_id, err);
}

bool store_business_group_count(struct tx *tx, int64_t id, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT (SELECT count(*) FROM certificate WHERE business_group_id = $1)"
                       " + (SELECT count(*) FROM csr WHERE business_group_id = $1)");

    stmt_bind_i64(q, 1, id);
    return read_number(q, ret, err);
}

/* A name that nobody has but, perhaps, the group `id`. */
static bool check_name(struct tx *tx, const char *name, int64_t id, struct err *err)
{
    int64_t other = 0;

    if (span_trim(span_text(name)).size == 0)
        return fail(err, ERR_INVALID, "a business group needs a name");
    if (span_trim(span_text(name)).size != strlen(name))
        return fail(err, ERR_INVALID, "a business group's name has no blanks at its ends");
    if (parse_n_characters(span_text(name)) > NAME_MAX)
        return fail(err, ERR_LIMIT, "the business group's name is longer than %d characters",
            NAME_MAX);
    if (!store_business_group_find(tx, name, &other, err))
        return false;
    return !other || other == id ||
           fail(err, ERR_CONFLICT, "there is a business group \"%s\" already", name);
}

bool store_business_group_add(struct tx *tx, const char *name, const char *description,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO business_group(name, description) VALUES ($1, $2) RETURNING id");

    if (!check_name(tx, name, 0, err))
        return false;
    stmt_bind_text(q, 1, name);
    stmt_bind_text(q, 2, description);
    return read_number(q, ret_id, err);
}

bool store_business_group_edit(struct tx *tx, int64_t id, const char *name, const char *description,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE business_group SET name = $2, description = $3 WHERE id = $1");
    autofree(stmt) struct stmt *records =
        tx_prepare(tx, "UPDATE certificate SET business_group_name = $2"
                       " WHERE business_group_id = $1 AND business_group_name <> $2");

    if (!check_name(tx, name, id, err))
        return false;
    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, name);
    stmt_bind_text(q, 3, description);
    stmt_bind_i64(records, 1, id);
    stmt_bind_text(records, 2, name);
    return stmt_run(q, err) && stmt_run(records, err);
}

bool store_business_group_delete(struct tx *tx, int64_t id, int64_t heir_id, int64_t now,
    int64_t *ret_n, struct err *err)
{
    autofree(stmt) struct stmt *records = tx_prepare(tx,
        "UPDATE certificate SET business_group_id = $2, updated_at = $3,"
        " business_group_name = (SELECT g.name FROM business_group g WHERE g.id = $2),"
        " row_version = row_version + 1 WHERE business_group_id = $1");
    autofree(stmt) struct stmt *requests =
        tx_prepare(tx, "UPDATE csr SET business_group_id = $2 WHERE business_group_id = $1");
    autofree(stmt) struct stmt *group = tx_prepare(tx, "DELETE FROM business_group WHERE id = $1");

    stmt_bind_i64(records, 1, id);
    bind_or_null(records, 2, heir_id);
    stmt_bind_i64(records, 3, now);
    stmt_bind_i64(requests, 1, id);
    bind_or_null(requests, 2, heir_id);
    stmt_bind_i64(group, 1, id);
    if (!stmt_run(records, err) || !stmt_run(requests, err) || !stmt_run(group, err))
        return false;
    *ret_n = stmt_n_changed(records);
    return true;
}

/* Who sees all has their records counted along an index; the others are few records each. */
#define GROUPS_BEFORE "SELECT g.id, g.name, g.description, COALESCE(n.n, 0) FROM business_group g"
#define GROUPS_AFTER " AS n ON n.id = g.id ORDER BY g.name"

static struct stmt *prepare_list(struct tx *tx, const struct store_viewer *viewer)
{
    struct stmt *q;

    if (viewer->sees_all)
        return tx_prepare(tx, GROUPS_BEFORE
            " LEFT JOIN (SELECT business_group_id AS id, count(*) AS n FROM certificate"
            "  WHERE business_group_id IS NOT NULL GROUP BY business_group_id)" GROUPS_AFTER);
    q = tx_prepare(tx, GROUPS_BEFORE
        " LEFT JOIN (SELECT c.business_group_id AS id, count(*) AS n FROM certificate c"
        "  WHERE c.id IN (" ACCESSIBLE("$1") ") GROUP BY c.business_group_id)" GROUPS_AFTER);
    stmt_bind_i64(q, 1, viewer->account_id);
    return q;
}

bool store_business_groups(struct tx *tx, const struct store_viewer *viewer,
    business_group_visit visit, void *context, struct err *err)
{
    autofree(stmt) struct stmt *q = prepare_list(tx, viewer);

    while (stmt_next(q)) {
        const struct business_group_row row = {
            .id = stmt_i64(q, 0),
            .name = stmt_text(q, 1),
            .description = stmt_text(q, 2),
            .n_certificates = stmt_i64(q, 3),
        };

        visit(context, &row);
    }
    return stmt_end(q, err);
}
