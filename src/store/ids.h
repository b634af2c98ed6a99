/*
 * store/ids: ids for rows that are about to be written, so that others can refer to them at once.
 * Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/* The next n ids of a table, a literal; ret has room for them. Write the rows before asking again.
 */
bool ids_take(struct tx *tx, const char *table, size_t n, int64_t *ret, struct err *err) must_check;
