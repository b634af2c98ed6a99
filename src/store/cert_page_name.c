/*
 * store/cert_page, by name, of a word that names begin with: "shop" is in the names from "shop-1"
 * to "shop-9", and in hardly any other. A walk would pass over all names before these. So the list
 * has three parts: the few others that have the word and stand before, the range of names, which is
 * walked, and the others that stand behind.
 */
#include "store/cert_page.h"

#include <stdlib.h>

#include "base/err.h"
#include "store/cert_common.h"
#include "store/cert_query.h"
#include "store/cert_set.h"

/* As they stand in the cursor, where 0 is a list that has no such parts. */
enum name_part { PART_NONE, PART_BEFORE, PART_RANGE, PART_BEHIND, N_PARTS };

/* What names begin with, and what they are less than. */
struct range {
    char *from;
    char *until;
};

static void range_done(struct range *range)
{
    free(range->from);
    free(range->until);
}

DEFINE_AUTODONE(range);

bool cert_page_has_name_parts(const struct paging *paging)
{
    const struct cert_where *where = &paging->where;

    if (!where->is_sqlite || where->sort != CERT_BY_NAME || where->way == WAY_DRIVE ||
        where->is_nothing || !cert_query_is_plain(where))
        return false;
    if (paging->has_cursor)
        return paging->cursor.segment > PART_NONE && paging->cursor.segment < N_PARTS;
    /* Nine of ten. */
    return where->is_common || (where->n_worded > 0 && where->n_begun * 10 >= where->n_worded * 9);
}

/* The ids of all that may have the word and whose names are not in the range. */
static bool find_others(struct tx *tx, const struct cert_where *where, const struct range *range,
    struct id_list *others, struct err *err)
{
    autodone(id_list) struct id_list begun = { 0 };
    struct cert_where names = *where;
    size_t n_kept = 0;
    int64_t n;

    names.sort = N_CERT_SORT;
    names.name_from = range->from;
    names.name_until = range->until;
    if (!cert_set_read(tx, where, DRIVE_WORDS, INT64_MAX, others, &n, err) ||
        !cert_set_read(tx, &names, DRIVE_NAME, INT64_MAX, &begun, &n, err))
        return false;
    for (size_t i = 0, j = 0; i < others->n; i++) {
        while (j < begun.n && begun.items[j] < others->items[i])
            j++;
        if (j == begun.n || begun.items[j] != others->items[i])
            others->items[n_kept++] = others->items[i];
    }
    others->n = n_kept;
    return true;
}

/* The plan is as it was when this returns: what is changed for a part is borrowed. */
static bool read_name_part(struct tx *tx, struct paging *paging, enum name_part part,
    const struct range *range, const struct id_list *others, struct err *err)
{
    static char first[] = "";
    static char last[] = CERT_QUERY_LAST;
    const struct cert_where kept = paging->where;
    struct cert_where *where = &paging->where;
    bool works;

    where->name_from = part == PART_BEFORE  ? first
                       : part == PART_RANGE ? range->from
                                            : range->until;
    where->name_until = part == PART_BEFORE  ? range->from
                        : part == PART_RANGE ? range->until
                                             : last;
    where->skips_from = where->skips_from && paging->has_cursor;
    where->skips_until = where->skips_until && paging->has_cursor;
    if (part != PART_RANGE) {
        where->way = others->n <= COMMON_DRIVE_MAX ? WAY_DRIVE : WAY_SET;
        where->drive = DRIVE_NONE;
        where->told = 0;
        where->has_set = true;
        where->set = *others;
    }
    works = (part != PART_RANGE && others->n == 0) ||
            cert_page_read_ids(tx, paging, (size_t)paging->request->limit + 1, err);
    paging->where = kept;
    return works;
}

bool cert_page_read_name_parts(struct tx *tx, struct paging *paging, struct err *err)
{
    const bool is_down = paging->request->is_descending;
    const size_t limit = (size_t)paging->request->limit;
    autodone(range) struct range range = { 0 };
    autodone(id_list) struct id_list others = { 0 };
    bool has_others = false;

    cert_query_set_range(&paging->where, &range.from, &range.until);
    for (int i = PART_BEFORE; i < N_PARTS && paging->ids.n <= limit; i++) {
        const enum name_part part = (enum name_part)(is_down ? N_PARTS - i : i);
        const size_t n_before = paging->ids.n;

        if (paging->has_cursor && i < paging->cursor.segment)
            continue;
        if (part != PART_RANGE && !has_others &&
            !find_others(tx, &paging->where, &range, &others, err))
            return false;
        has_others = has_others || part != PART_RANGE;
        if (!read_name_part(tx, paging, part, &range, &others, err))
            return false;
        paging->has_cursor = false;
        if (paging->ids.n > n_before && n_before < limit)
            paging->cursor.segment = i;
    }
    return true;
}
