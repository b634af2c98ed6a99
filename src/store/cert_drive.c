/* store/cert_drive: see the header. */
#include "store/cert_drive.h"

#include <string.h>

#include "base/alloc.h"
#include "store/trigram.h"

#define RECORDS "SELECT * FROM certificate WHERE "

#define BIT(status) (1u << (status))

static void add_account(struct select *select, const char *name)
{
    select_add(select, "(SELECT a.id FROM account a WHERE a.name = ");
    select_text(select, name);
    select_add(select, ")");
}

static void add_business_group(struct select *select, const char *name)
{
    select_add(select, "(SELECT g.id FROM business_group g WHERE g.name = ");
    select_text(select, name);
    select_add(select, ")");
}

static void add_resource(struct select *select, const char *name)
{
    select_add(select, "(SELECT r.id FROM resource r WHERE r.name = ");
    select_text(select, name);
    select_add(select, ")");
}

void cert_drive_add_groups(struct select *select, int64_t account_id)
{
    select_add(select, "(SELECT m.group_id FROM group_member m WHERE m.account_id = ");
    select_i64(select, account_id);
    select_add(select, ")");
}

static bool drive_version(const struct cert_where *where, struct select *select)
{
    if (where->n_version_ids == 0)
        return false;
    select_add(select, RECORDS "version_id IN (");
    select_ids(select, where->version_ids, where->n_version_ids);
    select_add(select, ")");
    return true;
}

#define RUNS_MAX 8

/* The index is asked for the runs of the words, and what it finds for the words themselves. */
static void add_words_by_index(const struct cert_where *where, struct select *select)
{
    struct span runs[RUNS_MAX];
    const size_t n = trigram_runs(span_text(where->words), runs, RUNS_MAX);

    for (size_t i = 0; i < n; i++) {
        autofree(str) char *pattern = xasprintf("%%%.*s%%", (int)runs[i].size, runs[i].data);

        select_add(select, "words LIKE ");
        select_text(select, pattern);
        select_add(select, " AND ");
    }
    if (n > 0)
        select_add(select, "(words || '') LIKE ");
    else
        select_add(select, "words LIKE ");
    select_text(select, where->words);
}

/* On SQLite those that have all parts of three characters, wherever these stand: nearly always the
 * same, and a tenth of the work, as FTS5 reads no texts then. The words themselves are checked. */
static bool drive_words(const struct cert_where *where, struct select *select)
{
    if (!where->words)
        return false;
    if (where->is_sqlite) {
        autofree(str) char *match = trigram_match(where->words);

        select_add(select,
            "SELECT rowid AS id FROM certificate_search WHERE certificate_search MATCH ");
        select_text(select, match);
        return true;
    }
    select_add(select, "SELECT rowid AS id FROM certificate_search WHERE ");
    add_words_by_index(where, select);
    return true;
}

/* Sorted by name, the names are a range of the walk; and so are an issuer's and an owner's records,
 * sorted by these. */
static bool drive_name(const struct cert_where *where, struct select *select)
{
    if (!where->name_from || where->sort == CERT_BY_NAME)
        return false;
    select_add(select, RECORDS "name_lower >= ");
    select_text(select, where->name_from);
    select_add(select, " AND name_lower < ");
    select_text(select, where->name_until);
    return true;
}

static bool drive_tag(const struct cert_where *where, struct select *select)
{
    if (!where->tag)
        return false;
    select_add(select, "SELECT certificate_id AS id FROM certificate_tag WHERE tag = ");
    select_text(select, where->tag);
    return true;
}

static bool drive_resource(const struct cert_where *where, struct select *select)
{
    if (!where->filter->resource)
        return false;
    select_add(select,
        "SELECT DISTINCT certificate_id AS id FROM association WHERE resource_id = ");
    add_resource(select, where->filter->resource);
    return true;
}

/* One of them, as the plan has chosen; the others are checked. */
void cert_drive_add_field(const struct cert_where *where, struct select *select)
{
    select_add(select, "field_id = (SELECT f.id FROM custom_field f WHERE f.name = ");
    select_text(select, where->filter->fields[where->field].name);
    select_add(select, ") AND value = ");
    select_text(select, where->filter->fields[where->field].value);
}

