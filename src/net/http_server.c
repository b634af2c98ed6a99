/*
 * net/http_server: listening, accepting, and the clock; see net/http_conn for what comes then.
 *
 * Deadlines are looked at by one sweep over all connections, at most once a second, instead of a
 * timer each: 10,000 idle ones cost it 0.1 ms.
 */
#include "net/http_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "codec/hostport.h"
#include "net/addr.h"
#include "net/http_conn.h"
#include "net/loop.h"
#include "net/loop_base.h"

#define ACCEPT_AT_ONCE 64
#define BACKLOG 1024

struct http_listener {
    struct http_listener *next;
    struct http_server *server;
    struct loop_watch *watch;
    struct tls_server *tls;
    int fd;
    bool is_paused; /* no descriptors left; the sweep tries again */
};

static void sweep(void *arg);
static void stop_draining(void *arg);

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

bool http_server_new(struct loop *loop, struct workers *workers,
    const struct http_server_conf *conf, struct http_server **ret, struct err *err)
{
    autofree(http_server) struct http_server *server = xcalloc(1, sizeof *server);
    const struct http_limits *limits = &conf->limits;
    int64_t shortest = least(least(limits->head_timeout_ms, limits->idle_timeout_ms),
        least(limits->body_timeout_ms, limits->stall_timeout_ms));

    ASSERT(conf->app->admit && conf->app->handle && limits->max_connections > 0);
    server->loop = loop;
    server->workers = workers;
    server->base = loop_base(loop);
    server->app = *conf->app;
    server->limits = *limits;
    server->spool_dir = xstrdup(conf->spool_dir);
    server->date_at = -1;
    server->sweep_ms = least(shortest / 4 > 5 ? shortest / 4 : 5, 1000);
    http_peers_init(&server->peers);
    server->sweep = loop_timer_new(loop, sweep, server);
    server->drain_timer = loop_timer_new(loop, stop_draining, server);
    if (!addr_ranges_parse(conf->trusted_proxies, &server->trusted, err))
        return err_wrap(err, "trusted proxies");
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write(2) */
    *ret = take(&server);
    return true;
}

static void close_listeners(struct http_server *server)
{
    while (server->listeners) {
        struct http_listener *listener = server->listeners;

        server->listeners = listener->next;
        loop_watch_free(listener->watch);
        fd_close(listener->fd);
        free(listener);
    }
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    close_listeners(server);
    for (struct http_conn *conn = server->conns, *next; conn; conn = next) {
        next = conn->next;
        http_conn_drop(conn);
    }
    while (server->n_away > 0)
        loop_run_once(server->loop, 10);
    loop_timer_free(server->sweep);
    loop_timer_free(server->drain_timer);
    addr_ranges_free(server->trusted);
    http_peers_done(&server->peers);
    free(server->spool_dir);
    free(server);
}

const char *http_server_date(struct http_server *server)
{
    int64_t now = clock_now();

    if (now != server->date_at) {
        server->date_at = now;
        (void)http_date(now, server->date);
    }
    return server->date;
}

static void start_sweeping(struct http_server *server)
{
    if (server->is_sweeping)
        return;
    server->is_sweeping = true;
    loop_timer_start(server->sweep, server->sweep_ms);
}

/* Nothing to wait for any more? Then say so, once, and not from inside a connection's own call. */
static void check_drained(struct http_server *server)
{
    void (*drained)(void *arg) = server->drained;

    if (!server->is_draining || server->conns || !drained)
        return;
    server->drained = NULL;
    loop_timer_stop(server->drain_timer);
    loop_post(server->loop, drained, server->drained_arg);
}

void http_server_forget(struct http_server *server, struct http_conn *conn)
{
    *conn->at = conn->next;
    if (conn->next)
        conn->next->at = conn->at;
    if (conn->is_counted)
        http_peers_remove(&server->peers, &conn->peer);
    server->stats.n_connections--;
    check_drained(server);
}

static void sweep(void *arg)
{
    struct http_server *server = arg;
    int64_t now_ms = clock_mono_ms();
    bool is_needed = false;

    server->is_sweeping = false;
    for (struct http_conn *conn = server->conns, *next; conn; conn = next) {
        next = conn->next;
        http_conn_tick(conn, now_ms);
    }
    for (struct http_listener *l = server->listeners; l; l = l->next)
        if (l->is_paused) {
            l->is_paused = false;
            loop_watch_set(l->watch, LOOP_READ);
        }
    is_needed = server->conns != NULL;
    if (is_needed)
        start_sweeping(server);
}

