/* net/syslog: see the header. */
#include "net/syslog.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/span.h"
#include "codec/hostport.h"

#define LOCAL_SOCKET "/dev/log"
#define DEFAULT_PORT 514      /* RFC 5426, 3.3 */
#define PRIORITY (10 * 8 + 5) /* authpriv, notice */

static bool parse_unix(struct span path, struct syslog_target *ret, struct err *err)
{
    if (path.size == 0 || path.data[0] != '/' || path.size >= sizeof ret->path)
        return fail(err, ERR_INVALID, "a socket's path begins with / and has less than %zu bytes",
            sizeof ret->path);
    ret->transport = SYSLOG_UNIX;
    span_copy_text(path, ret->path, sizeof ret->path);
    return true;
}

static bool parse_remote(struct span where, enum syslog_transport transport,
    struct syslog_target *ret, struct err *err)
{
    struct hostport parts;

    if (!hostport_parse(where, &parts, err))
        return false;
    if (parts.host.size >= sizeof ret->host)
        return fail(err, ERR_INVALID, "the host's name is too long");
    ret->transport = transport;
    span_copy_text(parts.host, ret->host, sizeof ret->host);
    (void)snprintf(ret->port, sizeof ret->port, "%d", parts.port ? parts.port : DEFAULT_PORT);
    return true;
}

bool syslog_target_parse(const char *text, struct syslog_target *ret, struct err *err)
{
    struct span all = span_text(text);
    struct span rest = all;
    struct span kind;

    *ret = (struct syslog_target){ 0 };
    if (span_is(all, "none"))
        return true;
    if (span_is(all, "local"))
        return parse_unix(SPAN_LITERAL(LOCAL_SOCKET), ret, err);
    if (span_split(&rest, ':', &kind)) {
        if (span_is(kind, "unix"))
            return parse_unix(rest, ret, err);
        if (span_is(kind, "udp"))
            return parse_remote(rest, SYSLOG_UDP, ret, err);
        if (span_is(kind, "tcp"))
            return parse_remote(rest, SYSLOG_TCP, ret, err);
    }
    return fail(err, ERR_INVALID,
        "\"%s\" is none of none, local, unix:PATH, udp:HOST[:PORT], tcp:HOST[:PORT]", text);
}

/* As syslog(3) writes it: RFC 3164, without a host. */
static void write_local(const char *message, int64_t now, struct buf *out)
{
    time_t at = (time_t)now;
    char stamp[32] = "";
    struct tm tm;

    if (localtime_r(&at, &tm))
        (void)strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &tm);
    buf_addf(out, "<%d>%s certdesk[%d]: %s", PRIORITY, stamp, (int)getpid(), message);
}

/* RFC 5424, 6. */
static void write_remote(const char *message, int64_t now, struct buf *out)
{
    time_t at = (time_t)now;
    char stamp[32] = "-";
    char host[256] = "-";
    struct tm tm;

    if (gmtime_r(&at, &tm))
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (gethostname(host, sizeof host - 1) != 0 || !host[0])
        (void)snprintf(host, sizeof host, "-");
    buf_addf(out, "<%d>1 %s %s certdesk %d audit - %s", PRIORITY, stamp, host, (int)getpid(),
        message);
}

static void limit_waiting(int fd)
{
    struct timeval limit = { .tv_sec = SYSLOG_TIMEOUT_MS / 1000 };

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static bool send_whole(int fd, const struct buf *text, struct err *err)
{
    ssize_t n = send(fd, text->data, text->size, MSG_NOSIGNAL);

    if (n < 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not write to the system log");
    if ((size_t)n != text->size)
        return fail(err, ERR_UNAVAILABLE, "the system log took only a part of the message");
    return true;
}

static bool send_unix(const struct syslog_target *target, const struct buf *text, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not open a socket");
    limit_waiting(fd);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", target->path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return fail_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
            "could not reach the system log at %s", target->path);
    return send_whole(fd, text, err);
}

static bool send_to(const struct addrinfo *to, const struct buf *text, struct err *err)
{
    autoclose int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, to->ai_protocol);

    if (fd < 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not open a socket");
    limit_waiting(fd); /* Linux: connecting, too */
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not connect to the log server");
    return send_whole(fd, text, err);
}

static bool send_remote(const struct syslog_target *target, const struct buf *text, struct err *err)
{
    const struct addrinfo wanted = { .ai_family = AF_UNSPEC,
        .ai_socktype = target->transport == SYSLOG_UDP ? SOCK_DGRAM : SOCK_STREAM };
    struct addrinfo *found = NULL;
    int code = getaddrinfo(target->host, target->port, &wanted, &found);
    bool sent = false;

    if (code != 0)
        return fail(err, ERR_UNAVAILABLE, "could not find the log server %s: %s", target->host,
            gai_strerror(code));
    for (const struct addrinfo *to = found; to && !sent; to = to->ai_next)
        sent = send_to(to, text, err);
    freeaddrinfo(found);
    return sent;
}

bool syslog_send(const struct syslog_target *target, const char *message, int64_t now,
    struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT(SYSLOG_MESSAGE_MAX + 512);
    autodone(buf) struct buf framed = BUF_INIT(SYSLOG_MESSAGE_MAX + 528);

    if (target->transport == SYSLOG_NONE)
        return true;
    if (strlen(message) > SYSLOG_MESSAGE_MAX)
        return fail(err, ERR_LIMIT, "a message for the system log has at most %d bytes",
            SYSLOG_MESSAGE_MAX);
    if (target->transport == SYSLOG_UNIX) {
        write_local(message, now, &text);
        return send_unix(target, &text, err);
    }
    write_remote(message, now, &text);
    if (target->transport == SYSLOG_TCP)
        buf_addf(&framed, "%zu ", text.size);
    buf_add_span(&framed, buf_span(&text));
    return send_remote(target, &framed, err);
}
