/*
 * store/cert_rare: on PostgreSQL, conditions that many records meet, and few meet together: what
 * one of them brings by its index, which carries the marks of the others (store/cert_marks,
 * docs/adr/0025). Not for others than store/.
 */
#pragma once

#include "store/cert_where.h"

/* The condition that may bring few, to be sampled as where->rare; DRIVE_NONE: there is none, or the
 * others have no marks. */
enum drive cert_rare_of(const struct cert_where *where);

/* After cert_sample(): is it so? Then it will drive, unless another condition is rarer still. */
bool cert_rare_is_likely(const struct cert_where *where);

/* Let it drive, if nothing else does: its records are read, if they are not too many, and stand in
 * where->ids. */
bool cert_rare_choose(struct tx *tx, struct cert_where *where, struct err *err) must_check;

/* Ids as "17 4 23": all that `drive` brings, from now on. */
void cert_known_read(struct cert_where *where, enum drive drive, const char *text);
