/* base/buf: see the header. */
#include "base/buf.h"

#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf)BUF_INIT(max);
}

void buf_done(struct buf *buf)
{
    if (buf->is_secret)
        xfree_wiped(buf->data, buf->room);
    else
        free(buf->data);
    buf->data = NULL;
    buf->size = buf->room = 0;
}

void buf_clear(struct buf *buf)
{
    if (buf->is_secret && buf->data)
        explicit_bzero(buf->data, buf->room);
    buf->size = 0;
    buf->overflowed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

static void grow(struct buf *buf, size_t room)
{
    uint8_t *bigger;

    if (!buf->is_secret) {
        buf->data = xreallocarray(buf->data, room, 1);
        buf->room = room;
        return;
    }
    bigger = xmalloc(room);
    if (buf->data)
        memcpy(bigger, buf->data, buf->size);
    xfree_wiped(buf->data, buf->room);
    buf->data = bigger;
    buf->room = room;
}

static void make_room(struct buf *buf, size_t needed)
{
    size_t room = buf->room < 64 ? 64 : buf->room * 2;

    if (room < needed)
        room = needed + 64; /* something short may follow what was long */
    grow(buf, room < buf->max + 1 ? room : buf->max + 1);
}

uint8_t *buf_extend_far(struct buf *buf, size_t size)
{
    if (buf->overflowed || size > buf->max || buf->size > buf->max - size) {
        buf->overflowed = true;
        return NULL;
    }
    if (size >= buf->room - buf->size)
        make_room(buf, buf->size + size + 1);
    uint8_t *at = buf->data + buf->size;

    buf->size += size;
    buf->data[buf->size] = '\0';
    return at;
}

void buf_reserve(struct buf *buf, size_t size)
{
    if (size > buf->max - buf->size)
        size = buf->max - buf->size;
    if (size < buf->room - buf->size)
        return;
    grow(buf, buf->size + size + 1);
    buf->data[buf->size] = '\0';
}

/* C0, DEL, and C1, which is two bytes from C2 80 to C2 9F. */
static bool is_control(const uint8_t *p, size_t n)
{
    return n == 1 ? p[0] < 0x20 || p[0] == 0x7f : n == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

void buf_add_clean(struct buf *buf, struct span text)
{
    for (size_t at = 0; at < text.size;) {
        const size_t n = parse_utf8_sequence(text, at);

        if (n == 0 || is_control(text.data + at, n))
            buf_add_text(buf, "\xef\xbf\xbd");
        else
            buf_add(buf, text.data + at, n);
        at += n == 0 ? 1 : n;
    }
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    char small[256];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n < 0) {
        buf->overflowed = true;
        return;
    }
    if ((size_t)n < sizeof small) {
        buf_add(buf, small, (size_t)n);
        return;
    }
    char *at = (char *)buf_extend(buf, (size_t)n);

    if (!at)
        return;
    va_start(args, format);
    (void)vsnprintf(at, (size_t)n + 1, format, args);
    va_end(args);
}

void buf_add_i64(struct buf *buf, int64_t v)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = v < 0 ? -(uint64_t)v : (uint64_t)v;

    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (v < 0)
        digits[--at] = '-';
    buf_add(buf, digits + at, sizeof digits - at);
}

void buf_add_u16(struct buf *buf, uint16_t v)
{
    uint8_t bytes[2] = { (uint8_t)(v >> 8), (uint8_t)v };

    buf_add(buf, bytes, sizeof bytes);
}

void buf_add_u32(struct buf *buf, uint32_t v)
{
    buf_add_u16(buf, (uint16_t)(v >> 16));
    buf_add_u16(buf, (uint16_t)v);
}

void buf_add_u64(struct buf *buf, uint64_t v)
{
    buf_add_u32(buf, (uint32_t)(v >> 32));
    buf_add_u32(buf, (uint32_t)v);
}

void buf_drop(struct buf *buf, size_t size)
{
    if (size > buf->size)
        size = buf->size;
    if (size == 0)
        return;
    memmove(buf->data, buf->data + size, buf->size - size + 1);
    buf->size -= size;
}

bool buf_ok(const struct buf *buf)
{
    return !buf->overflowed;
}

bool buf_check(const struct buf *buf, const char *what, struct err *err)
{
    if (buf->overflowed)
        return fail(err, ERR_LIMIT, "%s is larger than %zu bytes", what, buf->max);
    return true;
}

struct span buf_span(const struct buf *buf)
{
    return (struct span){ buf->data, buf->size };
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? (const char *)buf->data : "";
}

char *buf_take_text(struct buf *buf)
{
    char *text = buf->data ? (char *)buf->data : xstrdup("");

    buf->data = NULL;
    buf->size = buf->room = 0;
    return text;
}
