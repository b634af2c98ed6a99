/*
 * store/cert_where, the way: conditions are counted, each as far as it matters, and what drives, or
 * what is walked, follows from that. See the header.
 */
#include "store/cert_where.h"

#include <string.h>

#include "base/err.h"
#include "store/access_size.h"
#include "store/cert_common.h"
#include "store/cert_count.h"
#include "store/cert_drive.h"
#include "store/cert_marks.h"
#include "store/cert_query.h"
#include "store/cert_rare.h"
#include "store/cert_sample.h"
#include "store/cert_set.h"
#include "store/cert_sort.h"
#include "store/read.h"

/* What is read and sorted takes so many times as long as what is passed over by its marks. */
#define DRIVE_TIMES 30

/* Some two hundred and fifty, to learn how much of all somebody sees. */
#define ACCESS_PLACES 8

/* In the number of a plan, which stands in cursors. */
#define ALONG 1000
#define TOLD 10000

static enum cert_along along_of(const struct cert_where *where, enum drive drive)
{
    if (drive == DRIVE_TAG)
        return ALONG_TAG;
    return drive == DRIVE_FIELD && where->filter->n_fields == 1 ? ALONG_FIELD : ALONG_RECORDS;
}

/* On SQLite what is kept in memory of who may see what is better. */
static bool has_entries_in_order(const struct cert_where *where)
{
    return along_of(where, where->drive) && (!where->is_sqlite || where->viewer->sees_all);
}

/*
 * By expiry, these have an index of their own in that order: where nothing else is asked of the
 * record, a page is its beginning.
 */
bool cert_where_is_in_order(const struct cert_where *where)
{
    const bool has_index = where->drive == DRIVE_OWNER || where->drive == DRIVE_BUSINESS_GROUP ||
                           where->drive == DRIVE_UNUSED ||
                           (where->drive == DRIVE_ISSUER && *where->filter->issuer) ||
                           has_entries_in_order(where);

    return where->way == WAY_DRIVE && has_index && where->sort == CERT_BY_EXPIRY &&
           cert_where_n_conditions(where) == (where->viewer->sees_all ? 1 : 2);
}

static void walk_along(struct cert_where *where, enum cert_along along)
{
    const bool is_counted = where->way != WAY_WALK &&
                            (along == ALONG_RECORDS || along == along_of(where, where->drive));

    cert_set_done(where);
    where->counted = is_counted ? where->drive : DRIVE_NONE;
    where->n_counted = where->n_drive;
    where->way = WAY_WALK;
    where->drive = DRIVE_NONE;
    where->along = along;
    where->holders[0] = 0;
    where->n_holders = 1;
}

void cert_where_walk_in_order(struct cert_where *where)
{
    walk_along(where, along_of(where, where->drive));
}

/* Of those that may drive, which they are as well. */
static bool probe_words(struct tx *tx, struct cert_where *where, int64_t most, int64_t *ret,
    struct err *err)
{
    const int64_t few = most < where->drive_max ? most : where->drive_max;
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select.is_for_values = true;
    select_add(&select, "SELECT count(*), CASE WHEN count(*) <= ");
    select_i64(&select, few);
    select_add(&select,
        " THEN array_to_string(array_agg(counted.id), ' ') END FROM (SELECT id FROM (");
    ASSERT(cert_drive_add(where, DRIVE_WORDS, &select));
    select_add(&select, ") AS source LIMIT ");
    select_i64(&select, most + 1);
    select_add(&select, ") AS counted");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        *ret = stmt_i64(q, 0);
        if (*ret <= few)
            cert_known_read(where, DRIVE_WORDS, stmt_text(q, 1));
    }
    return stmt_end(q, err);
}

/*
 * How many would this one bring, counted to one more than may? -1: there is no such condition. What
 * may become a set in memory is read while it is counted.
 */
static bool probe(struct tx *tx, const struct cert_where *where, enum drive drive, int64_t most,
    struct id_list *ids, int64_t *ret, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    *ret = -1;
    select.is_for_values = true;
    select_add(&select, "SELECT count(*) FROM (SELECT 1 AS one FROM (");
    if (!cert_drive_add(where, drive, &select))
        return true;
    if (where->is_sqlite && cert_drive_is_set(where, drive) && most > where->drive_max)
        return cert_set_read(tx, where, drive, most + 1, ids, ret, err);
    select_add(&select, ") AS source LIMIT ");
    select_i64(&select, most + 1);
    select_add(&select, ") AS counted");
    q = select_prepare(tx, &select);
    return read_number(q, ret, err);
}

