/*
 * net/io: a connected socket, in clear or inside TLS, that never blocks.
 */
#pragma once

#include <sys/uio.h>

#include "base/base.h"

struct tls_server;
struct tls_stream;

enum io_result {
    IO_DONE,       /* at least a byte went through, or the handshake is over */
    IO_WANT_READ,  /* nothing; try again when the socket can be read */
    IO_WANT_WRITE, /* nothing; try again when it can be written */
    IO_END,        /* the peer has said all it will */
    IO_FAILED,     /* the connection is gone */
};

struct io {
    int fd;
    struct tls_stream *tls; /* NULL: in clear */
};

/* Takes `fd`. `tls` may be NULL. */
struct io io_init(int fd, struct tls_server *tls);
void io_close(struct io *io);

/* Only inside TLS is there something to do. */
enum io_result io_handshake(struct io *io);

enum io_result io_read(struct io *io, void *field, size_t size, size_t *ret_n);

/* Write some of it; at most IO_PARTS_MAX parts. */
#define IO_PARTS_MAX 4
enum io_result io_write(struct io *io, const struct iovec *parts, int n_parts, size_t *ret_n);

/* Are there bytes that were read from the socket already? Its readiness will not tell. */
bool io_has_buffered(const struct io *io);

/* Say that nothing more will be written. */
void io_end_writing(struct io *io);
