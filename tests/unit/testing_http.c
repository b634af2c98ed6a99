/* See testing_http.h. */
#include "testing_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testing.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "net/loop.h"
#include "net/tls_server.h"
#include "net/workers.h"

#define MAX_SEEN 4096

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_seen seen[MAX_SEEN];
    size_t n_seen;
    size_t n_authorized;
    size_t n_released;
    size_t n_waiting;
    bool gate_is_open;
    bool is_drained;
    pthread_t thread;
} rig_state = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

struct http_limits testing_http_limits(void)
{
    return (struct http_limits)HTTP_LIMITS_DEFAULT;
}

static const char *part(const struct http_request *request, size_t i)
{
    return i < request->n_parts ? request->parts[i] : "";
}

static bool path_is(const struct http_request *request, const char *name)
{
    return strcmp(part(request, 0), name) == 0;
}

static enum http_verdict admit(void *context, struct http_request *request,
    struct http_reply *reply)
{
    (void)context;
    if (path_is(request, "nowhere")) {
        http_reply_status(reply, 404);
        http_reply_static_body(reply, SPAN_LITERAL("nothing here\n"));
        return HTTP_ANSWERED;
    }
    request->admission.max_body = INT64_C(16) << 20;
    if (path_is(request, "small"))
        request->admission.max_body = 100;
    if (path_is(request, "none"))
        request->admission.max_body = 0;
    request->admission.secret_body = path_is(request, "secret");
    return HTTP_PROCEED;
}

static enum http_verdict authorize(void *context, void *worker, struct http_request *request,
    struct http_reply *reply)
{
    (void)context;
    (void)worker;
    pthread_mutex_lock(&rig_state.lock);
    rig_state.n_authorized++;
    pthread_mutex_unlock(&rig_state.lock);
    if (!path_is(request, "denied"))
        return HTTP_PROCEED;
    http_reply_status(reply, 403);
    return HTTP_ANSWERED;
}

struct counter {
    int64_t at;
    int64_t end;
    int64_t broken_at;
    size_t piece;
};

static enum http_more count_on(void *arg, void *worker, struct buf *chunk)
{
    struct counter *counter = arg;

    (void)worker;
    if (counter->at == counter->broken_at)
        return HTTP_BROKEN;
    for (size_t i = 0; i < counter->piece && counter->at < counter->end; i++)
        buf_addf(chunk, "%08" PRId64 "\n", counter->at++);
    return counter->at < counter->end ? HTTP_MORE : HTTP_LAST;
}

static void release_counter(void *arg)
{
    free(arg);
    pthread_mutex_lock(&rig_state.lock);
    rig_state.n_released++;
    pthread_mutex_unlock(&rig_state.lock);
}

static void stream(struct http_reply *reply, int64_t n, int64_t broken_at, int64_t size)
{
    struct counter *counter = xcalloc(1, sizeof *counter);

    counter->end = n;
    counter->broken_at = broken_at;
    counter->piece = 10000;
    http_reply_take_producer(reply, &(struct http_producer){ .produce = count_on,
                                        .release = release_counter,
                                        .arg = counter,
                                        .size = size });
}

static void wait_at_gate(void)
{
    pthread_mutex_lock(&rig_state.lock);
    rig_state.n_waiting++;
    pthread_cond_broadcast(&rig_state.changed);
    while (!rig_state.gate_is_open)
        pthread_cond_wait(&rig_state.changed, &rig_state.lock);
    rig_state.n_waiting--;
    pthread_mutex_unlock(&rig_state.lock);
}

static void echo(struct http_request *request, struct http_reply *reply)
{
    autodone(buf) struct buf body = BUF_INIT((size_t)16 << 20);
    uint8_t *at;

    http_reply_field(reply, "Content-Type", "application/octet-stream");
    http_reply_field(reply, "X-Spooled", request->body_fd < 0 ? "no" : "yes");
    if (request->body_fd < 0) {
        buf_add_span(&body, request->body);
    } else {
        at = buf_extend(&body, (size_t)request->body_size);
        ASSERT(at && pread(request->body_fd, at, (size_t)request->body_size, 0) ==
                         (ssize_t)request->body_size);
    }
    http_reply_take_body(reply, &body);
}

static void send_file(struct http_reply *reply)
{
    int fd = memfd_create("reply", MFD_CLOEXEC);
    struct err err = { 0 };

    ASSERT(fd >= 0);
    for (int i = 0; i < 30000; i++) {
        char line[16];

        (void)snprintf(line, sizeof line, "%09d\n", i);
        ASSERT(fs_write_all(fd, span_text(line), &err));
    }
    http_reply_take_fd(reply, fd, 300000);
}

static void show(struct http_request *request, struct http_reply *reply)
{
    autodone(buf) struct buf body = BUF_INIT(65536);

    buf_addf(&body, "%s %s %s %s\n", http_method_name(request->method), request->client,
        request->is_encrypted ? "https" : "http", request->host);
    for (size_t i = 0; i < request->n_parts; i++)
        buf_addf(&body, "[%s]", request->parts[i]);
    buf_addf(&body, "?%s\n", request->query);
    http_reply_take_body(reply, &body);
}

