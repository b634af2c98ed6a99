/*
 * base/buf: bytes of ours that grow, up to a ceiling.
 *
 * Every buf is born with the most it may ever hold. Appending past that is refused and remembered:
 * a row of appends is checked once, with buf_ok() or buf_check(). The content is always followed by
 * a NUL that is not counted, and may hold NULs itself.
 */
#pragma once

#include <string.h>

#include "base/base.h"
#include "base/span.h"

struct err;

struct buf {
    uint8_t *data; /* NULL until something is appended */
    size_t size;
    size_t room;
    size_t max;
    bool overflowed;
    bool is_secret; /* wiped whenever memory is given back */
};

#define BUF_INIT(max_bytes)                                                                        \
    {                                                                                              \
        .max = (max_bytes)                                                                         \
    }
#define BUF_INIT_SECRET(max_bytes)                                                                 \
    {                                                                                              \
        .max = (max_bytes), .is_secret = true                                                      \
    }

void buf_init(struct buf *buf, size_t max);
void buf_done(struct buf *buf);
void buf_clear(struct buf *buf); /* empty, overflow forgotten, memory kept */

/* Get room for `size` more bytes in one go, as far as the ceiling allows; what is in it stays. */
void buf_reserve(struct buf *buf, size_t size);

/* buf_extend() where the room is not there yet, or the ceiling is near. */
uint8_t *buf_extend_far(struct buf *buf, size_t size);

/* Room for `size` more bytes to be written by the caller, or NULL past the ceiling. Most of what is
 * appended is a few bytes for which there is room: that much is worth no call. */
static inline uint8_t *buf_extend(struct buf *buf, size_t size)
{
    if (buf->overflowed || size >= buf->room - buf->size)
        return buf_extend_far(buf, size);
    uint8_t *at = buf->data + buf->size;

    buf->size += size;
    buf->data[buf->size] = '\0';
    return at;
}

static inline void buf_add(struct buf *buf, const void *data, size_t size)
{
    uint8_t *at = buf_extend(buf, size);

    if (at && size)
        memcpy(at, data, size);
}

static inline void buf_add_span(struct buf *buf, struct span s)
{
    buf_add(buf, s.data, s.size);
}

static inline void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

static inline void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

/* Text from a stranger: what is no UTF-8 becomes U+FFFD, and so do NUL and other control
 * characters. */
void buf_add_clean(struct buf *buf, struct span text);
void buf_addf(struct buf *buf, const char *format, ...) printf_like(2, 3);

/* In decimal: what "%" PRId64 gives, in a tenth of the time. */
void buf_add_i64(struct buf *buf, int64_t v);

/* Big-endian integers, for wire formats. */
static inline void buf_add_u8(struct buf *buf, uint8_t v)
{
    buf_add(buf, &v, 1);
}
void buf_add_u16(struct buf *buf, uint16_t v);
void buf_add_u32(struct buf *buf, uint32_t v);
void buf_add_u64(struct buf *buf, uint64_t v);

/* Forget the first `size` bytes. */
void buf_drop(struct buf *buf, size_t size);

bool buf_ok(const struct buf *buf);

/* ERR_LIMIT "… larger than N bytes" if anything was refused. `what` names it in the message. */
bool buf_check(const struct buf *buf, const char *what, struct err *err) must_check;

struct span buf_span(const struct buf *buf);
const char *buf_text(const struct buf *buf);     /* "" when nothing was appended */
char *buf_take_text(struct buf *buf) must_check; /* the caller frees; the buf is empty after */

DEFINE_AUTODONE(buf);