/* PostgreSQL takes a millisecond or two for that: so it is remembered for a while. */
static bool probe_access(struct tx *tx, const struct cert_where *where, int64_t most, int64_t *ret,
    struct err *err)
{
    const int64_t account_id = where->viewer->account_id;
    struct access_size size = access_size_find(tx, account_id);
    const bool is_known = size.n > 0 && (size.n <= size.n_counted || most <= size.n_counted);

    if (is_known) {
        *ret = size.n <= most ? size.n : most + 1;
        return true;
    }
    if (!probe(tx, where, DRIVE_ACCESS, most, NULL, ret, err))
        return false;
    size.n = *ret;
    size.n_counted = most;
    access_size_keep(tx, account_id, &size);
    return true;
}

/* Of several custom fields the one with the fewest records drives, if any does. */
static bool choose_field(struct tx *tx, struct cert_where *where, struct err *err)
{
    const size_t n_fields = where->filter->n_fields;
    int64_t least = where->set_max > 0 ? where->set_max : -1;
    size_t best = 0;

    for (size_t i = 0; n_fields > 1 && i < n_fields && least >= 0; i++) {
        autodone(id_list) struct id_list ids = { 0 };
        int64_t n;

        where->field = i;
        if (!probe(tx, where, DRIVE_FIELD, least, &ids, &n, err))
            return false;
        if (n <= least) {
            best = i;
            least = n - 1;
        }
    }
    where->field = best;
    return true;
}

/* Is what lacks it passed over by its marks, in the order that is asked for? */
static bool is_passed_by_marks(const struct cert_where *where, enum drive drive)
{
    if (where->is_sqlite || cert_sort_is_by_check(where->sort) || where->sort == N_CERT_SORT)
        return false;
    return drive == DRIVE_TAG || drive == DRIVE_FIELD ||
           (drive == DRIVE_ISSUER && where->filter->issuer && *where->filter->issuer) ||
           (drive == DRIVE_WORDS && cert_where_has_letters(where)) ||
           (drive == DRIVE_NAME && cert_where_has_name(where)) ||
           (drive == DRIVE_ACCESS && where->n_seen_by > 0);
}

/* By expiry these have their ends themselves. */
static bool is_set_in_order(const struct cert_where *where, enum drive drive)
{
    return where->sort == CERT_BY_EXPIRY &&
           (drive == DRIVE_ACCESS || drive == DRIVE_TAG || drive == DRIVE_FIELD);
}

/* Let the condition have the say, if it is met by fewer than the one that has it. */
static void consider(struct cert_where *where, enum drive drive, int64_t n, struct id_list *ids)
{
    enum cert_way way = n <= where->drive_max                                    ? WAY_DRIVE
                        : cert_drive_is_set(where, drive) && n <= where->set_max ? WAY_SET
                                                                                 : WAY_WALK;

    where->is_nothing = where->is_nothing || n == 0;
    if (way < where->way || way == WAY_WALK || (way == where->way && n >= where->n_drive))
        return;
    if (way == WAY_SET && is_passed_by_marks(where, drive) && !is_set_in_order(where, drive)) {
        if (where->counted == DRIVE_NONE || n < where->n_counted) {
            where->counted = drive;
            where->n_counted = n;
        }
        return;
    }
    cert_set_done(where);
    if (way == WAY_SET && ids->n > 0)
        cert_set_take(where, ids);
    where->way = way;
    where->drive = drive;
    where->n_drive = n;
}

static bool may_be_set(const struct cert_where *where, enum drive drive)
{
    const bool is_most = drive == DRIVE_ACCESS && cert_where_sees_most(where);

    return cert_drive_is_set(where, drive) && where->way != WAY_DRIVE &&
           where->set_max > where->drive_max && !is_most;
}

/* A sample has shown so many that there is no need to count more than `most`. Bits of tags, values,
 * issuers and holders are shared with others; those of flags and names are one for many. */
