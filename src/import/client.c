/*
 * import/client: see the header.
 *
 * Processes are asked for one by one, and whoever waits takes the next that is offered: they are
 * all alike. What is offered when nobody waits any more is let go of, and so ends.
 */
#include "import/client.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "import/wire.h"

/* So many at once; others wait for their turn. */
#define AT_ONCE 4
#define TURN_TIMEOUT_MS 5000
#define START_TIMEOUT_MS 15000
#define PARSE_TIMEOUT_MS 30000

struct import_client {
    struct import_client_conf conf;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n_running; /* whoever has a turn */
    size_t n_awaited; /* processes that were asked for and have not been offered */
    int offered[AT_ONCE];
    size_t n_offered;
    size_t n_failed; /* offers of -1 that nobody has taken */
    bool is_stopped;
};

struct import_client *import_client_new(const struct import_client_conf *conf)
{
    struct import_client *client = xcalloc(1, sizeof *client);

    client->conf = *conf;
    if (!client->conf.start_timeout_ms)
        client->conf.start_timeout_ms = START_TIMEOUT_MS;
    if (!client->conf.parse_timeout_ms)
        client->conf.parse_timeout_ms = PARSE_TIMEOUT_MS;
    (void)pthread_mutex_init(&client->lock, NULL);
    clock_cond_init(&client->changed);
    return client;
}

void import_client_free(struct import_client *client)
{
    if (!client)
        return;
    while (client->n_offered > 0)
        fd_close(client->offered[--client->n_offered]);
    (void)pthread_cond_destroy(&client->changed);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
}

void import_client_offer(struct import_client *client, int fd)
{
    (void)pthread_mutex_lock(&client->lock);
    if (client->n_awaited == 0 || client->is_stopped) {
        fd_close(fd);
    } else {
        client->n_awaited--;
        if (fd >= 0)
            client->offered[client->n_offered++] = fd;
        else
            client->n_failed++;
        (void)pthread_cond_broadcast(&client->changed);
    }
    (void)pthread_mutex_unlock(&client->lock);
}

void import_client_stop(struct import_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    client->is_stopped = true;
    (void)pthread_cond_broadcast(&client->changed);
    (void)pthread_mutex_unlock(&client->lock);
}

/* With the lock held: wait until `is_it`, or the time is up. */
static bool wait_until(struct import_client *client, bool (*is_it)(const struct import_client *),
    const struct timespec *deadline)
{
    while (!is_it(client) && !client->is_stopped)
        if (pthread_cond_timedwait(&client->changed, &client->lock, deadline) != 0)
            break;
    return is_it(client) && !client->is_stopped;
}

static bool has_room(const struct import_client *client)
{
    return client->n_running < AT_ONCE;
}

static bool has_offer(const struct import_client *client)
{
    return client->n_offered > 0 || client->n_failed > 0;
}

/* With the lock held, and a turn taken. */
static bool take_process(struct import_client *client, const struct timespec *deadline, int *ret_fd,
    struct err *err)
{
    client->n_awaited++;
    if (!client->conf.ask(client->conf.arg, err)) {
        client->n_awaited--;
        return false;
    }
    if (!wait_until(client, has_offer, deadline)) {
        if (client->n_awaited > 0)
            client->n_awaited--; /* when it comes, it goes */
        return fail(err, ERR_UNAVAILABLE, "no process to read the upload could be started");
    }
    if (client->n_offered == 0) {
        client->n_failed--;
        return fail(err, ERR_UNAVAILABLE, "no process to read the upload could be started");
    }
    *ret_fd = client->offered[--client->n_offered];
    return true;
}

static bool begin(struct import_client *client, int *ret_fd, struct err *err)
{
    struct timespec turn = clock_deadline(TURN_TIMEOUT_MS);

    (void)pthread_mutex_lock(&client->lock);
    bool ok = wait_until(client, has_room, &turn);

    if (!ok)
        (void)fail(err, ERR_UNAVAILABLE, "too many uploads are being read just now");
    client->n_running += ok;
    struct timespec deadline = clock_deadline(client->conf.start_timeout_ms);

    if (ok && !take_process(client, &deadline, ret_fd, err)) {
        client->n_running--;
        (void)pthread_cond_broadcast(&client->changed);
        ok = false;
    }
    (void)pthread_mutex_unlock(&client->lock);
    return ok;
}

static void end(struct import_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    client->n_running--;
    (void)pthread_cond_broadcast(&client->changed);
    (void)pthread_mutex_unlock(&client->lock);
}

static bool exchange(int fd, int64_t timeout_ms, const struct import_upload *upload, struct buf *in,
    struct frame *ret, struct err *err)
{
    if (wire_send_upload(fd, upload, err) &&
        frame_receive(fd, timeout_ms, in, ret, NULL, NULL, err))
        return true;
    if (err->kind == ERR_LIMIT)
        return false;
    (void)err_detail(err, "%s", err->msg);
    err->kind = ERR_UNAVAILABLE;
    span_copy_text(SPAN_LITERAL("the upload could not be read: the process that reads it ended, "
                                "or took too long; nothing was imported"),
        err->msg, sizeof err->msg);
    return false;
}

static bool parse_at(int fd, int64_t timeout_ms, const struct import_upload *upload,
    struct import_result *ret, struct import_refusal *ret_refusal, struct err *err)
{
    autodone(buf) struct buf in = BUF_INIT(IMPORT_FRAME_MAX);
    struct frame answer;

    if (!exchange(fd, timeout_ms, upload, &in, &answer, err))
        return false;
    if (answer.type == IMPORT_DONE)
        return wire_read_result(answer.payload, ret, err);
    if (answer.type == IMPORT_REFUSED)
        return wire_read_refusal(answer.payload, ret_refusal, err);
    return fail(err, ERR_INTERNAL, "the process that reads uploads answered something else");
}

bool import_parse(struct import_client *client, const struct import_upload *upload,
    struct import_result *ret, struct import_refusal *ret_refusal, struct err *err)
{
    int fd = -1;

    *ret_refusal = (struct import_refusal){ 0 };
    if (!begin(client, &fd, err))
        return false;
    bool ok = parse_at(fd, client->conf.parse_timeout_ms, upload, ret, ret_refusal, err);

    fd_close(fd);
    end(client);
    return ok;
}
