/*
 * probe/process: an engine on a loop, and the server's socket.
 *
 * Nothing is read from the server while the engine is full or the server is slow to read, so the
 * memory held here is bounded whatever it asks for.
 *
 * Landlock knows files by their inodes. When the files of name resolution are replaced, the new
 * ones are out of reach; the process then finishes what it has and ends, and its successor, started
 * at once, sees them.
 */
#include "probe/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/secret.h"
#include "net/loop.h"
#include "probe/engine.h"
#include "probe/wire.h"

#define OUT_HIGH                                                                                   \
    (4U << 20) /* more than that to be read by the server: take no further requests                \
                */
#define OUT_MAX (512U << 20)
#define READ_BYTES 65536U
#define FILES_CHECK_MS 5000

static const char *const resolver_files[] = { "/etc/hosts", "/etc/resolv.conf",
    "/etc/nsswitch.conf" };

struct prober {
    struct loop *loop;
    struct engine *engine;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *files_timer;
    ino_t inodes[countof(resolver_files)];
    struct buf in;
    struct buf out;
    size_t n_sent; /* of out */
    struct request *requests;
    bool is_leaving;
    int status;
};

/* A probe that was asked for and has no result yet. */
struct request {
    struct request *next;
    struct request **link; /* what points to this one */
    struct prober *prober;
    uint32_t number;
    int64_t id; /* of its target */
};

static void request_free(struct request *request)
{
    *request->link = request->next;
    if (request->next)
        request->next->link = request->link;
    free(request);
}

static void requests_free(struct request *first)
{
    struct request *next = NULL;

    for (struct request *request = first; request; request = next) {
        next = request->next;
        free(request);
    }
}

static void end(struct prober *prober, int status)
{
    prober->status = status;
    loop_watch_set(prober->watch, 0);
    loop_stop(prober->loop);
}

static bool takes_requests(const struct prober *prober)
{
    return !prober->is_leaving && engine_has_room(prober->engine) &&
           prober->out.size - prober->n_sent < OUT_HIGH;
}

static void set_watch(struct prober *prober)
{
    loop_watch_set(prober->watch, (takes_requests(prober) ? LOOP_READ : 0U) |
                                      (prober->n_sent < prober->out.size ? LOOP_WRITE : 0U));
}

static void send_out(struct prober *prober)
{
    while (prober->n_sent < prober->out.size) {
        const ssize_t n = send(prober->fd, prober->out.data + prober->n_sent,
            prober->out.size - prober->n_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            end(prober, 0);
            return;
        }
        prober->n_sent += (size_t)n;
    }
    if (prober->n_sent == prober->out.size || prober->n_sent > OUT_HIGH) {
        buf_drop(&prober->out, prober->n_sent);
        prober->n_sent = 0;
    }
    if (prober->is_leaving && engine_n_targets(prober->engine) == 0 && prober->out.size == 0)
        end(prober, 0);
    else
        set_watch(prober);
}

static void answer_err(struct prober *prober, uint32_t number, const struct err *err)
{
    const size_t begun = frame_begin(&prober->out, number, WIRE_REFUSED);

    frame_put_err(&prober->out, err);
    frame_end(&prober->out, begun);
}

static void on_result(void *ctx, struct probe_result *taken)
{
    autofree(probe_result) struct probe_result *result = taken;
    struct request *const request = ctx;
    struct prober *const prober = request->prober;
    struct buf *const out = &prober->out;

    for (size_t i = 0; i < result->n_certs; i++) {
        const size_t begun = frame_begin(out, request->number, WIRE_CERT);

        wire_put_cert(out, &result->certs[i]);
        frame_end(out, begun);
    }
    const size_t begun = frame_begin(out, request->number, WIRE_RESULT);

    wire_put_result(out, result);
    frame_end(out, begun);
    request_free(request);
    if (buf_ok(out)) {
        send_out(prober);
        return;
    }
    log_error("prober.stuck", KV_STR("reason", "the server does not read the results"));
    end(prober, 1);
}

static void configure(struct prober *prober, const struct frame *frame)
{
    autodone(wire_conf) struct wire_conf conf = { 0 };
    struct err err = { 0 };

    if (wire_get_conf(frame->payload, &conf, &err) &&
        engine_configure(prober->engine, &conf.conf, &err))
        frame_add(&prober->out, frame->request, WIRE_CONFIGURED, SPAN_EMPTY);
    else
        answer_err(prober, frame->request, &err);
}

static void begin_probe(struct prober *prober, const struct frame *frame)
{
    struct wire_target target;
    struct err err = { 0 };
    struct request *const request = xcalloc(1, sizeof(*request));

    *request = (struct request){
        .prober = prober,
        .number = frame->request,
        .next = prober->requests,
        .link = &prober->requests,
    };
    if (request->next)
        request->next->link = &request->next;
    prober->requests = request;
    if (wire_get_target(frame->payload, &target, &err) &&
        engine_submit(prober->engine, &target.target, on_result, request, &err)) {
        request->id = target.target.id;
        return;
    }
    answer_err(prober, frame->request, &err);
    request_free(request);
}

