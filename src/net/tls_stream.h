/* net/tls_stream: TLS on one accepted socket; what net/io calls. */
#pragma once

#include "base/base.h"
#include "net/io.h"

struct tls_server;
struct tls_stream;

/* NULL if OpenSSL cannot: the handshake then fails. `fd` stays the caller's. */
struct tls_stream *tls_stream_new(struct tls_server *tls, int fd) must_check;
void tls_stream_free(struct tls_stream *stream);

enum io_result tls_stream_handshake(struct tls_stream *stream);
enum io_result tls_stream_read(struct tls_stream *stream, void *field, size_t size, size_t *ret_n);
enum io_result tls_stream_write(struct tls_stream *stream, const void *bytes, size_t size,
    size_t *ret_n);
bool tls_stream_has_buffered(const struct tls_stream *stream);
void tls_stream_end_writing(struct tls_stream *stream);
