/*
 * store/job: the queue.
 *
 * A claimed job belongs to its claimer until the lease ends. Each claim raises the fence; whatever
 * a job writes about itself carries the fence it was claimed with, and changes nothing when
 * somebody else has claimed it since: that is ERR_CONFLICT, and the old claimer stops. Rows
 * returned are the caller's to free.
 */
#pragma once

#include "core/rows_job.h"

struct err;
struct tx;

struct job_new {
    const char *type;
    int64_t object_id; /* 0: none */
    const char
        *dedupe_key; /* NULL: none. With one, an unfinished job of that key is found, not doubled */
    const char *payload; /* JSON object; NULL: {} */
    int64_t due_at;
    int64_t account_id; /* 0: certdesk itself */
};

/* *ret_id is the new job, or the unfinished one with that dedupe key. */
bool store_job_add(struct tx *tx, const struct job_new *job, int64_t now, int64_t *ret_id,
    struct err *err) must_check;

/*
 * The job that waits under this dedupe key is due by `due_at` at the latest. One that is running
 * may have looked already, so it is queued once more when it is done. Nothing happens without one.
 */
bool store_job_hurry(struct tx *tx, const char *dedupe_key, int64_t due_at, struct err *err)
    must_check;

/*
 * After this transaction a job with this dedupe key runs, from its `due_at` on, and sees what the
 * transaction has written. It is for nobody, has no payload, and its type is a literal. Written at
 * the end of the transaction.
 */
void store_job_want(struct tx *tx, const struct job_new *job, int64_t now);

/* Do so. For store/pending alone. */
bool job_want_now(struct tx *tx, const struct job_new *job, int64_t now, struct err *err)
    must_check;

/* *ret_id is the unfinished job with that dedupe key, 0 where there is none. */
bool store_job_unfinished(struct tx *tx, const char *dedupe_key, int64_t *ret_id, struct err *err)
    must_check;

/*
 * Claim a job the lease of which has ended, or else the one that is due longest. *ret is NULL when
 * there is none. `owner` names the node and thread, for people.
 */
bool store_job_claim(struct tx *tx, const char *owner, int64_t now, int64_t lease_until,
    struct job_row **ret, struct err *err) must_check;

/* Keep the lease and say how far it is. */
bool store_job_progress(struct tx *tx, const struct job_row *job, int64_t lease_until, int64_t done,
    int64_t total, struct err *err) must_check;

/* The three ways a run ends: done with a result (JSON), to be run again later, failed for good. */
bool store_job_done(struct tx *tx, const struct job_row *job, const char *result, int64_t now,
    struct err *err) must_check;
bool store_job_again(struct tx *tx, const struct job_row *job, int64_t due_at, const char *error,
    struct err *err) must_check;
/* As if it had not been claimed: back into the queue, and no attempt counted. */
bool store_job_postpone(struct tx *tx, const struct job_row *job, int64_t due_at, struct err *err)
    must_check;
bool store_job_failed(struct tx *tx, const struct job_row *job, const char *error, int64_t now,
    struct err *err) must_check;

/* Those of a type that wait for later are due now. */
bool store_job_hurry_type(struct tx *tx, const char *type, int64_t now, struct err *err) must_check;

/* The node that ran them is gone for good: they are anybody's again. NULL: whichever ran any. */
bool store_job_release(struct tx *tx, const char *owner, struct err *err) must_check;

/* Put a failed job back into the queue. ERR_CONFLICT unless it has failed, and when another with
 * its dedupe key is unfinished. */
bool store_job_retry(struct tx *tx, int64_t id, int64_t now, struct err *err) must_check;

bool store_job_get(struct tx *tx, int64_t id, struct job_row **ret, struct err *err) must_check;

struct job_filter {
    int64_t account_id; /* 0: everybody's */
    const char *state;  /* NULL: any */
    const char *type;   /* NULL: any */
    int64_t before_id;  /* the page begins below this; 0: at the newest */
};

/* A page, newest first: up to `limit` rows into `rows`; *ret_n says how many. */
bool store_job_list(struct tx *tx, const struct job_filter *filter, int64_t limit,
    struct job_row **rows, size_t *ret_n, struct err *err) must_check;

/* When the next queued job is due; INT64_MAX when none is queued. */
bool store_job_next_due(struct tx *tx, int64_t *ret, struct err *err) must_check;

/* How many there are in each state, indexed by enum job_state; finished ones of the last day only.
 */
bool store_job_counts(struct tx *tx, int64_t now, int64_t counts[static 4], struct err *err)
    must_check;

/* Forget up to `limit` jobs that finished before `before`. */
bool store_job_forget(struct tx *tx, int64_t before, int64_t limit, int64_t *ret_n, struct err *err)
    must_check;
