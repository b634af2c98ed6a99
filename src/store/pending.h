/*
 * store/pending: what a transaction has still to write before it commits.
 *
 * Buckets are rows that many transactions change, and words are dear to write, the more so the
 * fewer at a time (FTS5 begins another segment after each statement for many rows): so changes are
 * collected while the transaction runs and written once, at its end, always in one order (tickets'
 * events, words by record, jobs by key, then buckets by kind and day). Two transactions can
 * therefore never wait for each other's buckets, and each holds them only for its commit.
 * tx_commit() writes; who reads words or buckets in a transaction that may have changed them calls
 * pending_write() before. Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct err;
struct job_new;
struct many;
struct tx;

/* n more (or, below 0, fewer) in a bucket. `kind` is a literal. */
void pending_bucket(struct tx *tx, const char *kind, int64_t day, int64_t n);

/* The record's words are to be found again. */
void pending_words(struct tx *tx, int64_t certificate_id);

/* Where cert_words_add_new() puts the words of new records. Borrowed. */
struct many *pending_new_words(struct tx *tx) must_check;

/* Something has happened to a ticket (store/ticket_event). `kind` is a literal. */
void pending_event(struct tx *tx, int64_t ticket_id, const char *kind, int64_t actor_id,
    int64_t ref_id, int64_t now);

/* Has this transaction set the ticket's updated_at to `now` already? It has, from now on. */
bool pending_touches(struct tx *tx, int64_t ticket_id, int64_t now);

/* A job is wanted (store_job_want). Its key is copied. */
void pending_job(struct tx *tx, const struct job_new *job, int64_t now);

/* Write what there is now. */
bool pending_write(struct tx *tx, struct err *err) must_check;
