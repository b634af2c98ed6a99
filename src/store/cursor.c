/* store/cursor: see the header. "order|id|number|tail|text" in URL-safe base64. */
#include "store/cursor.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/base64.h"

#define CURSOR_MAX 800

char *cursor_write(const struct cursor *cursor)
{
    autodone(buf) struct buf plain = BUF_INIT(CURSOR_MAX);
    autodone(buf) struct buf text = BUF_INIT((size_t)2 * CURSOR_MAX);

    buf_addf(&plain, "%s|%" PRId64 "|%" PRId64 "|%d|%s", cursor->order, cursor->id, cursor->number,
        cursor->is_in_tail, cursor->text);
    base64_encode_url(buf_span(&plain), &text);
    return buf_take_text(&text);
}

static bool parse(struct span plain, const char *order, struct cursor *cursor)
{
    struct span part;
    int64_t tail;

    if (!span_split(&plain, '|', &part) || !span_is(part, order))
        return false;
    if (!span_split(&plain, '|', &part) ||
        !parse_i64(part, INT64_MIN, INT64_MAX, &cursor->id, NULL))
        return false;
    if (!span_split(&plain, '|', &part) ||
        !parse_i64(part, INT64_MIN, INT64_MAX, &cursor->number, NULL))
        return false;
    if (!span_split(&plain, '|', &part) || !parse_i64(part, 0, 1, &tail, NULL))
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
