/* store/cert_sample: see the header. */
#include "store/cert_sample.h"

#include "base/alloc.h"
#include "base/err.h"
#include "store/cert_count.h"
#include "store/cert_drive.h"
#include "store/cert_query.h"

/* Some five hundred. */
#define N_PLACES 16

/* What is read at each place: 32 of them in a row. */
enum places { PLACES_OF_IDS, PLACES_OF_WORDS, PLACES_OF_RECORDS };

/* From one place to the next. */
static void add_step(struct select *select, int64_t n_places, int64_t max_id)
{
    if (max_id > 0) {
        select_add(select, "CAST(");
        select_i64(select, max_id);
        select_add(select, " AS BIGINT) / ");
    } else {
        select_add(select, "(SELECT COALESCE(max(id), 0) FROM certificate) / ");
    }
    select_i64(select, n_places);
}

/* For PostgreSQL, which would plan each place by itself otherwise, for longer than it looks there.
 * Rows that stand together are read at a fifth of what it takes to look each up. That there are few
 * places it is told, or it would take them for a thousand, and plan each time to know better. */
static void add_places_at_once(struct select *select, enum places of, int64_t n_places,
    int64_t max_id)
{
    select_add(select,
        "SELECT place.* FROM (SELECT begin_id FROM generate_series(CAST(1 AS BIGINT), 1 + ");
    add_step(select, n_places, max_id);
    select_add(select, " * ");
    select_i64(select, n_places - 1);
    select_add(select, ", GREATEST(");
    add_step(select, n_places, max_id);
    if (n_places <= N_PLACES)
        select_add(select, ", 1)) AS s(begin_id) LIMIT 16");
    else
        select_add(select, ", 1)) AS s(begin_id) LIMIT 100");
    select_add(select, ") AS g CROSS JOIN LATERAL (SELECT ");
    if (of == PLACES_OF_WORDS)
        select_add(select, "rowid AS id, words FROM certificate_search"
                           " WHERE rowid >= g.begin_id ORDER BY rowid");
    else if (of == PLACES_OF_RECORDS)
        select_add(select, "* FROM certificate WHERE id >= g.begin_id ORDER BY id");
    else
        select_add(select, "id FROM certificate WHERE id >= g.begin_id ORDER BY id");
    select_add(select, " LIMIT 32) AS place");
}

static void add_places_apart(struct select *select, int64_t n_places, int64_t max_id)
{
    for (int64_t i = 0; i < n_places; i++) {
        if (i)
            select_add(select, " UNION ALL ");
        select_add(select, "SELECT id FROM (SELECT id FROM certificate WHERE id >= ");
        select_i64(select, 1 + max_id / n_places * i);
        select_add(select, " ORDER BY id LIMIT 32) AS place");
    }
}

void cert_sample_add(struct select *select, bool is_sqlite, int64_t n_places, int64_t max_id)
{
    if (is_sqlite)
        add_places_apart(select, n_places, max_id);
    else
        add_places_at_once(select, PLACES_OF_IDS, n_places, max_id);
}

/* Nothing drives, and nothing is known of what is looked at. */
static struct cert_where plain(const struct cert_where *where)
{
    struct cert_where copy = *where;

    copy.way = WAY_WALK;
    copy.drive = DRIVE_NONE;
    copy.told = 0;
    copy.skips_from = copy.skips_until = false;
    copy.along = ALONG_RECORDS;
    copy.sort = N_CERT_SORT;
    return copy;
}

/* How many names begin with the words. */
static void add_begun(const struct cert_where *where, struct select *select)
{
    autofree(str) char *from = NULL;
    autofree(str) char *until = NULL;

    if (!where->is_sqlite || where->sort != CERT_BY_NAME || !cert_query_is_plain(where)) {
        select_add(select, "0");
        return;
    }
    cert_query_set_range(where, &from, &until);
    select_add(select, "count(CASE WHEN c.name_lower >= ");
    select_text(select, from);
    select_add(select, " AND c.name_lower < ");
    select_text(select, until);
    select_add(select, " THEN 1 END)");
}

