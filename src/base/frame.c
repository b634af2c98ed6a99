/* base/frame: see the header. */
#include "base/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"

void frame_write(struct buf *out, uint32_t id, uint16_t type, struct span payload)
{
    buf_add_u32(out, (uint32_t)payload.size);
    buf_add_u32(out, id);
    buf_add_u16(out, type);
    buf_add_span(out, payload);
}

bool frame_read(struct span in, size_t max_payload, struct frame *ret, size_t *ret_size,
    struct err *err)
{
    struct frame_reader reader;

    if (in.size < FRAME_HEADER_SIZE) {
        *ret_size = 0;
        return true;
    }
    frame_reader_init(&reader, in);
    size_t size = frame_u32(&reader);
    uint32_t id = frame_u32(&reader);
    uint16_t type = frame_u16(&reader);

    if (size > max_payload)
        return fail(err, ERR_LIMIT, "a frame of %zu bytes is longer than %zu", size, max_payload);
    if (reader.rest.size < size) {
        *ret_size = 0;
        return true;
    }
    *ret = (struct frame){ .id = id, .type = type, .payload = span_slice(reader.rest, 0, size) };
    *ret_size = FRAME_HEADER_SIZE + size;
    return true;
}

void frame_add_bytes(struct buf *payload, struct span bytes)
{
    ASSERT(bytes.size <= UINT32_MAX);
    buf_add_u32(payload, (uint32_t)bytes.size);
    buf_add_span(payload, bytes);
}

void frame_add_text(struct buf *payload, const char *text)
{
    frame_add_bytes(payload, span_text(text));
}

void frame_reader_init(struct frame_reader *reader, struct span payload)
{
    *reader = (struct frame_reader){ .rest = payload };
}

static struct span read_bytes(struct frame_reader *reader, size_t size)
{
    struct span part = span_slice(reader->rest, 0, size);

    if (reader->failed || reader->rest.size < size) {
        reader->failed = true;
        return SPAN_EMPTY;
    }
    reader->rest = span_of(reader->rest.data + size, reader->rest.size - size);
    return part;
}

static uint64_t read_number(struct frame_reader *reader, size_t size)
{
    struct span bytes = read_bytes(reader, size);
    uint64_t value = 0;

    for (size_t i = 0; i < bytes.size; i++)
        value = value << 8 | bytes.data[i];
    return value;
}

uint8_t frame_u8(struct frame_reader *reader)
{
    return (uint8_t)read_number(reader, 1);
}

uint16_t frame_u16(struct frame_reader *reader)
{
    return (uint16_t)read_number(reader, 2);
}

uint32_t frame_u32(struct frame_reader *reader)
{
    return (uint32_t)read_number(reader, 4);
}

uint64_t frame_u64(struct frame_reader *reader)
{
    return read_number(reader, 8);
}

int64_t frame_i64(struct frame_reader *reader)
{
    return (int64_t)read_number(reader, 8);
}

struct span frame_bytes(struct frame_reader *reader)
{
    size_t size = frame_u32(reader);

    return read_bytes(reader, size);
}

void frame_text(struct frame_reader *reader, char *field, size_t field_size)
{
    struct span text = frame_bytes(reader);

    if (span_has_nul(text) || text.size >= field_size) {
        reader->failed = true;
        text = SPAN_EMPTY;
    }
    span_copy_text(text, field, field_size);
}

char *frame_text_dup(struct frame_reader *reader, size_t max)
{
    struct span text = frame_bytes(reader);

    if (reader->failed || span_has_nul(text) || text.size > max) {
        reader->failed = true;
        return NULL;
    }
    return span_dup(text);
}

bool frame_reader_end(const struct frame_reader *reader, struct err *err)
{
    if (reader->failed)
        return fail(err, ERR_INVALID, "a frame ends early");
    if (reader->rest.size > 0)
        return fail(err, ERR_INVALID, "a frame has %zu bytes too many", reader->rest.size);
    return true;
}

union descriptor_message {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

/* The descriptor goes with the first byte, wherever the kernel cuts the rest. */
static ssize_t send_some(int fd, struct span part, int pass_fd)
{
    union descriptor_message control = { .bytes = { 0 } };
    struct iovec iov = { .iov_base = (void *)(uintptr_t)part.data, .iov_len = part.size };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (pass_fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &pass_fd, sizeof pass_fd);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

bool frame_send(int fd, uint32_t id, uint16_t type, struct span payload, int pass_fd,
    struct err *err)
{
    autodone(buf) struct buf out = BUF_INIT_SECRET(FRAME_PAYLOAD_MAX + FRAME_HEADER_SIZE);

    frame_write(&out, id, type, payload);
    if (!buf_check(&out, "frame", err))
        return false;
    for (struct span rest = buf_span(&out); rest.size > 0;) {
        ssize_t n = send_some(fd, rest, pass_fd);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not reach the other process");
        pass_fd = -1;
        rest = span_of(rest.data + n, rest.size - (size_t)n);
    }
    return true;
}

static void keep_descriptor(struct msghdr *message, int *fd)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        fd_close(*fd);
        memcpy(fd, CMSG_DATA(h), sizeof *fd);
    }
}

static bool receive_bytes(int fd, struct buf *in, size_t size, int *ret_fd, struct err *err)
{
    while (size > 0) {
        uint8_t chunk[16384];
        union descriptor_message control;
        struct iovec iov = { .iov_base = chunk,
            .iov_len = size < sizeof chunk ? size : sizeof chunk };
        struct msghdr message = { .msg_iov = &iov,
            .msg_iovlen = 1,
            .msg_control = control.bytes,
            .msg_controllen = sizeof control.bytes };
        ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not hear the other process");
        if (n == 0)
            return fail(err, ERR_UNAVAILABLE, "the other process has gone");
        keep_descriptor(&message, ret_fd);
        buf_add(in, chunk, (size_t)n);
        explicit_bzero(chunk, sizeof chunk);
        size -= (size_t)n;
    }
    return buf_check(in, "frame", err);
}

bool frame_receive(int fd, size_t max_payload, struct buf *in, struct frame *ret, int *ret_fd,
    struct err *err)
{
    struct frame_reader reader;
    size_t size;

    *ret_fd = -1;
    buf_clear(in);
    if (!receive_bytes(fd, in, FRAME_HEADER_SIZE, ret_fd, err))
        return false;
    frame_reader_init(&reader, buf_span(in));
    size = frame_u32(&reader);
    if (size > max_payload)
        return fail(err, ERR_LIMIT, "a frame of %zu bytes is longer than %zu", size, max_payload);
    if (!receive_bytes(fd, in, size, ret_fd, err) ||
        !frame_read(buf_span(in), max_payload, ret, &size, err)) {
        fd_close(*ret_fd);
        *ret_fd = -1;
        return false;
    }
    return true;
}