static bool is_surely_more(const struct cert_where *where, enum drive drive, int64_t most)
{
    const bool is_one_of_many = drive == DRIVE_NAME || drive == DRIVE_ALERT;
    const bool is_shared = drive == DRIVE_TAG || drive == DRIVE_FIELD || drive == DRIVE_ISSUER ||
                           drive == DRIVE_ACCESS;
    const int64_t n = where->n_marked[drive];

    return !is_one_of_many && n >= (is_shared ? 32 : 8) &&
           n * where->max_id > 3 * most * where->n_sampled;
}

/* Of what is common a sample is wanted anyway, for how many it is: where it shows so many, that is
 * enough. */
static bool probe_common(struct tx *tx, struct cert_where *where, enum drive drive, int64_t most,
    struct id_list *ids, int64_t *ret, struct err *err)
{
    if (!probe(tx, where, drive, where->drive_max, ids, ret, err))
        return false;
    if (*ret <= where->drive_max)
        return true;
    if (where->n_sampled == 0 && !cert_sample(tx, where, err))
        return false;
    if (!is_surely_more(where, drive, most))
        return probe(tx, where, drive, most, ids, ret, err);
    *ret = most + 1;
    return true;
}

static bool probe_drive(struct tx *tx, struct cert_where *where, enum drive drive, int64_t most,
    struct id_list *ids, int64_t *ret, struct err *err)
{
    if (!where->is_sqlite && drive == DRIVE_WORDS && where->words)
        return probe_words(tx, where, most, ret, err);
    if (!where->is_sqlite && drive == DRIVE_ACCESS && !where->viewer->sees_all)
        return probe_access(tx, where, most, ret, err);
    if (is_passed_by_marks(where, drive) && most > where->drive_max)
        return probe_common(tx, where, drive, most, ids, ret, err);
    return probe(tx, where, drive, most, ids, ret, err);
}

static bool probe_all(struct tx *tx, struct cert_where *where, struct err *err)
{
    for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES && !where->is_nothing; drive++) {
        int64_t most = cert_rare_is_likely(where) ? where->drive_max / 4
                       : may_be_set(where, drive) ? where->set_max
                                                  : where->drive_max;
        autodone(id_list) struct id_list ids = { 0 };
        int64_t n = 0;

        if (where->way != WAY_WALK && where->n_drive < most)
            most = where->n_drive;
        /* That set is walked in order; only what drives is better. */
        if (where->drive == DRIVE_ACCESS && where->sort == CERT_BY_EXPIRY &&
            most > where->drive_max)
            most = where->drive_max;
        if (is_surely_more(where, drive, most) ||
            (drive == DRIVE_WORDS && where->n_worded >= CERT_SAMPLE_ENOUGH))
            continue;
        if (!probe_drive(tx, where, drive, most, &ids, &n, err))
            return false;
        if (n >= 0 && n <= most)
            consider(where, drive, n, &ids);
    }
    return true;
}

/* The account, and its groups, if these are few: else n_holders is 0. */
static bool find_holders(struct tx *tx, struct cert_where *where, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT group_id FROM group_member WHERE account_id = $1 ORDER BY group_id LIMIT $2");
    size_t n = 1;

    /* They were read for their marks, and stand there. */
    if (where->n_seen_by > 0) {
        where->n_holders = where->n_seen_by;
        return true;
    }
    where->holders[0] = 0;
    stmt_bind_i64(q, 1, where->viewer->account_id);
    stmt_bind_i64(q, 2, ACCESS_HOLDERS);
    while (stmt_next(q)) {
        if (n < ACCESS_HOLDERS)
            where->holders[n] = stmt_i64(q, 0);
        n++;
    }
    where->n_holders = n <= ACCESS_HOLDERS ? n : 0;
    return stmt_end(q, err);
}

/* Of records here and there, does the viewer see a third or less? */
static bool sample_part(struct tx *tx, struct cert_where *where, bool *ret_small, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;
    int64_t n = 0;

    if (!cert_count_find_max(tx, where, err))
        return false;
    *ret_small = true;
    if (where->max_id <= CERT_TOTAL_EXACT)
        return true;
    select_add(&select, "SELECT count(*) FROM (");
    cert_sample_add(&select, where->is_sqlite, ACCESS_PLACES, where->max_id);
    select_add(&select, ") AS c WHERE EXISTS (SELECT 1 FROM certificate_access x"
                        " WHERE x.certificate_id = c.id AND (x.account_id = ");
    select_i64(&select, where->viewer->account_id);
    select_add(&select, " OR x.group_id IN ");
    cert_drive_add_groups(&select, where->viewer->account_id);
    select_add(&select, "))");
    q = select_prepare(tx, &select);
    if (!read_number(q, &n, err))
        return false;
    *ret_small = n * 3 <= ACCESS_PLACES * CERT_SAMPLE_PLACE;
    return true;
}

