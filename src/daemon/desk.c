/* daemon/desk: see the header. */
#include "daemon/desk.h"

#include <string.h>
#include <unistd.h>

#include "api/credentials.h"
#include "api/dispatch.h"
#include "api/jira/hooks.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/rand.h"
#include "ca/ca.h"
#include "ca/local/ocsp.h"
#include "conf/conf.h"
#include "deploy/deploy.h"
#include "job/queue.h"
#include "job/scheduler.h"
#include "job/types/types.h"
#include "monitor/trust.h"
#include "net/addr.h"
#include "net/syslog.h"
#include "notify/notifier.h"

#define SCHEDULER_STUCK_SECONDS 60

struct desk {
    char node[128];
    struct job_services jobs;
    struct api_services api;
    struct ca_services cas;
    struct addr_ranges *ca_allow;
    struct trust_keeper *trust;
    struct notifier *notifier;
    struct ocsp_responder *ocsp;
    struct job_runner *runner;
    struct scheduler *scheduler;
    struct addr_ranges *metrics_allow;
    struct deploy_host *deploy;
    struct syslog_target audit_syslog;
    char *tmp_dir;
    struct credentials *credentials;
    struct dispatch *dispatch;
};

/* Host, process, and something that no earlier process of that number had. */
static void name_node(struct desk *desk)
{
    char host[64] = "";
    uint32_t number;

    (void)gethostname(host, sizeof host - 1);
    rand_bytes(&number, sizeof number);
    (void)snprintf(desk->node, sizeof desk->node, "%s/%d/%08" PRIx32, host, (int)getpid(), number);
}

bool desk_new(const struct desk_conf *conf, struct desk **ret, struct err *err)
{
    size_t n_workers = (size_t)conf_i64(conf->conf, CONF_SERVER_WORKERS);
    autofree(desk) struct desk *desk = xcalloc(1, sizeof *desk);

    name_node(desk);
    if (!addr_ranges_parse(conf_text(conf->conf, CONF_METRICS_ALLOW), &desk->metrics_allow, err) ||
        !deploy_host_new(conf->conf, &desk->deploy, err))
        return false;
    if (!addr_ranges_parse(conf_text(conf->conf, CONF_CA_ALLOW), &desk->ca_allow, err))
        return false;
    if (!syslog_target_parse(conf_text(conf->conf, CONF_AUDIT_SYSLOG), &desk->audit_syslog, err))
        return err_wrap(err, "audit.syslog");
    desk->tmp_dir = xasprintf("%s/tmp", conf_text(conf->conf, CONF_SERVER_DATA));
    desk->trust = trust_keeper_new(conf->prober);
    desk->credentials = credentials_new();
    desk->notifier = notifier_new(conf->conf, desk->node);
    desk->ocsp = ocsp_responder_new(conf->vault);
    desk->runner = job_runner_new(conf->loop, conf->workers, &desk->jobs, job_types,
        n_workers > 1 ? n_workers - 1 : 1);
    desk->scheduler = scheduler_new(conf->loop, conf->workers, desk->runner, desk->node);
    desk->cas = (struct ca_services){ .vault = conf->vault, .allow = desk->ca_allow };
    desk->jobs = (struct job_services){ .prober = conf->prober,
        .vault = conf->vault,
        .cas = &desk->cas,
        .trust = desk->trust,
        .notifier = desk->notifier,
        .runner = desk->runner,
        .deploy = desk->deploy,
        .audit_syslog = &desk->audit_syslog,
        .node = desk->node,
        .write_jira_event = jira_event_write };
    desk->api = (struct api_services){ .prober = conf->prober,
        .vault = conf->vault,
        .cas = &desk->cas,
        .notifier = desk->notifier,
        .importer = conf->importer,
        .jobs = desk->runner,
        .scheduler = desk->scheduler,
        .workers = conf->workers,
        .credentials = desk->credentials,
        .deploy = desk->deploy,
        .ocsp = desk->ocsp,
        .metrics_allow = desk->metrics_allow,
        .metrics_cap = conf_i64(conf->conf, CONF_METRICS_CERTIFICATE_CAP),
        .tmp_dir = desk->tmp_dir,
        .node = desk->node,
        .open_db = conf->open_db,
        .open_db_arg = conf->open_db_arg,
        .is_https =
            conf_is_set(conf->conf, CONF_SERVER_TLS_CERT) ||
            span_starts_with(span_text(conf_text(conf->conf, CONF_SERVER_PUBLIC_URL)), "https:") };
    desk->dispatch = dispatch_new(&desk->api);
    *ret = take(&desk);
    return true;
}

const char *desk_node(const struct desk *desk)
{
    return desk->node;
}

void desk_set_probe_conf(struct desk *desk, const struct probe_conf *conf)
{
    trust_keeper_set(desk->trust, conf);
}

void desk_set_conf(struct desk *desk, struct conf *conf)
{
    notifier_set(desk->notifier, conf);
}

const struct http_app *desk_app(const struct desk *desk)
{
    return dispatch_app(desk->dispatch);
}

void desk_set_http(struct desk *desk, const struct http_server *http)
{
    desk->api.http = http;
}

void desk_start(struct desk *desk)
{
    job_runner_start(desk->runner);
    scheduler_start(desk->scheduler);
}

bool desk_is_working(const struct desk *desk, int64_t now, struct err *err)
{
    int64_t at = scheduler_alive_at(desk->scheduler);

    if (at == 0)
        return fail(err, ERR_UNAVAILABLE, "the scheduler has not begun yet");
    if (now - at > SCHEDULER_STUCK_SECONDS)
        return fail(err, ERR_UNAVAILABLE, "the scheduler has not run for %" PRId64 " s", now - at);
    return true;
}

void desk_stop(struct desk *desk)
{
    scheduler_stop(desk->scheduler);
    job_runner_stop(desk->runner);
}

void desk_free(struct desk *desk)
{
    if (!desk)
        return;
    dispatch_free(desk->dispatch);
    credentials_free(desk->credentials);
    scheduler_free(desk->scheduler);
    job_runner_free(desk->runner);
    notifier_free(desk->notifier);
    ocsp_responder_free(desk->ocsp);
    trust_keeper_free(desk->trust);
    addr_ranges_free(desk->metrics_allow);
    deploy_host_free(desk->deploy);
    addr_ranges_free(desk->ca_allow);
    free(desk->tmp_dir);
    free(desk);
}
