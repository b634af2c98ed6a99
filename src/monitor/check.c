/* monitor/check: see the header. The prober's thread puts results into the inbox; the caller's
 * takes them out. */
#include "monitor/check.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "db/db.h"
#include "monitor/figures.h"
#include "monitor/keep.h"
#include "monitor/move.h"
#include "probe/client.h"
#include "store/endpoint.h"

#define BATCH 32
#define SUBMIT_WAIT_MS 200
#define PROGRESS_MS 2000

struct arrival {
    struct arrival *next;
    struct probe_result *result; /* NULL: the prober died */
    struct err err;
    int64_t endpoint_id;
};

/* One for each endpoint under way; its address is what the prober's answer names. */
struct errand {
    struct check *check;
    int64_t endpoint_id;
    int64_t begun_ms;
};

struct check {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct arrival *first;
    struct arrival **last;
    size_t n_pending;
    struct db *db;
    struct check_totals *totals;
    struct err lost; /* the first probe that was lost with its prober */
};

static void arrive(void *context, struct probe_result *result, const struct err *err)
{
    struct errand *errand = context;
    struct check *check = errand->check;
    struct arrival *arrival = xcalloc(1, sizeof *arrival);

    arrival->result = result;
    arrival->endpoint_id = errand->endpoint_id;
    if (err)
        arrival->err = *err;
    figures_add_probe(result ? probe_result_error(result, NULL) : PROBE_INTERNAL,
        clock_mono_ms() - errand->begun_ms);
    free(errand);
    (void)pthread_mutex_lock(&check->lock);
    *check->last = arrival;
    check->last = &arrival->next;
    (void)pthread_cond_signal(&check->arrived);
    (void)pthread_mutex_unlock(&check->lock);
}

static bool is_of(const void *context, const void *whose)
{
    const struct errand *errand = context;

    return errand->check == whose;
}

/* Up to BATCH of what has arrived; waits for one at most `wait_ms`. */
static struct arrival *take_batch(struct check *check, int64_t wait_ms, size_t *ret_n)
{
    struct arrival *batch;
    struct arrival *end;
    const struct timespec until = clock_deadline(wait_ms);
    size_t n = 0;

    (void)pthread_mutex_lock(&check->lock);
    while (!check->first && wait_ms > 0)
        if (pthread_cond_timedwait(&check->arrived, &check->lock, &until) != 0)
            break;
    batch = check->first;
    end = batch;
    for (n = batch != NULL; n > 0 && n < BATCH && end->next; n++)
        end = end->next;
    if (end) {
        check->first = end->next;
        if (!check->first)
            check->last = &check->first;
        end->next = NULL;
    }
    check->n_pending -= n;
    (void)pthread_mutex_unlock(&check->lock);
    *ret_n = n;
    return batch;
}

static void free_batch(struct arrival *batch)
{
    while (batch) {
        struct arrival *next = batch->next;

        probe_result_free(batch->result);
        free(batch);
        batch = next;
    }
}

static void add_change(struct check_change **list, size_t *n, int64_t certificate_id,
    const char *what)
{
    if (*n == CHECK_CHANGES_MAX)
        return;
    *list = xreallocarray(*list, *n + 1, sizeof **list);
    struct check_change *change = &(*list)[(*n)++];

    change->certificate_id = certificate_id;
    span_copy_text(span_text(what), change->what, sizeof change->what);
}

static void note_failure(struct check_totals *totals, const struct id_list *records,
    const struct probe_result *result)
{
    const char *message = "";

    (void)probe_result_error(result, &message);
    for (size_t i = 0; i < records->n; i++)
        add_change(&totals->failures, &totals->n_failures, records->items[i], message);
}

/* Everything in one transaction; tried again as a whole where the database asks for that. */
static bool write_batch(struct check *check, const struct arrival *batch,
    struct check_totals *added, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(tx) struct tx *tx = NULL;
    autodone(id_list) struct id_list records = { 0 };
    int64_t now = clock_now();

    if (!tx_begin(check->db, TX_WRITE_LONG, &tx, err))
        return false;
    for (const struct arrival *a = batch; a; a = a->next) {
        autodone(id_list) struct id_list touched = { 0 };
        bool is_success = false;

        if (!a->result)
            continue;
        if (!keep_result(tx, a->endpoint_id, a->result, now, &is_success, err) ||
            !store_endpoint_records(tx, &system, a->endpoint_id, &touched, err))
            return false;
        added->n_checked++;
        added->n_failed += !is_success;
        if (!is_success)
            note_failure(added, &touched, a->result);
        for (size_t i = 0; i < touched.n; i++)
            if (!id_list_has(&records, touched.items[i]))
                id_list_add(&records, touched.items[i]);
    }
    for (size_t i = 0; i < records.n; i++) {
        struct move_outcome outcome = { 0 };

        if (!move_record(tx, records.items[i], now, &outcome, err))
            return false;
        if (outcome.is_changed)
            add_change(&added->changes, &added->n_changes, records.items[i], outcome.what);
    }
    return tx_commit(take(&tx), err);
}

