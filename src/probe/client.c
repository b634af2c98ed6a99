/*
 * probe/client: a table of what is pending, and a thread that reads the answers.
 *
 * `lock` guards the table and the socket's comings and goings. `send_lock`, taken before it, is
 * held while a frame is sent, which blocks while the prober is busy; the reader takes it only to
 * begin with a socket and, after shutting it down, to end with it. A prober that has requests and
 * says nothing for STALL_MS is given up: its engine always has something to tell by then. One less
 * is pending than the prober's engine has room for, so that it goes on reading and hears of what is
 * cancelled.
 */
#include "probe/client.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/log.h"
#include "probe/wire.h"

#define BUCKETS 1024U
#define STALL_MS 60000
#define PROBER_WAIT_MS 5000 /* a new one is there by then, if there will be one */
#define PENDING_PER_CONNECTION 8
#define PENDING_USUAL (PENDING_PER_CONNECTION * 1000U - 1)
#define CONF_MAX FRAME_MAX

struct pending {
    struct pending *next; /* in its bucket */
    uint32_t number;
    probe_client_done_fn *done;
    void *ctx;
    struct probe_result *result; /* NULL for a configuration */
};

struct probe_client {
    pthread_t thread;
    pthread_mutex_t conf_lock; /* one configuration at a time; taken before send_lock */
    pthread_mutex_t send_lock;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* any of what follows, all of which `lock` guards */

    int fd;             /* in use; -1: none */
    int next_fd;        /* to be used next; -1: none */
    bool is_reading;    /* from taking a socket to having failed what was pending on it */
    bool is_ending;     /* of the client */
    unsigned n_sockets; /* used up so far */
    uint32_t last_number;
    size_t n_pending;
    size_t max_pending;
    struct pending *buckets[BUCKETS];
    struct buf conf; /* the last good CONFIGURE's payload; empty: none yet */
};

/* The table. Called with the lock held. */

static struct pending *add_pending(struct probe_client *client, probe_client_done_fn *done,
    void *ctx, bool has_result)
{
    struct pending *const pending = xcalloc(1, sizeof(*pending));

    if (++client->last_number == 0)
        client->last_number = 1;
    pending->number = client->last_number;
    pending->done = done;
    pending->ctx = ctx;
    pending->result = has_result ? xcalloc(1, sizeof(*pending->result)) : NULL;
    pending->next = client->buckets[pending->number % BUCKETS];
    client->buckets[pending->number % BUCKETS] = pending;
    client->n_pending++;
    return pending;
}

static struct pending **find_pending(struct probe_client *client, uint32_t number)
{
    struct pending **link = &client->buckets[number % BUCKETS];

    while (*link && (*link)->number != number)
        link = &(*link)->next;
    return link;
}

static struct pending *remove_pending(struct probe_client *client, uint32_t number)
{
    struct pending **const link = find_pending(client, number);
    struct pending *const pending = *link;

    if (!pending)
        return NULL;
    *link = pending->next;
    client->n_pending--;
    pthread_cond_broadcast(&client->changed);
    return pending;
}

/* Its end, without the lock. */
static void answer(struct pending *pending, const struct err *err)
{
    struct probe_result *const result = take(&pending->result);

    if (err)
        probe_result_free(result);
    pending->done(pending->ctx, err ? NULL : result, err);
    free(pending);
}

static void fail_all(struct probe_client *client)
{
    struct pending *all = NULL;
    struct err err = { 0 };

    pthread_mutex_lock(&client->lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        while (client->buckets[i]) {
            struct pending *const pending = client->buckets[i];

            client->buckets[i] = pending->next;
            pending->next = all;
            all = pending;
        }
    }
    client->n_pending = 0;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);

    fail(&err, ERR_UNAVAILABLE, "the prober has ended; it is being started again");
    while (all) {
        struct pending *const pending = all;

        all = pending->next;
        answer(pending, &err);
    }
}

/* The reader. */

static bool on_cert(struct probe_client *client, const struct frame *frame, struct err *err)
{
    pthread_mutex_lock(&client->lock);
    struct pending *const pending = *find_pending(client, frame->request);
    const bool is_ok = pending && pending->result
                           ? wire_get_cert(frame->payload, pending->result, err)
                           : fail(err, ERR_INVALID, "an answer nobody asked for");
    pthread_mutex_unlock(&client->lock);
    return is_ok;
}

