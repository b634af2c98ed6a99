/*
 * store/standby: does this installation act on the outside, or only look?
 *
 * What was restored from a backup starts in standby: somewhere the one it was made of may still be
 * running. It probes and shows, and sends no mail, orders nothing and deploys nothing until an
 * admin says that it is the one now.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

#define STANDBY_REASON_MAX 400

struct standby {
    bool is_on;
    int64_t since;
    char reason[STANDBY_REASON_MAX];
};

bool store_standby_get(struct tx *tx, struct standby *ret, struct err *err) must_check;
bool store_standby_begin(struct tx *tx, const char *reason, int64_t now, struct err *err)
    must_check;
bool store_standby_end(struct tx *tx, struct err *err) must_check;

/* A restore that was begun and not ended has left rows that nobody may work with. */
bool store_restore_begin(struct tx *tx, int64_t now, struct err *err) must_check;
bool store_restore_end(struct tx *tx, struct err *err) must_check;

/* ERR_CONFLICT, which says what to do, where one was not ended. */
bool store_restore_check(struct tx *tx, struct err *err) must_check;
