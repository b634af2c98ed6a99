/*
 * vault/ledger: how often something was opened, and how often it still may be.
 *
 * So many at once, and so many more a second. Kept in a small file of the key directory, whose
 * descriptor is opened at the start: a vault that was killed does not begin with a fresh allowance.
 */
#pragma once

#include "base/base.h"

struct allowance {
    int64_t left;
    int64_t at_ms; /* of the clock on the wall, because it outlives the process */
};

struct ledger {
    int fd; /* -1: nothing is kept */
    struct allowance keys;
    struct allowance secrets;
    int64_t n_opened;
    int64_t n_refused;
};

/* Takes `fd`. What cannot be read counts as new. */
void ledger_init(struct ledger *ledger, int fd);
void ledger_done(struct ledger *ledger);

/* Opens "opened" in the working directory; -1 where that cannot be. */
int ledger_open(void);

/* May one more be opened? It is written down before the answer. */
bool ledger_spend(struct ledger *ledger, bool is_key, int64_t now_ms);

/* It was. */
void ledger_count(struct ledger *ledger);

DEFINE_AUTODONE(ledger);
