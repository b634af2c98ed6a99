/* net/http_body: see the header. */
#include "net/http_body.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"

#define SECRET_FIRST ((size_t)16 * 1024)

void http_body_init(struct http_body *body, size_t max_memory, const char *spool_dir)
{
    *body = (struct http_body){
        .max_memory = max_memory,
        .spool_dir = spool_dir ? spool_dir : "/tmp",
        .memory = BUF_INIT_SECRET(max_memory), /* a sign-in's password comes this way, too */
        .fd = -1,
    };
}

void http_body_done(struct http_body *body)
{
    buf_done(&body->memory);
    secret_free(body->secret);
    body->secret = NULL;
    fd_close(body->fd);
    body->fd = -1;
}

static void add_secret(struct http_body *body, struct span bytes)
{
    size_t used = (size_t)body->size, needed = used + bytes.size;
    size_t room = body->secret ? secret_size(body->secret) : 0;

    if (needed > room) {
        struct secret *bigger;

        room = room ? room * 2 : SECRET_FIRST;
        bigger = secret_new_zeroed(needed > room ? needed : room);
        if (used)
            memcpy(secret_bytes(bigger), secret_bytes(body->secret), used);
        secret_free(body->secret);
        body->secret = bigger;
    }
    if (bytes.size)
        memcpy(secret_bytes(body->secret) + used, bytes.data, bytes.size);
}

static bool add_to_file(struct http_body *body, struct span bytes, struct err *err)
{
    if (body->fd < 0) {
        if (!fs_open_temporary(body->spool_dir, &body->fd, err))
            return false;
        if (!fs_write_all(body->fd, buf_span(&body->memory), err))
            return false;
        buf_done(&body->memory);
    }
    return fs_write_all(body->fd, bytes, err);
}

bool http_body_add(struct http_body *body, struct span bytes, struct err *err)
{
    if ((int64_t)bytes.size > body->max - body->size)
        return fail(err, ERR_LIMIT, "the body is larger than %" PRId64 " bytes", body->max);
    if (body->is_secret)
        add_secret(body, bytes);
    else if (body->fd < 0 && bytes.size <= body->max_memory - body->memory.size)
        buf_add_span(&body->memory, bytes);
    else if (!add_to_file(body, bytes, err))
        return err_wrap(err, "could not keep the body");
    body->size += (int64_t)bytes.size;
    return true;
}

struct span http_body_span(const struct http_body *body)
{
    if (body->is_secret)
        return span_slice(secret_span(body->secret), 0, (size_t)body->size);
    return body->fd < 0 ? buf_span(&body->memory) : SPAN_EMPTY;
}
