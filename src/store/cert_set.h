/*
 * store/cert_set: the ids that a condition gives, in memory, to be asked for each record that a
 * walk comes past. On SQLite; PostgreSQL makes such a set by itself. Not for others than store/.
 */
#pragma once

#include "store/cert_where.h"

/* The ids that `drive` gives, up to `most`, ascending and once each: *ret_n is how many rows there
 * were, and may be more than there are ids. */
bool cert_set_read(struct tx *tx, const struct cert_where *where, enum drive drive, int64_t most,
    struct id_list *ids, int64_t *ret_n, struct err *err) must_check;

/* How many ids of `drive` are in memory? -1: they are not, or there is no such condition. */
int64_t cert_set_count_kept(struct tx *tx, const struct cert_where *where, enum drive drive);

/* Of ascending ids those that meet all conditions the ids of which are in memory; of `told` (1 <<
 * enum drive) that is known already. Which are known then. */
unsigned cert_set_pick_kept(struct tx *tx, const struct cert_where *where, unsigned told,
    struct id_list *ids);

/* What stands as a set (WAY_SET), into where->set, unless it is there. Nothing where that is not
 * the way. */
bool cert_set_load(struct tx *tx, struct cert_where *where, struct err *err) must_check;

/* These are the set from now on. */
void cert_set_take(struct cert_where *where, struct id_list *ids);

/* "SELECT … AS id": each `step`-th id of the set. */
void cert_set_add_ids(const struct cert_where *where, int64_t step, struct select *select);

void cert_set_done(struct cert_where *where);
