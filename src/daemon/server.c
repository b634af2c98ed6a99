/*
 * daemon/server: the wiring of the server process: what is made, in which order, and how it ends.
 *
 * The order of the start: settings, database, confinement, workers, HTTP, and only then the
 * supervisor is told. Prober and vault come and go on the control channel meanwhile. The order of
 * the end: HTTP is drained, workers finish, everything is freed in reverse.
 */
#include "daemon/server.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "conf/conf.h"
#include "daemon/confine.h"
#include "daemon/control.h"
#include "daemon/desk.h"
#include "daemon/first_start.h"
#include "daemon/health.h"
#include "daemon/unlock.h"
#include "daemon/vault_watch.h"
#include "import/client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/tls_server.h"
#include "net/workers.h"
#include "probe/client.h"
#include "store/database.h"
#include "vault/client.h"

#define TLS_FILE_MAX (1u << 20)

/* A vault that died is there again in less, unless it keeps dying. */
#define VAULT_PATIENCE_MS 3000

struct server {
    int control_fd;
    struct conf *conf;
    struct loop *loop;
    struct loop_watch *control;
    struct workers *workers;
    struct probe_client *prober;
    struct vault_client *vault;
    struct import_client *importer;
    struct unlock *unlock;
    struct vault_watch *vault_watch;
    int64_t vault_number;    /* the supervisor's, of the newest; 0: none yet */
    pthread_mutex_t telling; /* around what is sent to the supervisor */
    struct desk *desk;
    struct health *health;
    struct tls_server *tls; /* NULL: plain HTTP */
    struct http_server *http;
    int status;
};

/* The sentence for whoever started us, on standard error; the supervisor sees the status. */
static int fatal(const struct conf *conf, const struct err *err)
{
    bool again = conf && err->kind == ERR_UNAVAILABLE && database_is_remote(conf);

    fprintf(stderr, "certdesk: %s\n", err->msg);
    if (err->detail[0])
        log_debug("server.failed", KV_ERR(err));
    return again ? CONTROL_EXIT_RETRY : CONTROL_EXIT_FATAL;
}

static bool configure_prober(struct server *s, struct err *err)
{
    autodone(buf) struct buf credential = BUF_INIT_SECRET(2 * PROBE_CREDENTIAL_MAX);
    const struct conf *c = s->conf;
    const char *proxy = conf_text(c, CONF_PROBE_PROXY);
    const char *dns = conf_text(c, CONF_PROBE_DNS_SERVERS);

    if (conf_is_set(c, CONF_PROBE_PROXY_CREDENTIAL_FILE) &&
        !probe_credential_read(conf_text(c, CONF_PROBE_PROXY_CREDENTIAL_FILE), &credential, err))
        return false;
    struct probe_conf conf = {
        .timeouts = { .dns_ms = (int)conf_i64(c, CONF_PROBE_DNS_TIMEOUT),
            .connect_ms = (int)conf_i64(c, CONF_PROBE_CONNECT_TIMEOUT),
            .starttls_ms = (int)conf_i64(c, CONF_PROBE_STARTTLS_TIMEOUT),
            .handshake_ms = (int)conf_i64(c, CONF_PROBE_HANDSHAKE_TIMEOUT),
            .total_ms = (int)conf_i64(c, CONF_PROBE_TOTAL_TIMEOUT) },
        .max_in_flight = (int)conf_i64(c, CONF_PROBE_MAX_IN_FLIGHT),
        .max_per_address = (int)conf_i64(c, CONF_PROBE_PER_ADDRESS),
        .allow = conf_text(c, CONF_PROBE_ALLOW),
        .proxy = proxy[0] ? proxy : NULL,
        .proxy_credential = buf_text(&credential),
        .dns_servers = dns[0] ? dns : NULL,
    };

    desk_set_probe_conf(s->desk, &conf);
    return true;
}

static bool load_tls(struct server *s, struct err *err)
{
    autodone(buf) struct buf chain = BUF_INIT(TLS_FILE_MAX);
    autodone(buf) struct buf key = BUF_INIT_SECRET(TLS_FILE_MAX);

    if (!conf_is_set(s->conf, CONF_SERVER_TLS_CERT))
        return true;
    if (!fs_read(conf_text(s->conf, CONF_SERVER_TLS_CERT), &chain, err) ||
        !fs_read(conf_text(s->conf, CONF_SERVER_TLS_KEY), &key, err))
        return false;
    return s->tls ? tls_server_swap(s->tls, buf_span(&chain), buf_span(&key), err)
                  : tls_server_new(buf_span(&chain), buf_span(&key), &s->tls, err);
}

