/* store/select: see the header. */
#include "store/select.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/digest.h"
#include "codec/fold.h"
#include "core/rows.h"

#define DIGEST_MAX (16u << 20)

void select_done(struct select *select)
{
    for (size_t i = 0; i < select->n; i++)
        free(select->values[i].text);
    free(select->values);
    select->values = NULL;
    select->n = select->room = 0;
    sql_done(&select->sql);
}

static struct select_value *add_value(struct select *select)
{
    select->values =
        rows_make_room(select->values, select->n, &select->room, sizeof *select->values);
    select->values[select->n] = (struct select_value){ 0 };
    sql_add_parameter(&select->sql, (int)select->n + 1);
    return &select->values[select->n++];
}

void select_i64(struct select *select, int64_t number)
{
    add_value(select)->number = number;
}

void select_text(struct select *select, const char *text)
{
    add_value(select)->text = xstrdup(text ? text : "");
}

void select_ids(struct select *select, const int64_t *ids, size_t n)
{
    static const size_t rounds[] = { 1, 10, SELECT_IDS_MAX };
    size_t n_padded = n;

    ASSERT(n >= 1 && n <= SELECT_IDS_MAX);
    for (size_t i = countof(rounds); i-- > 0;) {
        if (n <= rounds[i])
            n_padded = rounds[i];
    }
    for (size_t i = 0; i < n_padded; i++) {
        if (i)
            select_add(select, ", ");
        select_i64(select, ids[i < n ? i : n - 1]);
    }
}

void select_id_array(struct select *select, const int64_t *ids, size_t n)
{
    autodone(buf) struct buf array = BUF_INIT(22 * n + 3);

    buf_add_char(&array, '{');
    for (size_t i = 0; i < n; i++)
        buf_addf(&array, i ? ",%" PRId64 : "%" PRId64, ids[i]);
    buf_add_char(&array, '}');
    ASSERT(buf_ok(&array));
    select_text(select, buf_text(&array));
}

void select_id_set(struct select *select, const int64_t *ids, size_t n)
{
    add_value(select)->blob = n ? span_of(ids, n * sizeof *ids) : span_of("", 0);
}

char *select_pattern(const char *text)
{
    autofree(str) char *lower = text_fold(text);
    autodone(buf) struct buf pattern = BUF_INIT(2048);
    char cut[512];

    span_copy_text(span_trim(span_text(lower)), cut, sizeof cut);
    buf_add_char(&pattern, '%');
    for (const char *c = cut; *c; c++) {
        if (*c == '%' || *c == '_' || *c == '\\')
            buf_add_char(&pattern, '\\');
        buf_add_char(&pattern, *c);
    }
    buf_add_char(&pattern, '%');
    return buf_take_text(&pattern);
}

void select_contains(struct select *select, const char *text)
{
    autofree(str) char *pattern = select_pattern(text);

    select_add(select, " LIKE ");
    select_text(select, pattern);
    select_add(select, " ESCAPE '\\'");
}

void select_digest(const struct select *select, const char *prefix, uint8_t ret[static SHA256_SIZE])
{
    autodone(buf) struct buf text = BUF_INIT(DIGEST_MAX);

    buf_addf(&text, "%s\n", prefix);
    buf_add_span(&text, buf_span(&select->sql.text));
    for (size_t i = 0; i < select->n; i++) {
        const struct select_value *value = &select->values[i];

        if (value->text)
            buf_addf(&text, "\n%zu:%s", strlen(value->text), value->text);
        else
            buf_addf(&text, "\n%" PRId64, value->number);
    }
    ASSERT(buf_ok(&text));
    digest_sha256(buf_span(&text), ret);
}

struct stmt *select_prepare(struct tx *tx, const struct select *select)
{
    struct stmt *q = select->is_for_values ? tx_prepare_for_values(tx, &select->sql)
                                           : tx_prepare_sql(tx, &select->sql);

    for (size_t i = 0; i < select->n; i++) {
        const struct select_value *value = &select->values[i];

        if (value->blob.data)
            stmt_bind_blob(q, (int)i + 1, value->blob);
        else if (value->text)
            stmt_bind_text(q, (int)i + 1, value->text);
        else
            stmt_bind_i64(q, (int)i + 1, value->number);
    }
    return q;
}