/* A filter of the one condition that `drive` drives with, to be checked on a record. */
static void keep_one(const struct cert_where *where, enum drive drive, struct cert_filter *filter,
    struct cert_where *one)
{
    static const struct store_viewer everybody = { .sees_all = true };
    const struct cert_filter *all = where->filter;
    const bool is_status =
        drive == DRIVE_UNKNOWN || drive == DRIVE_REVOKED || drive == DRIVE_NOT_YET;

    *filter = (struct cert_filter){
        .statuses = is_status ? all->statuses : 0,
        .sources = drive == DRIVE_SOURCE ? all->sources : 0,
        .business_group = drive == DRIVE_BUSINESS_GROUP ? all->business_group : NULL,
        .owner = drive == DRIVE_OWNER ? all->owner : NULL,
        .assignee = drive == DRIVE_ASSIGNEE ? all->assignee : NULL,
        .resource = drive == DRIVE_RESOURCE ? all->resource : NULL,
        .tag = drive == DRIVE_TAG ? all->tag : NULL,
        .stage = drive == DRIVE_STAGE ? all->stage : NULL,
        .issuer = drive == DRIVE_ISSUER ? all->issuer : NULL,
        .alert = drive == DRIVE_ALERT ? all->alert : NULL,
        .fields = { all->fields[where->field] },
        .n_fields = drive == DRIVE_FIELD,
        .is_unused = drive == DRIVE_UNUSED,
    };
    *one = plain(where);
    one->filter = filter;
    one->viewer = drive == DRIVE_ACCESS ? where->viewer : &everybody;
    one->tag = drive == DRIVE_TAG ? where->tag : NULL;
    one->n_seen_by = drive == DRIVE_ACCESS ? where->n_seen_by : 0;
    one->profile = drive == DRIVE_PROFILE ? where->profile : NULL;
    one->words = drive == DRIVE_WORDS ? where->words : NULL;
    one->words_exact = NULL;
    one->name_from = drive == DRIVE_NAME ? where->name_from : NULL;
    one->n_version_ids = drive == DRIVE_VERSION ? where->n_version_ids : 0;
    one->has_dates = drive == DRIVE_DATES;
}

/* Does a record tell by its marks whether it may meet the one condition? Then that is asked for. */
static bool add_marked(const struct cert_where *where, enum drive drive, struct select *select)
{
    autodone(select) struct select unused = SELECT_INIT;
    struct cert_filter filter;
    struct cert_where one;

    if (where->is_sqlite || where->words || !cert_drive_add(where, drive, &unused))
        return false;
    keep_one(where, drive, &filter, &one);
    if (!cert_where_has_marks(&one, true))
        return false;
    select_add(select, ", count(CASE WHEN ");
    cert_where_add_marks(&one, true, select);
    select_add(select, " THEN 1 END)");
    return true;
}

/* " FROM … WHERE …": the records here and there that have the words, if there are any. */
static void add_sample(const struct cert_where *where, int64_t max_id, struct select *select)
{
    if (where->is_sqlite) {
        select_add(select, " FROM (");
        cert_sample_add(select, true, N_PLACES, max_id);
        select_add(select, ") AS sample CROSS JOIN certificate c WHERE c.id = sample.id");
        cert_where_add_words(where, CERT_WORDS_OF_RECORD, select);
    } else if (where->words) {
        select_add(select, " FROM (SELECT p.id FROM (");
        add_places_at_once(select, PLACES_OF_WORDS, N_PLACES, max_id);
        select_add(select, ") AS p WHERE 1 = 1");
        cert_where_add_words(where, CERT_WORDS_OF_PLACE, select);
        select_add(select, ") AS sample CROSS JOIN certificate c WHERE c.id = sample.id");
    } else {
        select_add(select, " FROM (");
        add_places_at_once(select, PLACES_OF_RECORDS, N_PLACES, max_id);
        select_add(select, ") AS c WHERE 1 = 1");
    }
}

