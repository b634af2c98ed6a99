/*
 * store/cert_common: see the header. What costs what, in µs, was measured with a million records;
 * the sample need only be right about which of two ways is several times longer.
 */
#include "store/cert_common.h"

#include <stdlib.h>

#include "base/err.h"
#include "store/cert_count.h"
#include "store/cert_drive.h"
#include "store/cert_sample.h"
#include "store/cert_set.h"
#include "store/cert_sort.h"

/* An id from an index, and its part in sorting and comparing. */
#define READ_US 0.075
/* The same from the index of words, which is asked for several parts of three letters. */
#define READ_WORDS_US 0.3
/* From memory. */
#define READ_KEPT_US 0.002
/* A record that is passed in the index of an order, which carries some columns; and looked up in
 * the set there. */
#define PASS_US 0.18
#define PASS_SET_US 0.3
/* Asked by its id in another table, or read for a column that the index does not carry. */
#define ASK_US 1.0
/* Read along an index that carries nothing. */
#define PASS_RECORD_US 2.0
/* One that drives: read and sorted; in an order that another table has. */
#define DRIVE_US 2.5
#define DRIVE_CHECK_US 1.5

#define BIT(drive) (1u << (drive))

/* A condition to be read. */
struct source {
    enum drive drive;
    double share; /* of all records */
    double us;
};

struct sources {
    struct source items[N_DRIVES];
    size_t n;
    double n_all;      /* records in all */
    double rest_share; /* of them meet what cannot be read */
};

static int compare_sources(const void *a, const void *b)
{
    const struct source *left = a;
    const struct source *right = b;

    return (left->us > right->us) - (left->us < right->us);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static bool find_sources(struct tx *tx, const struct cert_where *where, struct sources *sources,
    struct err *err)
{
    const double n_sampled = (double)where->n_sampled;
    int64_t n[N_DRIVES];
    int64_t max = 0;

    if (!cert_sample_each(tx, where, n, err) || !cert_count_max_id(tx, &max, err))
        return false;
    sources->n = 0;
    sources->n_all = (double)max;
    sources->rest_share = ((double)n[DRIVE_NONE] + 0.5) / (n_sampled + 0.5);
    for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++) {
        /* What was counted is known better. */
        if (n[drive] < 0)
            continue;
        const bool is_counted = where->way == WAY_SET && where->drive == drive;
        const int64_t n_known = is_counted ? where->n_drive : cert_set_count_kept(tx, where, drive);
        const double share = n_known >= 0 ? (double)n_known / sources->n_all
                                          : ((double)n[drive] + 0.5) / (n_sampled + 0.5);
        const double each_us = n_known >= 0           ? READ_KEPT_US
                               : drive == DRIVE_WORDS ? READ_WORDS_US
                                                      : READ_US;

        sources->items[sources->n++] = (struct source){ .drive = drive,
            .share = share,
            .us = each_us * share * sources->n_all };
    }
    qsort(sources->items, sources->n, sizeof *sources->items, compare_sources);
    return true;
}

/* To the end of the page, or of all there is. */
static double walk_us(double n_walked, double n_found, double each_us)
{
    return (n_found < CERT_WHERE_PAGE ? n_walked : n_walked * CERT_WHERE_PAGE / n_found) * each_us;
}

/* Does no index of an order carry what it asks for? */
static bool is_asked_apart(enum drive drive)
{
    static const unsigned apart = BIT(DRIVE_ACCESS) | BIT(DRIVE_TAG) | BIT(DRIVE_RESOURCE) |
                                  BIT(DRIVE_FIELD) | BIT(DRIVE_PROFILE) | BIT(DRIVE_STAGE) |
                                  BIT(DRIVE_ISSUER) | BIT(DRIVE_NAME) | BIT(DRIVE_WORDS);

    return apart & BIT(drive);
}

/* Of the records those that meet all but the conditions of `told`; and of these, if `is_carried`,
 * only what the indexes of the orders carry. */
static double share_of_others(const struct sources *sources, unsigned told, bool is_carried)
{
    double share = sources->rest_share;

    for (size_t i = 0; i < sources->n; i++) {
        const struct source *source = &sources->items[i];

        if (!(told & BIT(source->drive)) && !(is_carried && is_asked_apart(source->drive)))
            share *= source->share;
    }
    return share;
}

static int n_asked_apart(const struct sources *sources, unsigned told)
{
    int n = 0;

    /* Words are asked for again. */
    told &= ~BIT(DRIVE_WORDS);
    for (size_t i = 0; i < sources->n; i++)
        n += !(told & BIT(sources->items[i].drive)) && is_asked_apart(sources->items[i].drive);
    return n;
}

