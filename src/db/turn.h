/*
 * db/turn: one writer at a time for each file, first come, first served, and one commit for many.
 *
 * SQLite lets one connection write and has the others try again now and then: under load some
 * never come round. Within this process writers therefore queue up here before they ask SQLite.
 *
 * Whoever has written hands the turn on with the transaction still open if the next in the queue
 * may go on with it, and waits: the last of them commits for all, and tells them what came of it.
 * How long such a row gets is limited here (adr/0018).
 *
 * Any thread may call these functions.
 */
#pragma once

#include "base/base.h"

/* A row of writers in one transaction is no longer than this, nor goes on for longer. */
#define TURN_ROW_MAX 32
#define TURN_ROW_MS 20

struct err;
struct turn;
struct turn_member;

/* May what is written be committed together with what others write? */
enum turn_kind { TURN_ALONE, TURN_SHARED };

/* The queue for an existing file, shared by all that ask for the same file; NULL if it is not
 * there. */
struct turn *turn_open(const char *path) must_check;
void turn_close(struct turn *turn); /* NULL is fine */

/*
 * What is handed on with the turn: the connection that writes. NULL until somebody who has the turn
 * has set it; freed with the last user of the queue. Only whoever has the turn uses what is in it.
 */
void turn_set_baggage(struct turn *turn, void *baggage, void (*release)(void *baggage));
void *turn_baggage(struct turn *turn);

/*
 * Wait until it is our turn; false if it was not within `timeout_ms`. *ret_goes_on: those before us
 * have left their transaction open for us to go on with.
 */
bool turn_take(struct turn *turn, enum turn_kind kind, int64_t timeout_ms, bool *ret_goes_on)
    must_check;

/*
 * Hand the turn on with the transaction open, where the next in the queue may go on with it; false,
 * and it is still ours, if not. Then waits until the transaction has ended: `verdict` is zeroed if
 * it was committed, and says why not otherwise. NULL: nothing of ours is in it, and we go.
 */
bool turn_pass(struct turn *turn, struct err *verdict) must_check;

/* Those who wait for the end of one transaction. */
struct turn_row {
    struct turn_member *members;
};

/* The transaction has ended: whoever writes next begins another. *ret: who waits to be told. */
void turn_end_row(struct turn *turn, struct turn_row *ret);

/* Tell them, with the turn or after it was given away. `failure` NULL: it is committed. */
void turn_tell(struct turn *turn, struct turn_row *row, const struct err *failure);

/* How many wait for it. */
size_t turn_n_waiting(struct turn *turn);

/* Let the next one have it, with no transaction open. */
void turn_give(struct turn *turn);
