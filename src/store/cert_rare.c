/* store/cert_rare: see the header. */
#include "store/cert_rare.h"

#include "base/err.h"
#include "base/parse.h"
#include "store/cert_count.h"
#include "store/cert_drive.h"

/* A condition may be rare if it is true of one record in so many. */
#define RARE_SHARE 30

/* So many, by a sample, are passed over in an index by the marks that it carries in some three
 * milliseconds. */
#define PASS_MAX 30000

/* As if that one drove: its marks are those of the others. */
static struct cert_where driven_by(const struct cert_where *where, enum drive drive)
{
    struct cert_where copy = *where;

    copy.drive = drive;
    return copy;
}

/* An index of these carries the marks. */
enum drive cert_rare_of(const struct cert_where *where)
{
    const struct cert_filter *const f = where->filter;
    const enum drive drive = f->statuses == 1u << CERT_REVOKED ? DRIVE_REVOKED
                             : f->alert                        ? DRIVE_ALERT
                             : f->owner                        ? DRIVE_OWNER
                             : f->assignee && *f->assignee     ? DRIVE_ASSIGNEE
                             : f->business_group               ? DRIVE_BUSINESS_GROUP
                                                               : DRIVE_NONE;
    const struct cert_where others = driven_by(where, drive);

    return cert_where_has_marks(&others, true) ? drive : DRIVE_NONE;
}

bool cert_rare_is_likely(const struct cert_where *where)
{
    return where->rare != DRIVE_NONE && where->n_sampled > 0 && where->n_hits <= 1 &&
           where->n_marked[where->rare] * RARE_SHARE <= where->n_sampled;
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
    const struct cert_where others = driven_by(where, drive);
    const int64_t most = where->drive_max / 2;

    *ret_is_all = false;
    select.is_for_values = true;
    select_add(&select, "SELECT count(*), array_to_string(array_agg(marked.id), ' ') FROM"
                        " (SELECT source.id FROM (");
    ASSERT(cert_drive_add(where, drive, &select));
    select_add(&select, ") AS source WHERE ");
    cert_where_add_marks(&others, true, &select);
    select_add(&select, " LIMIT ");
    select_i64(&select, most + 1);
    select_add(&select, ") AS marked");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        *ret_is_all = stmt_i64(q, 0) <= most;
        if (*ret_is_all)
            cert_known_read(where, drive, stmt_text(q, 1));
    }
    return stmt_end(q, err);
}

bool cert_rare_choose(struct tx *tx, struct cert_where *where, struct err *err)
{
    bool is_all = false;

    if (where->way == WAY_DRIVE || where->is_nothing || where->rare == DRIVE_NONE ||
        where->n_hits > 1)
        return true;
    if (!cert_count_find_max(tx, where, err))
        return false;
    if (where->n_marked[where->rare] * where->max_id > where->n_sampled * PASS_MAX)
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