/* New settings from the supervisor, which has checked them; what needs a restart stays as it is. */
static void apply(struct server *s, struct conf *conf)
{
    struct conf *old = s->conf;
    struct err err = { 0 };

    s->conf = conf;
    log_set_level((enum log_level)conf_i64(conf, CONF_LOG_LEVEL));
    if (!configure_prober(s, &err))
        log_error("conf.probe_not_loaded", KV_ERR(&err));
    desk_set_conf(s->desk, conf);
    if (s->tls && !load_tls(s, &err))
        log_error("conf.tls_not_loaded", KV_ERR(&err));
    conf_free(old);
    log_info("server.reloaded");
}

static void drained(void *arg)
{
    struct server *s = arg;

    loop_stop(s->loop);
}

static void stop(struct server *s)
{
    log_info("server.stopping");
    desk_stop(s->desk);
    http_server_drain(s->http, conf_i64(s->conf, CONF_SERVER_SHUTDOWN_TIMEOUT), drained, s);
}

static void control_ready(void *arg, unsigned what)
{
    struct server *s = arg;
    struct control_message message;
    struct err err = { 0 };

    (void)what;
    if (!control_receive(s->control_fd, &message, &err)) {
        log_error("server.orphaned", KV_ERR(&err));
        s->status = CONTROL_EXIT_RETRY;
        loop_watch_set(s->control, 0);
        loop_stop(s->loop);
        return;
    }
    switch (message.type) {
    case CONTROL_CONF:
        apply(s, message.conf);
        break;
    case CONTROL_PROBER:
        probe_client_set_fd(s->prober, message.fd);
        break;
    case CONTROL_VAULT:
        s->vault_number = message.vault.number;
        vault_client_set_hangs(s->vault, message.vault.n_hangs);
        vault_client_set_fd(s->vault, message.fd);
        unlock_start(s->unlock);
        break;
    case CONTROL_STOP:
        stop(s);
        break;
    case CONTROL_IMPORTER:
        import_client_offer(s->importer, message.fd);
        break;
    case CONTROL_READY:
    case CONTROL_WANT_IMPORTER:
    case CONTROL_VAULT_OVERDUE:
        break;
    }
}

/* From any thread. */
static bool tell(struct server *s, enum control_type type, const struct control_vault *vault,
    struct err *err)
{
    (void)pthread_mutex_lock(&s->telling);
    bool ok = vault ? control_send_vault(s->control_fd, type, vault, -1, err)
                    : control_send(s->control_fd, type, -1, err);

    (void)pthread_mutex_unlock(&s->telling);
    return ok;
}

static bool want_importer(void *arg, struct err *err)
{
    return tell(arg, CONTROL_WANT_IMPORTER, NULL, err);
}

/* On the loop, as is whatever changes the number. */
static bool tell_overdue(void *arg, int64_t overdue_ms, struct err *err)
{
    struct server *s = arg;
    const struct control_vault vault = { .number = s->vault_number, .overdue_ms = overdue_ms };

    return tell(s, CONTROL_VAULT_OVERDUE, &vault, err);
}

static bool worker_init(void *context, void **ret_state, struct err *err)
{
    struct server *s = context;
    struct db *db = NULL;

    if (!database_open(s->conf, &db, err))
        return false;
    *ret_state = db;
    return true;
}

static void worker_done(void *context, void *state)
{
    (void)context;
    db_close(state);
}

static bool start_workers(struct server *s, struct err *err)
{
    size_t n = (size_t)conf_i64(s->conf, CONF_SERVER_WORKERS);
    struct workers_conf conf = { .name = "worker",
        .n_threads = n,
        .max_threads = { [WORK_JOB] = n > 1 ? n - 1 : 1, [WORK_WATCH] = 2 },
        .init = worker_init,
        .done = worker_done,
        .context = s };

    return workers_new(&conf, &s->workers, err);
}

static bool start_http(struct server *s, struct err *err)
{
    struct health_conf health = { .vault = s->vault,
        .prober = s->prober,
        .desk = s->desk,
        .next = desk_app(s->desk) };
    autofree(str) char *spool = xasprintf("%s/tmp", conf_text(s->conf, CONF_SERVER_DATA));
    struct http_server_conf conf = { .limits = HTTP_LIMITS_DEFAULT, .spool_dir = spool };
    uint16_t port = 0;
    const char *address = conf_address(s->conf, CONF_SERVER_LISTEN, &port);

    s->health = health_new(&health);
    conf.app = health_app(s->health);
    conf.limits.max_connections = (size_t)conf_i64(s->conf, CONF_LIMITS_CONNECTIONS);
    conf.limits.max_per_address = (size_t)conf_i64(s->conf, CONF_LIMITS_CONNECTIONS_PER_ADDRESS);
    conf.trusted_proxies = conf_text(s->conf, CONF_SERVER_TRUSTED_PROXIES);
    if (!load_tls(s, err) || !http_server_new(s->loop, s->workers, &conf, &s->http, err))
        return false;
    desk_set_http(s->desk, s->http);
    if (!http_server_listen(s->http, address, port, s->tls, &port, err))
        return false;
    log_info("server.listening", KV_STR("address", address), KV_I64("port", port),
        KV_BOOL("tls", s->tls != NULL));
    return true;
}

