/* store/pending: see the header. */
#include "store/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "core/rows.h"
#include "store/cert_words.h"
#include "store/read.h"

struct change {
    const char *kind;
    int64_t day;
    int64_t n;
};

struct pending {
    struct tx_work work;
    struct change *changes;
    size_t n;
    size_t room;
    struct id_list records; /* the words of which are to be written; some more than once */
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

static bool write_change(struct tx *tx, const struct change *change, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO expiry_bucket(kind, day, n) VALUES ($1, $2, $3)"
                       " ON CONFLICT (kind, day) DO UPDATE SET n = expiry_bucket.n + excluded.n");

    stmt_bind_text(q, 1, change->kind);
    stmt_bind_i64(q, 2, change->day);
    stmt_bind_i64(q, 3, change->n);
    return stmt_run(q, err);
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

static bool write_words(struct tx *tx, struct id_list *records, struct err *err)
{
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

static bool write_all(struct tx *tx, struct tx_work *work, struct err *err)
{
    struct pending *pending = (struct pending *)work;

    if (!write_words(tx, &pending->records, err))
        return err_wrap(err, "could not write the words to be found by");
    sum_up(pending);
    for (size_t i = 0; i < pending->n; i++) {
        if (pending->changes[i].n != 0 && !write_change(tx, &pending->changes[i], err))
            return err_wrap(err, "could not keep the counts");
    }
    pending->n = 0;
    return true;
}

static void free_all(struct tx_work *work)
{
    struct pending *pending = (struct pending *)work;

    free(pending->changes);
    id_list_done(&pending->records);
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

bool pending_write(struct tx *tx, struct err *err)
{
    struct tx_work *work = tx_work(tx);

    return !work || work->write(tx, work, err);
}
