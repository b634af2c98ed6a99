/*
 * store/cert_where, the other half: conditions as they are checked on each record.
 *
 * What drives is decided in cert_where.c, and a condition here must not be made to drive by the
 * database after all. SQLite has no statistics and would take any index before the one that the
 * page is sorted by: to it, columns are hidden ("+c.owner_id"). PostgreSQL would rather join with
 * all that match than look once for each record: "OFFSET 0" in a subquery keeps it from that. There
 * the record's marks (store/cert_marks), which the index carries that is walked, say of most that
 * another table need not be asked.
 */
#include "store/cert_where.h"

#include "base/alloc.h"
#include "base/err.h"
#include "store/cert_sort.h"

#define ONCE " LIMIT 1 OFFSET 0)"

#define add_number(where, select, before, column)                                                  \
    ((where)->is_sqlite ? select_add(select, before "+" column) : select_add(select, before column))
#define add_text(where, select, before, column)                                                    \
    ((where)->is_sqlite ? select_add(select, before "(" column " || '')")                          \
                        : select_add(select, before column))

#define BIT(status) (1u << (status))

static void check_access(const struct cert_where *where, struct select *select)
{
    if (where->viewer->sees_all || cert_where_is_told(where, DRIVE_ACCESS))
        return;
    select_add(select,
        " AND EXISTS (SELECT 1 FROM certificate_access x WHERE x.certificate_id = c.id"
        " AND (+x.account_id = ");
    select_i64(select, where->viewer->account_id);
    select_add(select, " OR +x.group_id IN (SELECT m.group_id FROM group_member m"
                       " WHERE m.account_id = ");
    select_i64(select, where->viewer->account_id);
    select_add(select, "))" ONCE);
}

/* The full-text index keeps the words in a table of its own (FTS5's "%_content"): a look into that
 * takes less than half of one through the index, which makes a cursor each time. */
static void add_words_like(const struct cert_where *where, enum cert_words_of of,
    struct select *select)
{
    if (of == CERT_WORDS_OF_PLACE)
        select_add(select, " AND p.words LIKE ");
    else if (where->is_sqlite)
        select_add(select,
            " AND (SELECT s.c0 FROM certificate_search_content s WHERE s.id = c.id) LIKE ");
    else
        select_add(select,
            " AND (SELECT s.words FROM certificate_search s WHERE s.rowid = c.id) LIKE ");
}

void cert_where_add_words(const struct cert_where *where, enum cert_words_of of,
    struct select *select)
{
    if (where->words && (where->is_sqlite || !cert_where_is_told(where, DRIVE_WORDS))) {
        add_words_like(where, of, select);
        select_text(select, where->words);
    }
    if (where->words_exact) {
        add_words_like(where, of, select);
        select_text(select, where->words_exact);
        select_add(select, " ESCAPE '\\'");
    }
}

static void check_version(const struct cert_where *where, struct select *select)
{
    if (where->n_version_ids == 0 || cert_where_is_told(where, DRIVE_VERSION))
        return;
    add_number(where, select, " AND ", "c.version_id IN (");
    select_ids(select, where->version_ids, where->n_version_ids);
    select_add(select, ")");
}

/* PostgreSQL's indexes of the orders carry the end and marks, and what else the record says is
 * asked of it by its id: a walk that named a column more would read all records that it passes. */
static bool is_asked_apart(const struct cert_where *where)
{
    return !where->is_sqlite && where->way != WAY_DRIVE && where->along == ALONG_RECORDS &&
           where->sort != N_CERT_SORT && !cert_sort_is_by_check(where->sort);
}

/* Sorted by name, the range of names is the walk. */
static void check_name(const struct cert_where *where, struct select *select)
{
    bool walks = where->sort == CERT_BY_NAME && where->way != WAY_DRIVE;

    if (!where->name_from || cert_where_is_told(where, DRIVE_NAME))
        return;
    if (walks && !where->skips_from) {
        select_add(select, " AND c.name_lower >= ");
        select_text(select, where->name_from);
    }
    if (walks && !where->skips_until) {
        select_add(select, " AND c.name_lower < ");
        select_text(select, where->name_until);
    }
    if (walks)
        return;
    add_text(where, select, " AND ", "c.name_lower");
    select_add(select, " >= ");
    select_text(select, where->name_from);
    add_text(where, select, " AND ", "c.name_lower");
    select_add(select, " < ");
    select_text(select, where->name_until);
}