static bool find_part(struct tx *tx, struct cert_where *where, struct err *err)
{
    const int64_t account_id = where->viewer->account_id;
    struct access_size size = { 0 };

    if (where->is_part_known)
        return true;
    if (!where->is_sqlite)
        size = access_size_find(tx, account_id);
    if (!size.is_part_known) {
        if (!sample_part(tx, where, &size.is_part_small, err))
            return false;
        size.is_part_known = true;
        if (!where->is_sqlite)
            access_size_keep(tx, account_id, &size);
    }
    where->is_part_known = true;
    where->is_part_small = size.is_part_small;
    return true;
}

/* PostgreSQL need not count thousands of entries then to learn that there are more: who sees most
 * of what there is has all of it walked, and of others the marks are asked for. */
static bool find_part_first(struct tx *tx, struct cert_where *where, struct err *err)
{
    if (where->is_sqlite || where->viewer->sees_all)
        return true;
    if (!find_part(tx, where, err))
        return false;
    if (!where->is_part_small)
        return true;
    if (!find_holders(tx, where, err))
        return false;
    where->n_seen_by = where->n_holders;
    for (size_t i = 0; i < where->n_holders; i++)
        where->seen_by[i] = where->holders[i] ? cert_marks_of_group(where->holders[i])
                                              : cert_marks_of_account(where->viewer->account_id);
    return true;
}

/* Along an index of less than all there is, in the order that is asked for. */
static bool is_walked_by_index(const struct cert_where *where)
{
    const struct cert_filter *f = where->filter;

    return f->owner || f->business_group || f->is_unused || (f->issuer && *f->issuer);
}

/* Nothing is asked but what the entries say themselves. */
static bool is_only_seen(const struct cert_where *where)
{
    const struct cert_filter *f = where->filter;

    return cert_where_n_conditions(where) == 1 + (f->expires_before || f->expires_after);
}

/*
 * Whoever sees a part is better off with an index of that part than with one of all there is, if
 * it is in the order that is asked for. What drives does without either, and so does what is passed
 * over by marks, but where there is a hundredth to be seen.
 */
static bool choose_access(struct tx *tx, struct cert_where *where, struct err *err)
{
    const bool is_set_of_access = where->way == WAY_SET && where->drive == DRIVE_ACCESS;

    if (where->n_seen_by > 0 && where->sort == CERT_BY_EXPIRY &&
        (is_set_of_access ? is_walked_by_index(where) : !is_only_seen(where))) {
        if (is_set_of_access)
            walk_along(where, ALONG_RECORDS);
        return true;
    }
    if (where->viewer->sees_all || where->sort != CERT_BY_EXPIRY || where->is_nothing ||
        !(is_set_of_access || (where->way == WAY_WALK && !is_walked_by_index(where))))
        return true;
    if (!find_holders(tx, where, err) || (!is_set_of_access && !find_part(tx, where, err)))
        return false;
    if ((is_set_of_access || where->is_part_small) && where->n_holders > 0)
        where->along = ALONG_ACCESS;
    return true;
}

/* Beside the one, only what the rows themselves or a few looks by id can tell: of the statuses,
 * those that are ranges of the ends. */
static bool is_nearly_alone(const struct cert_where *where)
{
    const struct cert_filter *f = where->filter;
    const int n_others = !where->viewer->sees_all + (f->expires_before || f->expires_after) +
                         cert_where_is_dated(f) + (where->words != NULL);

    return cert_where_n_conditions(where) == 1 + n_others;
}

/*
 * What has a tag, or a field's value, is walked along the rows of these, if whoever asks sees most
 * of it: on SQLite, what is kept in memory does better.
 */