static bool on_end(struct probe_client *client, const struct frame *frame, struct err *err)
{
    struct frame_reader r = frame_reader_of(frame->payload);
    struct err refusal = { 0 };

    pthread_mutex_lock(&client->lock);
    struct pending *const pending = remove_pending(client, frame->request);
    pthread_mutex_unlock(&client->lock);
    if (!pending)
        return fail(err, ERR_INVALID, "an answer nobody asked for");
    if (frame->type == WIRE_REFUSED) {
        frame_read_err(&r, &refusal);
        answer(pending, &refusal);
        return true;
    }
    if ((frame->type == WIRE_RESULT) != (pending->result != NULL) ||
        (pending->result && !wire_get_result(frame->payload, pending->result, err))) {
        fail(&refusal, ERR_UNAVAILABLE, "the prober sent nonsense");
        answer(pending, &refusal);
        return fail(err, ERR_INVALID, "an answer to something else");
    }
    answer(pending, NULL);
    return true;
}

static bool handle(struct probe_client *client, const struct frame *frame, struct err *err)
{
    switch (frame->type) {
    case WIRE_CERT:
        return on_cert(client, frame, err);
    case WIRE_CONFIGURED:
    case WIRE_REFUSED:
    case WIRE_RESULT:
        return on_end(client, frame, err);
    default:
        return fail(err, ERR_INVALID, "a frame of type %d", frame->type);
    }
}

static bool is_idle(struct probe_client *client)
{
    pthread_mutex_lock(&client->lock);
    const bool ret = client->n_pending == 0;
    pthread_mutex_unlock(&client->lock);
    return ret;
}

/* Until the prober is gone, or it must be let go. */
static void read_answers(struct probe_client *client, int fd)
{
    autodone(buf) struct buf payload = BUF_INIT(FRAME_MAX);
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    struct err err = { 0 };

    for (;;) {
        struct frame frame;
        const int n = poll(&wait, 1, STALL_MS);

        if (n == 0 && is_idle(client))
            continue;
        if (n == 0) {
            log_error("prober.stalled", KV_I64("seconds", STALL_MS / 1000));
            return;
        }
        buf_clear(&payload);
        if (!frame_receive(fd, STALL_MS, &payload, &frame, NULL, NULL, &err))
            return;
        if (!handle(client, &frame, &err)) {
            log_error("prober.protocol", KV_ERR(&err));
            return;
        }
    }
}

static void on_reconfigured(void *ctx, struct probe_result *result, const struct err *err)
{
    (void)ctx;
    (void)result;
    if (err && err->kind != ERR_UNAVAILABLE)
        log_error("prober.configuration_refused", KV_ERR(err));
}

/* Its prober is told the configuration before anybody else may speak to it. */
static bool begin_with(struct probe_client *client, int fd)
{
    struct frame frame = { .type = WIRE_CONFIGURE };
    bool is_ok = true;

    pthread_mutex_lock(&client->send_lock);
    pthread_mutex_lock(&client->lock);
    client->fd = fd;
    if (client->conf.size > 0)
        frame.request = add_pending(client, on_reconfigured, NULL, false)->number;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
    /* The configuration changes only under send_lock. */
    frame.payload = buf_span(&client->conf);
    if (frame.request != 0)
        is_ok = frame_send(fd, &frame, NULL, 0, NULL);
    pthread_mutex_unlock(&client->send_lock);
    return is_ok;
}

static void end_with(struct probe_client *client, int fd)
{
    (void)shutdown(fd, SHUT_RDWR); /* whoever is sending gives up */
    pthread_mutex_lock(&client->send_lock);
    pthread_mutex_lock(&client->lock);
    client->fd = -1;
    pthread_mutex_unlock(&client->lock);
    pthread_mutex_unlock(&client->send_lock);
    fd_close(fd);
    fail_all(client);
}

static void *reader_main(void *arg)
{
    struct probe_client *const client = arg;

    pthread_mutex_lock(&client->lock);
    for (;;) {
        while (!client->is_ending && client->next_fd < 0)
            pthread_cond_wait(&client->changed, &client->lock);
        if (client->is_ending)
            break;
        const int fd = client->next_fd;

        client->next_fd = -1;
        client->is_reading = true;
        pthread_mutex_unlock(&client->lock);
        if (begin_with(client, fd))
            read_answers(client, fd);
        end_with(client, fd);
        pthread_mutex_lock(&client->lock);
        client->is_reading = false;
        client->n_sockets++;
        pthread_cond_broadcast(&client->changed);
    }
    pthread_mutex_unlock(&client->lock);
    return NULL;
}

