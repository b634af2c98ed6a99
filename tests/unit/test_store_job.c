/* store/job, store/schedule: who works on what, and when. */
#include "testing_store.h"

#include <pthread.h>

#include "job/nodes.h"
#include "store/job.h"
#include "store/node.h"
#include "store/pending.h"
#include "store/schedule.h"

static int64_t a_job(struct tx *tx, const char *type, int64_t due_at)
{
    struct job_new job = { .type = type, .due_at = due_at };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_job_add(tx, &job, NOW, &id, &err), &err);
    return id;
}

static int64_t a_job_with_key(struct tx *tx, const char *key)
{
    struct job_new job = { .type = "check", .due_at = NOW, .dedupe_key = key };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_job_add(tx, &job, NOW, &id, &err), &err);
    return id;
}

/* NULL when nothing can be claimed. The caller frees. */
static struct job_row *claim(struct tx *tx, int64_t now)
{
    struct job_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_job_claim(tx, "node", now, now + 60, &row, &err), &err);
    return row;
}

static struct job_row *get(struct tx *tx, int64_t id)
{
    struct job_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_job_get(tx, id, &row, &err), &err);
    return row;
}

static void a_job_keeps_what_it_was_given(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct job_new job = { .type = "check",
        .object_id = 7,
        .payload = "{\"deep\":true}",
        .due_at = NOW + 5,
        .account_id = an_account(tx, "ann") };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_job_add(tx, &job, NOW, &id, &err), &err);
    autofree(job_row) struct job_row *row = get(tx, id);

    assert_string_equal(row->type, "check");
    assert_int_equal(row->object_id, 7);
    assert_string_equal(row->payload, "{\"deep\":true}");
    assert_int_equal(row->state, JOB_QUEUED);
    assert_int_equal(row->due_at, NOW + 5);
    assert_int_equal(row->account_id, job.account_id);
    assert_int_equal(row->created_at, NOW);
    assert_int_equal(row->attempt, 0);
    assert_int_equal(row->started_at, 0);
    assert_int_equal(row->finished_at, 0);
    assert_null(row->result);
    assert_fails(store_job_get(tx, id + 1, &row, &err), &err, ERR_NOT_FOUND);
    tx_free(tx);
}

static void the_job_that_is_due_longest_comes_first(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t later = a_job(tx, "b", NOW + 1);
    int64_t first = a_job(tx, "a", NOW - 9);
    autofree(job_row) struct job_row *a = claim(tx, NOW);
    autofree(job_row) struct job_row *none = claim(tx, NOW);
    autofree(job_row) struct job_row *b = claim(tx, NOW + 1);

    assert_int_equal(a->id, first);
    assert_int_equal(a->state, JOB_RUNNING);
    assert_int_equal(a->attempt, 1);
    assert_int_equal(a->started_at, NOW);
    assert_null(none);
    assert_int_equal(b->id, later);
    tx_free(tx);
}

static void an_ended_lease_is_anybodys_and_the_old_claimer_is_told(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t id = a_job(tx, "check", NOW);
    autofree(job_row) struct job_row *first = claim(tx, NOW);
    autofree(job_row) struct job_row *too_early = claim(tx, NOW + 60);
    autofree(job_row) struct job_row *second = claim(tx, NOW + 61);

    assert_null(too_early);
    assert_int_equal(second->id, id);
    assert_int_equal(second->attempt, 2);
    assert_true(second->fence > first->fence);
    assert_fails(store_job_progress(tx, first, NOW + 200, 1, 2, &err), &err, ERR_CONFLICT);
    assert_fails(store_job_done(tx, first, "{}", NOW, &err), &err, ERR_CONFLICT);
    assert_fails(store_job_again(tx, first, NOW, "x", &err), &err, ERR_CONFLICT);
    assert_fails(store_job_failed(tx, first, "x", NOW, &err), &err, ERR_CONFLICT);
    assert_works(store_job_done(tx, second, "{\"n\":1}", NOW + 70, &err), &err);
    autofree(job_row) struct job_row *row = get(tx, id);

    assert_int_equal(row->state, JOB_DONE);
    assert_string_equal(row->result, "{\"n\":1}");
    assert_int_equal(row->finished_at, NOW + 70);
    assert_fails(store_job_done(tx, second, "{}", NOW, &err), &err, ERR_CONFLICT);
    tx_free(tx);
}