/* Full: a few plain words, if the socket takes them at once, and good-bye. */
static void turn_away(struct http_server *server, int fd, const struct http_listener *listener)
{
    static const char words[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
                                "Content-Type: text/plain\r\nContent-Length: 26\r\n"
                                "Connection: close\r\n\r\ntoo many open connections\n";

    if (!listener->tls)
        (void)!send(fd, words, sizeof words - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
    fd_close(fd);
    server->stats.n_refused_connections++;
}

static bool is_exempt(const struct http_server *server, const struct net_addr *peer)
{
    if (server->limits.max_per_address == 0)
        return true;
    if (addr_class(peer) == ADDR_LOOPBACK && !server->limits.limits_loopback)
        return true;
    return addr_ranges_has(server->trusted, peer);
}

static void welcome(struct http_listener *listener, int fd, const struct sockaddr_storage *from,
    socklen_t from_size)
{
    struct http_server *server = listener->server;
    struct net_addr peer = { 0 };
    int on = 1;
    bool is_counted;

    if (!addr_from_sockaddr((const struct sockaddr *)from, from_size, &peer)) {
        fd_close(fd);
        return;
    }
    is_counted = !is_exempt(server, &peer);
    if (server->stats.n_connections >= server->limits.max_connections ||
        (is_counted && !http_peers_add(&server->peers, &peer, server->limits.max_per_address))) {
        turn_away(server, fd, listener);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    http_conn_start(server, io_init(fd, listener->tls), &peer, is_counted);
    start_sweeping(server);
}

static bool is_out_of_descriptors(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_accept(void *arg, unsigned what)
{
    struct http_listener *listener = arg;

    (void)what;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        struct sockaddr_storage from;
        socklen_t size = sizeof from;
        int fd =
            accept4(listener->fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            welcome(listener, fd, &from, size);
            continue;
        }
        if (!is_out_of_descriptors(errno))
            return;
        log_warning("http.no_descriptors",
            KV_STR("action", "not accepting for a moment, ignoring"));
        listener->is_paused = true;
        loop_watch_set(listener->watch, 0);
        start_sweeping(listener->server);
        return;
    }
}

static bool open_socket(const struct net_addr *addr, uint16_t port, int *ret, struct err *err)
{
    struct sockaddr_storage where;
    socklen_t size = addr_to_sockaddr(addr, port, &where);
    int fd = socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    char text[NET_ADDR_TEXT_SIZE];
    bool is_v6 = where.ss_family == AF_INET6;
    int on = 1;

    (void)addr_text(addr, text);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (is_v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        bind(fd, (struct sockaddr *)&where, size) != 0 || listen(fd, BACKLOG) != 0) {
        (void)fail_errno(err, ERR_UNAVAILABLE, "could not listen on %s",
            hostport_text(text, port).text);
        fd_close(fd);
        return false;
    }
    *ret = fd;
    return true;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage where = { 0 };
    socklen_t size = sizeof where;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (getsockname(fd, (struct sockaddr *)&where, &size) != 0)
        return 0;
    if (where.ss_family == AF_INET) {
        memcpy(&v4, &where, sizeof v4);
        return ntohs(v4.sin_port);
    }
    memcpy(&v6, &where, sizeof v6);
    return ntohs(v6.sin6_port);
}

bool http_server_listen(struct http_server *server, const char *address, uint16_t port,
    struct tls_server *tls, uint16_t *ret_port, struct err *err)
{
    struct net_addr addr;
    struct http_listener *listener;
    int fd = -1;

    if (!addr_parse(span_text(address), &addr))
        return fail(err, ERR_INVALID, "\"%s\" is not an IP address", address);
    if (!open_socket(&addr, port, &fd, err))
        return false;
    listener = xcalloc(1, sizeof *listener);
    listener->server = server;
    listener->tls = tls;
    listener->fd = fd;
    listener->watch = loop_watch_new(server->loop, fd, LOOP_READ, on_accept, listener);
    listener->next = server->listeners;
    server->listeners = listener;
    if (ret_port)
        *ret_port = port_of(fd);
    return true;
}

void http_server_drain(struct http_server *server, int64_t deadline_ms, void (*drained)(void *arg),
    void *arg)
{
    server->is_draining = true;
    server->drained = drained;
    server->drained_arg = arg;
    close_listeners(server);
    loop_timer_start(server->drain_timer, deadline_ms);
    for (struct http_conn *conn = server->conns, *next; conn; conn = next) {
        next = conn->next;
        http_conn_drop_idle(conn);
    }
    check_drained(server);
}

/* The deadline: what is left is cut; what a worker still has will end by itself. */
static void stop_draining(void *arg)
{
    struct http_server *server = arg;
    void (*drained)(void *arg) = server->drained;

    server->drained = NULL;
    for (struct http_conn *conn = server->conns, *next; conn; conn = next) {
        next = conn->next;
        http_conn_drop(conn);
    }
    if (drained)
        loop_post(server->loop, drained, server->drained_arg);
}

struct http_stats http_server_stats(const struct http_server *server)
{
    return (struct http_stats){ .n_connections = atomic_load(&server->stats.n_connections),
        .n_active = atomic_load(&server->stats.n_active),
        .n_requests = atomic_load(&server->stats.n_requests),
        .n_refused_connections = atomic_load(&server->stats.n_refused_connections) };
}
