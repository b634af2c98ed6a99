/* store/cert_where: see the header. What is checked on each record is in cert_check.c. */
#include "store/cert_where.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/fold.h"
#include "store/cert_drive.h"
#include "store/cert_query.h"
#include "store/cert_set.h"
#include "store/cert_sort.h"

#define BIT(status) (1u << (status))
#define DATED (BIT(CERT_VALID) | BIT(CERT_EXPIRING_SOON) | BIT(CERT_EXPIRED))

/* Months differ by so many days. */
#define SLACK_DAYS 4

/*
 * Where by months, "expiring soon" and "valid" lie on two sides of one day, give or take the days
 * by which months differ. The conditions on expiring_at decide; this says where the first may be,
 * and the last: of a day, the instants from one on.
 */
static void narrow_by_rule(struct cert_where *where, const struct display_rule *rule)
{
    const unsigned statuses = where->filter->statuses;
    int64_t first_valid = INT64_MAX;
    int64_t last_expiring = INT64_MIN;
    int64_t border;

    if (rule->lifetime_percent > 0)
        return;
    border = clock_add_months(where->now, rule->months);
    border -= border % SECONDS_PER_DAY;
    for (int64_t i = -SLACK_DAYS; i <= SLACK_DAYS; i++) {
        const int64_t day = border + i * SECONDS_PER_DAY;
        const int64_t n_expiring = where->now - clock_add_months(day, -rule->months) + 1;

        if (n_expiring < SECONDS_PER_DAY && first_valid == INT64_MAX)
            first_valid = day + (n_expiring > 0 ? n_expiring : 0);
        if (n_expiring > 0)
            last_expiring = day + (n_expiring < SECONDS_PER_DAY ? n_expiring : SECONDS_PER_DAY) - 1;
    }
    if (statuses == BIT(CERT_VALID))
        where->from = first_valid > where->from ? first_valid : where->from;
    else if (!(statuses & BIT(CERT_VALID)))
        where->until = last_expiring < where->until ? last_expiring : where->until;
}

bool cert_where_is_dated(const struct cert_filter *filter)
{
    return filter->statuses && !(filter->statuses & ~DATED);
}

static void set_dates(struct cert_where *where, const struct display_rule *rule)
{
    const struct cert_filter *filter = where->filter;

    where->from = INT64_MIN;
    where->until = INT64_MAX;
    if (cert_where_is_dated(filter)) {
        if (!(filter->statuses & BIT(CERT_EXPIRED)))
            where->from = where->now;
        if (filter->statuses == BIT(CERT_EXPIRED))
            where->until = where->now - 1;
        narrow_by_rule(where, rule);
    }
    if (filter->expires_after && filter->expires_after > where->from)
        where->from = filter->expires_after;
    if (filter->expires_before && filter->expires_before - 1 < where->until)
        where->until = filter->expires_before - 1;
    where->has_dates = where->from != INT64_MIN || where->until != INT64_MAX;
}

void cert_where_init(struct cert_where *where, const struct store_viewer *viewer,
    const struct cert_filter *filter, enum cert_sort sort, const struct cert_page_request *request)
{
    *where = (struct cert_where){ .viewer = viewer,
        .filter = filter,
        .statuses = filter->statuses,
        .sort = sort,
        .now = request->now,
        .tag = filter->tag ? text_fold(filter->tag) : NULL,
        .profile = filter->profile ? text_fold(filter->profile) : NULL,
        .drive_max = request->drive_max ? request->drive_max : DRIVE_MAX,
        .set_max = request->set_max ? request->set_max : SET_MAX,
        .is_common = request->is_common };
    if (filter->q)
        cert_query_set(where, filter->q);
    set_dates(where, &request->rule);
}

void cert_where_done(struct cert_where *where)
{
    cert_set_done(where);
    id_list_done(&where->ids);
    free(where->tag);
    free(where->profile);
    free(where->words);
    free(where->words_exact);
    free(where->hex);
    free(where->name_from);
    free(where->name_until);
    where->tag = where->profile = where->words = where->words_exact = where->hex =
        where->name_from = where->name_until = NULL;
}

/* The dates of a status are not another condition. */
int cert_where_n_conditions(const struct cert_where *where)
{
    const struct cert_filter *f = where->filter;
    const bool has[] = { !where->viewer->sees_all,
        where->words || where->name_from || where->n_version_ids,
        f->expires_before || f->expires_after, f->statuses, f->sources, f->business_group, f->owner,
        f->assignee, f->resource, f->tag, f->profile, f->stage, f->issuer, f->alert, f->is_unused,
        f->n_fields };
    int n = 0;

    for (size_t i = 0; i < countof(has); i++)
        n += has[i];
    return n;
}

bool cert_where_is_range(const struct cert_where *where)
{
    return (where->sort == CERT_BY_ISSUER && where->filter->issuer) ||
           (where->sort == CERT_BY_NAME && where->name_from) ||
           (where->sort == CERT_BY_EXPIRY && where->has_dates);
}