static void a_kept_lease_stays_with_its_claimer(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t id = a_job(tx, "check", NOW);
    autofree(job_row) struct job_row *job = claim(tx, NOW);

    assert_works(store_job_progress(tx, job, NOW + 500, 3, 10, &err), &err);
    autofree(job_row) struct job_row *nothing = claim(tx, NOW + 499);
    autofree(job_row) struct job_row *row = get(tx, id);

    assert_null(nothing);
    assert_int_equal(row->progress_done, 3);
    assert_int_equal(row->progress_total, 10);
    tx_free(tx);
}

static void what_failed_for_now_comes_again_when_it_is_due(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };

    (void)a_job(tx, "check", NOW);
    autofree(job_row) struct job_row *job = claim(tx, NOW);

    assert_works(store_job_again(tx, job, NOW + 30, "no route", &err), &err);
    autofree(job_row) struct job_row *nothing = claim(tx, NOW + 29);
    autofree(job_row) struct job_row *again = claim(tx, NOW + 30);

    assert_null(nothing);
    assert_int_equal(again->id, job->id);
    assert_int_equal(again->attempt, 2);
    assert_string_equal(again->error, "no route");
    assert_int_equal(again->started_at, NOW);
    tx_free(tx);
}

static void what_failed_for_good_waits_for_a_person(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t id = a_job(tx, "check", NOW);
    autofree(job_row) struct job_row *job = claim(tx, NOW);

    assert_fails(store_job_retry(tx, id, NOW, &err), &err, ERR_CONFLICT);
    assert_works(store_job_failed(tx, job, "no such host", NOW + 1, &err), &err);
    autofree(job_row) struct job_row *nothing = claim(tx, NOW + 9999);

    assert_null(nothing);
    assert_works(store_job_retry(tx, id, NOW + 5, &err), &err);
    autofree(job_row) struct job_row *again = claim(tx, NOW + 5);

    assert_int_equal(again->id, id);
    assert_int_equal(again->attempt, 1);
    assert_int_equal(again->finished_at, 0);
    tx_free(tx);
}

