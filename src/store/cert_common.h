/*
 * store/cert_common: the records that several conditions have in common, where each of them alone
 * is met by many, and all together hardly ever: found by reading the ids that each gives from its
 * own index, at 0.06 µs each, and keeping those that all of them give. On SQLite; PostgreSQL does
 * this by itself (BitmapAnd). Not for others than store/.
 */
#pragma once

#include "store/cert_where.h"

/* No more than these may drive. */
#define COMMON_DRIVE_MAX 20000

/*
 * After the conditions were counted: if a sample says that walking would take longer, let what the
 * cheapest of them have in common drive, or be the set. Which were read is in where->told.
 */
bool cert_common_choose(struct tx *tx, struct cert_where *where, struct err *err) must_check;

/* Whatever a sample says: a walk has shown that it takes long. *ret is false, and nothing is
 * changed, where there is nothing to be read. */
bool cert_common_force(struct tx *tx, struct cert_where *where, bool *ret, struct err *err)
    must_check;

/* After that: what drives, or is the set, without what does not meet the conditions whose ids are
 * in memory (store/kept_ids). */
bool cert_common_add_kept(struct tx *tx, struct cert_where *where, struct err *err) must_check;

/* May these (1 << enum drive) be read, all of them? */
bool cert_common_may_be(const struct cert_where *where, unsigned told);

/* Read them, whatever it costs: where->set is what they have in common, and there is no more to be
 * planned; where->way is WAY_SET. */
bool cert_common_read(struct tx *tx, struct cert_where *where, unsigned told, struct err *err)
    must_check;
