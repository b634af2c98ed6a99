/*
 * store/viewer: on whose behalf rows are read.
 *
 * Queries that take a viewer find only what that account may see: its own records, those it is
 * assigned, those shared with it or with its groups. To it, the rest is not there: ERR_NOT_FOUND.
 */
#pragma once

#include "base/base.h"

struct err;

struct store_viewer {
    int64_t account_id;
    bool sees_all; /* admins, auditors, certdesk itself */
};

/* certdesk itself, for jobs. */
#define STORE_SYSTEM ((struct store_viewer){ .sees_all = true })

/* Did an edit fail (ERR_CONFLICT) because the row is not the one the caller had read any more? */
bool store_is_stale(const struct err *err);
