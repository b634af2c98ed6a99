/* A world of a few records with which anything may be done, as it is drawn. */
#pragma once

#include "testing_store.h"

#define N_RECORDS 12
#define N_OPERATIONS 120
#define N_PLACES 6

struct world {
    struct tx *tx;
    uint64_t random;
    int64_t owners[3];
    int64_t ids[N_RECORDS]; /* 0: deleted */
    int64_t places[N_PLACES];
    int64_t keepers[N_PLACES]; /* endpoints go with their last record: these stay */
    int64_t fields[2];
    uint8_t n_versions;
    struct err err;
};

/* The next number below n. */
uint64_t draw(struct world *w, uint64_t n);

/* In w->tx, which the test opens, as it sets w->random. */
void make_world(struct world *w);

/* A custom field: 0 is of words, 1 of a number. */
void make_field(struct world *w, size_t i);

/* Anything, to any record; or one of the first so many kinds of things, of which
 * N_OPERATIONS_COUNTED are what counts depend on. */
#define N_OPERATIONS_COUNTED 8
void operate(struct world *w);
void operate_among(struct world *w, size_t n_kinds);

/* A statement with two numbers, which is released. */
void run_sql(struct world *w, struct stmt *statement, int64_t a, int64_t b);
