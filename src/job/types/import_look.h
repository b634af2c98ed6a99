/*
 * job/types/import_look: whether there are records of the names that come next, asked for all of
 * them at once.
 *
 * That a name is free holds in the transaction in which it was asked, until a record gets it by
 * being renamed. New records do not take one: what has the same name in a table is one record.
 */
#pragma once

#include "base/base.h"

struct err;
struct import_ahead;
struct tx;

/* Where the next record has not been asked for, and is to be: for all that are ready, record->look.
 */
bool import_look_ahead(struct import_ahead *ahead, struct tx *tx, struct err *err) must_check;

/* A transaction begins: nothing is known. */
void import_look_forget(struct import_ahead *ahead);

/* A record has been renamed: each that is ready is looked for alone. */
void import_look_doubt(struct import_ahead *ahead);