static void add_totals(struct check_totals *totals, const struct check_totals *added)
{
    totals->n_checked += added->n_checked;
    totals->n_failed += added->n_failed;
    for (size_t i = 0; i < added->n_changes; i++)
        add_change(&totals->changes, &totals->n_changes, added->changes[i].certificate_id,
            added->changes[i].what);
    for (size_t i = 0; i < added->n_failures; i++)
        add_change(&totals->failures, &totals->n_failures, added->failures[i].certificate_id,
            added->failures[i].what);
}

static bool write_with_patience(struct check *check, const struct arrival *batch, struct err *err)
{
    for (int i = 0;; i++) {
        autodone(check_totals) struct check_totals added = { 0 };

        if (write_batch(check, batch, &added, err)) {
            add_totals(check->totals, &added);
            return true;
        }
        if (err->kind != ERR_UNAVAILABLE || i == 3)
            return false;
    }
}

static bool drain(struct check *check, int64_t wait_ms, struct err *err)
{
    size_t n;
    struct arrival *batch = take_batch(check, wait_ms, &n);
    bool works = true;

    for (const struct arrival *a = batch; a; a = a->next)
        if (!a->result && check->lost.kind == ERR_NONE)
            check->lost = a->err;
    if (batch)
        works = write_with_patience(check, batch, err);
    free_batch(batch);
    return works;
}

static bool submit(struct check *check, struct probe_client *prober, const struct endpoint_row *row,
    struct err *err)
{
    struct errand *errand = xcalloc(1, sizeof *errand);
    struct probe_target target = { .id = row->id,
        .host = row->host,
        .port = (int)row->port,
        .sni = row->sni };

    errand->check = check;
    errand->endpoint_id = row->id;
    errand->begun_ms = clock_mono_ms();
    if (!probe_protocol_from_name(span_text(row->protocol), &target.protocol))
        log_error("check.unknown_protocol", KV_STR("protocol", row->protocol));
    (void)pthread_mutex_lock(&check->lock);
    check->n_pending++;
    (void)pthread_mutex_unlock(&check->lock);
    for (;;) {
        if (probe_client_submit(prober, &target, SUBMIT_WAIT_MS, arrive, errand, err))
            return true;
        if (err->kind != ERR_UNAVAILABLE || !probe_client_is_connected(prober))
            break;
        if (!drain(check, 0, err))
            break;
    }
    (void)pthread_mutex_lock(&check->lock);
    check->n_pending--;
    (void)pthread_mutex_unlock(&check->lock);
    free(errand);
    return false;
}

static size_t pending(struct check *check)
{
    (void)pthread_mutex_lock(&check->lock);
    size_t n = check->n_pending;

    (void)pthread_mutex_unlock(&check->lock);
    return n;
}

/* Submit all, write what comes meanwhile. */
static bool run(struct check *check, struct probe_client *prober, const struct endpoint_rows *rows,
    check_progress progress, void *context, struct err *err)
{
    int64_t told_ms = clock_mono_ms();
    int64_t before = check->totals->n_checked;
    size_t i = 0;

    while (i < rows->n || pending(check) > 0) {
        if (i < rows->n) {
            if (!submit(check, prober, &rows->items[i++], err))
                return false;
            if (pending(check) % BATCH == 0 && !drain(check, 0, err))
                return false;
        } else if (!drain(check, PROGRESS_MS, err)) {
            return false;
        }
        if (progress && clock_mono_ms() - told_ms >= PROGRESS_MS) {
            told_ms = clock_mono_ms();
            if (!progress(context, check->totals->n_checked - before, err))
                return false;
        }
    }
    if (check->lost.kind != ERR_NONE) {
        *err = check->lost;
        return false;
    }
    return true;
}

bool check_endpoints(struct db *db, struct probe_client *prober, const struct endpoint_rows *rows,
    check_progress progress, void *context, struct check_totals *ret, struct err *err)
{
    struct check check = { .lock = PTHREAD_MUTEX_INITIALIZER, .db = db, .totals = ret };

    clock_cond_init(&check.arrived);
    check.last = &check.first;
    bool works = run(&check, prober, rows, progress, context, err);

    /* What is under way names this frame: wait for all of it, whatever happened; not long, though.
     */
    if (!works)
        probe_client_cancel(prober, arrive, is_of, &check);
    while (pending(&check) > 0) {
        size_t n;

        free_batch(take_batch(&check, PROGRESS_MS, &n));
    }
    (void)pthread_cond_destroy(&check.arrived);
    (void)pthread_mutex_destroy(&check.lock);
    return works;
}

void check_totals_done(struct check_totals *totals)
{
    free(totals->changes);
    free(totals->failures);
    *totals = (struct check_totals){ 0 };
}
