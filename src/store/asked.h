/*
 * store/asked: what is to be known of some ids, in statements of SELECT_IDS_MAX ids each. Not for
 * others than store/.
 *
 * Begun early, it is on its way to PostgreSQL with whatever is asked meanwhile, several statements
 * at once: waiting for each would cost more than what it does. On SQLite one is run after the
 * other, as it is read.
 */
#pragma once

#include "base/base.h"

struct stmt;
struct tx;

#define ASKED_MAX 10

/* A statement with its values bound; `arg` is the caller's. */
typedef struct stmt *(*asked_prepare)(struct tx *tx, const int64_t *ids, size_t n, int64_t arg);

struct asked {
    struct tx *tx;
    asked_prepare prepare;
    int64_t arg;
    const int64_t *ids; /* borrowed: they stay where they are until all is read */
    size_t n;
    size_t n_asked; /* of the ids */
    struct stmt *q[ASKED_MAX];
    size_t n_q;
    size_t n_read; /* of `q` */
};

void asked_begin(struct asked *asked, struct tx *tx, asked_prepare prepare, int64_t arg,
    const int64_t *ids, size_t n);

/* The next statement, which is freed with the call after. NULL: that was all. */
struct stmt *asked_next(struct asked *asked);
void asked_done(struct asked *asked);

DEFINE_AUTODONE(asked);
