/* net/io: see the header. */
#include "net/io.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "net/tls_stream.h"

struct io io_init(int fd, struct tls_server *tls)
{
    return (struct io){ .fd = fd, .tls = tls ? tls_stream_new(tls, fd) : NULL };
}

void io_close(struct io *io)
{
    tls_stream_free(io->tls);
    io->tls = NULL;
    fd_close(io->fd);
    io->fd = -1;
}

enum io_result io_handshake(struct io *io)
{
    return io->tls ? tls_stream_handshake(io->tls) : IO_DONE;
}

static enum io_result of_errno(enum io_result want)
{
    return errno == EAGAIN || errno == EINTR ? want : IO_FAILED;
}

enum io_result io_read(struct io *io, void *field, size_t size, size_t *ret_n)
{
    ssize_t n;

    if (io->tls)
        return tls_stream_read(io->tls, field, size, ret_n);
    n = recv(io->fd, field, size, 0);
    if (n < 0)
        return of_errno(IO_WANT_READ);
    *ret_n = (size_t)n;
    return n == 0 ? IO_END : IO_DONE;
}

enum io_result io_write(struct io *io, const struct iovec *parts, int n_parts, size_t *ret_n)
{
    struct iovec copies[IO_PARTS_MAX];
    struct msghdr message = { .msg_iov = copies, .msg_iovlen = (size_t)n_parts };
    ssize_t n;

    if (io->tls)
        return tls_stream_write(io->tls, parts[0].iov_base, parts[0].iov_len, ret_n);
    ASSERT(n_parts <= IO_PARTS_MAX);
    memcpy(copies, parts, (size_t)n_parts * sizeof *parts); /* sendmsg() takes no const */
    n = sendmsg(io->fd, &message, MSG_NOSIGNAL);
    if (n < 0)
        return of_errno(IO_WANT_WRITE);
    *ret_n = (size_t)n;
    return IO_DONE;
}

bool io_has_buffered(const struct io *io)
{
    return io->tls && tls_stream_has_buffered(io->tls);
}

void io_end_writing(struct io *io)
{
    if (io->tls)
        tls_stream_end_writing(io->tls);
    (void)shutdown(io->fd, SHUT_WR);
}
