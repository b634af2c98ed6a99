/*
 * base/frame: how certdesk's own processes speak to each other, over stream socketpairs.
 *
 * A frame is a u32 length of its payload, a u32 request number, a u16 type, and the payload;
 * integers are big-endian. What request and type mean is up to each channel, which also says how
 * long a payload may be: FRAME_MAX unless it has reason for less.
 *
 * The pure part works on buf and span, for whoever waits with an event loop; frame_send() and
 * frame_receive() block, and can carry descriptors. The peer is a process of ours, but may be taken
 * over: nothing it sends is believed before it was measured.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

#define FRAME_HEADER_SIZE 10u
#define FRAME_MAX (4u << 20)
#define FRAME_FDS_MAX 4

struct frame {
    uint32_t request;
    uint16_t type;
    struct span payload; /* borrowed */
};

/* Append a whole frame. Past the buf's ceiling nothing sensible is there: see buf_ok(). */
void frame_add(struct buf *out, uint32_t request, uint16_t type, struct span payload);

/*
 * Or piece by piece: begin, append the payload to `out` with buf_add_u32() and the functions below,
 * end. frame_end() takes what frame_begin() gave.
 */
size_t frame_begin(struct buf *out, uint32_t request, uint16_t type) must_check;
void frame_end(struct buf *out, size_t begun);

enum frame_verdict {
    FRAME_MORE,   /* the next frame is not complete yet */
    FRAME_WHOLE,  /* *ret is the first frame, *ret_size the bytes it took */
    FRAME_BROKEN, /* it says that its payload is longer than `max_payload`: hang up */
};

/* Look at what has arrived so far. ret->payload points into `in`. */
enum frame_verdict frame_parse(struct span in, size_t max_payload, struct frame *ret,
    size_t *ret_size);

/* Writing payloads, besides buf_add_u8/u16/u32/u64. Bytes and text are preceded by a u32 length. */
void frame_put_i64(struct buf *out, int64_t v);
void frame_put_bool(struct buf *out, bool v);
void frame_put_bytes(struct buf *out, struct span s);
void frame_put_text(struct buf *out, const char *text); /* NULL is sent as "" */

/*
 * Reading payloads. After the first thing that is not there, or not what it should be, every read
 * gives zero or nothing, and frame_reader_end() fails. `frame_reader` may be copied to look ahead.
 */
struct frame_reader {
    struct span rest;
    bool failed;
};

struct frame_reader frame_reader_of(struct span payload);
uint8_t frame_read_u8(struct frame_reader *r);
uint16_t frame_read_u16(struct frame_reader *r);
uint32_t frame_read_u32(struct frame_reader *r);
int64_t frame_read_i64(struct frame_reader *r);
bool frame_read_bool(struct frame_reader *r); /* a byte that is 0 or 1 */

/* Borrowed from the payload. */
struct span frame_read_bytes(struct frame_reader *r);

/* Exactly `size` bytes, without a length before them, as keys and hashes are sent. */
void frame_read_fixed(struct frame_reader *r, void *field, size_t size);

/* Text is UTF-8 without NUL and at most `max` bytes long; otherwise the read fails. */
struct span frame_read_text(struct frame_reader *r, size_t max);
char *frame_read_text_dup(struct frame_reader *r, size_t max) must_check; /* never NULL */
void frame_read_text_to(struct frame_reader *r, char *field, size_t field_size);

/* A number of elements, each of which takes at least `min_size` more bytes of this payload. */
size_t frame_read_count(struct frame_reader *r, size_t min_size);

/* ERR_INVALID unless all went well and the payload was used up to its last byte. */
bool frame_reader_end(const struct frame_reader *r, struct err *err) must_check;

/* A failure as payload, for channels that answer with one: kind, message, detail. */
void frame_put_err(struct buf *out, const struct err *err);

/* Fills in `err` from frame_put_err()'s bytes and returns false, whatever they are. */
bool frame_read_err(struct frame_reader *r, struct err *err);

/*
 * Send one frame, all of it; `fds`, at most FRAME_FDS_MAX, travel with it and stay the caller's.
 * ERR_UNAVAILABLE: the peer is gone. Never raises SIGPIPE. One sender at a time.
 */
bool frame_send(int fd, const struct frame *frame, const int *fds, size_t n_fds, struct err *err)
    must_check;

/* Send bytes that are frames already. */
bool frame_send_bytes(int fd, struct span frames, struct err *err) must_check;

/*
 * Wait for one frame, at most `timeout_ms` (-1: for ever; ERR_UNAVAILABLE). The payload is put into
 * `payload`, whose ceiling is the channel's; ret->payload points there. Descriptors that came with
 * it (close-on-exec, the caller closes them) go to `fds`, with room for FRAME_FDS_MAX, and their
 * number to *ret_n_fds; with fds NULL they are closed. ERR_NOT_FOUND: the peer has closed
 * between frames. ERR_UNAVAILABLE: it was cut off inside one. ERR_LIMIT: longer than allowed.
 */
bool frame_receive(int fd, int64_t timeout_ms, struct buf *payload, struct frame *ret, int *fds,
    size_t *ret_n_fds, struct err *err) must_check;

/* Both ends of a new stream socketpair, close-on-exec, blocking. */
bool frame_pair(int *ret_a, int *ret_b, struct err *err) must_check;
