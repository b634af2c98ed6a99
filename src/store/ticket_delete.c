/*
 * store/ticket_delete: a ticket that came to nothing goes. See store/ticket.h.
 *
 * What hangs on it goes with it by the schema; the key that the server made for it is given back.
 */
#include "base/err.h"
#include "store/read.h"
#include "store/sealed_key.h"
#include "store/ticket.h"
#include "store/ticket_words.h"

static bool count_orders(struct tx *tx, int64_t id, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT count(*) FROM ca_order WHERE ticket_id = $1");

    stmt_bind_i64(q, 1, id);
    return read_number(q, ret, err);
}

static bool find_key(struct tx *tx, int64_t id, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT coalesce(sealed_key_id, 0) FROM certificate_request WHERE ticket_id = $1");

    stmt_bind_i64(q, 1, id);
    return read_number(q, ret, err);
}

bool store_ticket_delete(struct tx *tx, const struct ticket_row *ticket, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM ticket WHERE id = $1");
    int64_t n_orders = 0;
    int64_t key_id = 0;

    if (!store_ticket_lock(tx, ticket->id, ticket->row_version, err) ||
        !count_orders(tx, ticket->id, &n_orders, err) || !find_key(tx, ticket->id, &key_id, err))
        return false;
    if (ticket->version_id || n_orders)
        return fail(err, ERR_DENIED,
            "%s is kept: it says what became of a certificate. It can be cancelled.", ticket->key);
    stmt_bind_i64(q, 1, ticket->id);
    return ticket_words_drop(tx, ticket->id, err) && stmt_run(q, err) &&
           (!key_id || store_sealed_key_release(tx, key_id, err));
}
