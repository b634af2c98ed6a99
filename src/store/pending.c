/* store/pending: see the header. */
#include "store/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "core/rows.h"
#include "db/many.h"
#include "store/cert_words.h"
#include "store/job.h"
#include "store/read.h"
#include "store/ticket_event.h"

struct change {
    const char *kind;
    int64_t day;
    int64_t n;
};

struct wanted {
    struct job_new job;
    char *key;
    int64_t now;
};

struct pending {
    struct tx_work work;
    struct change *changes;
    size_t n;
    size_t room;
    struct many *new_words; /* of records that were not there before; NULL: none */
    struct id_list records; /* the words of which are to be written; some more than once */
    struct ticket_event_new *events;
    size_t n_events;
    size_t room_events;
    struct id_list touched; /* tickets */
    int64_t touched_at;
    struct wanted *jobs;
    size_t n_jobs;
    size_t room_jobs;
};

static int compare_changes(const void *a, const void *b)
{
    const struct change *x = a;
    const struct change *y = b;
    int order = strcmp(x->kind, y->kind);

    return order ? order : (x->day > y->day) - (x->day < y->day);
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* In order, and what falls together as one. */
static void sum_up(struct pending *pending)
{
    size_t n = 0;

    if (pending->n == 0)
        return;
    qsort(pending->changes, pending->n, sizeof *pending->changes, compare_changes);
    for (size_t i = 1; i < pending->n; i++) {
        if (compare_changes(&pending->changes[n], &pending->changes[i]) == 0)
            pending->changes[n].n += pending->changes[i].n;
        else
            pending->changes[++n] = pending->changes[i];
    }
    pending->n = n + 1;
}

static bool write_words(struct tx *tx, struct pending *pending, struct err *err)
{
    struct id_list *const records = &pending->records;

    if (pending->new_words && !many_run(pending->new_words, err))
        return false;
    if (records->n)
        qsort(records->items, records->n, sizeof *records->items, compare_ids);
    for (size_t i = 0; i < records->n; i++) {
        if ((i == 0 || records->items[i] != records->items[i - 1]) &&
            !cert_words_write(tx, records->items[i], err))
            return false;
    }
    records->n = 0;
    return true;
}

static int compare_jobs(const void *a, const void *b)
{
    const struct wanted *x = a;
    const struct wanted *y = b;

    return strcmp(x->key, y->key);
}

static void forget_jobs(struct pending *pending)
{
    while (pending->n_jobs > 0)
        free(pending->jobs[--pending->n_jobs].key);
}

static bool write_jobs(struct tx *tx, struct pending *pending, struct err *err)
{
    if (pending->n_jobs > 0)
        qsort(pending->jobs, pending->n_jobs, sizeof *pending->jobs, compare_jobs);
    for (size_t i = 0; i < pending->n_jobs; i++)
        if (!job_want_now(tx, &pending->jobs[i].job, pending->jobs[i].now, err))
            return false;
    forget_jobs(pending);
    return true;
}

static bool write_buckets(struct tx *tx, struct pending *pending, struct err *err)
{
    static const struct many_sql form = { "INSERT INTO expiry_bucket(kind, day, n)", "tii",
        "$1, $2, $3", " ON CONFLICT (kind, day) DO UPDATE SET n = expiry_bucket.n + excluded.n" };

    sum_up(pending);
    if (pending->n == 0)
        return true;
    autofree(many) struct many *many = tx_prepare_many(tx, &form);

    for (size_t i = 0; i < pending->n; i++) {
        if (pending->changes[i].n == 0)
            continue;
        many_text(many, pending->changes[i].kind);
        many_i64(many, pending->changes[i].day);
        many_i64(many, pending->changes[i].n);
    }
    pending->n = 0;
    return many_send(many, err);
}

static bool write_all(struct tx *tx, struct tx_work *work, struct err *err)
{
    struct pending *pending = (struct pending *)work;

    if (pending->n_events > 0 && !ticket_events_write(tx, pending->events, pending->n_events, err))
        return err_wrap(err, "could not note what happened to tickets");
    pending->n_events = 0;
    if (!write_words(tx, pending, err))
        return err_wrap(err, "could not write the words to be found by");
    if (!write_jobs(tx, pending, err))
        return false;
    return write_buckets(tx, pending, err) || err_wrap(err, "could not keep the counts");
}

static void free_all(struct tx_work *work)
{
    struct pending *pending = (struct pending *)work;

    free(pending->changes);
    many_free(pending->new_words);
    id_list_done(&pending->records);
    free(pending->events);
    id_list_done(&pending->touched);
    forget_jobs(pending);
    free(pending->jobs);
    free(pending);
}

static struct pending *pending_of(struct tx *tx)
{
    struct pending *pending = (struct pending *)tx_work(tx);

    if (pending)
        return pending;
    pending = xcalloc(1, sizeof *pending);
    pending->work.write = write_all;
    pending->work.free = free_all;
    tx_set_work(tx, &pending->work);
    return pending;
}

void pending_bucket(struct tx *tx, const char *kind, int64_t day, int64_t n)
{
    struct pending *pending = pending_of(tx);

    pending->changes =
        rows_make_room(pending->changes, pending->n, &pending->room, sizeof *pending->changes);
    pending->changes[pending->n++] = (struct change){ kind, day, n };
}

void pending_words(struct tx *tx, int64_t certificate_id)
{
    struct id_list *records = &pending_of(tx)->records;

    if (records->n == 0 || records->items[records->n - 1] != certificate_id)
        id_list_add(records, certificate_id);
}

struct many *pending_new_words(struct tx *tx)
{
    struct pending *pending = pending_of(tx);

    if (!pending->new_words)
        pending->new_words = cert_words_prepare(tx);
    return pending->new_words;
}

void pending_event(struct tx *tx, int64_t ticket_id, const char *kind, int64_t actor_id,
    int64_t ref_id, int64_t now)
{
    struct pending *pending = pending_of(tx);

    pending->events = rows_make_room(pending->events, pending->n_events, &pending->room_events,
        sizeof *pending->events);
    pending->events[pending->n_events++] =
        (struct ticket_event_new){ ticket_id, kind, actor_id, ref_id, now };
}

bool pending_touches(struct tx *tx, int64_t ticket_id, int64_t now)
{
    struct pending *pending = pending_of(tx);

    if (pending->touched_at != now)
        pending->touched.n = 0;
    pending->touched_at = now;
    if (id_list_has(&pending->touched, ticket_id))
        return true;
    id_list_add(&pending->touched, ticket_id);
    return false;
}

void pending_job(struct tx *tx, const struct job_new *job, int64_t now)
{
    struct pending *pending = pending_of(tx);
    struct wanted *wanted;

    pending->jobs =
        rows_make_room(pending->jobs, pending->n_jobs, &pending->room_jobs, sizeof *pending->jobs);
    wanted = &pending->jobs[pending->n_jobs++];
    *wanted = (struct wanted){ .job = *job, .key = xstrdup(job->dedupe_key), .now = now };
    wanted->job.dedupe_key = wanted->key;
}

bool pending_write(struct tx *tx, struct err *err)
{
    struct tx_work *work = tx_work(tx);

    return !work || work->write(tx, work, err);
}
