/*
 * job/types/import_batch: new records of a table that are written together.
 *
 * What was planned for them is kept until there are enough of them, as one statement for hundreds
 * of rows costs hardly more than one for a single row.
 */
#pragma once

#include "job/types/import_plan.h"

#define IMPORT_BATCH_MAX 500

struct import_slot {
    struct import_record record;
    struct import_plan plan;
};

struct import_batch {
    struct import_slot *slots; /* IMPORT_BATCH_MAX of them, and one for the open record */
    size_t n;                  /* that wait */
    size_t n_places;           /* that these have */
};

void import_batch_init(struct import_batch *batch, const struct sheet_header *header);
void import_batch_done(struct import_batch *batch);

/* None waits, and nothing is planned for the open one. The records stay where they are, of no more
 * use, to be swapped for others: whoever reads those clears them. */
void import_batch_clear(struct import_batch *batch);

/* Where the record is that is being taken. */
struct import_slot *import_batch_open(struct import_batch *batch);

/* The open record waits from now on, and another slot is open. */
void import_batch_push(struct import_batch *batch);

/* No other may wait. */
bool import_batch_is_full(const struct import_batch *batch);

/* Write those that wait, with their entries in the audit log and what the import says of them; none
 * waits any more. In a trial run nothing but the last is written. */
bool import_batch_write(struct import_batch *batch, struct import_context *context, struct tx *tx,
    struct err *err) must_check;
