/* store/cert_page, where entries are walked: see the header. */
#include "store/cert_page.h"

#include <stdlib.h>

#include "base/err.h"

/* A tail goes by id, upwards. */
static bool is_down(const struct paging *paging, bool is_tail)
{
    return paging->request->is_descending && !is_tail;
}

/* In the order of (expires_at, certificate_id), which all of these have an index for. */
void cert_page_select_entries(const struct paging *paging, int64_t holder, bool is_tail,
    size_t most, struct select *select)
{
    const struct cursor *cursor = &paging->cursor;
    const bool down = is_down(paging, is_tail);
    const bool has_cursor = paging->has_cursor && cursor->is_in_tail == is_tail;

    select_add(select, "SELECT x.id, x.expires_at");
    cert_where_add_entries(&paging->where, holder, select);
    if (is_tail)
        select_add(select, " AND x.expires_at IS NULL");
    else if (!paging->where.has_dates)
        select_add(select, " AND x.expires_at IS NOT NULL");
    if (has_cursor && is_tail) {
        select_add(select, " AND x.id > ");
        select_i64(select, cursor->id);
    } else if (has_cursor) {
        if (down)
            select_add(select, " AND (x.expires_at, x.id) < (");
        else
            select_add(select, " AND (x.expires_at, x.id) > (");
        select_i64(select, cursor->number);
        select_add(select, ", ");
        select_i64(select, cursor->id);
        select_add(select, ")");
    }
    if (down)
        select_add(select, " ORDER BY x.expires_at DESC, x.id DESC LIMIT ");
    else
        select_add(select, " ORDER BY x.expires_at, x.id LIMIT ");
    select_i64(select, (int64_t)most);
}

/* A record's end and id, as they are sorted by. */
struct place {
    int64_t number;
    int64_t id;
};

struct places {
    struct place *items;
    size_t n;
    size_t room;
};

/* The entries of one holder, read some at a time. */
struct entries {
    int64_t holder;
    struct place last; /* of those that were read */
    size_t n;
    bool is_begun;
    bool is_done; /* all of them were */
};

/* Beside its part of the page, so that one time is mostly enough. */
#define SPARE_ENTRIES 8

/* As qsort() wants them: less than 0 where `a` comes first in the list. */
typedef int (*compare)(const void *a, const void *b);

static int compare_up(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;

    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return (left->id > right->id) - (left->id < right->id);
}

static int compare_down(const void *a, const void *b)
{
    return compare_up(b, a);
}

static bool read_places(struct tx *tx, struct paging *paging, struct entries *entries, bool is_tail,
    size_t most, struct places *places, struct err *err)
{
    struct paging from_there = *paging;
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;
    size_t n = 0;

    if (entries->is_begun) {
        from_there.has_cursor = true;
        from_there.cursor.is_in_tail = is_tail;
        from_there.cursor.number = entries->last.number;
        from_there.cursor.id = entries->last.id;
    }
    cert_page_select_entries(&from_there, entries->holder, is_tail, most, &select);
    q = select_prepare(tx, &select);
    stmt_limit(q, paging->max_steps);
    for (; stmt_next(q); n++) {
        entries->last = (struct place){ .id = stmt_i64(q, 0), .number = stmt_i64(q, 1) };
        places->items =
            rows_make_room(places->items, places->n, &places->room, sizeof *places->items);
        places->items[places->n++] = entries->last;
    }
    entries->n += n;
    entries->is_begun = true;
    entries->is_done = n < most;
    paging->is_cut = paging->is_cut || stmt_is_cut(q);
    return stmt_end(q, err);
}

/* In the order of the list, once each: a person may have up to three entries for a record. */
static void put_in_order(struct places *places, compare order)
{
    size_t n = 0;

    if (places->n > 0)
        qsort(places->items, places->n, sizeof *places->items, order);
    for (size_t i = 0; i < places->n; i++) {
        if (n == 0 || places->items[n - 1].id != places->items[i].id)
            places->items[n++] = places->items[i];
    }
    places->n = n;
}

/* Whose entries end first; NULL: all have been read. */
static struct entries *first_to_end(struct entries *all, size_t n, compare order)
{
    struct entries *first = NULL;

    for (size_t i = 0; i < n; i++) {
        if (!all[i].is_done && (!first || order(&all[i].last, &first->last) < 0))
            first = &all[i];
    }
    return first;
}

/* How many are certain: no other comes before them. */
static size_t count_certain(const struct places *places, const struct entries *first, compare order)
{
    size_t n = 0;

    while (n < places->n && (!first || order(&places->items[n], &first->last) <= 0))
        n++;
    return n;
}

static void add_places(struct paging *paging, const struct places *places, bool is_tail,
    size_t most)
{
    for (size_t i = 0; i < places->n && i < most; i++) {
        if (paging->ids.n < (size_t)paging->request->limit) {
            paging->cursor.id = places->items[i].id;
            paging->cursor.number = places->items[i].number;
            paging->cursor.is_in_tail = is_tail;
        }
        id_list_add(&paging->ids, places->items[i].id);
    }
}

/* How many to read at once: if those of whom there is more have as much each, they fill what the
 * others leave of the page. */
static size_t part_of(const struct entries *all, size_t n, size_t most)
{
    size_t n_open = n;
    size_t n_left = most;

    for (size_t i = 0; i < n; i++) {
        if (!all[i].is_done)
            continue;
        n_open--;
        n_left -= all[i].n < n_left ? all[i].n : n_left;
    }
    return n_open > 1 ? n_left / n_open + SPARE_ENTRIES : n_left + 1;
}

/* What several holders have is read in parts, as most of what the others have comes before it. */
bool cert_page_read_along(struct tx *tx, struct paging *paging, bool is_tail, size_t most,
    struct err *err)
{
    const struct cert_where *where = &paging->where;
    const compare order = is_down(paging, is_tail) ? compare_down : compare_up;
    struct entries all[ACCESS_HOLDERS] = { 0 };
    struct places places = { 0 };
    struct entries *next;
    bool works = true;

    for (size_t i = 0; works && i < where->n_holders; i++) {
        all[i].holder = where->holders[i];
        works = read_places(tx, paging, &all[i], is_tail, part_of(all, where->n_holders, most),
            &places, err);
    }
    put_in_order(&places, order);
    while (works && (next = first_to_end(all, where->n_holders, order)) && !paging->is_cut &&
           count_certain(&places, next, order) < most) {
        works = read_places(tx, paging, next, is_tail, part_of(all, where->n_holders, most),
            &places, err);
        put_in_order(&places, order);
    }
    if (works)
        add_places(paging, &places, is_tail, most);
    free(places.items);
    return works;
}