static void choose_entries(struct cert_where *where)
{
    const enum drive drive = where->filter->tag ? DRIVE_TAG : DRIVE_FIELD;
    const bool is_seen =
        cert_where_sees_most(where) || (where->way == WAY_SET && where->drive == drive);

    if (where->is_sqlite || where->is_nothing || where->sort != CERT_BY_EXPIRY ||
        where->way == WAY_DRIVE || where->along || !is_seen || !is_nearly_alone(where) ||
        !(where->filter->tag || where->filter->n_fields == 1))
        return;
    walk_along(where, along_of(where, drive));
}

/* What is walked, if anything is. */
static bool choose_index(struct tx *tx, struct cert_where *where, struct err *err)
{
    if (!choose_access(tx, where, err))
        return false;
    choose_entries(where);
    return true;
}

/* Of many that would drive, a page is sooner found where its order is walked. */
static bool walk_if_soon_full(struct tx *tx, struct cert_where *where, struct err *err)
{
    if (where->way != WAY_DRIVE || where->n_drive <= where->drive_max / 2 ||
        cert_where_is_in_order(where) || !is_passed_by_marks(where, where->drive) ||
        cert_where_n_conditions(where) > 1 + !where->viewer->sees_all || where->n_seen_by > 0)
        return true;
    if (!cert_count_find_max(tx, where, err))
        return false;
    if (where->n_drive * where->n_drive > where->max_id * CERT_WHERE_PAGE / DRIVE_TIMES)
        walk_along(where, ALONG_RECORDS);
    return true;
}

static void reset_plan(struct tx *tx, struct cert_where *where)
{
    cert_set_done(where);
    where->along = ALONG_RECORDS;
    where->counted = DRIVE_NONE;
    where->n_seen_by = 0;
    where->is_part_known = false;
    where->is_sqlite = !db_is_postgres(tx_db(tx));
    where->way = WAY_WALK;
    where->drive = DRIVE_NONE;
    where->is_nothing = false;
    where->told = 0;
    where->number = -1;
    where->field = 0;
    where->n_drive = where->n_sampled = where->n_hits = where->n_worded = 0;
    where->n_begun = 0;
    where->rare = DRIVE_NONE;
    memset(where->n_marked, 0, sizeof where->n_marked);
    id_list_done(&where->ids);
}

/* Is it looked for by a text that takes long to count? */
static bool has_text(const struct cert_where *where)
{
    return where->words || (!where->is_sqlite && where->name_from && where->sort != CERT_BY_NAME);
}

/* May conditions be rare together that are not rare alone? Of whoever sees few records these are
 * counted. */
static bool may_be_rare(const struct tx *tx, const struct cert_where *where)
{
    const struct access_size size = access_size_find(tx, where->viewer->account_id);
    const bool is_few = size.n > 0 && size.n <= size.n_counted;

    return !where->is_sqlite && !has_text(where) && !cert_sort_is_by_check(where->sort) &&
           !(is_few && where->n_seen_by > 0);
}

/* To see most of what there is is no condition here. */
static bool has_several(const struct cert_where *where)
{
    const int n = cert_where_n_conditions(where) - !where->viewer->sees_all;

    return n + (where->n_seen_by > 0) > 1;
}

/*
 * Words are dear to count, most of all where they are common: PostgreSQL's index finds all there
 * are, however few are asked for. So with words a sample comes first, and if it shows that a page
 * is soon full, that is all.
 */
static bool choose_way(struct tx *tx, struct cert_where *where, struct err *err)
{
    bool is_sampled;

    if (cert_where_n_conditions(where) == 0)
        return true;
    if (!cert_query_find(tx, where, err) || !choose_field(tx, where, err))
        return false;
    is_sampled = has_text(where);
    if (may_be_rare(tx, where)) {
        where->rare = cert_rare_of(where);
        is_sampled = has_several(where);
    }
    if (is_sampled && where->set_max > 0) {
        if (!cert_sample(tx, where, err))
            return false;
        if (where->n_hits >= CERT_SAMPLE_ENOUGH)
            return choose_index(tx, where, err);
    }
    return probe_all(tx, where, err) && cert_common_choose(tx, where, err) &&
           cert_rare_choose(tx, where, err) && choose_index(tx, where, err) &&
           walk_if_soon_full(tx, where, err);
}

bool cert_where_plan(struct tx *tx, struct cert_where *where, struct err *err)
{
    reset_plan(tx, where);
    if (!find_part_first(tx, where, err) || !choose_way(tx, where, err) ||
        !cert_set_load(tx, where, err) || !cert_common_add_kept(tx, where, err))
        return err_wrap(err, "could not plan the search");
    return true;
}