static void handle(void *context, void *worker, struct http_request *request,
    struct http_reply *reply)
{
    static const uint8_t big[4 * 1024 * 1024] = { 'b' };

    (void)context;
    (void)worker;
    if (path_is(request, "echo") || path_is(request, "small") || path_is(request, "secret"))
        echo(request, reply);
    else if (path_is(request, "stream"))
        stream(reply, 100000, -1, -1);
    else if (path_is(request, "stream-short"))
        stream(reply, 10, -1, -1);
    else if (path_is(request, "stream-sized"))
        stream(reply, 100000, -1, 900000);
    else if (path_is(request, "stream-liar"))
        stream(reply, 100000, -1, 800000);
    else if (path_is(request, "stream-broken"))
        stream(reply, 100000, 20000, -1);
    else if (path_is(request, "stream-stillborn"))
        stream(reply, 100000, 0, -1);
    else if (path_is(request, "endless"))
        stream(reply, INT64_MAX, -1, -1);
    else if (path_is(request, "file"))
        send_file(reply);
    else if (path_is(request, "inject"))
        http_reply_field(reply, "X-Name", "value\r\nSet-Cookie: stolen=1");
    else if (path_is(request, "framing"))
        http_reply_field(reply, "Content-Length", "5");
    else if (path_is(request, "big"))
        http_reply_static_body(reply, span_of(big, sizeof big));
    else if (path_is(request, "nothing"))
        http_reply_status(reply, 204);
    else if (path_is(request, "show"))
        show(request, reply);
    else
        http_reply_static_body(reply, SPAN_LITERAL("hello\n"));
    if (path_is(request, "slow"))
        wait_at_gate();
}

static void finished(void *context, const struct http_request *request,
    const struct http_outcome *outcome)
{
    struct http_seen *seen;

    (void)context;
    pthread_mutex_lock(&rig_state.lock);
    seen = &rig_state.seen[rig_state.n_seen++ % MAX_SEEN];
    *seen = (struct http_seen){ .status = outcome->status,
        .is_cut = outcome->is_cut,
        .is_encrypted = request->is_encrypted,
        .bytes_in = outcome->bytes_in,
        .bytes_out = outcome->bytes_out };
    (void)snprintf(seen->target, sizeof seen->target, "%s", request->target);
    (void)snprintf(seen->client, sizeof seen->client, "%s", request->client);
    (void)snprintf(seen->refusal, sizeof seen->refusal, "%s",
        outcome->refusal ? outcome->refusal : "");
    pthread_cond_broadcast(&rig_state.changed);
    pthread_mutex_unlock(&rig_state.lock);
}

static void *loop_main(void *arg)
{
    struct testing_http *rig = arg;

    loop_run(rig->loop);
    return NULL;
}

struct testing_http *testing_http_start(const struct http_limits *limits, struct tls_server *tls,
    const char *trusted_proxies)
{
    static const struct http_app app = { .admit = admit,
        .authorize = authorize,
        .handle = handle,
        .finished = finished };
    struct http_server_conf conf = { .limits = *limits,
        .app = &app,
        .trusted_proxies = trusted_proxies };
    struct workers_conf workers = { .name = "test", .n_threads = 2, .max_waiting = { 4, 4 } };
    struct testing_http *rig = xcalloc(1, sizeof *rig);
    struct err err = { 0 };

    testing_http_forget_seen();
    rig_state.n_authorized = rig_state.n_released = 0;
    rig_state.gate_is_open = rig_state.is_drained = false;
    assert_works(loop_new(&rig->loop, &err), &err);
    assert_works(workers_new(&workers, &rig->workers, &err), &err);
    assert_works(http_server_new(rig->loop, rig->workers, &conf, &rig->server, &err), &err);
    assert_works(http_server_listen(rig->server, "127.0.0.1", 0, tls, &rig->port, &err), &err);
    if (!http_server_listen(rig->server, "::1", 0, tls, &rig->port_v6, &err))
        rig->port_v6 = 0;
    assert_int_equal(pthread_create(&rig_state.thread, NULL, loop_main, rig), 0);
    return rig;
}

void testing_http_stop(struct testing_http *rig)
{
    testing_http_open_gate(true);
    loop_stop(rig->loop);
    pthread_join(rig_state.thread, NULL);
    workers_stop(rig->workers);
    http_server_free(rig->server);
    workers_free(rig->workers);
    loop_free(rig->loop);
    free(rig);
}

struct call {
    struct testing_http *rig;
    int64_t deadline_ms;
    struct http_stats stats;
    bool is_done;
};

static void on_drained(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&rig_state.lock);
    rig_state.is_drained = true;
    pthread_mutex_unlock(&rig_state.lock);
}

static void drain_now(void *arg)
{
    struct call *call = arg;

    http_server_drain(call->rig->server, call->deadline_ms, on_drained, NULL);
    free(call);
}