bool cert_where_reads_records(const struct cert_where *where)
{
    const struct cert_filter *const f = where->filter;
    const struct {
        bool is_asked;
        enum drive drive; /* which would tell it; DRIVE_NONE: nothing does */
    } columns[] = {
        { where->n_version_ids > 0, DRIVE_VERSION },
        { where->name_from != NULL, DRIVE_NAME },
        { f->statuses != 0, DRIVE_NONE },
        { f->sources != 0, DRIVE_SOURCE },
        { f->business_group != NULL, DRIVE_BUSINESS_GROUP },
        { f->owner != NULL, DRIVE_OWNER },
        { f->assignee != NULL, DRIVE_ASSIGNEE },
        { f->issuer != NULL, DRIVE_ISSUER },
        { f->alert != NULL, DRIVE_ALERT },
        { f->is_unused, DRIVE_UNUSED },
    };

    for (size_t i = 0; i < countof(columns); i++) {
        if (columns[i].is_asked &&
            (columns[i].drive == DRIVE_NONE || !cert_where_is_told(where, columns[i].drive)))
            return true;
    }
    return false;
}

bool cert_where_sees_most(const struct cert_where *where)
{
    return where->viewer->sees_all || (where->is_part_known && !where->is_part_small);
}

enum drive cert_where_along_drive(enum cert_along along)
{
    static const enum drive drives[N_ALONG] = { [ALONG_RECORDS] = DRIVE_NONE,
        [ALONG_ACCESS] = DRIVE_ACCESS,
        [ALONG_TAG] = DRIVE_TAG,
        [ALONG_FIELD] = DRIVE_FIELD };

    return drives[along];
}

bool cert_where_is_told(const struct cert_where *where, enum drive drive)
{
    return where->drive == drive || where->told & 1u << drive ||
           (drive != DRIVE_NONE && cert_where_along_drive(where->along) == drive);
}

/* The index of what drives carries them. */
static bool is_driven_by_marks(const struct cert_where *where)
{
    return cert_drive_has_marks(where->drive) && !cert_drive_is_known(where, where->drive) &&
           cert_where_has_marks(where, true);
}

void cert_where_add_drive(const struct cert_where *where, struct select *select)
{
    select->is_for_values = true;
    ASSERT(cert_drive_add(where, where->drive, select));
    if ((where->drive == DRIVE_TAG || where->drive == DRIVE_FIELD) &&
        !cert_drive_is_known(where, where->drive))
        cert_where_add_holders(where, select);
    if (is_driven_by_marks(where)) {
        select_add(select, " AND ");
        cert_where_add_marks(where, true, select);
    }
}

#define add_set_column(where, select, column)                                                      \
    ((where)->is_sqlite ? select_add(select, " AND +" column " IN (")                              \
                        : select_add(select, " AND (" column " IN ("))

static void add_is_in_set(const struct cert_where *where, struct select *select)
{
    if (cert_sort_is_by_check(where->sort))
        select_add(select, " AND is_one_of(h.certificate_id, ");
    else
        select_add(select, " AND is_one_of(c.id, ");
    select_id_set(select, where->set.items, where->set.n);
    select_add(select, ")");
}

static void add_walk(const struct cert_where *where, struct select *select)
{
    if (cert_sort_is_by_check(where->sort))
        select_add(select, " FROM certificate_check h CROSS JOIN certificate c"
                           " WHERE c.id = h.certificate_id");
    else
        select_add(select, " FROM certificate c WHERE 1 = 1");
    if (where->way == WAY_WALK)
        return;
    if (where->has_set) {
        add_is_in_set(where, select);
        return;
    }
    /* Neither database may look from the set's side after all: PostgreSQL would join, but not what
     * is asked whether it is true. */
    if (cert_sort_is_by_check(where->sort))
        add_set_column(where, select, "h.certificate_id");
    else
        add_set_column(where, select, "c.id");
    select_add(select, "SELECT source.id FROM (");
    cert_where_add_drive(where, select);
    if (where->is_sqlite)
        select_add(select, ") AS source)");
    else
        select_add(select, ") AS source)) IS TRUE");
}

/* What can be told from the id alone is asked before the record is read. */
static void add_drive_checked(const struct cert_where *where, struct select *select)
{
    cert_where_add_drive(where, select);
    select_add(select, ") AS c WHERE 1 = 1");
    cert_where_add_checks_by_id(where, select);
}

void cert_where_add_driving_ids(const struct cert_where *where, struct select *select)
{
    if (where->has_set) {
        select_add(select, " FROM (SELECT c.id FROM (");
        cert_set_add_ids(where, 1, select);
        select_add(select, ") AS c WHERE 1 = 1");
        cert_where_add_checks_by_id(where, select);
        select_add(select, ") AS driver");
        return;
    }
    select_add(select, " FROM (SELECT DISTINCT c.id FROM (");
    add_drive_checked(where, select);
    select_add(select, ") AS driver");
}