static bool drive_field(const struct cert_where *where, struct select *select)
{
    if (!where->filter->n_fields)
        return false;
    select_add(select, "SELECT certificate_id AS id FROM certificate_field WHERE ");
    cert_drive_add_field(where, select);
    return true;
}

static bool drive_profile(const struct cert_where *where, struct select *select)
{
    if (!where->profile)
        return false;
    select_add(select, "SELECT certificate_id AS id FROM certificate_life WHERE profile_id ="
                       " (SELECT p.id FROM profile p WHERE p.name_lower = ");
    select_text(select, where->profile);
    select_add(select, ")");
    return true;
}

static bool drive_stage(const struct cert_where *where, struct select *select)
{
    if (!where->filter->stage)
        return false;
    select_add(select, "SELECT l.certificate_id AS id FROM ticket t CROSS JOIN certificate_life l"
                       " WHERE l.ticket_id = t.id AND t.status = ");
    select_text(select, where->filter->stage);
    return true;
}

static bool drive_owner(const struct cert_where *where, struct select *select)
{
    if (!where->filter->owner)
        return false;
    select_add(select, RECORDS "owner_id = ");
    add_account(select, where->filter->owner);
    return true;
}

/* "" is nobody, and nearly everybody has nobody: that never drives. */
static bool drive_assignee(const struct cert_where *where, struct select *select)
{
    if (!where->filter->assignee || !*where->filter->assignee)
        return false;
    select_add(select, RECORDS "assignee_id = ");
    add_account(select, where->filter->assignee);
    return true;
}

static bool drive_business_group(const struct cert_where *where, struct select *select)
{
    if (!where->filter->business_group)
        return false;
    select_add(select, RECORDS "business_group_id = ");
    add_business_group(select, where->filter->business_group);
    return true;
}

static bool drive_issuer(const struct cert_where *where, struct select *select)
{
    if (!where->filter->issuer || where->sort == CERT_BY_ISSUER)
        return false;
    select_add(select, RECORDS "issuer = ");
    select_text(select, where->filter->issuer);
    return true;
}

static bool drive_alert(const struct cert_where *where, struct select *select)
{
    const char *alert = where->filter->alert;

    if (!alert)
        return false;
    select_add(select, RECORDS "alert <> ''");
    if (strcmp(alert, "any") != 0) {
        select_add(select, " AND alert = ");
        select_text(select, alert);
    }
    return true;
}

/* Imported and managed records may be few; monitored ones are the rest, and many. */
static bool drive_source(const struct cert_where *where, struct select *select)
{
    unsigned sources = where->filter->sources;

    if (!sources || sources & BIT(CERT_MONITORED))
        return false;
    if (sources & BIT(CERT_MANAGED))
        select_add(select, "SELECT id FROM certificate WHERE is_managed = TRUE");
    if (sources == (BIT(CERT_MANAGED) | BIT(CERT_IMPORTED)))
        select_add(select, " UNION ALL ");
    if (sources & BIT(CERT_IMPORTED))
        select_add(select, "SELECT id FROM certificate WHERE is_imported = TRUE");
    return true;
}

static bool drive_unused(const struct cert_where *where, struct select *select)
{
    if (!where->filter->is_unused)
        return false;
    select_add(select, RECORDS "is_unused = TRUE");
    return true;
}

/* Sorted by their end, those without one are the tail of the list: no need to look for them. */
static bool drive_unknown(const struct cert_where *where, struct select *select)
{
    if (where->filter->statuses != BIT(CERT_UNKNOWN) || where->sort == CERT_BY_EXPIRY)
        return false;
    select_add(select, RECORDS "version_id IS NULL");
    return true;
}

static bool drive_revoked(const struct cert_where *where, struct select *select)
{
    if (where->filter->statuses != BIT(CERT_REVOKED))
        return false;
    select_add(select, RECORDS "revoked_at IS NOT NULL");
    return true;
}

