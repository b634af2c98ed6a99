/*
 * daemon/supervisor: see the header.
 *
 * One thread, one poll(): signals, the server's channel, and the time at which a child is to be
 * started again. Prober and vault live at the other end of a socket of the server's, so when the
 * server dies they end by themselves, and everybody gets new sockets. A start that failed for good
 * (CONTROL_EXIT_FATAL before the server was ever ready) ends the supervisor; later nothing does.
 */
#include "daemon/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/secret.h"
#include "conf/conf.h"
#include "daemon/children.h"
#include "daemon/control.h"
#include "daemon/datadir.h"
#include "daemon/hang.h"
#include "daemon/notify.h"
#include "daemon/vault_start.h"

/* Over the server's own deadline: time to notice it. And for the others, once the server is gone.
 */
#define SERVER_GRACE_MS 5000
#define OTHERS_GRACE_MS 3000

/* However many a server asks for. */
#define IMPORTERS_MAX 8

struct supervisor {
    struct conf *conf;
    const struct conf_sources *sources;
    struct datadir dir;
    struct child children[CHILDREN_KEPT];
    struct child importers[IMPORTERS_MAX];
    int control_fd; /* -1: no server to speak to */
    int signal_fd;
    int64_t n_vaults;  /* started so far */
    int64_t n_hangs;   /* of them, those that were ended because they hung */
    int64_t last_hung; /* which was ended so last; 0: none */
    struct hang hang;
    bool was_ready;
    bool is_stopping;
    int64_t kill_at_ms; /* while stopping */
    int status;
};

static enum log_level level_of(const struct supervisor *s)
{
    return (enum log_level)conf_i64(s->conf, CONF_LOG_LEVEL);
}

static void close_control(struct supervisor *s)
{
    fd_close(s->control_fd);
    s->control_fd = -1;
}

static void kill_child(const struct child *child)
{
    if (child->pid > 0)
        (void)kill(child->pid, SIGKILL);
}

static bool start_server(struct supervisor *s, struct child *child, int64_t now_ms, struct err *err)
{
    autoclose int theirs = -1;
    int ours = -1;

    if (!frame_pair(&ours, &theirs, err))
        return false;
    /* For SQLite's own temporary files, which sorting a large table needs. */
    autofree(str) char *variable = xasprintf("SQLITE_TMPDIR=%s/tmp", s->dir.path);
    struct child_start with = { theirs, -1, -1, s->dir.lock_fd, -1, -1, -1, level_of(s), variable };

    if (!child_start(child, &with, now_ms, err)) {
        fd_close(ours);
        return false;
    }
    s->control_fd = ours;
    return control_send_conf(ours, s->conf, err);
}

/* A prober or a vault, and its socket to the server. */
static bool start_peer(struct supervisor *s, struct child *child, int64_t now_ms, struct err *err)
{
    autoclose int theirs = -1;
    autoclose int servers = -1;
    autodone(vault_start) struct vault_start start = VAULT_START_NONE;
    bool is_vault = child->role == CHILD_VAULT;

    if (!frame_pair(&servers, &theirs, err))
        return false;
    if (is_vault && !vault_start_open(s->conf, &start, err))
        return false;
    struct child_start with = { .channel_fd = theirs,
        .key_dir_fd = is_vault ? s->dir.key_dir_fd : -1,
        .passphrase_fd = start.passphrase_fd,
        .lock_fd = -1,
        .old_passphrase_fd = start.old_passphrase_fd,
        .pin_fd = start.pin_fd,
        .ca_pin_fd = start.ca_pin_fd,
        .level = level_of(s),
        .variable = start.variable };

    if (!child_start(child, &with, now_ms, err))
        return false;
    if (!is_vault)
        return control_send(s->control_fd, CONTROL_PROBER, servers, err);
    const struct control_vault vault = { .number = ++s->n_vaults, .n_hangs = s->n_hangs };

    return control_send_vault(s->control_fd, CONTROL_VAULT, &vault, servers, err);
}

/* Start whoever is due. What cannot be started is tried again like a child that died. */
static void start_due(struct supervisor *s, int64_t now_ms)
{
    for (int i = 0; i < CHILDREN_KEPT; i++) {
        struct child *child = &s->children[i];
        struct err err = { 0 };

        if (child->pid > 0 || child->start_at_ms > now_ms)
            continue;
        if (i != CHILD_SERVER && s->control_fd < 0)
            continue;
        bool ok = i == CHILD_SERVER ? start_server(s, child, now_ms, &err)
                                    : start_peer(s, child, now_ms, &err);

        if (ok) {
            log_info("process.started", KV_STR("role", child_role_name(child->role)),
                KV_I64("pid", child->pid));
            continue;
        }
        log_warning("process.start_failed", KV_STR("role", child_role_name(child->role)),
            KV_ERR(&err));
        if (child->pid == 0) {
            child->started_at_ms = now_ms;
            child_ended(child, false, now_ms);
        }
    }
}

