/*
 * base/frame: see the header.
 *
 * A blocking receive reads exactly one frame, header first: no byte of the next one is taken, so
 * descriptors stay with the frame they were sent with.
 */
#include "base/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/parse.h"

static void put_u32(uint8_t field[static 4], uint32_t v)
{
    for (int i = 0; i < 4; i++)
        field[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint64_t get_be(const uint8_t *bytes, size_t size)
{
    uint64_t v = 0;

    for (size_t i = 0; i < size; i++)
        v = v << 8 | bytes[i];
    return v;
}

static void put_header(uint8_t field[static FRAME_HEADER_SIZE], size_t size, uint32_t request,
    uint16_t type)
{
    ASSERT(size <= UINT32_MAX);
    put_u32(field, (uint32_t)size);
    put_u32(field + 4, request);
    field[8] = (uint8_t)(type >> 8);
    field[9] = (uint8_t)type;
}

void frame_add(struct buf *out, uint32_t request, uint16_t type, struct span payload)
{
    uint8_t header[FRAME_HEADER_SIZE];

    put_header(header, payload.size, request, type);
    buf_add(out, header, sizeof header);
    buf_add_span(out, payload);
}

size_t frame_begin(struct buf *out, uint32_t request, uint16_t type)
{
    size_t begun = out->size;

    frame_add(out, request, type, SPAN_EMPTY);
    return begun;
}

void frame_end(struct buf *out, size_t begun)
{
    if (!buf_ok(out))
        return;
    ASSERT(out->size >= begun + FRAME_HEADER_SIZE);
    size_t size = out->size - begun - FRAME_HEADER_SIZE;

    ASSERT(size <= UINT32_MAX);
    put_u32(out->data + begun, (uint32_t)size);
}

enum frame_verdict frame_parse(struct span in, size_t max_payload, struct frame *ret,
    size_t *ret_size)
{
    if (in.size < FRAME_HEADER_SIZE)
        return FRAME_MORE;
    size_t size = (size_t)get_be(in.data, 4);

    if (size > max_payload)
        return FRAME_BROKEN;
    if (in.size - FRAME_HEADER_SIZE < size)
        return FRAME_MORE;
    ret->request = (uint32_t)get_be(in.data + 4, 4);
    ret->type = (uint16_t)get_be(in.data + 8, 2);
    ret->payload = span_slice(in, FRAME_HEADER_SIZE, size);
    *ret_size = FRAME_HEADER_SIZE + size;
    return FRAME_WHOLE;
}

void frame_put_i64(struct buf *out, int64_t v)
{
    buf_add_u64(out, (uint64_t)v);
}

void frame_put_bool(struct buf *out, bool v)
{
    buf_add_u8(out, v ? 1 : 0);
}

void frame_put_bytes(struct buf *out, struct span s)
{
    ASSERT(s.size <= UINT32_MAX);
    buf_add_u32(out, (uint32_t)s.size);
    buf_add_span(out, s);
}

void frame_put_text(struct buf *out, const char *text)
{
    frame_put_bytes(out, span_text(text));
}

struct frame_reader frame_reader_of(struct span payload)
{
    return (struct frame_reader){ .rest = payload };
}

/* The next `size` bytes, or nothing and the failure is remembered. */
static struct span cut(struct frame_reader *r, size_t size)
{
    if (r->failed || r->rest.size < size) {
        r->failed = true;
        return SPAN_EMPTY;
    }
    struct span s = span_slice(r->rest, 0, size);

    r->rest = span_slice(r->rest, size, SIZE_MAX);
    return s;
}

static uint64_t read_be(struct frame_reader *r, size_t size)
{
    struct span s = cut(r, size);

    return get_be(s.data, s.size);
}

uint8_t frame_read_u8(struct frame_reader *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t frame_read_u16(struct frame_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t frame_read_u32(struct frame_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

int64_t frame_read_i64(struct frame_reader *r)
{
    return (int64_t)read_be(r, 8);
}

bool frame_read_bool(struct frame_reader *r)
{
    uint8_t v = frame_read_u8(r);

    if (v > 1)
        r->failed = true;
    return v == 1;
}

struct span frame_read_bytes(struct frame_reader *r)
{
    uint32_t size = frame_read_u32(r);

    return cut(r, size);
}

void frame_read_fixed(struct frame_reader *r, void *field, size_t size)
{
    struct span s = cut(r, size);

    if (s.size == size && size > 0)
        memcpy(field, s.data, size);
    else
        memset(field, 0, size);
}

struct span frame_read_text(struct frame_reader *r, size_t max)
{
    struct span s = frame_read_bytes(r);

    if (s.size > max || !parse_is_utf8(s)) {
        r->failed = true;
        return SPAN_EMPTY;
    }
    return s;
}

char *frame_read_text_dup(struct frame_reader *r, size_t max)
{
    return span_dup(frame_read_text(r, max));
}

void frame_read_text_to(struct frame_reader *r, char *field, size_t field_size)
{
    span_copy_text(frame_read_text(r, field_size - 1), field, field_size);
}

size_t frame_read_count(struct frame_reader *r, size_t min_size)
{
    uint32_t n = frame_read_u32(r);

    ASSERT(min_size > 0);
    if (n > r->rest.size / min_size) {
        r->failed = true;
        return 0;
    }
    return n;
}

bool frame_reader_end(const struct frame_reader *r, struct err *err)
{
    if (r->failed)
        return fail(err, ERR_INVALID, "malformed message between processes");
    if (r->rest.size > 0)
        return fail(err, ERR_INVALID, "message between processes with bytes after its end");
    return true;
}

void frame_put_err(struct buf *out, const struct err *err)
{
    buf_add_u8(out, (uint8_t)err->kind);
    frame_put_text(out, err->msg);
    frame_put_text(out, err->detail);
}

bool frame_read_err(struct frame_reader *r, struct err *err)
{
    struct err unused = { 0 };
    struct err *to = err ? err : &unused;
    uint8_t kind = frame_read_u8(r);

    err_clear(to);
    span_copy_text(frame_read_bytes(r), to->msg, sizeof to->msg);
    span_copy_text(frame_read_bytes(r), to->detail, sizeof to->detail);
    if (r->failed || kind == ERR_NONE || kind > ERR_INTERNAL || to->msg[0] == '\0')
        return fail(to, ERR_INTERNAL, "another process failed without saying why");
    to->kind = (enum err_kind)kind;
    return false;
}

static bool send_some(int fd, struct msghdr *message, size_t *ret_sent, struct err *err)
{
    for (;;) {
        ssize_t n = sendmsg(fd, message, MSG_NOSIGNAL);

        if (n >= 0) {
            *ret_sent = (size_t)n;
            return true;
        }
        if (errno == EAGAIN) {
            struct pollfd wait = { .fd = fd, .events = POLLOUT };

            (void)poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return fail_errno(err, ERR_UNAVAILABLE, "could not send to another process");
        }
    }
}

bool frame_send_bytes(int fd, struct span frames, struct err *err)
{
    while (frames.size > 0) {
        /* sendmsg() only reads, whatever its struct says. */
        struct iovec part = { .iov_base = (void *)(uintptr_t)frames.data, .iov_len = frames.size };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
        size_t sent;

        if (!send_some(fd, &message, &sent, err))
            return false;
        frames = span_slice(frames, sent, SIZE_MAX);
    }
    return true;
}

union control {
    char bytes[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
    struct cmsghdr align;
};

bool frame_send(int fd, const struct frame *frame, const int *fds, size_t n_fds, struct err *err)
{
    uint8_t header[FRAME_HEADER_SIZE];
    union control control = { 0 };
    struct iovec part = { .iov_base = header, .iov_len = sizeof header };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    size_t sent;

    ASSERT(n_fds <= FRAME_FDS_MAX);
    put_header(header, frame->payload.size, frame->request, frame->type);
    if (n_fds > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);

        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
    }
    if (!send_some(fd, &message, &sent, err))
        return false;
    return frame_send_bytes(fd, span_of(header + sent, sizeof header - sent), err) &&
           frame_send_bytes(fd, frame->payload, err);
}

/* What a receive has been given so far. */
struct receiving {
    int fd;
    int64_t deadline_ms; /* -1: none */
    int fds[FRAME_FDS_MAX];
    size_t n_fds;
};

static void close_all(struct receiving *in)
{
    while (in->n_fds > 0)
        fd_close(in->fds[--in->n_fds]);
}

static void collect_fds(struct receiving *in, struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (in->n_fds < FRAME_FDS_MAX)
                in->fds[in->n_fds++] = fd;
            else
                fd_close(fd);
        }
    }
}

static bool wait_readable(const struct receiving *in, struct err *err)
{
    for (;;) {
        struct pollfd wait = { .fd = in->fd, .events = POLLIN };
        int64_t left = -1;

        if (in->deadline_ms >= 0) {
            left = in->deadline_ms - clock_mono_ms();
            if (left < 0)
                left = 0;
            if (left > INT32_MAX)
                left = INT32_MAX;
        }
        int n = poll(&wait, 1, (int)left);

        if (n > 0)
            return true;
        if (n == 0)
            return fail(err, ERR_UNAVAILABLE, "another process did not answer in time");
        if (errno != EINTR)
            return fail_errno(err, ERR_INTERNAL, "could not wait for another process");
    }
}

static bool receive_exactly(struct receiving *in, void *field, size_t size, bool is_first,
    struct err *err)
{
    size_t have = 0;

    while (have < size) {
        union control control;
        struct iovec part = { .iov_base = (uint8_t *)field + have, .iov_len = size - have };
        struct msghdr message = { .msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = control.bytes,
            .msg_controllen = sizeof control.bytes };

        if (!wait_readable(in, err))
            return false;
        ssize_t n = recvmsg(in->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

        if (n > 0) {
            collect_fds(in, &message);
            have += (size_t)n;
        } else if (n == 0 || errno == ECONNRESET) {
            return is_first && have == 0
                       ? fail(err, ERR_NOT_FOUND, "the other process has closed the channel")
                       : fail(err, ERR_UNAVAILABLE,
                             "another process ended in the middle of a message");
        } else if (errno != EINTR && errno != EAGAIN) {
            return fail_errno(err, ERR_INTERNAL, "could not receive from another process");
        }
    }
    return true;
}

static bool receive_frame(struct receiving *in, struct buf *payload, struct frame *ret,
    struct err *err)
{
    uint8_t header[FRAME_HEADER_SIZE];

    if (!receive_exactly(in, header, sizeof header, true, err))
        return false;
    size_t size = (size_t)get_be(header, 4);

    buf_clear(payload);
    uint8_t *field = buf_extend(payload, size);

    if (!field)
        return buf_check(payload, "a message between processes", err);
    if (!receive_exactly(in, field, size, false, err))
        return false;
    ret->request = (uint32_t)get_be(header + 4, 4);
    ret->type = (uint16_t)get_be(header + 8, 2);
    ret->payload = buf_span(payload);
    return true;
}

bool frame_receive(int fd, int64_t timeout_ms, struct buf *payload, struct frame *ret, int *fds,
    size_t *ret_n_fds, struct err *err)
{
    struct receiving in = { .fd = fd,
        .deadline_ms = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms };

    if (!receive_frame(&in, payload, ret, err)) {
        close_all(&in);
        return false;
    }
    if (!fds) {
        close_all(&in);
        return true;
    }
    memcpy(fds, in.fds, in.n_fds * sizeof *fds);
    *ret_n_fds = in.n_fds;
    return true;
}

bool frame_pair(int *ret_a, int *ret_b, struct err *err)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not make a socket pair");
    *ret_a = ends[0];
    *ret_b = ends[1];
    return true;
}