static double n_in_order(const struct cert_where *where, const struct sources *sources)
{
    return sources->n_all * (cert_where_is_range(where) ? sources->rest_share : 1);
}

static double present_us(const struct cert_where *where, const struct sources *sources)
{
    const double n_found = sources->n_all * share_of_others(sources, 0, false);
    const double ask_us =
        n_asked_apart(sources, 0) ? share_of_others(sources, 0, true) * ASK_US : 0;
    const double pass_us = where->way == WAY_SET                ? PASS_SET_US
                           : cert_sort_is_by_check(where->sort) ? PASS_RECORD_US
                                                                : PASS_US + ask_us;
    double us = walk_us(n_in_order(where, sources), n_found, pass_us);

    for (size_t i = 0; i < sources->n && where->sort == CERT_BY_EXPIRY; i++) {
        const enum drive drive = sources->items[i].drive;
        const double n_walked = sources->items[i].share * sources->n_all;

        if (drive == DRIVE_OWNER || drive == DRIVE_BUSINESS_GROUP || drive == DRIVE_ISSUER ||
            drive == DRIVE_UNUSED || drive == DRIVE_ACCESS)
            us = least(us, walk_us(n_walked, n_found, PASS_RECORD_US));
    }
    return us;
}

/* Records that meet what is told: all of them sorted, or looked for in the order. */
static double drive_us(const struct cert_where *where, const struct sources *sources, unsigned told,
    double n_common)
{
    const double check_us = cert_sort_is_by_check(where->sort) ? DRIVE_CHECK_US : 0;

    return n_common * (DRIVE_US + check_us + n_asked_apart(sources, told) * ASK_US);
}

static double set_us(const struct cert_where *where, const struct sources *sources, unsigned told,
    double n_common)
{
    return walk_us(n_in_order(where, sources), n_common * share_of_others(sources, told, false),
        PASS_SET_US);
}

/* The cheapest conditions, up to the one beyond which another costs more than it spares. 0: none.
 */
static unsigned choose_sources(const struct cert_where *where, const struct sources *sources)
{
    double best_us = present_us(where, sources);
    double read_us = 0;
    double n_common = sources->n_all;
    unsigned told = 0;
    unsigned best = 0;

    for (size_t i = 0; i < sources->n; i++) {
        const struct source *source = &sources->items[i];

        read_us += source->us;
        n_common *= source->share;
        told |= BIT(source->drive);
        const double us = read_us + least(drive_us(where, sources, told, n_common),
                                        set_us(where, sources, told, n_common));

        if (us < best_us) {
            best_us = us;
            best = told;
        }
    }
    return best;
}

bool cert_common_may_be(const struct cert_where *where, unsigned told)
{
    if (!where->is_sqlite || told == 0 || told & BIT(DRIVE_NONE))
        return false;
    for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++) {
        autodone(select) struct select unused = SELECT_INIT;

        if (told & BIT(drive) && !cert_drive_add(where, drive, &unused))
            return false;
    }
    return true;
}

/* All of `ids`, which are the set from now on, meet the conditions of `told`. */
static void set_common(struct cert_where *where, unsigned told, struct id_list *ids)
{
    where->told = told;
    where->way = WAY_SET;
    where->drive = DRIVE_NONE;
    where->n_drive = (int64_t)ids->n;
    where->is_nothing = ids->n == 0;
    cert_set_take(where, ids);
}

bool cert_common_read(struct tx *tx, struct cert_where *where, unsigned told, struct err *err)
{
    const enum drive in_set =
        where->has_set && told & BIT(where->drive) ? where->drive : DRIVE_NONE;
    autodone(id_list) struct id_list common = { 0 };
    bool is_first = in_set == DRIVE_NONE;

    if (in_set != DRIVE_NONE) {
        common = where->set;
        where->set = (struct id_list){ 0 };
    }
    for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++) {
        autodone(id_list) struct id_list ids = { 0 };
        int64_t n;

        if (!(told & BIT(drive)) || drive == in_set)
            continue;
        if (!cert_set_read(tx, where, drive, INT64_MAX, &ids, &n, err))
            return false;
        if (is_first) {
            common = ids;
            ids = (struct id_list){ 0 };
        } else {
            id_list_pick(&common, &ids);
        }
        is_first = false;
    }
    set_common(where, told, &common);
    return true;
}

