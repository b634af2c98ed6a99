/*
 * store/kept_count: how many rows a query has, kept until anything in the database changes.
 *
 * A client that goes through a long list asks for its length with every page. Any thread may call
 * this; the last few counts of all of them are kept. Not for others than store/.
 */
#pragma once

#include "store/select.h"

struct err;

/* Runs "SELECT count(*) …", unless the answer is known. */
bool kept_count(struct tx *tx, const struct select *select, int64_t *ret, struct err *err)
    must_check;
