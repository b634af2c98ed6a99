/*
 * vault/hsm_process: see the header.
 *
 * Two processes: this one passes on what is asked and watches the clock; its child has the module.
 */
#include "vault/hsm_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/secret.h"
#include "vault/hsm_answer.h"
#include "vault/hsm_wire.h"

#define EXIT_FATAL 78

/* After a module has hung, nobody waits for it again so soon. */
#define REST_MS 5000

struct keeper {
    const struct hsm_process_conf *conf;
    pid_t pid; /* of the child; 0: none */
    int fd;
    int64_t rest_until_ms;
};

/* Nothing that it needs is known but for what it does not. */
static bool confine(const struct hsm_process_conf *conf, struct err *err)
{
    static const struct sandbox_path all = { "/", SANDBOX_READ | SANDBOX_WRITE };
    const struct sandbox_files files = { .paths = &all, .n_paths = 1, .except = conf->hidden };

    return sandbox_files(&files, NULL, err) && sandbox_calls(SANDBOX_TOKEN, err);
}

static void end_child(struct keeper *k)
{
    if (k->pid > 0) {
        (void)kill(k->pid, SIGKILL);
        (void)waitpid(k->pid, NULL, 0);
    }
    fd_close(k->fd);
    k->pid = 0;
    k->fd = -1;
}

static bool start_child(struct keeper *k, struct err *err)
{
    int ours = -1, theirs = -1;

    if (!frame_pair(&ours, &theirs, err))
        return false;
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        fd_close(ours);
        fd_close(k->conf->fd);
        _exit(hsm_answer_all(theirs, k->conf->where, k->conf->pin_fd));
    }
    fd_close(theirs);
    if (pid < 0) {
        fd_close(ours);
        return fail_errno(err, ERR_UNAVAILABLE, "could not start a process for the token");
    }
    k->pid = pid;
    k->fd = ours;
    return true;
}

static bool ask_child(struct keeper *k, const struct frame *request, struct buf *in,
    struct frame *ret, struct err *err)
{
    int64_t patience_ms = request->type == HSM_SIGN ? HSM_SIGN_MS : HSM_MAKE_MS;
    int64_t begun_ms = clock_mono_ms();

    if (begun_ms < k->rest_until_ms)
        return fail(err, ERR_UNAVAILABLE, "the token did not answer a moment ago");
    if (k->pid == 0 && !start_child(k, err))
        return false;
    buf_clear(in);
    if (frame_send(k->fd, request, NULL, 0, err) &&
        frame_receive(k->fd, patience_ms, in, ret, NULL, NULL, err))
        return true;
    bool has_hung = clock_mono_ms() - begun_ms >= patience_ms;

    if (has_hung)
        k->rest_until_ms = clock_mono_ms() + REST_MS;
    log_warning("token.ended", KV_STR("why", has_hung ? "no answer" : "the module crashed"));
    end_child(k);
    return fail(err, ERR_UNAVAILABLE,
        has_hung ? "the token does not answer" : "the token's module crashed");
}

static bool pass_on(struct keeper *k, const struct frame *request, struct buf *in, struct buf *out,
    struct err *err)
{
    struct frame answer;
    struct err failure = { 0 };

    buf_clear(out);
    if (ask_child(k, request, in, &answer, &failure)) {
        frame_add(out, request->request, answer.type, answer.payload);
    } else {
        size_t begun = frame_begin(out, request->request, HSM_FAILED);

        frame_put_err(out, &failure);
        frame_end(out, begun);
    }
    return frame_send_bytes(k->conf->fd, buf_span(out), err);
}

int hsm_process_main(const struct hsm_process_conf *conf)
{
    struct keeper keeper = { .conf = conf, .fd = -1 };
    autodone(buf) struct buf in = BUF_INIT(HSM_FRAME_MAX);
    autodone(buf) struct buf from_child = BUF_INIT(HSM_FRAME_MAX);
    autodone(buf) struct buf out = BUF_INIT(HSM_FRAME_MAX + FRAME_HEADER_SIZE);
    struct frame request;
    struct err err = { 0 };

    secret_forbid_dumps();
    if (!confine(conf, &err)) {
        fprintf(stderr, "certdesk: token: %s\n", err.msg);
        return EXIT_FATAL;
    }
    for (;;) {
        buf_clear(&in);
        if (!frame_receive(conf->fd, -1, &in, &request, NULL, NULL, &err) ||
            !pass_on(&keeper, &request, &from_child, &out, &err))
            break;
    }
    end_child(&keeper);
    return 0;
}
