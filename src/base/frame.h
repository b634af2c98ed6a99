/*
 * base/frame: what our processes say to each other over a socketpair.
 *
 * A frame is a header of ten bytes, big-endian: length of the payload (u32), request id (u32), type
 * (u16); then the payload. What a payload holds is the channel's own affair; it is written with
 * buf_add_u8() and its kin and frame_add_bytes(), and read with a struct frame_reader, which never
 * reads past the end and remembers that it was asked to.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

#define FRAME_HEADER_SIZE 10
#define FRAME_PAYLOAD_MAX (24u << 20)

struct frame {
    uint32_t id; /* of the request; its answers carry the same */
    uint16_t type;
    struct span payload; /* borrowed from what it was read from */
};

/* Append a whole frame. */
void frame_write(struct buf *out, uint32_t id, uint16_t type, struct span payload);

/*
 * Take the first frame off `in`. *ret_size is how many bytes it takes there, or 0 while it has not
 * all arrived. ERR_LIMIT if its payload is longer than `max_payload`: the channel is then of no
 * more use.
 */
bool frame_read(struct span in, size_t max_payload, struct frame *ret, size_t *ret_size,
    struct err *err) must_check;

/* Length (u32) and bytes. A reader gets text back NUL-terminated by frame_text(). */
void frame_add_bytes(struct buf *payload, struct span bytes);
void frame_add_text(struct buf *payload, const char *text); /* NULL is "" */

struct frame_reader {
    struct span rest;
    bool failed;
};

void frame_reader_init(struct frame_reader *reader, struct span payload);

/* 0, or nothing, once something was missing. */
uint8_t frame_u8(struct frame_reader *reader);
uint16_t frame_u16(struct frame_reader *reader);
uint32_t frame_u32(struct frame_reader *reader);
uint64_t frame_u64(struct frame_reader *reader);
int64_t frame_i64(struct frame_reader *reader);
struct span frame_bytes(struct frame_reader *reader); /* borrowed from the payload */

/* Into a fixed field; text that holds a NUL or does not fit is a failure. */
void frame_text(struct frame_reader *reader, char *field, size_t field_size);

/* A copy of a text of at most `max` bytes, which the caller frees; NULL after a failure. */
char *frame_text_dup(struct frame_reader *reader, size_t max) must_check;

/* Was everything there, and nothing left over? ERR_INVALID if not. */
bool frame_reader_end(const struct frame_reader *reader, struct err *err) must_check;

/*
 * Blocking use, for channels with one request at a time: the whole frame, and with it at most one
 * descriptor (-1: none). frame_receive() fills `in` and lets `ret` borrow from it; at the end of
 * the channel it fails with ERR_UNAVAILABLE. A descriptor received is close-on-exec and the
 * caller's.
 */
bool frame_send(int fd, uint32_t id, uint16_t type, struct span payload, int pass_fd,
    struct err *err) must_check;
bool frame_receive(int fd, size_t max_payload, struct buf *in, struct frame *ret, int *ret_fd,
    struct err *err) must_check;
