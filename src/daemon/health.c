/* daemon/health: see the header. */
#include "daemon/health.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/json.h"
#include "daemon/desk.h"
#include "db/db.h"
#include "probe/client.h"
#include "store/vault_state.h"
#include "vault/client.h"

struct health {
    struct health_conf conf;
    struct http_app app;
};

static bool is_path(const struct http_request *request, const char *name)
{
    return request->n_parts == 1 && strcmp(request->parts[0], name) == 0;
}

static bool is_get(const struct http_request *request)
{
    return request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD;
}

static void answer_json(struct http_reply *reply, int status, struct buf *body)
{
    http_reply_status(reply, status);
    http_reply_field(reply, "Content-Type", "application/json");
    http_reply_field(reply, "Cache-Control", "no-store");
    http_reply_field(reply, "X-Content-Type-Options", "nosniff");
    if (status == 503)
        http_reply_field(reply, "Retry-After", "2");
    http_reply_take_body(reply, body);
}

/* What api/openapi.yaml calls Health; `detail` may be NULL. */
static void answer_health(struct http_reply *reply, int status, const char *detail)
{
    autodone(buf) struct buf body = BUF_INIT(16384);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "status", status == 200 ? "ok" : "unavailable");
    if (detail)
        json_str(&out, "detail", detail);
    json_end(&out);
    answer_json(reply, status, &body);
}

static void answer_other_method(struct http_reply *reply)
{
    http_reply_status(reply, 405);
    http_reply_field(reply, "Allow", "GET, HEAD");
}

static enum http_verdict admit(void *context, struct http_request *request,
    struct http_reply *reply)
{
    const struct health *health = context;
    bool is_health = is_path(request, "healthz");

    if (is_health || is_path(request, "readyz")) {
        if (!is_get(request)) {
            answer_other_method(reply);
            return HTTP_ANSWERED;
        }
        if (!is_health) {
            request->admission.is_watch = true;
            return HTTP_PROCEED;
        }
        answer_health(reply, 200, NULL);
        return HTTP_ANSWERED;
    }
    return health->conf.next->admit(health->conf.next->context, request, reply);
}

static enum http_verdict answer_at_once(void *context, struct http_request *request,
    struct http_reply *reply)
{
    const struct health *health = context;
    const struct http_app *next = health->conf.next;

    if (is_path(request, "readyz"))
        return HTTP_PROCEED;
    return next->answer_at_once(next->context, request, reply);
}

static enum http_verdict authorize(void *context, void *worker, struct http_request *request,
    struct http_reply *reply)
{
    const struct health *health = context;
    const struct http_app *next = health->conf.next;

    return next->authorize(next->context, worker, request, reply);
}

static bool check_database(struct db *db, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    struct vault_masters ignored;

    return tx_begin(db, TX_READ, &tx, err) && store_masters_get(tx, &ignored, err) &&
           tx_commit(take(&tx), err);
}

static void add_reason(struct buf *reasons, const char *what, const struct err *err)
{
    buf_addf(reasons, "%s%s: %s", reasons->size > 0 ? "; " : "", what, err->msg);
    log_debug("server.not_ready", KV_STR("because", what), KV_ERR(err));
}

/* Asked something, one that hangs is found out. */
static bool is_vault_ready(struct vault_client *vault, struct err *err)
{
    struct vault_stats ignored;

    return (vault_stats_get(vault, &ignored, err) || err->kind == ERR_UNAVAILABLE) &&
           vault_is_ready(vault, err);
}

static void answer_ready(const struct health *health, struct db *db, int64_t now,
    struct http_reply *reply)
{
    autodone(buf) struct buf reasons = BUF_INIT(4096);
    struct err err = { 0 };

    if (!check_database(db, &err))
        add_reason(&reasons, "database", &err);
    if (!is_vault_ready(health->conf.vault, &err))
        add_reason(&reasons, "vault", &err);
    if (!probe_client_is_connected(health->conf.prober)) {
        fail(&err, ERR_UNAVAILABLE, "the prober is not running");
        add_reason(&reasons, "prober", &err);
    }
    if (!desk_is_working(health->conf.desk, now, &err))
        add_reason(&reasons, "jobs", &err);
    answer_health(reply, reasons.size == 0 ? 200 : 503,
        reasons.size == 0 ? NULL : buf_text(&reasons));
}

static void handle(void *context, void *worker, struct http_request *request,
    struct http_reply *reply)
{
    const struct health *health = context;
    const struct http_app *next = health->conf.next;

    if (is_path(request, "readyz"))
        answer_ready(health, worker, request->received_at, reply);
    else
        next->handle(next->context, worker, request, reply);
}

static void refuse(void *context, int status, const char *why, struct http_reply *reply)
{
    const struct health *health = context;
    const struct http_app *next = health->conf.next;

    next->refuse(next->context, status, why, reply);
}

static void finished(void *context, const struct http_request *request,
    const struct http_outcome *outcome)
{
    const struct health *health = context;
    const struct http_app *next = health->conf.next;

    next->finished(next->context, request, outcome);
}

struct health *health_new(const struct health_conf *conf)
{
    struct health *health = xcalloc(1, sizeof *health);
    const struct http_app *next = conf->next;

    health->conf = *conf;
    health->app = (struct http_app){ .context = health,
        .admit = admit,
        .answer_at_once = next->answer_at_once ? answer_at_once : NULL,
        .authorize = next->authorize ? authorize : NULL,
        .handle = handle,
        .refuse = next->refuse ? refuse : NULL,
        .finished = next->finished ? finished : NULL };
    return health;
}

void health_free(struct health *health)
{
    free(health);
}

const struct http_app *health_app(const struct health *health)
{
    return &health->app;
}