struct probe_client *probe_client_new(void)
{
    struct probe_client *const client = xcalloc(1, sizeof(*client));
    sigset_t all;
    sigset_t before;

    client->fd = -1;
    client->next_fd = -1;
    client->max_pending = PENDING_USUAL;
    buf_init(&client->conf, CONF_MAX);
    pthread_mutex_init(&client->conf_lock, NULL);
    pthread_mutex_init(&client->send_lock, NULL);
    pthread_mutex_init(&client->lock, NULL);
    clock_cond_init(&client->changed);

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int rc = pthread_create(&client->thread, NULL, reader_main, client);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ASSERT(rc == 0);
    return client;
}

void probe_client_free(struct probe_client *client)
{
    if (!client)
        return;
    pthread_mutex_lock(&client->lock);
    client->is_ending = true;
    if (client->fd >= 0)
        (void)shutdown(client->fd, SHUT_RDWR);
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
    pthread_join(client->thread, NULL);
    fd_close(client->next_fd);
    pthread_cond_destroy(&client->changed);
    pthread_mutex_destroy(&client->lock);
    pthread_mutex_destroy(&client->send_lock);
    pthread_mutex_destroy(&client->conf_lock);
    buf_done(&client->conf);
    free(client);
}

void probe_client_set_fd(struct probe_client *client, int fd)
{
    pthread_mutex_lock(&client->lock);
    fd_close(client->next_fd);
    client->next_fd = fd;
    if (client->fd >= 0)
        (void)shutdown(client->fd, SHUT_RDWR);
    pthread_cond_broadcast(&client->changed);
    const unsigned n_before = client->n_sockets;
    while (client->is_reading && client->n_sockets == n_before)
        pthread_cond_wait(&client->changed, &client->lock);
    pthread_mutex_unlock(&client->lock);
}

bool probe_client_is_connected(struct probe_client *client)
{
    pthread_mutex_lock(&client->lock);
    const bool ret = client->fd >= 0;
    pthread_mutex_unlock(&client->lock);
    return ret;
}

/* Those who wait until the prober has its configuration. */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done;
    bool has_failed;
    struct err err;
};

static void wake(void *ctx, struct probe_result *result, const struct err *err)
{
    struct waiter *const waiter = ctx;

    ASSERT(!result); /* nothing was looked at */
    pthread_mutex_lock(&waiter->lock);
    waiter->has_failed = err != NULL;
    if (err)
        waiter->err = *err;
    waiter->is_done = true;
    pthread_cond_signal(&waiter->changed);
    pthread_mutex_unlock(&waiter->lock);
}

static bool await(struct waiter *waiter, struct err *err)
{
    pthread_mutex_lock(&waiter->lock);
    while (!waiter->is_done)
        pthread_cond_wait(&waiter->changed, &waiter->lock);
    pthread_mutex_unlock(&waiter->lock);
    if (waiter->has_failed && err)
        *err = waiter->err;
    return !waiter->has_failed;
}

/* Send a request. False: there is no prober. With send_lock held. */
static bool send_request(struct probe_client *client, enum wire_type type, struct span payload,
    probe_client_done_fn *done, void *ctx)
{
    struct frame frame = { .type = (uint16_t)type, .payload = payload };

    pthread_mutex_lock(&client->lock);
    const int fd = client->fd;
    if (fd >= 0)
        frame.request = add_pending(client, done, ctx, type == WIRE_PROBE)->number;
    pthread_mutex_unlock(&client->lock);
    if (fd < 0)
        return false;
    /* Where this fails the reader notices, too, and fails what is pending. */
    if (!frame_send(fd, &frame, NULL, 0, NULL))
        (void)shutdown(fd, SHUT_RDWR);
    return true;
}

