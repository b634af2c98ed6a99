/*
 * store/cert_set: the ids that a condition gives, in memory, to be asked for each record that a
 * walk comes past. On SQLite; PostgreSQL makes such a set by itself. Not for others than store/.
 */
#pragma once

#include "store/cert_where.h"

/* What stands as a set (WAY_SET), into where->set. Nothing where that is not the way. */
bool cert_set_load(struct tx *tx, struct cert_where *where, struct err *err) must_check;

void cert_set_done(struct cert_where *where);
