/* api/metrics: figures for Prometheus (text format 0.0.4). /healthz and /readyz are
 * daemon/health's. */
#include <stdlib.h>
#include <string.h>

#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "ca/local/ocsp.h"
#include "job/scheduler.h"
#include "monitor/figures.h"
#include "net/addr.h"
#include "net/http_server.h"
#include "net/workers.h"
#include "store/ca.h"
#include "store/cert_list.h"
#include "store/job.h"
#include "store/local_ca.h"
#include "store/schedule.h"
#include "vault/client.h"

#define MAX_SCHEDULES 32

static void add_help(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static bool add_certificates(struct api_call *call, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    struct cert_counts counts;

    if (!store_cert_counts(call->tx, &system, call->now, &counts, err))
        return false;
    add_help(call->body_out, "certdesk_certificates", "gauge", "Records by validity.");
    for (int i = 0; i < N_CERT_STATUS; i++)
        buf_addf(call->body_out, "certdesk_certificates{status=\"%s\"} %" PRId64 "\n",
            cert_status_name((enum cert_status)i), counts.of[i]);
    return true;
}

static void add_probes(struct buf *out)
{
    struct figures figures;

    figures_read(&figures);
    add_help(out, "certdesk_probe_total", "counter", "Endpoints looked at, by result.");
    for (int i = 0; i < PROBE_N_ERRORS; i++)
        buf_addf(out, "certdesk_probe_total{result=\"%s\"} %" PRId64 "\n",
            i == PROBE_OK ? "ok" : probe_error_name((enum probe_error)i), figures.probes[i]);
    add_help(out, "certdesk_probe_duration_seconds", "histogram", "How long endpoints took.");
    for (int i = 0; i < FIGURES_BUCKETS; i++)
        buf_addf(out, "certdesk_probe_duration_seconds_bucket{le=\"%g\"} %" PRId64 "\n",
            (double)figures_bucket_ms[i] / 1000, figures.within[i]);
    buf_addf(out, "certdesk_probe_duration_seconds_bucket{le=\"+Inf\"} %" PRId64 "\n",
        figures.n_probes);
    buf_addf(out, "certdesk_probe_duration_seconds_sum %g\n", (double)figures.total_ms / 1000);
    buf_addf(out, "certdesk_probe_duration_seconds_count %" PRId64 "\n", figures.n_probes);
}

static void add_http(const struct api_call *call)
{
    const struct http_stats stats = http_server_stats(call->services->http);

    add_help(call->body_out, "certdesk_http_connections", "gauge", "Connections that are open.");
    buf_addf(call->body_out, "certdesk_http_connections %zu\n", stats.n_connections);
    add_help(call->body_out, "certdesk_http_refused_connections_total", "counter",
        "Connections that were closed at once, because there were too many.");
    buf_addf(call->body_out, "certdesk_http_refused_connections_total %" PRId64 "\n",
        stats.n_refused_connections);
    add_help(call->body_out, "certdesk_http_requests", "gauge",
        "Requests that are being read, handled or answered.");
    buf_addf(call->body_out, "certdesk_http_requests %zu\n", stats.n_active);
    add_help(call->body_out, "certdesk_http_requests_total", "counter", "Requests so far.");
    buf_addf(call->body_out, "certdesk_http_requests_total %" PRId64 "\n", stats.n_requests);
}

static void add_workers(const struct api_call *call)
{
    static const char
        *const names[] = { [WORK_REQUEST] = "request", [WORK_JOB] = "job", [WORK_WATCH] = "watch" };

    add_help(call->body_out, "certdesk_work", "gauge",
        "Requests and jobs that a worker runs, and those that wait for one.");
    for (int i = 0; i < WORK_CLASSES; i++) {
        size_t n_running, n_waiting;

        workers_load(call->services->workers, (enum work_class)i, &n_running, &n_waiting);
        buf_addf(call->body_out,
            "certdesk_work{kind=\"%s\",state=\"running\"} %zu\n"
            "certdesk_work{kind=\"%s\",state=\"waiting\"} %zu\n",
            names[i], n_running, names[i], n_waiting);
    }
}

/* For an alarm: nobody should take many keys out. Without figures while the vault is away. */
static void add_vault(const struct api_call *call)
{
    const struct vault_stats *const stats = call->prepared;

    add_help(call->body_out, "certdesk_vault_hangs_total", "counter",
        "Vaults that were ended because they did not answer, since the service was started.");
    buf_addf(call->body_out, "certdesk_vault_hangs_total %" PRId64 "\n",
        vault_client_hangs(call->services->vault));
    if (!stats)
        return;
    add_help(call->body_out, "certdesk_vault_opened_total", "counter",
        "Keys and secrets that the vault gave out, since its key directory was made.");
    buf_addf(call->body_out, "certdesk_vault_opened_total %" PRId64 "\n", stats->n_opened);
    add_help(call->body_out, "certdesk_vault_refused_total", "counter",
        "Those that it did not, because too many were asked for.");
    buf_addf(call->body_out, "certdesk_vault_refused_total %" PRId64 "\n", stats->n_refused);
}

static bool add_jobs(struct api_call *call, struct err *err)
{
    int64_t counts[4];

    if (!store_job_counts(call->tx, call->now, counts, err))
        return false;
    add_help(call->body_out, "certdesk_jobs", "gauge",
        "Jobs by state; ended ones count for a day.");
    for (int i = 0; i < 4; i++)
        buf_addf(call->body_out, "certdesk_jobs{state=\"%s\"} %" PRId64 "\n",
            job_state_name((enum job_state)i), counts[i]);
    return true;
}

static bool add_schedules(struct api_call *call, struct err *err)
{
    struct schedule_row *rows[MAX_SCHEDULES];
    size_t n = 0;

    if (!store_schedule_list(call->tx, rows, MAX_SCHEDULES, &n, err))
        return false;
    add_help(call->body_out, "certdesk_scheduler_last_run_timestamp_seconds", "gauge",
        "When a scheduled task last began; 0 is never.");
    for (size_t i = 0; i < n; i++) {
        buf_addf(call->body_out,
            "certdesk_scheduler_last_run_timestamp_seconds{task=\"%s\"} %" PRId64 "\n",
            rows[i]->name, rows[i]->last_run_at);
        schedule_row_free(rows[i]);
    }
    add_help(call->body_out, "certdesk_scheduler_alive_timestamp_seconds", "gauge",
        "When the scheduler last looked; an old one means that it has stopped.");
    buf_addf(call->body_out, "certdesk_scheduler_alive_timestamp_seconds %" PRId64 "\n",
        scheduler_alive_at(call->services->scheduler));
    return true;
}

/* A label's value: backslash, quote and line break are escaped. */
static void add_label(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '\\' || *p == '"')
            buf_add_char(out, '\\');
        buf_add_char(out, *p == '\n' ? ' ' : *p);
    }
}

