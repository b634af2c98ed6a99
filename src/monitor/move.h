/*
 * monitor/move: what follows for a record from what its endpoints serve.
 *
 * Versions get their roles, the record's maintained columns are brought up to date, its expiry
 * tickets are commented or resolved, and the audit log is told. Called in the transaction that
 * wrote the observations.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"

struct err;
struct tx;

struct move_outcome {
    bool is_changed; /* a version took another's place, or the alert is another one */
    char what[256];  /* for people: what changed; "" where nothing did */
};

/* `ret` may be NULL. */
bool move_record(struct tx *tx, int64_t certificate_id, int64_t now, struct move_outcome *ret,
    struct err *err) must_check;
