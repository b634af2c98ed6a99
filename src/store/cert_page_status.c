/*
 * store/cert_page, by status, where something drives: its records are read once for all statuses
 * and sorted here. Each status by itself (cert_page.c) would find them anew.
 */
#include "store/cert_page.h"

#include <stdlib.h>

#include "base/err.h"

/* Where a record stands in the list. */
struct place {
    int64_t segment;
    bool is_in_tail;
    int64_t number;
    int64_t id;
};

struct places {
    struct place *items;
    size_t n;
    size_t room;
};

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Upwards. */
static int compare_up(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;

    if (left->segment != right->segment)
        return compare_numbers(left->segment, right->segment);
    if (left->is_in_tail != right->is_in_tail)
        return left->is_in_tail ? 1 : -1;
    if (!left->is_in_tail && left->number != right->number)
        return compare_numbers(left->number, right->number);
    return compare_numbers(left->id, right->id);
}

/* The segments are numbered as they come, and a tail goes upwards. */
static int compare_down(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;

    if (left->segment != right->segment || left->is_in_tail || right->is_in_tail)
        return compare_up(a, b);
    return compare_up(b, a);
}

static int64_t segment_of(enum cert_status status, bool is_descending)
{
    static const int64_t upwards[N_CERT_STATUS] = { [CERT_EXPIRED] = 0,
        [CERT_EXPIRING_SOON] = 1,
        [CERT_VALID] = 2,
        [CERT_NOT_YET_VALID] = 3,
        [CERT_REVOKED] = 4,
        [CERT_UNKNOWN] = 5 };

    return is_descending && status != CERT_UNKNOWN ? upwards[CERT_REVOKED] - upwards[status]
                                                   : upwards[status];
}

static bool read_places(struct tx *tx, const struct paging *paging, struct places *places,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT c.id, c.expires_at, c.revoked_at, c.version_id, c.begins_at,"
                        " c.expiring_at");
    cert_where_add(&paging->where, &select);
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        const struct cert_row row = { .expires_at = stmt_i64(q, 1),
            .revoked_at = stmt_i64(q, 2),
            .version_id = stmt_i64(q, 3),
            .begins_at = stmt_i64(q, 4),
            .expiring_at = stmt_i64(q, 5) };
        const enum cert_status status = cert_row_status(&row, paging->where.now);

        places->items =
            rows_make_room(places->items, places->n, &places->room, sizeof *places->items);
        places->items[places->n++] =
            (struct place){ .segment = segment_of(status, paging->request->is_descending),
                .is_in_tail = stmt_is_null(q, 1),
                .number = row.expires_at,
                .id = stmt_i64(q, 0) };
    }
    return stmt_end(q, err);
}

/* Those behind the cursor. */
static void take_places(struct paging *paging, struct places *places)
{
    int (*const compare)(const void *, const void *) =
        paging->request->is_descending ? compare_down : compare_up;
    const struct place begin = { paging->cursor.segment, paging->cursor.is_in_tail,
        paging->cursor.number, paging->cursor.id };

    if (places->n > 0)
        qsort(places->items, places->n, sizeof *places->items, compare);
    for (size_t i = 0; i < places->n; i++) {
        const struct place *place = &places->items[i];

        if (paging->has_cursor && compare(place, &begin) <= 0)
            continue;
        if (paging->ids.n < (size_t)paging->request->limit) {
            paging->cursor.segment = place->segment;
            paging->cursor.is_in_tail = place->is_in_tail;
            paging->cursor.number = place->number;
            paging->cursor.id = place->id;
        }
        id_list_add(&paging->ids, place->id);
    }
}

bool cert_page_read_statuses(struct tx *tx, struct paging *paging,
    const struct store_viewer *viewer, bool *ret_is_read, struct err *err)
{
    const struct cert_page_request *request = paging->request;
    struct cert_where *where = &paging->where;
    struct places places = { 0 };
    bool works;

    *ret_is_read = false;
    if (paging->has_cursor && paging->cursor.plan == 0)
        return true;
    cert_where_init(where, viewer, request->filter, CERT_BY_STATUS, request);
    works = paging->has_cursor ? cert_where_plan_again(tx, where, paging->cursor.plan, err)
                               : cert_where_plan(tx, where, err);
    if (works && (where->is_nothing || where->way == WAY_DRIVE)) {
        *ret_is_read = true;
        paging->cursor.plan = cert_where_plan_number(where);
        works = where->is_nothing || read_places(tx, paging, &places, err);
        if (works)
            take_places(paging, &places);
    } else {
        paging->cursor.plan = 0;
    }
    free(places.items);
    cert_where_done(where);
    where->filter = NULL;
    return works;
}