/* For an alarm: what signs lists of revoked certificates has failed for days where this comes near.
 */
static bool add_crls(struct api_call *call, struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };
    int64_t n_signed, n_kept;

    ocsp_responder_counts(call->services->ocsp, &n_signed, &n_kept);
    add_help(call->body_out, "certdesk_ocsp_answers_total", "counter",
        "OCSP answers: signed for it, or given again.");
    buf_addf(call->body_out,
        "certdesk_ocsp_answers_total{kind=\"signed\"} %" PRId64
        "\ncertdesk_ocsp_answers_total{kind=\"kept\"} %" PRId64 "\n",
        n_signed, n_kept);
    add_help(call->body_out, "certdesk_crl_next_update_timestamp_seconds", "gauge",
        "Until when the authority's list of revoked certificates is believed; 0: there is none.");
    if (!store_local_ca_active(call->tx, &ids, err))
        return false;
    for (size_t i = 0; i < ids.n; i++) {
        autofree(ca_row) struct ca_row *row = NULL;
        autofree(local_ca_row) struct local_ca_row *own = NULL;

        if (!store_ca_get(call->tx, ids.items[i], &row, err) ||
            !store_local_ca_get(call->tx, ids.items[i], &own, err))
            return false;
        buf_addf(call->body_out,
            "certdesk_crl_next_update_timestamp_seconds{ca=\"%s\"} %" PRId64 "\n", row->name,
            own->crl_next_at);
    }
    return true;
}

static bool add_expiries(struct api_call *call, struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    static const struct cert_filter everything = { 0 };
    struct cert_page_request request = { .filter = &everything,
        .sort = CERT_BY_EXPIRY,
        .limit =
            call->services->metrics_cap < API_PAGE_MAX ? call->services->metrics_cap : API_PAGE_MAX,
        .now = call->now,
        .rule = DISPLAY_RULE_DEFAULT };
    autodone(cert_page) struct cert_page page = { 0 };

    if (request.limit <= 0)
        return true;
    if (!store_cert_page(call->tx, &system, &request, &page, err))
        return false;
    add_help(call->body_out, "certdesk_certificate_expiry_timestamp_seconds", "gauge",
        "When the record's certificate ends; those that end first.");
    for (size_t i = 0; i < page.rows.n; i++) {
        const struct cert_row *cert = &page.rows.items[i];

        if (!cert->version_id)
            continue;
        buf_addf(call->body_out,
            "certdesk_certificate_expiry_timestamp_seconds{id=\"%" PRId64 "\",name=\"", cert->id);
        add_label(call->body_out, cert->name);
        buf_addf(call->body_out, "\"} %" PRId64 "\n", cert->expires_at);
    }
    return true;
}

/* From an address in [metrics] allow, or with the credentials of somebody who sees all. */
static bool may_read_metrics(const struct api_call *call)
{
    struct net_addr address;

    if (permission_sees_all(&call->who))
        return true;
    return addr_parse(span_text(call->address), &address) && call->services->metrics_allow &&
           addr_ranges_has(call->services->metrics_allow, &address);
}

/* Before the transaction: asking the vault may take a while. */
static bool ask_vault(struct api_call *call, struct err *err)
{
    struct vault_stats stats = { 0 };
    struct err why = { 0 };

    (void)err;
    if (!may_read_metrics(call) || !vault_stats_get(call->services->vault, &stats, &why))
        return true;
    struct vault_stats *const kept = xcalloc(1, sizeof *kept);

    *kept = stats;
    call->prepared = kept;
    call->free_prepared = free;
    return true;
}

static bool metrics(struct api_call *call, struct err *err)
{
    if (!may_read_metrics(call))
        return fail(err, ERR_DENIED,
            "metrics may be read from the addresses in [metrics] allow only");
    call->media_type = "text/plain; version=0.0.4; charset=utf-8";
    add_probes(call->body_out);
    add_http(call);
    add_workers(call);
    add_vault(call);
    return add_certificates(call, err) && add_jobs(call, err) && add_schedules(call, err) &&
           add_crls(call, err) && add_expiries(call, err);
}

const struct api_route metrics_routes[] = {
    { "GET", "/metrics", ROLE_PUBLIC, API_READS | API_AT_ROOT | API_REPLY_RAW | API_WATCH, metrics,
        0, ask_vault },
    { 0 },
};