static bool drive_not_yet(const struct cert_where *where, struct select *select)
{
    if (where->filter->statuses != BIT(CERT_NOT_YET_VALID))
        return false;
    select_add(select, RECORDS "begins_at > ");
    select_i64(select, where->now);
    return true;
}

/* Sorted by the same column, a range of it needs no driving: the walk is the range. */
static bool drive_dates(const struct cert_where *where, struct select *select)
{
    if (!where->has_dates || where->sort == CERT_BY_EXPIRY)
        return false;
    select_add(select, RECORDS "expires_at >= ");
    select_i64(select, where->from);
    select_add(select, " AND expires_at <= ");
    select_i64(select, where->until);
    return true;
}

static bool drive_access(const struct cert_where *where, struct select *select)
{
    if (where->viewer->sees_all)
        return false;
    select_add(select, "SELECT certificate_id AS id FROM certificate_access WHERE account_id = ");
    select_i64(select, where->viewer->account_id);
    select_add(select,
        " UNION ALL SELECT certificate_id FROM certificate_access WHERE group_id IN ");
    cert_drive_add_groups(select, where->viewer->account_id);
    return true;
}

/* What a condition drives with; whether it may stand as a set beside a walk: not where the indexes
 * that are walked carry what it asks for; whether an index of the records has it, and that carries
 * marks on PostgreSQL. */
static const struct {
    bool (*add)(const struct cert_where *, struct select *);
    bool is_set;
    bool is_of_record;
    bool has_marks;
} drives[N_DRIVES] = {
    [DRIVE_VERSION] = { drive_version, false, true, false },
    [DRIVE_WORDS] = { drive_words, true, false, false },
    [DRIVE_NAME] = { drive_name, true, true, true },
    [DRIVE_TAG] = { drive_tag, true, false, false },
    [DRIVE_RESOURCE] = { drive_resource, true, false, false },
    [DRIVE_FIELD] = { drive_field, true, false, false },
    [DRIVE_PROFILE] = { drive_profile, true, false, false },
    [DRIVE_STAGE] = { drive_stage, true, false, false },
    [DRIVE_OWNER] = { drive_owner, false, true, true },
    [DRIVE_ASSIGNEE] = { drive_assignee, false, true, true },
    [DRIVE_BUSINESS_GROUP] = { drive_business_group, false, true, true },
    [DRIVE_ISSUER] = { drive_issuer, true, true, true },
    [DRIVE_ALERT] = { drive_alert, false, true, true },
    [DRIVE_SOURCE] = { drive_source, false, false, false },
    [DRIVE_UNUSED] = { drive_unused, false, true, true },
    [DRIVE_UNKNOWN] = { drive_unknown, false, true, false },
    [DRIVE_REVOKED] = { drive_revoked, false, true, true },
    [DRIVE_NOT_YET] = { drive_not_yet, false, true, false },
    [DRIVE_DATES] = { drive_dates, false, true, true },
    [DRIVE_ACCESS] = { drive_access, true, false, false },
};

/* By expiry an issuer's records, as an owner's or a group's, may be walked along an index. */
bool cert_drive_is_set(const struct cert_where *where, enum drive drive)
{
    return drives[drive].is_set && !(drive == DRIVE_ISSUER && where->sort == CERT_BY_EXPIRY);
}

bool cert_drive_is_of_record(enum drive drive)
{
    return drives[drive].is_of_record;
}

bool cert_drive_has_marks(enum drive drive)
{
    return drives[drive].has_marks;
}

bool cert_drive_is_known(const struct cert_where *where, enum drive drive)
{
    return where->ids.n > 0 && where->known == drive;
}

bool cert_drive_add(const struct cert_where *where, enum drive drive, struct select *select)
{
    if (cert_drive_is_known(where, drive)) {
        select_add(select, "SELECT unnest(CAST(");
        select_id_array(select, where->ids.items, where->ids.n);
        select_add(select, " AS BIGINT[])) AS id");
        return true;
    }
    return drives[drive].add(where, select);
}