/* Few of them are sorted; of many the order is walked. */
static void choose_side(struct cert_where *where, const struct sources *sources)
{
    const double n = (double)where->set.n;

    if ((int64_t)where->set.n <= where->drive_max ||
        (where->set.n <= COMMON_DRIVE_MAX &&
            drive_us(where, sources, where->told, n) < set_us(where, sources, where->told, n)))
        where->way = WAY_DRIVE;
}

static unsigned all_sources(const struct cert_where *where)
{
    unsigned told = 0;

    for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++)
        told |= cert_common_may_be(where, BIT(drive)) ? BIT(drive) : 0;
    return told;
}

/* There are so few records that no sample is made of them. */
static void add_all_sources(const struct cert_where *where, struct sources *sources)
{
    const unsigned all = all_sources(where);

    for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++) {
        if (all & BIT(drive))
            sources->items[sources->n++] = (struct source){ .drive = drive };
    }
}

/* From the cheapest on, until few are left. */
static bool read_until_few(struct tx *tx, struct cert_where *where, const struct sources *sources,
    struct err *err)
{
    autodone(id_list) struct id_list common = { 0 };
    unsigned told = 0;

    for (size_t i = 0; i < sources->n && (i == 0 || common.n > (size_t)where->drive_max); i++) {
        const enum drive drive = sources->items[i].drive;
        autodone(id_list) struct id_list ids = { 0 };
        int64_t n;

        if (!cert_set_read(tx, where, drive, INT64_MAX, &ids, &n, err))
            return false;
        if (i == 0) {
            common = ids;
            ids = (struct id_list){ 0 };
        } else {
            id_list_pick(&common, &ids);
        }
        told |= BIT(drive);
    }
    set_common(where, told, &common);
    return true;
}

bool cert_common_force(struct tx *tx, struct cert_where *where, bool *ret, struct err *err)
{
    struct sources sources = { .rest_share = 1 };

    *ret = false;
    if (!where->is_sqlite || where->is_nothing || where->way == WAY_DRIVE)
        return true;
    if (where->n_sampled == 0 && !cert_sample(tx, where, err))
        return false;
    if (where->n_sampled == 0)
        add_all_sources(where, &sources);
    else if (!find_sources(tx, where, &sources, err))
        return false;
    if (sources.n == 0)
        return true;
    *ret = true;
    if (!read_until_few(tx, where, &sources, err))
        return false;
    choose_side(where, &sources);
    return cert_common_add_kept(tx, where, err);
}

/* So few are as soon checked. */
#define KEPT_MIN 100

bool cert_common_add_kept(struct tx *tx, struct cert_where *where, struct err *err)
{
    const int64_t number = cert_where_plan_number(where);
    const unsigned told = where->told | BIT(where->drive);
    autodone(id_list) struct id_list ids = { 0 };
    int64_t n;

    if (!where->is_sqlite || where->is_nothing || where->way == WAY_WALK || where->along ||
        cert_where_n_conditions(where) < 2 || cert_where_is_in_order(where) ||
        (where->n_drive > 0 && where->n_drive < KEPT_MIN))
        return true;
    if (where->has_set) {
        ids = where->set;
        where->set = (struct id_list){ 0 };
    } else if (!cert_set_read(tx, where, where->drive, INT64_MAX, &ids, &n, err)) {
        return false;
    }
    const enum cert_way way = where->way;

    set_common(where, cert_set_pick_kept(tx, where, told, &ids) & ~BIT(DRIVE_NONE), &ids);
    where->way = way == WAY_DRIVE || where->n_drive <= where->drive_max ? WAY_DRIVE : WAY_SET;
    where->number = number;
    return true;
}

bool cert_common_choose(struct tx *tx, struct cert_where *where, struct err *err)
{
    const bool is_worth_it =
        where->way != WAY_DRIVE && where->set_max > 0 && cert_where_n_conditions(where) > 1;
    struct sources sources = { .rest_share = 1 };
    unsigned told;

    if (!where->is_sqlite || where->is_nothing || !(is_worth_it || where->is_common))
        return true;
    if (where->n_sampled == 0 && !where->is_common && !cert_sample(tx, where, err))
        return false;
    if (!where->is_common && (where->n_sampled == 0 || where->n_hits >= CERT_SAMPLE_ENOUGH))
        return true;
    if (!where->is_common && !find_sources(tx, where, &sources, err))
        return false;
    told = where->is_common ? all_sources(where) : choose_sources(where, &sources);
    if (!told)
        return true;
    if (!cert_common_read(tx, where, told, err))
        return false;
    choose_side(where, &sources);
    return true;
}