/* By whichever index the walk goes. */
static void add_walked_end(const struct cert_where *where, struct select *select)
{
    if (where->along != ALONG_RECORDS)
        select_add(select, " AND x.expires_at");
    else
        select_add(select, " AND c.expires_at");
}

static void check_dates(const struct cert_where *where, struct select *select)
{
    bool walks = where->sort == CERT_BY_EXPIRY && where->way != WAY_DRIVE;

    if (!where->has_dates || cert_where_is_told(where, DRIVE_DATES))
        return;
    if (walks && !where->skips_from) {
        add_walked_end(where, select);
        select_add(select, " >= ");
        select_i64(select, where->from);
    }
    if (walks && !where->skips_until) {
        add_walked_end(where, select);
        select_add(select, " <= ");
        select_i64(select, where->until);
    }
    if (walks)
        return;
    add_number(where, select, " AND ", "c.expires_at");
    select_add(select, " >= ");
    select_i64(select, where->from);
    add_number(where, select, " AND ", "c.expires_at");
    select_add(select, " <= ");
    select_i64(select, where->until);
}

/* One status, as core/rows_cert tells it from the same columns. */
static void add_status(const struct cert_where *where, struct select *select,
    enum cert_status status)
{
    if (status == CERT_REVOKED) {
        add_number(where, select, "", "c.revoked_at");
        select_add(select, " IS NOT NULL");
        return;
    }
    add_number(where, select, "(", "c.revoked_at");
    if (status == CERT_UNKNOWN) {
        add_number(where, select, " IS NULL AND ", "c.version_id");
        select_add(select, " IS NULL)");
        return;
    }
    add_number(where, select, " IS NULL AND ", "c.expires_at");
    if (status == CERT_EXPIRED)
        select_add(select, " < ");
    else
        select_add(select, " >= ");
    select_i64(select, where->now);
    if (status != CERT_EXPIRED) {
        add_number(where, select, " AND ", "c.begins_at");
        if (status == CERT_NOT_YET_VALID)
            select_add(select, " > ");
        else
            select_add(select, " <= ");
        select_i64(select, where->now);
    }
    if (status == CERT_VALID || status == CERT_EXPIRING_SOON) {
        add_number(where, select, " AND ", "c.expiring_at");
        if (status == CERT_VALID)
            select_add(select, " > ");
        else
            select_add(select, " <= ");
        select_i64(select, where->now);
    }
    select_add(select, ")");
}

static void check_statuses(const struct cert_where *where, struct select *select)
{
    bool is_first = true;

    if (!where->filter->statuses)
        return;
    select_add(select, " AND (");
    for (enum cert_status status = 0; status < N_CERT_STATUS; status++) {
        if (!(where->filter->statuses & BIT(status)))
            continue;
        if (!is_first)
            select_add(select, " OR ");
        add_status(where, select, status);
        is_first = false;
    }
    if (is_first)
        select_add(select, "1 = 0");
    select_add(select, ")");
}

static void check_sources(const struct cert_where *where, struct select *select)
{
    unsigned sources = where->filter->sources;

    if (!sources)
        return;
    select_add(select, " AND (1 = 0");
    if (sources & BIT(CERT_MANAGED))
        select_add(select, " OR c.is_managed = TRUE");
    if (sources & BIT(CERT_IMPORTED))
        select_add(select, " OR (c.is_managed = FALSE AND c.is_imported = TRUE)");
    if (sources & BIT(CERT_MONITORED))
        select_add(select, " OR (c.is_managed = FALSE AND c.is_imported = FALSE)");
    select_add(select, ")");
}

/* (owner_id, expires_at, id) is an index: by expiry, an owner's records may be walked along it. */
static void check_owner(const struct cert_where *where, struct select *select)
{
    if (!where->filter->owner || cert_where_is_told(where, DRIVE_OWNER))
        return;
    if (where->sort == CERT_BY_EXPIRY && where->way == WAY_WALK)
        select_add(select, " AND c.owner_id = ");
    else
        add_number(where, select, " AND ", "c.owner_id = ");
    select_add(select, "(SELECT a.id FROM account a WHERE a.name = ");
    select_text(select, where->filter->owner);
    select_add(select, ")");
}

