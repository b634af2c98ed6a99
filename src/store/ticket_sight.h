/*
 * store/ticket_sight: which tickets somebody sees, as a condition on t. Not for others than store/.
 *
 * Who sees few records has their tickets looked up; for others the list is walked along and each
 * ticket checked.
 */
#pragma once

#include "store/select.h"
#include "store/viewer.h"

struct err;
struct tx;

struct ticket_sight {
    const struct store_viewer *viewer;
    bool sees_few; /* then a walk along an index must be avoided: "+" before what is sorted by */
};

bool ticket_sight_plan(struct tx *tx, const struct store_viewer *viewer, struct ticket_sight *ret,
    struct err *err) must_check;

/* " AND …", or nothing for who sees all. */
void ticket_sight_add(struct select *select, const struct ticket_sight *sight);
