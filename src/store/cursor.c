/* store/cursor: see the header. "order|id|number|tail|segment|plan|total|text" in URL-safe base64.
 */
#include "store/cursor.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/base64.h"

#define CURSOR_MAX 1500

char *cursor_write(const struct cursor *cursor)
{
    autodone(buf) struct buf plain = BUF_INIT(CURSOR_MAX);
    autodone(buf) struct buf text = BUF_INIT((size_t)2 * CURSOR_MAX);

    buf_addf(&plain, "%s|%" PRId64 "|%" PRId64 "|%d|%" PRId64 "|%" PRId64 "|%" PRId64 "|%s",
        cursor->order, cursor->id, cursor->number, cursor->is_in_tail, cursor->segment,
        cursor->plan, cursor->total, cursor->text);
    base64_encode_url(buf_span(&plain), &text);
    return buf_take_text(&text);
}

static bool parse_number(struct span *rest, int64_t min, int64_t max, int64_t *ret)
{
    struct span part;

    return span_split(rest, '|', &part) && parse_i64(part, min, max, ret, NULL);
}

static bool parse(struct span plain, const char *order, struct cursor *cursor)
{
    struct span part;
    int64_t tail;

    if (!span_split(&plain, '|', &part) || !span_is(part, order) ||
        !parse_number(&plain, INT64_MIN, INT64_MAX, &cursor->id) ||
        !parse_number(&plain, INT64_MIN, INT64_MAX, &cursor->number) ||
        !parse_number(&plain, 0, 1, &tail) || !parse_number(&plain, 0, 99, &cursor->segment) ||
        !parse_number(&plain, 0, INT64_MAX, &cursor->plan) ||
        !parse_number(&plain, -INT64_MAX, INT64_MAX, &cursor->total))
        return false;
    if (plain.size >= sizeof cursor->text || !parse_is_utf8(plain))
        return false;
    cursor->is_in_tail = tail;
    span_copy_text(plain, cursor->text, sizeof cursor->text);
    return true;
}

bool cursor_read(const char *text, const char *order, struct cursor *ret, struct err *err)
{
    autodone(buf) struct buf plain = BUF_INIT(CURSOR_MAX);
    struct cursor cursor = { 0 };

    if (!base64_decode_url(span_text(text), &plain, err) ||
        !parse(buf_span(&plain), order, &cursor))
        return fail(err, ERR_INVALID, "the cursor is not one of this list in this order");
    span_copy_text(span_text(order), cursor.order, sizeof cursor.order);
    *ret = cursor;
    return true;
}
