/* store/cert_rare: see the header. */
#include "store/cert_rare.h"

#include "base/err.h"
#include "base/parse.h"
#include "store/cert_count.h"
#include "store/cert_drive.h"

/* A condition may be rare if it is true of one record in so many. */
#define RARE_SHARE 30

/* So many are read from an index, with the marks that it carries, in some four milliseconds. */
#define PASS_MAX 30000

/* An index of these carries the marks. */
enum drive cert_rare_of(const struct cert_where *where)
{
    const struct cert_filter *const f = where->filter;

    if (!cert_where_has_marks(where))
        return DRIVE_NONE;
    return f->statuses == 1u << CERT_REVOKED ? DRIVE_REVOKED
           : f->alert                        ? DRIVE_ALERT
           : f->owner                        ? DRIVE_OWNER
           : f->assignee && *f->assignee     ? DRIVE_ASSIGNEE
           : f->business_group               ? DRIVE_BUSINESS_GROUP
                                             : DRIVE_NONE;
}

bool cert_rare_is_likely(const struct cert_where *where)
{
    return where->rare != DRIVE_NONE && where->n_sampled > 0 && where->n_hits <= 1 &&
           where->n_rare * RARE_SHARE <= where->n_sampled;
}

void cert_known_read(struct cert_where *where, enum drive drive, const char *text)
{
    struct span rest = span_text(text);
    struct span word;
    int64_t id;

    where->known = drive;
    while (span_split(&rest, ' ', &word) && parse_i64(word, 1, INT64_MAX, &id, NULL))
        id_list_add(&where->ids, id);
}

/* All that `drive` brings, and that have the marks of the others, unless there are too many. */
static bool read_marked(struct tx *tx, struct cert_where *where, enum drive drive, bool *ret_is_all,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    *ret_is_all = false;
    select.is_for_values = true;
    select_add(&select, "SELECT count(*), count(counted.marked), "
                        "array_to_string(array_agg(counted.marked), ' ') FROM (SELECT CASE WHEN ");
    cert_where_add_marks(where, &select);
    select_add(&select, " THEN id END AS marked FROM (");
    ASSERT(cert_drive_add(where, drive, &select));
    select_add(&select, ") AS source LIMIT ");
    select_i64(&select, PASS_MAX + 1);
    select_add(&select, ") AS counted");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        *ret_is_all = stmt_i64(q, 0) <= PASS_MAX && stmt_i64(q, 1) <= where->drive_max / 2;
        if (*ret_is_all)
            cert_known_read(where, drive, stmt_text(q, 2));
    }
    return stmt_end(q, err);
}

bool cert_rare_choose(struct tx *tx, struct cert_where *where, struct err *err)
{
    bool is_all = false;
    int64_t max = 0;

    if (where->way == WAY_DRIVE || where->is_nothing || where->rare == DRIVE_NONE ||
        where->n_hits > 1)
        return true;
    if (!cert_count_max_id(tx, &max, err))
        return false;
    if (where->n_rare * max > where->n_sampled * PASS_MAX)
        return true;
    if (!read_marked(tx, where, where->rare, &is_all, err))
        return false;
    if (!is_all)
        return true;
    where->way = WAY_DRIVE;
    where->drive = where->rare;
    where->n_drive = (int64_t)where->ids.n;
    where->is_nothing = where->ids.n == 0;
    return true;
}