/* A few thousand at most, so in order of coming; qsort() would make calls that are fatal here. */
static bool is_among(const uint32_t *numbers, size_t n, uint32_t number)
{
    for (size_t i = 0; i < n; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* Stop what was not answered yet; whoever asked is told so. */
static bool cancel(struct prober *prober, const struct frame *frame)
{
    const size_t n = frame->payload.size / sizeof(uint32_t);
    struct frame_reader r = frame_reader_of(frame->payload);
    struct request *next = NULL;
    struct err err = { 0 };

    if (frame->payload.size % sizeof(uint32_t) != 0)
        return false;
    uint32_t *const numbers = xcalloc(n + 1, sizeof(numbers[0]));
    for (size_t i = 0; i < n; i++)
        numbers[i] = frame_read_u32(&r);
    fail(&err, ERR_UNAVAILABLE, "the probe was cancelled");
    for (struct request *request = prober->requests; request; request = next) {
        next = request->next;
        if (!is_among(numbers, n, request->number))
            continue;
        engine_cancel(prober->engine, request->id, request);
        answer_err(prober, request->number, &err);
        request_free(request);
    }
    free(numbers);
    return true;
}

static bool handle(struct prober *prober, const struct frame *frame)
{
    switch (frame->type) {
    case WIRE_CONFIGURE:
        configure(prober, frame);
        return true;
    case WIRE_PROBE:
        begin_probe(prober, frame);
        return true;
    case WIRE_CANCEL:
        return cancel(prober, frame);
    default:
        return false;
    }
}

/* Whole frames, as long as there is room for what they ask. */
static void take_frames(struct prober *prober)
{
    enum frame_verdict verdict = FRAME_WHOLE;
    struct frame frame;
    size_t used = 0;
    size_t size = 0;

    while (takes_requests(prober) &&
           (verdict = frame_parse(span_slice(buf_span(&prober->in), used, SIZE_MAX), FRAME_MAX,
                &frame, &size)) == FRAME_WHOLE) {
        used += size;
        if (!handle(prober, &frame)) {
            verdict = FRAME_BROKEN;
            break;
        }
    }
    buf_drop(&prober->in, used);
    if (verdict == FRAME_BROKEN) {
        log_error("prober.protocol", KV_STR("reason", "the server sent what is no request"));
        end(prober, 1);
        return;
    }
    send_out(prober);
}

static void on_room(void *ctx)
{
    take_frames(ctx);
}

static void on_ready(void *arg, unsigned what)
{
    struct prober *const prober = arg;

    if (what & LOOP_WRITE)
        take_frames(prober); /* some may be waiting for the server to have read */
    if (!(what & LOOP_READ))
        return;
    uint8_t *const room = buf_extend(&prober->in, READ_BYTES);
    if (!room) {
        end(prober, 1);
        return;
    }
    const ssize_t n = recv(prober->fd, room, READ_BYTES, MSG_DONTWAIT);
    prober->in.size -= READ_BYTES - (n > 0 ? (size_t)n : 0);
    if (n > 0)
        take_frames(prober);
    else if (n == 0 || errno != EAGAIN)
        end(prober, 0);
}

static ino_t inode_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void on_files_timer(void *arg)
{
    struct prober *const prober = arg;

    for (size_t i = 0; i < countof(resolver_files) && !prober->is_leaving; i++) {
        if (inode_of(resolver_files[i]) == prober->inodes[i])
            continue;
        log_info("prober.leaves", KV_STR("replaced", resolver_files[i]));
        prober->is_leaving = true;
        send_out(prober);
    }
    loop_timer_start(prober->files_timer, FILES_CHECK_MS);
}

/* As many connections as the system lets this process have. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool lock_in(struct err *err)
{
    static const struct sandbox_path paths[] = {
        { "/etc/hosts", SANDBOX_READ },
        { "/etc/resolv.conf", SANDBOX_READ },
        { "/etc/nsswitch.conf", SANDBOX_READ },
        { "/etc/host.conf", SANDBOX_READ },
        { "/etc/ssl/certs", SANDBOX_READ },
        { "/etc/pki", SANDBOX_READ },
        { "/etc/ca-certificates", SANDBOX_READ },
        { "/usr/share/ca-certificates", SANDBOX_READ },
        { "/usr/local/share/ca-certificates", SANDBOX_READ },
    };
    const struct sandbox_files files = { .paths = paths, .n_paths = countof(paths) };

    return sandbox_files(&files, NULL, err) && sandbox_calls(SANDBOX_PROBER, err);
}

static bool begin(struct prober *prober, struct err *err)
{
    const struct probe_conf conf = { 0 };

    if (!loop_new(&prober->loop, err) ||
        !engine_new(prober->loop, &conf, on_room, prober, &prober->engine, err))
        return false;
    for (size_t i = 0; i < countof(resolver_files); i++)
        prober->inodes[i] = inode_of(resolver_files[i]);
    if (!lock_in(err))
        return err_wrap(err, "could not lock the prober in");
    prober->watch = loop_watch_new(prober->loop, prober->fd, LOOP_READ, on_ready, prober);
    prober->files_timer = loop_timer_new(prober->loop, on_files_timer, prober);
    loop_timer_start(prober->files_timer, FILES_CHECK_MS);
    return true;
}

int probe_process_main(int fd)
{
    struct prober prober = { .fd = fd, .in = BUF_INIT(2 * FRAME_MAX), .out = BUF_INIT(OUT_MAX) };
    struct err err = { 0 };

    log_set_role("prober");
    secret_forbid_dumps();
    (void)signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    if (begin(&prober, &err)) {
        loop_run(prober.loop);
    } else {
        log_error("prober.failed", KV_ERR(&err));
        prober.status = 1;
    }
    loop_timer_free(prober.files_timer);
    loop_watch_free(prober.watch);
    engine_free(prober.engine);
    requests_free(prober.requests);
    loop_free(prober.loop);
    buf_done(&prober.in);
    buf_done(&prober.out);
    fd_close(fd);
    return prober.status;
}