/*
 * What must be in the database before anybody is served. Before the confinement, because the token
 * of the first start may belong where nothing else is to be written; no stranger has been heard
 * yet.
 */
static bool prepare(struct server *s, struct err *err)
{
    autofree(db) struct db *db = NULL;

    return database_prepare(s->conf, clock_now(), err) && database_open(s->conf, &db, err) &&
           first_start(s->conf, db, clock_now(), err);
}

/* For the loop, which may not wait: for nothing that other connections have locked. */
static bool open_for_loop(void *context, struct db **ret, struct err *err)
{
    const struct server *s = context;

    return database_open_impatient(s->conf, ret, err);
}

static bool make_desk(struct server *s, struct err *err)
{
    struct desk_conf conf = { .conf = s->conf,
        .loop = s->loop,
        .workers = s->workers,
        .prober = s->prober,
        .vault = s->vault,
        .importer = s->importer,
        .open_db = database_is_remote(s->conf) ? NULL : open_for_loop,
        .open_db_arg = s };

    if (!desk_new(&conf, &s->desk, err))
        return false;
    return configure_prober(s, err);
}

static bool start(struct server *s, struct err *err)
{
    s->prober = probe_client_new();
    s->vault = vault_client_new(VAULT_PATIENCE_MS);
    struct import_client_conf importer = { .ask = want_importer, .arg = s };

    s->importer = import_client_new(&importer);
    if (!loop_new(&s->loop, err) || !start_workers(s, err) || !make_desk(s, err))
        return false;
    s->unlock = unlock_new(s->loop, s->workers, s->vault, desk_node(s->desk));
    const struct vault_watch_conf watch = { .loop = s->loop,
        .workers = s->workers,
        .vault = s->vault,
        .tell = tell_overdue,
        .arg = s };

    s->vault_watch = vault_watch_new(&watch);
    if (!start_http(s, err))
        return false;
    desk_start(s->desk);
    s->control = loop_watch_new(s->loop, s->control_fd, LOOP_READ, control_ready, s);
    return tell(s, CONTROL_READY, NULL, err);
}

/* In the reverse order. Whatever was not made is NULL, and freeing that is fine. */
static void end(struct server *s)
{
    /* Whoever waits for a prober or a vault has waited enough. */
    if (s->vault)
        vault_client_set_fd(s->vault, -1);
    if (s->prober)
        probe_client_set_fd(s->prober, -1);
    if (s->importer)
        import_client_stop(s->importer);
    if (s->desk)
        desk_stop(s->desk);
    if (s->workers)
        workers_stop(s->workers);
    loop_watch_free(s->control);
    http_server_free(s->http);
    health_free(s->health);
    desk_free(s->desk);
    vault_watch_free(s->vault_watch);
    unlock_free(s->unlock);
    workers_free(s->workers);
    tls_server_free(s->tls);
    loop_free(s->loop);
    vault_client_free(s->vault);
    import_client_free(s->importer);
    probe_client_free(s->prober);
    conf_free(s->conf);
}

static bool receive_conf(struct server *s, struct err *err)
{
    struct control_message message;

    if (!control_receive(s->control_fd, &message, err))
        return false;
    if (message.type != CONTROL_CONF)
        return fail(err, ERR_INTERNAL, "the supervisor sent no configuration");
    s->conf = message.conf;
    return true;
}

int server_process_main(int control_fd)
{
    struct server s = { .control_fd = control_fd, .telling = PTHREAD_MUTEX_INITIALIZER };
    struct err err = { 0 };

    if (!receive_conf(&s, &err))
        return CONTROL_EXIT_RETRY; /* the supervisor is gone, or ends at once */
    log_set_level((enum log_level)conf_i64(s.conf, CONF_LOG_LEVEL));
    if (prepare(&s, &err) && confine_server(s.conf, &err) && start(&s, &err))
        loop_run(s.loop);
    else
        s.status = fatal(s.conf, &err);
    end(&s);
    return s.status;
}
