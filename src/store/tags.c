/* store/tags: see the header. */
#include "store/tags.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/fold.h"
#include "core/rows_cert.h"
#include "db/many.h"
#include "store/cert_marks.h"
#include "store/read.h"

#define INTO_TAGS "INSERT INTO certificate_tag(certificate_id, tag, expires_at, holders)"

/* Nothing was seen yet of a record that is being made. */
static const struct many_sql tags_of_new = { INTO_TAGS, "iti", "$1, $2, NULL, $3",
    " ON CONFLICT DO NOTHING" };

static const struct many_sql tags_of_known = { INTO_TAGS, "it",
    "$1, $2, (SELECT c.expires_at FROM certificate c WHERE c.id = $1),"
    " (SELECT c.holders FROM certificate c WHERE c.id = $1)",
    " ON CONFLICT DO NOTHING" };

struct many *tags_prepare(struct tx *tx)
{
    return tx_prepare_many(tx, &tags_of_new);
}

static int compare_tags(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

bool tags_tidy(const char *tags, char **ret, struct err *err)
{
    autofree(str) char *lower = text_fold(tags);
    autodone(buf) struct buf tidy = BUF_INIT(strlen(lower) + 1);
    struct span rest = span_text(lower);
    struct span found[TAGS_MAX];
    struct span tag;
    size_t n = 0;

    while (span_split(&rest, ';', &tag)) {
        tag = span_trim(tag);
        if (tag.size == 0)
            continue;
        if (parse_n_characters(tag) > TAG_MAX)
            return fail(err, ERR_INVALID, "a tag is longer than %d characters", TAG_MAX);
        if (n == TAGS_MAX)
            return fail(err, ERR_LIMIT, "there are more than %d tags", TAGS_MAX);
        found[n++] = tag;
    }
    if (n > 1)
        qsort(found, n, sizeof *found, compare_tags);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && span_equal(found[i], found[i - 1]))
            continue;
        if (tidy.size)
            buf_add_char(&tidy, ';');
        buf_add_span(&tidy, found[i]);
    }
    *ret = buf_take_text(&tidy);
    return true;
}

/* The next one of `rest`, which moves on. */
static bool next_tag(struct span *rest, struct span *tag)
{
    while (span_split(rest, ';', tag)) {
        if (tag->size > 0)
            return true;
    }
    return false;
}

void tags_add(struct many *rows, int64_t certificate_id, int64_t holders, const char *tidy)
{
    struct span rest = span_text(tidy);
    struct span tag;

    while (next_tag(&rest, &tag)) {
        many_i64(rows, certificate_id);
        many_span(rows, tag);
        many_i64(rows, holders);
    }
}

/* For one that may have tags already. */
static bool forget_tags(struct tx *tx, int64_t certificate_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM certificate_tag WHERE certificate_id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    return stmt_run(q, err);
}

static bool keep_tags(struct tx *tx, int64_t certificate_id, const char *tidy, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET tags = $2 WHERE id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_text(q, 2, tidy);
    return stmt_run(q, err);
}

bool tags_write(struct tx *tx, int64_t certificate_id, const char *tags, struct err *err)
{
    autofree(many) struct many *rows = tx_prepare_many(tx, &tags_of_known);
    autofree(str) char *tidy = NULL;
    struct span rest;
    struct span tag;

    /* The record first: then its end does not change before it is read. */
    if (!tags_tidy(tags, &tidy, err) || !keep_tags(tx, certificate_id, tidy, err) ||
        !forget_tags(tx, certificate_id, err))
        return false;
    rest = span_text(tidy);
    while (next_tag(&rest, &tag)) {
        many_i64(rows, certificate_id);
        many_span(rows, tag);
    }
    return many_run(rows, err) && cert_marks_write_labels(tx, certificate_id, err);
}

/* Greater than any text that begins like the one it is put behind. */
#define LAST_CHARACTER "\xF4\x8F\xBF\xBF"

bool store_tags(struct tx *tx, const struct store_viewer *viewer, const char *prefix, int64_t limit,
    tag_visit visit, void *context, struct err *err)
{
    autofree(str) char *from = text_fold(prefix);
    autofree(str) char *until = xasprintf("%s" LAST_CHARACTER, from);
    autofree(stmt) struct stmt *q = NULL;

    if (viewer->sees_all)
        q = tx_prepare(tx,
            "SELECT t.tag, count(*) FROM certificate_tag t"
            " WHERE t.tag >= $1 AND t.tag < $2 GROUP BY t.tag ORDER BY t.tag LIMIT $3");
    else
        q = tx_prepare(tx, "SELECT t.tag, count(*) FROM certificate_tag t"
                           " WHERE t.tag >= $1 AND t.tag < $2 AND t.certificate_id IN (" ACCESSIBLE(
                               "$4") ") GROUP BY t.tag ORDER BY t.tag LIMIT $3");
    stmt_bind_text(q, 1, from);
    stmt_bind_text(q, 2, until);
    stmt_bind_i64(q, 3, limit);
    if (!viewer->sees_all)
        stmt_bind_i64(q, 4, viewer->account_id);
    while (stmt_next(q))
        visit(context, stmt_text(q, 0), stmt_i64(q, 1));
    return stmt_end(q, err);
}
