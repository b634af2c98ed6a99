/*
 * store/cert_sample: some records, looked at here and there, to learn how many of all meet the
 * conditions of a filter. Not for others than store/.
 */
#pragma once

#include "store/cert_where.h"

/* So many hits are one record in a hundred: walking to 50 of them takes a few milliseconds. */
#define CERT_SAMPLE_ENOUGH 6

/* Look at some records, spread over all there are, for n_sampled, n_hits and n_worded; where there
 * are few in all, at none. */
bool cert_sample(struct tx *tx, struct cert_where *where, struct err *err) must_check;

/*
 * How many of as many records meet each condition alone (by what drives with it), and how many all
 * those that nothing drives with: [DRIVE_NONE]. -1: there is no such condition. After
 * cert_sample(), which has set n_sampled.
 */
bool cert_sample_each(struct tx *tx, const struct cert_where *where, int64_t ret_n[static N_DRIVES],
    struct err *err) must_check;

/* A query for the ids of n_places times CERT_SAMPLE_PLACE records; some may be there twice. */
#define CERT_SAMPLE_PLACE 32
void cert_sample_add(struct select *select, bool is_sqlite, int64_t n_places, int64_t max_id);