bool probe_client_configure(struct probe_client *client, const struct probe_conf *conf,
    struct err *err)
{
    struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER };
    struct buf payload = BUF_INIT_SECRET(CONF_MAX);
    struct err refusal = { 0 };

    wire_put_conf(&payload, conf);
    if (!buf_check(&payload, "the prober's configuration", err)) {
        buf_done(&payload);
        return false;
    }
    pthread_mutex_lock(&client->conf_lock);
    pthread_mutex_lock(&client->send_lock);
    struct buf before = client->conf;
    client->conf = payload;
    const bool is_sent =
        send_request(client, WIRE_CONFIGURE, buf_span(&client->conf), wake, &waiter);
    pthread_mutex_unlock(&client->send_lock);

    const bool is_good = !is_sent || await(&waiter, &refusal) || refusal.kind == ERR_UNAVAILABLE;
    pthread_mutex_lock(&client->send_lock);
    if (is_good) {
        pthread_mutex_lock(&client->lock);
        client->max_pending = conf->max_in_flight > 0
                                  ? PENDING_PER_CONNECTION * (size_t)conf->max_in_flight - 1
                                  : PENDING_USUAL;
        pthread_mutex_unlock(&client->lock);
    } else {
        payload = client->conf;
        client->conf = before;
        before = payload;
    }
    pthread_mutex_unlock(&client->send_lock);
    pthread_mutex_unlock(&client->conf_lock);
    buf_done(&before);
    if (!is_good && err)
        *err = refusal;
    return is_good;
}

/* The numbers of those to be cancelled, as they travel. */
static void find_cancelled(struct probe_client *client, probe_client_done_fn *done,
    bool (*is_wanted)(const void *ctx, const void *whose), const void *whose, struct buf *numbers)
{
    pthread_mutex_lock(&client->lock);
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct pending *p = client->buckets[i]; p; p = p->next)
            if (p->done == done && is_wanted(p->ctx, whose))
                buf_add_u32(numbers, p->number);
    pthread_mutex_unlock(&client->lock);
}

void probe_client_cancel(struct probe_client *client, probe_client_done_fn *done,
    bool (*is_wanted)(const void *ctx, const void *whose), const void *whose)
{
    autodone(buf) struct buf numbers = BUF_INIT(FRAME_MAX);
    struct frame frame = { .type = WIRE_CANCEL };

    pthread_mutex_lock(&client->send_lock);
    find_cancelled(client, done, is_wanted, whose, &numbers);
    pthread_mutex_lock(&client->lock);
    const int fd = client->fd;
    pthread_mutex_unlock(&client->lock);
    frame.payload = buf_span(&numbers);
    if (fd >= 0 && numbers.size > 0 && !frame_send(fd, &frame, NULL, 0, NULL))
        (void)shutdown(fd, SHUT_RDWR);
    pthread_mutex_unlock(&client->send_lock);
}

/* Wait for a prober with room. False: there was none in time. */
static bool wait_for_room(struct probe_client *client, int64_t wait_ms)
{
    const int64_t now_ms = clock_mono_ms();
    const int64_t prober_ms = now_ms + (wait_ms < PROBER_WAIT_MS ? wait_ms : PROBER_WAIT_MS);
    const int64_t room_ms = now_ms + wait_ms;

    pthread_mutex_lock(&client->lock);
    for (;;) {
        const bool is_there = client->fd >= 0;
        const int64_t until_ms = is_there ? room_ms : prober_ms;
        const struct timespec until = clock_deadline(until_ms - clock_mono_ms());

        if (is_there && client->n_pending < client->max_pending)
            break;
        if (pthread_cond_timedwait(&client->changed, &client->lock, &until) != 0)
            break;
    }
    const bool ret = client->fd >= 0 && client->n_pending < client->max_pending;
    pthread_mutex_unlock(&client->lock);
    return ret;
}

bool probe_client_submit(struct probe_client *client, const struct probe_target *target,
    int64_t wait_ms, probe_client_done_fn *done, void *ctx, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(65536);

    if (!wire_put_target(&payload, target, err))
        return false;
    bool is_sent = wait_for_room(client, wait_ms);
    if (is_sent) {
        pthread_mutex_lock(&client->send_lock);
        is_sent = send_request(client, WIRE_PROBE, buf_span(&payload), done, ctx);
        pthread_mutex_unlock(&client->send_lock);
    }
    return is_sent || fail(err, ERR_UNAVAILABLE, "the prober is not there or has too much to do");
}
