/* deploy/haproxy/runtime: see the header. */
#include "deploy/haproxy/runtime.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"
#include "deploy/deploy.h"
#include "net/addr.h"
#include "net/host.h"

union address {
    struct sockaddr any;
    struct sockaddr_un path;
    struct sockaddr_storage ip;
};

static bool find_path(const struct runtime_where *where, union address *ret, socklen_t *ret_size,
    struct err *err)
{
    struct sockaddr_un path = { .sun_family = AF_UNIX };

    if (!deploy_host_permit_path(where->host, where->socket, err))
        return false;
    if (strlen(where->socket) >= sizeof path.sun_path)
        return fail(err, ERR_INVALID, "\"%s\" is longer than a socket's name may be",
            where->socket);
    span_copy_text(span_text(where->socket), path.sun_path, sizeof path.sun_path);
    ret->path = path;
    *ret_size = sizeof path;
    return true;
}

/* Keys travel there in clear: only where the host's configuration says that this is fine. */
static bool find_address(const struct runtime_where *where, union address *ret, socklen_t *ret_size,
    struct err *err)
{
    struct host host;
    int port = 0;

    if (!host_port_parse(span_text(where->address), &host, &port, err))
        return false;
    if (!host.is_address || !port)
        return fail(err, ERR_INVALID, "\"%s\" is not ADDRESS:PORT", where->address);
    if (!addr_ranges_has(deploy_host_allow(where->host), &host.addr))
        return fail(err, ERR_DENIED, "%s is not among the addresses that deploy.allow allows",
            host.text);
    *ret_size = addr_to_sockaddr(&host.addr, port, &ret->ip);
    return true;
}

static bool wait_for(int fd, short events, int64_t until_ms, struct err *err)
{
    struct pollfd poll_fd = { .fd = fd, .events = events };

    for (;;) {
        int64_t left = until_ms - clock_mono_ms();
        int n = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;

        if (n > 0)
            return true;
        if (n == 0)
            return fail(err, ERR_UNAVAILABLE, "HAProxy did not answer in time");
        if (errno != EINTR)
            return fail_errno(err, ERR_UNAVAILABLE, "could not wait for HAProxy");
    }
}

static bool connect_to(const struct runtime_where *where, int64_t until_ms, int *ret,
    struct err *err)
{
    const char *name = where->socket[0] ? where->socket : where->address;
    union address address = { .any = { 0 } };
    socklen_t size = 0;
    socklen_t code_size = sizeof(int);
    int code = 0;

    if (!(where->socket[0] ? find_path(where, &address, &size, err)
                           : find_address(where, &address, &size, err)))
        return false;
    autoclose int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not make a socket");
    if (connect(fd, &address.any, size) != 0) {
        if (errno != EINPROGRESS)
            return fail_errno(err, ERR_UNAVAILABLE, "could not connect to %s", name);
        if (!wait_for(fd, POLLOUT, until_ms, err))
            return err_wrap(err, "could not connect to %s", name);
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &code_size) != 0)
            code = errno;
        errno = code;
        if (code)
            return fail_errno(err, ERR_UNAVAILABLE, "could not connect to %s", name);
    }
    *ret = fd;
    fd = -1;
    return true;
}

static bool send_part(int fd, struct span part, int64_t until_ms, struct err *err)
{
    while (part.size > 0) {
        ssize_t n = send(fd, part.data, part.size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            if (!wait_for(fd, POLLOUT, until_ms, err))
                return false;
            continue;
        }
        /* HAProxy may answer, and hang up, before it has read everything: the answer is what
         * counts. */
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return true;
        if (n < 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not write to HAProxy");
        part = span_slice(part, (size_t)n, SIZE_MAX);
    }
    return true;
}

static bool read_chunks(int fd, int64_t until_ms, uint8_t *chunk, size_t size, struct buf *answer,
    struct err *err)
{
    for (;;) {
        if (!wait_for(fd, POLLIN, until_ms, err))
            return false;
        ssize_t n = recv(fd, chunk, size, 0);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return buf_check(answer, "HAProxy's answer", err);
        if (n < 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not read from HAProxy");
        buf_add(answer, chunk, (size_t)n);
        if (!buf_ok(answer))
            return buf_check(answer, "HAProxy's answer", err);
    }
}

static bool read_answer(int fd, int64_t until_ms, struct buf *answer, struct err *err)
{
    uint8_t chunk[4096];
    bool ok = read_chunks(fd, until_ms, chunk, sizeof chunk, answer, err);

    if (answer->is_secret)
        secret_wipe(chunk, sizeof chunk);
    return ok;
}

static bool call_once(const struct runtime_where *where, const struct span *parts, size_t n_parts,
    int64_t until_ms, struct buf *answer, struct err *err)
{
    autoclose int fd = -1;

    if (!connect_to(where, until_ms, &fd, err))
        return false;
    for (size_t i = 0; i < n_parts; i++)
        if (!send_part(fd, parts[i], until_ms, err))
            return false;
    return read_answer(fd, until_ms, answer, err);
}

/* "Can't show! Operations on certificates are currently locked!" and its kin: another connection,
 * maybe one of ours whose process has died, is busy with a certificate. */
static bool is_locked(const struct buf *answer)
{
    const struct span said = buf_span(answer);

    return span_find(said, SPAN_LITERAL("currently locked")) < said.size;
}

bool runtime_call(const struct runtime_where *where, const struct span *parts, size_t n_parts,
    struct buf *answer, struct err *err)
{
    static const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
    const int64_t until_ms = clock_mono_ms() + where->timeout_ms;

    for (;;) {
        buf_clear(answer);
        if (!call_once(where, parts, n_parts, until_ms, answer, err))
            return false;
        if (!is_locked(answer) || clock_mono_ms() + 50 >= until_ms)
            return true;
        (void)nanosleep(&pause, NULL);
    }
}