static void add_driven(const struct cert_where *where, struct select *select)
{
    if (where->is_sqlite) {
        /* CROSS JOIN is SQLite's way of being told which side comes first. */
        cert_where_add_driving_ids(where, select);
        select_add(select, " CROSS JOIN certificate c");
    } else {
        select_add(select, " FROM certificate c");
    }
    if (cert_sort_is_by_check(where->sort))
        select_add(select, " JOIN certificate_check h ON h.certificate_id = c.id");
    if (where->is_sqlite) {
        select_add(select, " WHERE c.id = driver.id");
        return;
    }
    /* PostgreSQL takes an array to be short, whatever it thinks of the query that makes it. */
    select_add(select, " WHERE c.id = ANY (ARRAY(SELECT c.id FROM (");
    add_drive_checked(where, select);
    select_add(select, "))");
}

/* The records themselves say it, and PostgreSQL goes from its index to them: to go by their ids
 * would be half as much again. */
static bool is_driven_by_itself(const struct cert_where *where)
{
    return !where->is_sqlite && cert_drive_is_of_record(where->drive) &&
           !cert_drive_is_known(where, where->drive) && !is_driven_by_marks(where);
}

static void add_driven_by_itself(const struct cert_where *where, struct select *select)
{
    struct cert_where all = *where;

    all.way = WAY_WALK;
    all.drive = DRIVE_NONE;
    all.sort = N_CERT_SORT;
    select_add(select, " FROM certificate c");
    if (cert_sort_is_by_check(where->sort))
        select_add(select, " JOIN certificate_check h ON h.certificate_id = c.id");
    select_add(select, " WHERE 1 = 1");
    cert_where_add_checks(&all, select);
}

/* Of nearly all of them the record is read: what it says need not be asked of other tables. */
static void add_known(const struct cert_where *where, struct select *select)
{
    select_add(select, " FROM certificate c");
    if (cert_sort_is_by_check(where->sort))
        select_add(select, " JOIN certificate_check h ON h.certificate_id = c.id");
    select_add(select, " WHERE c.id = ANY (CAST(");
    select_id_array(select, where->ids.items, where->ids.n);
    select_add(select, " AS BIGINT[]))");
    cert_where_add_checks(where, select);
}

void cert_where_add(const struct cert_where *where, struct select *select)
{
    select->is_for_values = true;
    if (where->way == WAY_DRIVE && cert_drive_is_of_record(where->drive) &&
        cert_drive_is_known(where, where->drive)) {
        add_known(where, select);
    } else if (where->way == WAY_DRIVE && is_driven_by_itself(where)) {
        add_driven_by_itself(where, select);
    } else if (where->way == WAY_DRIVE) {
        add_driven(where, select);
        cert_where_add_checks_by_column(where, select);
    } else {
        add_walk(where, select);
        cert_where_add_checks(where, select);
    }
}

/* "SELECT … AS id, expires_at FROM … WHERE …": the entries that are walked. */
static void add_entries(const struct cert_where *where, int64_t holder, struct select *select)
{
    select_add(select, "SELECT certificate_id AS id, expires_at FROM ");
    if (where->along == ALONG_TAG) {
        select_add(select, "certificate_tag WHERE tag = ");
        select_text(select, where->tag);
        cert_where_add_holders(where, select);
    } else if (where->along == ALONG_FIELD) {
        select_add(select, "certificate_field WHERE ");
        cert_drive_add_field(where, select);
        cert_where_add_holders(where, select);
    } else if (holder) {
        select_add(select, "certificate_access WHERE group_id = ");
        select_i64(select, holder);
    } else {
        select_add(select, "certificate_access WHERE account_id = ");
        select_i64(select, where->viewer->account_id);
    }
}

/* Asked of the id before the record is read, and the record only where something is asked of it. */
void cert_where_add_entries(const struct cert_where *where, int64_t holder, struct select *select)
{
    select->is_for_values = true;
    select_add(select, " FROM (SELECT c.id, c.expires_at FROM (");
    add_entries(where, holder, select);
    select_add(select, ") AS c WHERE 1 = 1");
    cert_where_add_checks_by_id(where, select);
    select_add(select, ") AS x");
    if (!cert_where_reads_records(where))
        select_add(select, " WHERE 1 = 1");
    else if (where->is_sqlite)
        select_add(select, " CROSS JOIN certificate c WHERE c.id = x.id");
    else /* PostgreSQL would rather join with all that it thinks are few */
        select_add(select, " CROSS JOIN LATERAL (SELECT * FROM certificate r WHERE r.id = x.id"
                           " LIMIT 1 OFFSET 0) AS c WHERE 1 = 1");
    cert_where_add_checks_by_column(where, select);
}