static void check_business_group(const struct cert_where *where, struct select *select)
{
    if (!where->filter->business_group || cert_where_is_told(where, DRIVE_BUSINESS_GROUP))
        return;
    if (where->sort == CERT_BY_EXPIRY && where->way == WAY_WALK)
        select_add(select, " AND c.business_group_id = ");
    else
        add_number(where, select, " AND ", "c.business_group_id = ");
    select_add(select, "(SELECT g.id FROM business_group g WHERE g.name = ");
    select_text(select, where->filter->business_group);
    select_add(select, ")");
}

static void check_assignee(const struct cert_where *where, struct select *select)
{
    if (!where->filter->assignee || cert_where_is_told(where, DRIVE_ASSIGNEE))
        return;
    if (!*where->filter->assignee) {
        add_number(where, select, " AND ", "c.assignee_id IS NULL");
        return;
    }
    add_number(where, select, " AND ",
        "c.assignee_id = (SELECT a.id FROM account a WHERE a.name = ");
    select_text(select, where->filter->assignee);
    select_add(select, ")");
}

static void check_fields(const struct cert_where *where, struct select *select)
{
    for (size_t i = 0; i < where->filter->n_fields; i++) {
        if (i == where->field && cert_where_is_told(where, DRIVE_FIELD))
            continue;
        select_add(select, " AND EXISTS (SELECT 1 FROM certificate_field v"
                           " WHERE v.certificate_id = c.id"
                           " AND v.field_id = (SELECT f.id FROM custom_field f WHERE f.name = ");
        select_text(select, where->filter->fields[i].name);
        select_add(select, ") AND v.value = ");
        select_text(select, where->filter->fields[i].value);
        select_add(select, ONCE);
    }
}

/* A record that is read for its order has its tags with it, separated by what none of them has. */
static void check_tag(const struct cert_where *where, bool is_read, struct select *select)
{
    if (is_read && !strchr(where->tag, ';')) {
        autofree(str) char *between = xasprintf(";%s;", where->tag);

        select_add(select, " AND strpos(';' || c.tags || ';', ");
        select_text(select, between);
        select_add(select, ") > 0");
        return;
    }
    select_add(select, " AND EXISTS (SELECT 1 FROM certificate_tag t"
                       " WHERE t.certificate_id = c.id AND t.tag = ");
    select_text(select, where->tag);
    select_add(select, ONCE);
}

static void check_labels(const struct cert_where *where, bool is_read, struct select *select)
{
    const struct cert_filter *filter = where->filter;

    if (filter->tag && !cert_where_is_told(where, DRIVE_TAG))
        check_tag(where, is_read, select);
    if (filter->resource && !cert_where_is_told(where, DRIVE_RESOURCE)) {
        select_add(select, " AND EXISTS (SELECT 1 FROM association s"
                           " JOIN resource r ON r.id = s.resource_id"
                           " WHERE s.certificate_id = c.id AND r.name = ");
        select_text(select, filter->resource);
        select_add(select, ONCE);
    }
}

static void check_life(const struct cert_where *where, struct select *select)
{
    if (where->profile && !cert_where_is_told(where, DRIVE_PROFILE)) {
        select_add(select, " AND EXISTS (SELECT 1 FROM certificate_life l"
                           " JOIN profile p ON p.id = l.profile_id"
                           " WHERE l.certificate_id = c.id AND p.name_lower = ");
        select_text(select, where->profile);
        select_add(select, ONCE);
    }
    if (where->filter->stage && !cert_where_is_told(where, DRIVE_STAGE)) {
        select_add(select, " AND EXISTS (SELECT 1 FROM certificate_life l"
                           " JOIN ticket t ON t.id = l.ticket_id"
                           " WHERE l.certificate_id = c.id AND t.status = ");
        select_text(select, where->filter->stage);
        select_add(select, ONCE);
    }
}

/* (expires_at, id) of what is unused is an index. */
static void check_unused(const struct cert_where *where, struct select *select)
{
    if (!where->filter->is_unused || cert_where_is_told(where, DRIVE_UNUSED))
        return;
    if (where->sort == CERT_BY_EXPIRY && where->way == WAY_WALK)
        select_add(select, " AND c.is_unused = TRUE");
    else
        add_number(where, select, " AND ", "c.is_unused = TRUE");
}

