/* store/business_group: see the header. */
#include "store/business_group.h"

#include "base/err.h"
#include "store/read.h"

#define NAME_MAX_BYTES 100

bool store_business_group_find(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT id FROM business_group WHERE name = $1");

    stmt_bind_text(q, 1, name);
    return read_number(q, ret_id, err);
}

bool store_business_group_put(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
{
    int64_t id = 0;
    autofree(stmt) struct stmt *q = NULL;

    if (strlen(name) > NAME_MAX_BYTES)
        return fail(err, ERR_LIMIT, "the business group's name is longer than %d bytes",
            NAME_MAX_BYTES);
    if (*name && !store_business_group_find(tx, name, &id, err))
        return false;
    if (id || !*name) {
        *ret_id = id;
        return true;
    }
    q = tx_prepare(tx, "INSERT INTO business_group(name) VALUES ($1)"
                       " ON CONFLICT (name) DO UPDATE SET name = excluded.name"
                       " RETURNING id");
    stmt_bind_text(q, 1, name);
    return read_number(q, ret_id, err);
}

bool store_business_groups(struct tx *tx, business_group_visit visit, void *context,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT id, name, description FROM business_group ORDER BY name");

    while (stmt_next(q)) {
        autofree(str) char *name = read_text(q, 1);

        visit(context, stmt_i64(q, 0), name, stmt_text(q, 2));
    }
    return stmt_end(q, err);
}
