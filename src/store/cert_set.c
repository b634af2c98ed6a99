/* store/cert_set: see the header. */
#include "store/cert_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/cert_drive.h"
#include "store/kept_ids.h"

#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)

/* One pass: by that digit, those that have the same one staying as they are. */
static void sort_by_digit(const struct id_list *from, int64_t *to, int shift)
{
    size_t places[DIGITS + 1] = { 0 };

    for (size_t i = 0; i < from->n; i++)
        places[((uint64_t)from->items[i] >> shift) % DIGITS + 1]++;
    for (size_t i = 1; i < DIGITS; i++)
        places[i] += places[i - 1];
    for (size_t i = 0; i < from->n; i++)
        to[places[((uint64_t)from->items[i] >> shift) % DIGITS]++] = from->items[i];
}

/* Ids are positive, and most of them small numbers: digit by digit they are sorted in a tenth of
 * the time that comparing takes. */
static void sort_ids(struct id_list *ids, int64_t max)
{
    int64_t *spare = xcalloc(ids->n, sizeof *spare);

    for (int shift = 0; shift < 63 && max >> shift > 0; shift += DIGIT_BITS) {
        int64_t *const from = ids->items;

        sort_by_digit(ids, spare, shift);
        ids->items = spare;
        spare = from;
    }
    free(spare);
    ids->room = ids->n;
}

/* Ascending, once each. Most indexes give them so; what somebody may see by themselves and by their
 * groups comes in several runs. */
static void arrange(struct id_list *ids)
{
    size_t n = 0;
    int64_t max = 0;
    bool is_sorted = true;

    for (size_t i = 0; i < ids->n; i++) {
        is_sorted = is_sorted && max <= ids->items[i];
        max = ids->items[i] > max ? ids->items[i] : max;
    }
    if (!is_sorted)
        sort_ids(ids, max);
    for (size_t i = 0; i < ids->n; i++) {
        if (n == 0 || ids->items[n - 1] != ids->items[i])
            ids->items[n++] = ids->items[i];
    }
    ids->n = n;
}

static void take_gathered(struct span bytes, struct id_list *ids)
{
    ids->n = ids->room = bytes.size / sizeof *ids->items;
    ids->items = xcalloc(ids->n + 1, sizeof *ids->items);
    if (ids->n > 0)
        memcpy(ids->items, bytes.data, bytes.size);
}

/* Nothing drives with that condition: NULL. */
static struct stmt *prepare_all(struct tx *tx, const struct cert_where *where, enum drive drive,
    struct kept_question *question)
{
    autodone(select) struct select select = SELECT_INIT;
    struct stmt *q;

    select_add(&select, "SELECT gather_ids(id) FROM (");
    if (!cert_drive_add(where, drive, &select))
        return NULL;
    select_add(&select, ")");
    q = select_prepare(tx, &select);
    kept_ids_ask(&select, q, question);
    return q;
}

static struct stmt *prepare_some(struct tx *tx, const struct cert_where *where, enum drive drive,
    int64_t most)
{
    autodone(select) struct select select = SELECT_INIT;

    select_add(&select, "SELECT gather_ids(id) FROM (SELECT id FROM (");
    ASSERT(cert_drive_add(where, drive, &select));
    select_add(&select, ") AS source LIMIT ");
    select_i64(&select, most);
    select_add(&select, ")");
    return select_prepare(tx, &select);
}

/* Made of the time of asking, they would not be asked for again. */
static bool may_be_kept(enum drive drive)
{
    return drive != DRIVE_DATES && drive != DRIVE_NOT_YET;
}

bool cert_set_read(struct tx *tx, const struct cert_where *where, enum drive drive, int64_t most,
    struct id_list *ids, int64_t *ret_n, struct err *err)
{
    struct kept_question question = { 0 };
    autofree(stmt) struct stmt *all = prepare_all(tx, where, drive, &question);
    autofree(stmt) struct stmt *some = NULL;
    struct stmt *q = all;

    ASSERT(all);
    question.is_there = question.is_there && may_be_kept(drive);
    *ret_n = kept_ids_count(&question);
    if (*ret_n >= most || (*ret_n >= 0 && kept_ids_find(&question, ids)))
        return true;
    if (most < INT64_MAX)
        q = some = prepare_some(tx, where, drive, most);
    if (stmt_next(q))
        take_gathered(stmt_blob(q, 0), ids);
    if (!stmt_end(q, err))
        return false;
    *ret_n = (int64_t)ids->n;
    arrange(ids);
    if (*ret_n < most)
        kept_ids_keep(&question, ids);
    return true;
}

int64_t cert_set_count_kept(struct tx *tx, const struct cert_where *where, enum drive drive)
{
    struct kept_question question = { 0 };
    autofree(stmt) struct stmt *q =
        may_be_kept(drive) ? prepare_all(tx, where, drive, &question) : NULL;

    return q ? kept_ids_count(&question) : -1;
}

unsigned cert_set_pick_kept(struct tx *tx, const struct cert_where *where, unsigned told,
    struct id_list *ids)
{
    for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++) {
        struct kept_question question = { 0 };

        if (told & 1u << drive || !may_be_kept(drive))
            continue;
        autofree(stmt) struct stmt *q = prepare_all(tx, where, drive, &question);

        if (q && kept_ids_pick(&question, ids))
            told |= 1u << drive;
    }
    return told;
}

bool cert_set_load(struct tx *tx, struct cert_where *where, struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };
    int64_t n;

    if (where->way != WAY_SET || where->along || where->has_set || !where->is_sqlite)
        return true;
    if (!cert_set_read(tx, where, where->drive, INT64_MAX, &ids, &n, err))
        return false;
    cert_set_take(where, &ids);
    return true;
}

void cert_set_take(struct cert_where *where, struct id_list *ids)
{
    id_list_done(&where->set);
    where->set = *ids;
    where->has_set = true;
    *ids = (struct id_list){ 0 };
}

void cert_set_add_ids(const struct cert_where *where, int64_t step, struct select *select)
{
    autodone(buf) struct buf list = BUF_INIT(4 << 20);

    buf_add_char(&list, '[');
    for (size_t i = 0; i < where->set.n; i += (size_t)step)
        buf_addf(&list, i ? ", %" PRId64 : "%" PRId64, where->set.items[i]);
    buf_add_char(&list, ']');
    ASSERT(buf_ok(&list));
    select_add(select, "SELECT value AS id FROM json_each(");
    select_text(select, (const char *)list.data);
    select_add(select, ")");
}

void cert_set_done(struct cert_where *where)
{
    id_list_done(&where->set);
    where->has_set = false;
}