/* By expiry, an issuer's records may be walked along the index of those that have one. */
static void check_issuer(const struct cert_where *where, struct select *select)
{
    const char *const issuer = where->filter->issuer;

    if (!issuer || cert_where_is_told(where, DRIVE_ISSUER))
        return;
    if (where->way == WAY_WALK && where->sort == CERT_BY_ISSUER)
        select_add(select, " AND c.issuer");
    else if (where->way == WAY_WALK && where->sort == CERT_BY_EXPIRY && *issuer)
        select_add(select, " AND c.issuer <> '' AND c.issuer");
    else
        add_text(where, select, " AND ", "c.issuer");
    select_add(select, " = ");
    select_text(select, issuer);
}

static void check_alert(const struct cert_where *where, struct select *select)
{
    const char *const alert = where->filter->alert;

    if (!alert || cert_where_is_told(where, DRIVE_ALERT))
        return;
    add_text(where, select, " AND ", "c.alert");
    if (strcmp(alert, "any") == 0) {
        select_add(select, " <> ''");
        return;
    }
    /* Nothing else: to PostgreSQL two conditions would leave a hundredth of what this one does. */
    select_add(select, " = ");
    select_text(select, alert);
}

/* In the order of what they cost and leave: who has so much to see that it is walked past sees most
 * of what comes. */
static void check_apart(const struct cert_where *where, bool is_read, struct select *select)
{
    check_labels(where, is_read, select);
    check_life(where, select);
    check_fields(where, select);
    check_access(where, select);
    cert_where_add_words(where, CERT_WORDS_OF_RECORD, select);
}

void cert_where_add_checks_by_id(const struct cert_where *where, struct select *select)
{
    check_apart(where, false, select);
}

void cert_where_add_checks_by_column(const struct cert_where *where, struct select *select)
{
    check_version(where, select);
    check_dates(where, select);
    check_statuses(where, select);
    check_unused(where, select);
    check_owner(where, select);
    check_business_group(where, select);
    check_assignee(where, select);
    check_sources(where, select);
    check_issuer(where, select);
    check_alert(where, select);
    check_name(where, select);
}

/* The one condition, beside dates and names, that is a range of an index in the order of the walk.
 */
static void take_range(enum cert_sort sort, struct cert_filter *range, struct cert_filter *rest)
{
    const bool is_by_end = sort == CERT_BY_EXPIRY;

    if (is_by_end && rest->owner) {
        range->owner = rest->owner;
        rest->owner = NULL;
    } else if (is_by_end && rest->business_group) {
        range->business_group = rest->business_group;
        rest->business_group = NULL;
    } else if (sort == CERT_BY_ISSUER || (is_by_end && rest->issuer && *rest->issuer)) {
        range->issuer = rest->issuer;
        rest->issuer = NULL;
    } else if (is_by_end) {
        range->is_unused = rest->is_unused;
        rest->is_unused = false;
    }
}

/* What is a range of the walk is asked of its index, facts have been, and the rest is asked of each
 * record: in one look. */
static void check_columns_apart(const struct cert_where *where, struct select *select)
{
    struct cert_filter range_filter = { 0 };
    struct cert_filter rest_filter = *where->filter;
    struct cert_where range = *where;
    struct cert_where rest = *where;

    take_range(where->sort, &range_filter, &rest_filter);
    cert_where_drop_facts(&rest_filter);
    range.filter = &range_filter;
    rest.filter = &rest_filter;
    rest.sort = N_CERT_SORT;
    rest.has_dates = false;
    range.n_version_ids = 0;
    if (where->sort == CERT_BY_NAME)
        rest.name_from = NULL;
    else
        range.name_from = NULL;
    cert_where_add_checks_by_column(&range, select);
    if (!cert_where_reads_records(&rest))
        return;
    select_add(select,
        " AND EXISTS (SELECT 1 FROM (SELECT * FROM certificate r WHERE r.id = c.id) AS c WHERE 1 = 1");
    cert_where_add_checks_by_column(&rest, select);
    select_add(select, ONCE);
}

/* Before another table is asked, which PostgreSQL puts behind what costs it nothing. */
static void check_marks(const struct cert_where *where, bool with_facts, struct select *select)
{
    select_add(select, " AND ");
    cert_where_add_marks(where, with_facts, select);
}

void cert_where_add_checks(const struct cert_where *where, struct select *select)
{
    if (is_asked_apart(where)) {
        check_marks(where, true, select);
        check_columns_apart(where, select);
    } else {
        if (cert_where_has_marks(where, false))
            check_marks(where, false, select);
        cert_where_add_checks_by_column(where, select);
    }
    check_apart(where, !where->is_sqlite && where->way == WAY_DRIVE, select);
}