/* Those that have a range of the order begin there, and those with an index of their own are in it.
 */
bool cert_where_may_drive_counted(const struct cert_where *where)
{
    const bool is_range =
        cert_where_is_range(where) || (where->sort == CERT_BY_EXPIRY && is_walked_by_index(where));

    return !where->is_sqlite && where->way == WAY_WALK && where->along == ALONG_RECORDS &&
           where->counted != DRIVE_NONE && !where->is_nothing && !is_range;
}

bool cert_where_plan_common(struct tx *tx, struct cert_where *where, bool *ret, struct err *err)
{
    if (!where->is_sqlite) {
        where->way = WAY_DRIVE;
        where->drive = where->counted;
        where->counted = DRIVE_NONE;
        where->n_drive = where->n_counted;
        *ret = true;
        return true;
    }
    where->along = ALONG_RECORDS;
    return cert_common_force(tx, where, ret, err) || err_wrap(err, "could not plan the search");
}

int64_t cert_where_plan_number(const struct cert_where *where)
{
    if (where->number >= 0 && where->way != WAY_WALK)
        return where->number;
    return (int64_t)where->told * TOLD + (int64_t)where->along * ALONG + (int64_t)where->way * 100 +
           (int64_t)(where->way == WAY_WALK && !where->is_sqlite && !where->along ? where->counted
                                                                                  : where->drive);
}

/* Read again, as the ids are not in the cursor. */
static bool read_common_again(struct tx *tx, struct cert_where *where, int64_t told, int64_t way,
    struct err *err)
{
    if (told >= 1 << N_DRIVES || (way != WAY_SET && way != WAY_DRIVE) ||
        !cert_common_may_be(where, (unsigned)told))
        return cert_where_plan(tx, where, err);
    if (!cert_common_read(tx, where, (unsigned)told, err))
        return false;
    where->way = where->set.n <= COMMON_DRIVE_MAX ? (enum cert_way)way : WAY_SET;
    return cert_common_add_kept(tx, where, err);
}

/* Are there such entries for what is asked? */
static bool may_go_along(const struct cert_where *where, int64_t along)
{
    if (along == ALONG_ACCESS)
        return !where->viewer->sees_all;
    return along == ALONG_RECORDS || (along == ALONG_TAG && where->tag) ||
           (along == ALONG_FIELD && where->filter->n_fields == 1);
}

static bool go_along(struct tx *tx, struct cert_where *where, enum cert_along along,
    struct err *err)
{
    walk_along(where, along);
    if (along != ALONG_ACCESS)
        return true;
    if (!find_holders(tx, where, err))
        return false;
    where->along = where->n_holders > 0 ? ALONG_ACCESS : ALONG_RECORDS;
    return true;
}

bool cert_where_plan_again(struct tx *tx, struct cert_where *where, int64_t number, struct err *err)
{
    autodone(select) struct select unused = SELECT_INIT;
    const int64_t told = number / TOLD;
    const int64_t along = number % TOLD / ALONG;

    number %= ALONG;
    int64_t way = number / 100;
    int64_t drive = number % 100;

    reset_plan(tx, where);
    if (!find_part_first(tx, where, err) || !cert_query_find(tx, where, err) ||
        !choose_field(tx, where, err))
        return false;
    if (told > 0)
        return read_common_again(tx, where, told, way, err);
    if (along && (where->sort != CERT_BY_EXPIRY || !may_go_along(where, along)))
        return cert_where_plan(tx, where, err);
    if (along || number == 0)
        return go_along(tx, where, (enum cert_along)along, err);
    if (way < (where->is_sqlite ? WAY_SET : WAY_WALK) || way > WAY_DRIVE || drive <= DRIVE_NONE ||
        drive >= N_DRIVES || (way == WAY_SET && !cert_drive_is_set(where, (enum drive)drive)) ||
        !cert_drive_add(where, (enum drive)drive, &unused))
        return cert_where_plan(tx, where, err);
    if (way == WAY_WALK) {
        where->counted = (enum drive)drive;
        return true;
    }
    where->way = (enum cert_way)way;
    where->drive = (enum drive)drive;
    return cert_set_load(tx, where, err) && cert_common_add_kept(tx, where, err);
}