void testing_http_drain(struct testing_http *rig, int64_t deadline_ms)
{
    struct call *call = xcalloc(1, sizeof *call);

    call->rig = rig;
    call->deadline_ms = deadline_ms;
    loop_post(rig->loop, drain_now, call);
}

bool testing_http_is_drained(void)
{
    bool is_drained;

    pthread_mutex_lock(&rig_state.lock);
    is_drained = rig_state.is_drained;
    pthread_mutex_unlock(&rig_state.lock);
    return is_drained;
}

static void ask_stats(void *arg)
{
    struct call *call = arg;

    pthread_mutex_lock(&rig_state.lock);
    call->stats = http_server_stats(call->rig->server);
    call->is_done = true;
    pthread_cond_broadcast(&rig_state.changed);
    pthread_mutex_unlock(&rig_state.lock);
}

struct http_stats testing_http_stats(struct testing_http *rig)
{
    struct call call = { .rig = rig };

    loop_post(rig->loop, ask_stats, &call);
    pthread_mutex_lock(&rig_state.lock);
    while (!call.is_done)
        pthread_cond_wait(&rig_state.changed, &rig_state.lock);
    pthread_mutex_unlock(&rig_state.lock);
    return call.stats;
}

/* Wait on the condition with `lock` held; fails the test at the deadline. */
static void wait_for_change(const char *what)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += HTTP_TEST_DEADLINE_MS / 1000;
    if (pthread_cond_timedwait(&rig_state.changed, &rig_state.lock, &until) != 0) {
        pthread_mutex_unlock(&rig_state.lock);
        fail_msg("%s never came", what);
    }
}

size_t testing_http_seen(struct http_seen *field, size_t n)
{
    size_t n_seen;

    pthread_mutex_lock(&rig_state.lock);
    while (rig_state.n_seen < n)
        wait_for_change("the end of a request");
    memcpy(field, rig_state.seen, n * sizeof *field);
    n_seen = rig_state.n_seen;
    pthread_mutex_unlock(&rig_state.lock);
    return n_seen;
}

void testing_http_forget_seen(void)
{
    pthread_mutex_lock(&rig_state.lock);
    rig_state.n_seen = 0;
    pthread_mutex_unlock(&rig_state.lock);
}

void testing_http_open_gate(bool is_open)
{
    pthread_mutex_lock(&rig_state.lock);
    rig_state.gate_is_open = is_open;
    pthread_cond_broadcast(&rig_state.changed);
    pthread_mutex_unlock(&rig_state.lock);
}

void testing_http_wait_for_waiters(size_t n)
{
    pthread_mutex_lock(&rig_state.lock);
    while (rig_state.n_waiting < n)
        wait_for_change("a waiting handler");
    pthread_mutex_unlock(&rig_state.lock);
}

size_t testing_http_n_authorized(void)
{
    size_t n;

    pthread_mutex_lock(&rig_state.lock);
    n = rig_state.n_authorized;
    pthread_mutex_unlock(&rig_state.lock);
    return n;
}

size_t testing_http_n_released(void)
{
    size_t n;

    pthread_mutex_lock(&rig_state.lock);
    n = rig_state.n_released;
    pthread_mutex_unlock(&rig_state.lock);
    return n;
}

void testing_wait_on(int64_t until_ms, const char *claim)
{
    if (clock_mono_ms() > until_ms)
        fail_msg("never came true: %s", claim);
    (void)poll(NULL, 0, 2);
}

int testing_connect(uint16_t port)
{
    struct sockaddr_in where = { .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&where, sizeof where) != 0)
        fail_msg("could not connect: %s", strerrorname_np(errno));
    return fd;
}

int testing_connect_v6(uint16_t port)
{
    struct sockaddr_in6 where = { .sin6_family = AF_INET6,
        .sin6_port = htons(port),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&where, sizeof where), 0);
    return fd;
}

void testing_send(int fd, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the server may have had enough; the test sees it in the answer */
        at += n;
        size -= (size_t)n;
    }
}

void testing_send_text(int fd, const char *text)
{
    testing_send(fd, text, strlen(text));
}

bool testing_receive(int fd, struct buf *in, const char *until)
{
    int64_t deadline_ms = clock_mono_ms() + HTTP_TEST_DEADLINE_MS;

    for (;;) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        uint8_t field[16384];
        ssize_t n;

        if (until && span_find(buf_span(in), span_text(until)) != SIZE_MAX)
            return false;
        if (poll(&wait, 1, 100) == 0 && clock_mono_ms() > deadline_ms)
            fail_msg("no end of the answer; so far: %.300s", buf_text(in));
        if (!wait.revents)
            continue;
        n = recv(fd, field, sizeof field, 0);
        if (n <= 0)
            return true;
        buf_add(in, field, (size_t)n);
        assert_true(buf_ok(in));
    }
}

void testing_exchange(uint16_t port, const char *request, struct buf *answer)
{
    autoclose int fd = testing_connect(port);

    testing_send_text(fd, request);
    (void)shutdown(fd, SHUT_WR);
    (void)testing_receive(fd, answer, NULL);
}
