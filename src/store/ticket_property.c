/* store/ticket_property: see the header. */
#include "store/ticket_property.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "core/rows.h"
#include "store/read.h"

void ticket_properties_done(struct ticket_properties *properties)
{
    for (size_t i = 0; i < properties->n; i++) {
        free(properties->items[i].name);
        free(properties->items[i].value);
    }
    free(properties->items);
    *properties = (struct ticket_properties){ 0 };
}

bool store_ticket_properties(struct tx *tx, int64_t ticket_id, struct ticket_properties *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT name, value FROM ticket_property WHERE ticket_id = $1 ORDER BY name");

    stmt_bind_i64(q, 1, ticket_id);
    while (stmt_next(q)) {
        ret->items = rows_make_room(ret->items, ret->n, &ret->room, sizeof *ret->items);
        ret->items[ret->n++] =
            (struct ticket_property){ .name = read_text(q, 0), .value = read_text(q, 1) };
    }
    return stmt_end(q, err);
}

static bool check(const char *name, const char *value, struct err *err)
{
    if (!*name || strlen(name) > TICKET_PROPERTY_NAME_MAX)
        return fail(err, ERR_INVALID, "The property key must have 1 to %d characters.",
            TICKET_PROPERTY_NAME_MAX);
    if (strlen(value) > TICKET_PROPERTY_MAX)
        return fail(err, ERR_INVALID, "The property value must not be longer than %d bytes.",
            TICKET_PROPERTY_MAX);
    return true;
}

static bool count(struct tx *tx, int64_t ticket_id, const char *name, int64_t *ret_all,
    int64_t *ret_others, struct err *err)
{
    autofree(stmt) struct stmt *all =
        tx_prepare(tx, "SELECT count(*) FROM ticket_property WHERE ticket_id = $1");
    autofree(stmt) struct stmt *others =
        tx_prepare(tx, "SELECT count(*) FROM ticket_property WHERE ticket_id = $1 AND name <> $2");

    stmt_bind_i64(all, 1, ticket_id);
    stmt_bind_i64(others, 1, ticket_id);
    stmt_bind_text(others, 2, name);
    return read_number(all, ret_all, err) && read_number(others, ret_others, err);
}

bool store_ticket_property_put(struct tx *tx, int64_t ticket_id, const char *name,
    const char *value, bool *ret_new, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;
    int64_t n_all = 0;
    int64_t n_others = 0;

    if (!check(name, value, err) || !count(tx, ticket_id, name, &n_all, &n_others, err))
        return false;
    if (n_others >= TICKET_PROPERTIES_MAX)
        return fail(err, ERR_LIMIT, "An issue has at most %d properties.", TICKET_PROPERTIES_MAX);
    q = tx_prepare(tx, "INSERT INTO ticket_property(ticket_id, name, value) VALUES ($1, $2, $3)"
                       " ON CONFLICT (ticket_id, name) DO UPDATE SET value = excluded.value");
    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_text(q, 2, name);
    stmt_bind_text(q, 3, value);
    *ret_new = n_all == n_others;
    return stmt_run(q, err);
}

bool store_ticket_property_delete(struct tx *tx, int64_t ticket_id, const char *name,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM ticket_property WHERE ticket_id = $1 AND name = $2");

    stmt_bind_i64(q, 1, ticket_id);
    stmt_bind_text(q, 2, name);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 ||
           fail(err, ERR_NOT_FOUND, "The property '%.100s' does not exist.", name);
}