static void begin_stop(struct supervisor *s, int status, int64_t now_ms)
{
    struct err err = { 0 };

    s->is_stopping = true;
    s->status = status;
    s->kill_at_ms = now_ms + OTHERS_GRACE_MS;
    notify_manager("STOPPING=1");
    if (s->children[CHILD_SERVER].pid > 0)
        s->kill_at_ms = now_ms + conf_i64(s->conf, CONF_SERVER_SHUTDOWN_TIMEOUT) + SERVER_GRACE_MS;
    if (s->control_fd >= 0 && !control_send(s->control_fd, CONTROL_STOP, -1, &err))
        close_control(s);
}

static void server_ended(struct supervisor *s, int wait_status, int64_t now_ms)
{
    bool in_order = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;

    close_control(s);
    if (s->is_stopping) {
        if (!in_order)
            s->status = 1;
        s->kill_at_ms = now_ms + OTHERS_GRACE_MS;
    }
}

static void child_died(struct supervisor *s, struct child *child, int wait_status, int64_t now_ms)
{
    const char *role = child_role_name(child->role);
    bool fatal = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == CONTROL_EXIT_FATAL;
    bool in_order = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == CONTROL_EXIT_OK;

    if (child->role == CHILD_SERVER)
        server_ended(s, wait_status, now_ms);
    child_ended(child, in_order, now_ms);
    if (s->is_stopping)
        return;
    if (fatal && !s->was_ready) {
        begin_stop(s, 1, now_ms); /* it has said why */
        return;
    }
    if (WIFSIGNALED(wait_status))
        log_warning("process.died", KV_STR("role", role), KV_I64("signal", WTERMSIG(wait_status)),
            KV_I64("restart_in_ms", child->start_at_ms - now_ms));
    else if (WEXITSTATUS(wait_status) != 0)
        log_warning("process.died", KV_STR("role", role),
            KV_I64("status", WEXITSTATUS(wait_status)),
            KV_I64("restart_in_ms", child->start_at_ms - now_ms));
}

static void importer_ended(struct child *importer, int wait_status)
{
    if (WIFSIGNALED(wait_status))
        log_warning("process.died", KV_STR("role", child_role_name(importer->role)),
            KV_I64("signal", WTERMSIG(wait_status)));
    importer->pid = 0;
}

static void reap(struct supervisor *s, int64_t now_ms)
{
    int wait_status;
    pid_t pid;

    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        for (int i = 0; i < CHILDREN_KEPT; i++)
            if (s->children[i].pid == pid)
                child_died(s, &s->children[i], wait_status, now_ms);
        for (int i = 0; i < IMPORTERS_MAX; i++)
            if (s->importers[i].pid == pid)
                importer_ended(&s->importers[i], wait_status);
    }
}

static bool start_importer(struct supervisor *s, int *ret_fd, struct err *err)
{
    autoclose int theirs = -1;
    struct child *free_one = NULL;
    int servers = -1;

    for (int i = 0; i < IMPORTERS_MAX; i++)
        if (s->importers[i].pid == 0)
            free_one = &s->importers[i];
    if (!free_one)
        return fail(err, ERR_UNAVAILABLE, "%d importers are running", IMPORTERS_MAX);
    if (!frame_pair(&servers, &theirs, err))
        return false;
    struct child_start with = { theirs, -1, -1, -1, -1, -1, -1, level_of(s), NULL };

    free_one->role = CHILD_IMPORTER;
    if (!child_start(free_one, &with, clock_mono_ms(), err)) {
        fd_close(servers);
        return false;
    }
    *ret_fd = servers;
    return true;
}

/* The server has an upload to read. It is told also when it cannot have a process for it. */
static void answer_want_importer(struct supervisor *s)
{
    autoclose int servers = -1;
    struct err err = { 0 };

    if (s->is_stopping || !start_importer(s, &servers, &err))
        log_warning("process.start_failed", KV_STR("role", child_role_name(CHILD_IMPORTER)),
            KV_ERR(&err));
    if (!control_send(s->control_fd, CONTROL_IMPORTER, servers, &err))
        log_warning("process.not_handed_over", KV_ERR(&err));
}

static void warn_of_what_needs_a_restart(const struct conf *old, const struct conf *new)
{
    char name[64];

    for (int i = 0; i < CONF_N_KEYS; i++) {
        enum conf_key key = (enum conf_key)i;

        if (!conf_item(key)->reloads && conf_differs(old, new, key))
            log_warning("conf.needs_restart", KV_STR("setting", conf_key_name(key, name)),
                KV_STR("hint", "takes effect at the next start, ignoring"));
    }
}

static void reload(struct supervisor *s)
{
    struct conf *conf = NULL;
    struct err err = { 0 };

    if (!conf_load(s->sources, &conf, &err)) {
        log_error("conf.reload_failed", KV_ERR(&err));
        return;
    }
    warn_of_what_needs_a_restart(s->conf, conf);
    conf_free(s->conf);
    s->conf = conf;
    log_set_level(level_of(s));
    if (s->control_fd >= 0 && !control_send_conf(s->control_fd, conf, &err))
        log_warning("conf.not_sent", KV_ERR(&err));
    log_info("conf.reloaded");
}