static void one_key_has_one_unfinished_job(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t id = a_job_with_key(tx, "check:1");

    assert_int_equal(a_job_with_key(tx, "check:1"), id);
    assert_int_not_equal(a_job_with_key(tx, "check:2"), id);
    autofree(job_row) struct job_row *job = claim(tx, NOW);

    assert_int_equal(job->id, id);
    assert_int_equal(a_job_with_key(tx, "check:1"), id);
    assert_works(store_job_failed(tx, job, "x", NOW, &err), &err);
    assert_int_not_equal(a_job_with_key(tx, "check:1"), id);
    assert_fails(store_job_retry(tx, id, NOW, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "already");
    tx_free(tx);
}

static size_t list(struct tx *tx, const struct job_filter *filter, int64_t limit, int64_t *ids)
{
    struct job_row *rows[8] = { NULL };
    struct err err = { 0 };
    size_t n = 0;

    assert_works(store_job_list(tx, filter, limit, rows, &n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        ids[i] = rows[i]->id;
        job_row_free(rows[i]);
    }
    return n;
}

static void jobs_are_listed_newest_first_in_pages(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t a = a_job(tx, "check", NOW);
    int64_t b = a_job(tx, "notify", NOW + 100);
    int64_t c = a_job(tx, "check", NOW + 100);
    struct job_filter filter = { 0 };
    int64_t ids[8] = { 0 };

    job_row_free(claim(tx, NOW));
    assert_int_equal(list(tx, &filter, 2, ids), 2);
    assert_int_equal(ids[0], c);
    assert_int_equal(ids[1], b);
    filter.before_id = b;
    assert_int_equal(list(tx, &filter, 2, ids), 1);
    assert_int_equal(ids[0], a);
    filter = (struct job_filter){ .type = "check" };
    assert_int_equal(list(tx, &filter, 8, ids), 2);
    filter = (struct job_filter){ .type = "check", .state = "running" };
    assert_int_equal(list(tx, &filter, 8, ids), 1);
    assert_int_equal(ids[0], a);
    filter = (struct job_filter){ .account_id = 99 };
    assert_int_equal(list(tx, &filter, 8, ids), 0);
    tx_free(tx);
}

/* What came to be while it ran is not left lying until somebody looks for it. */
static void a_running_job_that_is_wanted_runs_again(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct job_new new = { .type = "check", .dedupe_key = "one", .due_at = NOW };
    autofree(job_row) struct job_row *left = NULL;
    struct err err = { 0 };
    int64_t id;

    assert_works(store_job_add(tx, &new, NOW, &id, &err), &err);
    autofree(job_row) struct job_row *first = claim(tx, NOW);

    assert_works(store_job_hurry(tx, "one", NOW + 1, &err), &err);
    assert_null(claim(tx, NOW + 1));
    assert_works(store_job_done(tx, first, "{}", NOW + 2, &err), &err);
    autofree(job_row) struct job_row *second = claim(tx, NOW + 2);

    assert_int_equal(second->id, id);
    assert_works(store_job_hurry(tx, "one", NOW + 3, &err), &err);
    assert_works(store_job_again(tx, second, NOW + 500, "", &err), &err);
    autofree(job_row) struct job_row *third = claim(tx, NOW + 3);

    assert_int_equal(third->id, id);
    assert_works(store_job_done(tx, third, "{}", NOW + 4, &err), &err);
    assert_works(store_job_get(tx, id, &left, &err), &err);
    assert_int_equal(left->state, JOB_DONE);
    tx_free(tx);
}

/* When it returns, the database has it. */
static void want(struct tx *tx, int64_t due_at)
{
    const struct job_new job = { .type = "check", .dedupe_key = "one", .due_at = due_at };
    struct err err = { 0 };
    int64_t next;

    store_job_want(tx, &job, NOW);
    assert_works(pending_write(tx, &err), &err);
    assert_works(store_job_next_due(tx, &next, &err), &err);
}

static void what_is_wanted_comes_once_and_in_time(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t next = 0;

    want(tx, NOW + 60);
    want(tx, NOW + 70);
    assert_works(store_job_next_due(tx, &next, &err), &err);
    assert_int_equal(next, NOW + 60);
    want(tx, NOW);
    autofree(job_row) struct job_row *first = claim(tx, NOW);

    assert_non_null(first);
    assert_null(claim(tx, NOW + 50));
    want(tx, NOW + 5);
    assert_works(store_job_done(tx, first, "{}", NOW + 1, &err), &err);
    assert_null(claim(tx, NOW + 4));
    autofree(job_row) struct job_row *again = claim(tx, NOW + 5);

    assert_int_equal(again->id, first->id);
    assert_works(store_job_done(tx, again, "{}", NOW + 6, &err), &err);
    want(tx, NOW + 7);
    autofree(job_row) struct job_row *other = claim(tx, NOW + 7);

    assert_int_not_equal(other->id, first->id);
    tx_free(tx);
}

struct finisher {
    struct test_db *test;
    const struct job_row *job;
};

static void *finish(void *arg)
{
    const struct finisher *finisher = arg;
    struct db *db = test_db_open_again(finisher->test);
    struct tx *tx = NULL;
    struct err err = { 0 };

    assert_works(tx_begin(db, TX_WRITE, &tx, &err), &err);
    assert_works(store_job_done(tx, finisher->job, "{}", NOW + 1, &err), &err);
    assert_works(tx_commit(tx, &err), &err);
    db_close(db);
    return NULL;
}

/*
 * Another node claims the job, or calls it done, while what it is wanted for is being committed: it
 * does so afterwards, or runs it once more. SQLite has one writer.
 */
static void a_job_comes_after_what_it_is_wanted_for(void **state)
{
    struct test_db *test = *state;
    struct tx *tx = NULL;
    struct tx *others = NULL;
    struct err err = { 0 };
    pthread_t thread;

    if (!test_db_is_postgres(test))
        return;
    autofree(db) struct db *other = test_db_open_again(test);

    tx = test_tx(test, TX_WRITE);
    want(tx, NOW);
    test_commit(tx);
    tx = test_tx(test, TX_WRITE);
    want(tx, NOW);
    assert_works(tx_begin(other, TX_WRITE, &others, &err), &err);
    assert_null(claim(others, NOW));
    test_commit(tx);
    autofree(job_row) struct job_row *first = claim(others, NOW);

    assert_non_null(first);
    assert_works(tx_commit(others, &err), &err);
    tx = test_tx(test, TX_WRITE);
    want(tx, NOW);
    struct finisher finisher = { test, first };

    assert_int_equal(pthread_create(&thread, NULL, finish, &finisher), 0);
    test_commit(tx);
    assert_int_equal(pthread_join(thread, NULL), 0);
    tx = test_tx(test, TX_WRITE);
    autofree(job_row) struct job_row *again = claim(tx, NOW + 1);

    assert_non_null(again);
    tx_free(tx);
}

static void jobs_are_counted_and_forgotten(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t counts[4] = { -1, -1, -1, -1 };
    int64_t next = 0;
    int64_t n = 0;

    assert_works(store_job_next_due(tx, &next, &err), &err);
    assert_true(next == INT64_MAX);
    for (int i = 0; i < 3; i++)
        (void)a_job(tx, "check", NOW + i);
    autofree(job_row) struct job_row *done = claim(tx, NOW);
    autofree(job_row) struct job_row *failed = claim(tx, NOW + 1);

    (void)a_job(tx, "check", NOW + 50);
    assert_works(store_job_done(tx, done, "{}", NOW - 2 * DAY, &err), &err);
    assert_works(store_job_failed(tx, failed, "x", NOW, &err), &err);
    assert_works(store_job_counts(tx, NOW, counts, &err), &err);
    assert_int_equal(counts[JOB_QUEUED], 2);
    assert_int_equal(counts[JOB_RUNNING], 0);
    assert_int_equal(counts[JOB_DONE], 0); /* longer ago than a day */
    assert_int_equal(counts[JOB_FAILED], 1);
    assert_works(store_job_next_due(tx, &next, &err), &err);
    assert_int_equal(next, NOW + 2);
    job_row_free(claim(tx, NOW + 2));
    assert_works(store_job_next_due(tx, &next, &err), &err);
    assert_int_equal(next, NOW + 50);
    assert_works(store_job_forget(tx, NOW - DAY, 100, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_fails(store_job_get(tx, done->id, &done, &err), &err, ERR_NOT_FOUND);
    tx_free(tx);
}

#define N_WORKERS 4
#define N_JOBS 40

/* How many it got; below 0: it failed. */
static void *claim_all(void *arg)
{
    struct db *db = test_db_open_again(arg);
    intptr_t n = 0;
    bool more = true;

    while (more) {
        autofree(tx) struct tx *tx = NULL;
        autofree(job_row) struct job_row *job = NULL;
        struct err err = { 0 };

        if (!tx_begin(db, TX_WRITE, &tx, &err) ||
            !store_job_claim(tx, "node", NOW, NOW + 60, &job, &err) ||
            (job && !store_job_done(tx, job, "{}", NOW, &err)) || !tx_commit(take(&tx), &err)) {
            n = -1000;
            break;
        }
        more = job != NULL;
        n += more;
    }
    db_close(db);
    return (void *)n;
}

static void workers_that_race_share_the_jobs(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    pthread_t workers[N_WORKERS];
    intptr_t sum = 0;

    for (int i = 0; i < N_JOBS; i++)
        (void)a_job(tx, "check", NOW);
    test_commit(tx);
    for (size_t i = 0; i < N_WORKERS; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, claim_all, *state), 0);
    for (size_t i = 0; i < N_WORKERS; i++) {
        void *n = NULL;

        (void)pthread_join(workers[i], &n);
        sum += (intptr_t)n;
    }
    assert_int_equal(sum, N_JOBS);
}

static struct schedule_row *a_schedule(struct tx *tx, const char *name)
{
    struct schedule_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_schedule_get(tx, name, &row, &err), &err);
    return row;
}

static int64_t start(struct tx *tx, const char *name, int64_t next_run_at, int64_t now)
{
    autofree(schedule_row) struct schedule_row *row = a_schedule(tx, name);
    struct schedule_start how = { .job_type = name, .next_run_at = next_run_at };
    struct err err = { 0 };
    int64_t job = 0;

    assert_works(store_schedule_start(tx, row, &how, now, &job, &err), &err);
    return job;
}

static void a_run_under_way_is_not_overlapped(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };

    assert_works(store_schedule_put(tx, "check", "0 * * * *", NOW, &err), &err);
    int64_t job = start(tx, "check", NOW + 3600, NOW);

    assert_int_equal(start(tx, "check", NOW + 7200, NOW + 3600), job);
    autofree(schedule_row) struct schedule_row *row = a_schedule(tx, "check");

    assert_int_equal(row->next_run_at, NOW + 7200);
    assert_int_equal(row->last_run_at, NOW);
    assert_int_equal(row->last_job_id, job);
    autofree(job_row) struct job_row *running = claim(tx, NOW + 3600);

    assert_int_equal(running->id, job);
    assert_works(store_job_done(tx, running, "{}", NOW + 3700, &err), &err);
    assert_int_not_equal(start(tx, "check", NOW + 9999, NOW + 7200), job);
    autofree(schedule_row) struct schedule_row *after = a_schedule(tx, "check");

    assert_int_equal(after->last_run_at, NOW + 7200);
    tx_free(tx);
}

static void two_nodes_do_not_both_start_a_run(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct schedule_start how = { .job_type = "check", .next_run_at = NOW + 3600 };
    struct err err = { 0 };
    int64_t job = 0;

    assert_works(store_schedule_put(tx, "check", "0 * * * *", NOW, &err), &err);
    autofree(schedule_row) struct schedule_row *seen_by_both = a_schedule(tx, "check");

    assert_works(store_schedule_start(tx, seen_by_both, &how, NOW, &job, &err), &err);
    assert_fails(store_schedule_start(tx, seen_by_both, &how, NOW, &job, &err), &err, ERR_CONFLICT);
    tx_free(tx);
}

static void an_unchanged_expression_keeps_its_next_run(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    struct schedule_row *rows[4] = { NULL };
    size_t n = 0;

    assert_works(store_schedule_put(tx, "notify", "0 * * * *", NOW, &err), &err);
    assert_works(store_schedule_put(tx, "notify", "0 * * * *", NOW + 5, &err), &err);
    assert_works(store_schedule_put(tx, "check", "1 * * * *", NOW, &err), &err);
    assert_works(store_schedule_put(tx, "check", "2 * * * *", NOW + 5, &err), &err);
    assert_works(store_schedule_list(tx, rows, 4, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_string_equal(rows[0]->name, "check");
    assert_string_equal(rows[0]->cron, "2 * * * *");
    assert_int_equal(rows[0]->next_run_at, NOW + 5);
    assert_int_equal(rows[1]->next_run_at, NOW);
    for (size_t i = 0; i < n; i++)
        schedule_row_free(rows[i]);
    struct schedule_row *none = NULL;

    assert_fails(store_schedule_get(tx, "dance", &none, &err), &err, ERR_NOT_FOUND);
    tx_free(tx);
}

static bool take_lease(struct tx *tx, const char *owner, int64_t now, int64_t until)
{
    struct err err = { 0 };
    bool held = false;

    assert_works(store_lease_take(tx, "audit", owner, now, until, &held, &err), &err);
    return held;
}

static void a_lease_has_one_holder_until_it_ends(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);

    assert_true(take_lease(tx, "a", NOW, NOW + 10));
    assert_false(take_lease(tx, "b", NOW + 10, NOW + 20));
    assert_true(take_lease(tx, "a", NOW + 10, NOW + 15));
    assert_true(take_lease(tx, "b", NOW + 16, NOW + 30));
    assert_false(take_lease(tx, "a", NOW + 17, NOW + 30));
    tx_free(tx);
}

static int64_t a_job_of(struct tx *tx, const char *owner)
{
    const int64_t id = a_job(tx, "check", NOW);
    struct job_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_job_claim(tx, owner, NOW, NOW + 60, &row, &err), &err);
    assert_int_equal(row->id, id);
    job_row_free(row);
    return id;
}

static bool is_running(struct tx *tx, int64_t id)
{
    autofree(job_row) struct job_row *row = get(tx, id);

    return row->state == JOB_RUNNING;
}

static void a_node_that_lives_keeps_its_jobs(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const int64_t ours = a_job_of(tx, "ours");
    const int64_t theirs = a_job_of(tx, "theirs");
    struct node_beat others[4];
    struct err err = { 0 };
    size_t n = 0;
    bool is_dead = true;

    assert_works(store_node_beat(tx, "ours", &err), &err);
    assert_works(store_node_beat(tx, "theirs", &err), &err);
    assert_works(store_nodes(tx, "ours", others, countof(others), &n, &err), &err);
    assert_int_equal(n, 1);
    assert_string_equal(others[0].name, "theirs");
    assert_works(store_node_beat(tx, "theirs", &err), &err);
    assert_works(store_node_bury(tx, &others[0], &is_dead, &err), &err);
    assert_false(is_dead);
    assert_true(is_running(tx, theirs));
    assert_works(store_nodes(tx, "ours", others, countof(others), &n, &err), &err);
    assert_works(store_node_bury(tx, &others[0], &is_dead, &err), &err);
    assert_true(is_dead);
    assert_false(is_running(tx, theirs));
    assert_true(is_running(tx, ours));
    assert_works(store_job_release(tx, NULL, &err), &err);
    assert_false(is_running(tx, ours));
    tx_free(tx);
}

static void beat(const struct test_db *test, const char *name)
{
    struct tx *tx = test_tx(test, TX_WRITE);
    struct err err = { 0 };

    assert_works(store_node_beat(tx, name, &err), &err);
    test_commit(tx);
}

/* Looks are counted, and those before the database was away are not. */
static void a_node_that_is_silent_for_long_is_dead(void **state)
{
    const struct test_db *const test = *state;
    autofree(nodes) struct nodes *nodes = nodes_new("ours");
    struct err err = { 0 };
    size_t n_dead = 0;

    if (!db_is_postgres(test->db)) {
        assert_works(nodes_look(nodes, test->db, &n_dead, &err), &err);
        return;
    }
    beat(test, "theirs");
    beat(test, "lively");
    for (int i = 0; i < 2 * NODES_LOOKS; i++) {
        if (i == NODES_LOOKS / 2) {
            db_fail_nth(test->db, 1);
            assert_fails(nodes_look(nodes, test->db, &n_dead, &err), &err, ERR_UNAVAILABLE);
            db_fail_nth(test->db, 0);
            err = (struct err){ 0 };
        }
        assert_works(nodes_look(nodes, test->db, &n_dead, &err), &err);
        assert_int_equal(n_dead, i == NODES_LOOKS / 2 + NODES_LOOKS);
        beat(test, "lively");
    }
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_job_keeps_what_it_was_given),
        WITH(the_job_that_is_due_longest_comes_first),
        WITH(an_ended_lease_is_anybodys_and_the_old_claimer_is_told),
        WITH(a_kept_lease_stays_with_its_claimer),
        WITH(what_failed_for_now_comes_again_when_it_is_due),
        WITH(what_failed_for_good_waits_for_a_person),
        WITH(one_key_has_one_unfinished_job),
        WITH(jobs_are_listed_newest_first_in_pages),
        WITH(what_is_wanted_comes_once_and_in_time),
        WITH(a_job_comes_after_what_it_is_wanted_for),
        WITH(a_running_job_that_is_wanted_runs_again),
        WITH(jobs_are_counted_and_forgotten),
        WITH(workers_that_race_share_the_jobs),
        WITH(a_run_under_way_is_not_overlapped),
        WITH(two_nodes_do_not_both_start_a_run),
        WITH(an_unchanged_expression_keeps_its_next_run),
        WITH(a_lease_has_one_holder_until_it_ends),
        WITH(a_node_that_lives_keeps_its_jobs),
        WITH(a_node_that_is_silent_for_long_is_dead),
    };
    return cmocka_run_group_tests_name("store_job", tests, NULL, NULL);
}