bool cert_sample(struct tx *tx, struct cert_where *where, struct err *err)
{
    const struct cert_where whole = plain(where);
    struct cert_where others = whole;
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;
    bool is_marked[N_DRIVES] = { false };
    int column = 4;

    /* PostgreSQL says it with the rest. */
    if (where->is_sqlite && !cert_count_find_max(tx, where, err))
        return false;
    if (where->is_sqlite && where->max_id <= CERT_TOTAL_EXACT)
        return true;
    others.words = others.words_exact = NULL;
    select_add(&select, "SELECT count(*), count(CASE WHEN 1 = 1");
    cert_where_add_checks(&others, &select);
    select_add(&select, " THEN 1 END), ");
    add_begun(where, &select);
    if (where->is_sqlite)
        select_add(&select, ", 0");
    else
        select_add(&select, ", (SELECT COALESCE(max(id), 0) FROM certificate)");
    for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++)
        is_marked[drive] = add_marked(where, drive, &select);
    add_sample(&whole, where->max_id, &select);
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        if (!where->is_sqlite)
            where->max_id = stmt_i64(q, 3);
        if (where->max_id <= CERT_TOTAL_EXACT)
            continue;
        where->n_sampled = N_PLACES * CERT_SAMPLE_PLACE;
        where->n_worded = stmt_i64(q, 0);
        where->n_hits = stmt_i64(q, 1);
        where->n_begun = stmt_i64(q, 2);
        for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++)
            where->n_marked[drive] = is_marked[drive] ? stmt_i64(q, column++) : 0;
    }
    return stmt_end(q, err);
}

/* A filter of what nothing drives with. */
static void keep_rest(const struct cert_where *where, const int64_t n[static N_DRIVES],
    struct cert_filter *filter, struct cert_where *rest)
{
    const struct cert_filter *all = where->filter;
    const bool has_status = n[DRIVE_UNKNOWN] < 0 && n[DRIVE_REVOKED] < 0 && n[DRIVE_NOT_YET] < 0;

    keep_one(where, DRIVE_NONE, filter, rest);
    filter->statuses = has_status ? all->statuses : 0;
    filter->sources = n[DRIVE_SOURCE] < 0 ? all->sources : 0;
    filter->assignee = n[DRIVE_ASSIGNEE] < 0 ? all->assignee : NULL;
    filter->issuer = n[DRIVE_ISSUER] < 0 ? all->issuer : NULL;
    filter->n_fields = 0;
    for (size_t i = 0; i < all->n_fields; i++) {
        if (i != where->field)
            filter->fields[filter->n_fields++] = all->fields[i];
    }
    rest->name_from = n[DRIVE_NAME] < 0 ? where->name_from : NULL;
    rest->has_dates = n[DRIVE_DATES] < 0 && where->has_dates;
}

bool cert_sample_each(struct tx *tx, const struct cert_where *where, int64_t ret_n[static N_DRIVES],
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;
    struct cert_filter filter;
    struct cert_where one;
    int64_t max = 0;
    int column = 0;

    if (!cert_count_max_id(tx, &max, err))
        return false;
    select_add(&select, "SELECT ");
    for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++) {
        autodone(select) struct select unused = SELECT_INIT;

        ret_n[drive] = cert_drive_add(where, drive, &unused) ? 0 : -1;
        if (ret_n[drive] < 0)
            continue;
        select_add(&select, "count(CASE WHEN 1 = 1");
        keep_one(where, drive, &filter, &one);
        cert_where_add_checks(&one, &select);
        select_add(&select, " THEN 1 END), ");
    }
    select_add(&select, "count(CASE WHEN 1 = 1");
    keep_rest(where, ret_n, &filter, &one);
    cert_where_add_checks(&one, &select);
    select_add(&select, " THEN 1 END) FROM (");
    cert_sample_add(&select, where->is_sqlite, N_PLACES, max);
    select_add(&select, ") AS sample CROSS JOIN certificate c WHERE c.id = sample.id");
    q = select_prepare(tx, &select);
    if (stmt_next(q)) {
        for (enum drive drive = DRIVE_NONE + 1; drive < N_DRIVES; drive++) {
            if (ret_n[drive] >= 0)
                ret_n[drive] = stmt_i64(q, column++);
        }
        ret_n[DRIVE_NONE] = stmt_i64(q, column);
    }
    return stmt_end(q, err);
}