static void handle_signals(struct supervisor *s, int64_t now_ms)
{
    struct signalfd_siginfo info;

    while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            reap(s, now_ms);
            break;
        case SIGHUP:
            if (!s->is_stopping)
                reload(s);
            break;
        default: /* TERM, INT; the second time there is no waiting */
            if (s->is_stopping)
                s->kill_at_ms = now_ms;
            else
                begin_stop(s, 0, now_ms);
        }
    }
}

/* It is started again like one that died by itself. */
static void handle_overdue(struct supervisor *s, const struct control_vault *vault)
{
    const struct child *child = &s->children[CHILD_VAULT];

    if (child->pid <= 0 || vault->number != s->n_vaults || vault->number == s->last_hung ||
        !hang_is_certain(&s->hang, child->pid, vault->overdue_ms, clock_mono_ms()))
        return;
    s->n_hangs++;
    s->last_hung = vault->number;
    log_error("vault.hangs", KV_I64("pid", child->pid), KV_I64("silent_for_ms", vault->overdue_ms),
        KV_STR("hint", "it is ended, and another one started"));
    kill_child(child);
}

static void handle_control(struct supervisor *s)
{
    struct control_message message;
    struct err err = { 0 };

    if (!control_receive(s->control_fd, &message, &err)) {
        /* It has closed its end, so it is ending; if it is not, it is not worth keeping. */
        close_control(s);
        kill_child(&s->children[CHILD_SERVER]);
        return;
    }
    fd_close(message.fd);
    conf_free(message.conf);
    if (message.type == CONTROL_READY && !s->was_ready) {
        s->was_ready = true;
        notify_manager("READY=1");
    }
    if (message.type == CONTROL_WANT_IMPORTER)
        answer_want_importer(s);
    if (message.type == CONTROL_VAULT_OVERDUE)
        handle_overdue(s, &message.vault);
}

static bool any_running(const struct supervisor *s)
{
    for (int i = 0; i < CHILDREN_KEPT; i++)
        if (s->children[i].pid > 0)
            return true;
    return false;
}

/* How long poll() may wait: -1 is for ever. */
static int next_wait(const struct supervisor *s, int64_t now_ms)
{
    int64_t at = INT64_MAX;

    if (s->is_stopping)
        at = s->kill_at_ms;
    for (int i = 0; i < CHILDREN_KEPT && !s->is_stopping; i++) {
        bool can_start = i == CHILD_SERVER || s->control_fd >= 0;

        if (s->children[i].pid == 0 && can_start && s->children[i].start_at_ms < at)
            at = s->children[i].start_at_ms;
    }
    if (at == INT64_MAX)
        return -1;
    return at <= now_ms ? 0 : (int)(at - now_ms);
}

static void serve(struct supervisor *s)
{
    for (;;) {
        int64_t now_ms = clock_mono_ms();
        struct pollfd wait[2] = { { .fd = s->signal_fd, .events = POLLIN } };

        if (!s->is_stopping)
            start_due(s, now_ms);
        else if (!any_running(s))
            return;
        else if (now_ms >= s->kill_at_ms) {
            s->status = 1;
            s->kill_at_ms = now_ms + OTHERS_GRACE_MS;
            for (int i = 0; i < CHILDREN_KEPT; i++)
                kill_child(&s->children[i]);
        }
        wait[1] = (struct pollfd){ .fd = s->control_fd, .events = POLLIN };
        (void)poll(wait, 2, next_wait(s, clock_mono_ms()));
        if (wait[1].revents && s->control_fd >= 0)
            handle_control(s);
        if (wait[0].revents)
            handle_signals(s, clock_mono_ms());
    }
}

static bool catch_signals(struct supervisor *s, struct err *err)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return fail_errno(err, ERR_INTERNAL, "could not block signals");
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd >= 0 || fail_errno(err, ERR_INTERNAL, "could not watch signals");
}

static bool prepare(struct supervisor *s, struct err *err)
{
    autodone(vault_start) struct vault_start start = VAULT_START_NONE;

    return vault_start_open(s->conf, &start, err) &&
           datadir_open(conf_text(s->conf, CONF_SERVER_DATA), &s->dir, err) &&
           catch_signals(s, err);
}

int supervisor_run(struct conf *conf, const struct conf_sources *sources)
{
    struct supervisor s = { .conf = conf,
        .sources = sources,
        .control_fd = -1,
        .signal_fd = -1,
        .dir = { .lock_fd = -1, .key_dir_fd = -1 } };
    struct err err = { 0 };

    log_set_role("supervisor");
    log_set_level(level_of(&s));
    secret_forbid_dumps();
    for (int i = 0; i < CHILDREN_KEPT; i++)
        s.children[i].role = (enum child_role)i;
    if (prepare(&s, &err)) {
        serve(&s);
    } else {
        fprintf(stderr, "certdesk: %s\n", err.msg);
        s.status = 1;
    }
    close_control(&s);
    fd_close(s.signal_fd);
    datadir_done(&s.dir);
    conf_free(s.conf);
    return s.status;
}
