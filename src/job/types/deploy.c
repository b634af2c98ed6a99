/*
 * job/deploy: bring a certificate to a place of a resource, and see that it is served there.
 *
 * Queued, deploying, proving, seen. Each state is written before what it announces is done, so that
 * a run that died is taken up where it was; putting something there twice does no harm. Where it is
 * not seen in time, or was put there by half, the same two steps bring the previous certificate
 * back (is_putting_back), and the deployment ends as put_back. What ended without being seen is
 * tried again by itself, ever more seldom.
 */
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "db/db.h"
#include "job/types/deploy_load.h"
#include "job/types/deploy_place.h"
#include "job/types/deploy_prove.h"
#include "job/types/deploy_tell.h"
#include "job/types/types.h"
#include "monitor/add.h"
#include "monitor/check.h"
#include "monitor/trust.h"
#include "store/deployment.h"
#include "store/endpoint.h"
#include "store/resource.h"

#define TRIES 3 /* of one step, while the resource cannot be reached */
#define ERROR_MAX 1000
#define BUSY_SECONDS 2 /* another is being put there: it wakes us, or we look again */
#define ROUND_PAUSE_MS 200

/* One run. */
struct errand {
    struct job_run *run;
    struct deploy_place place;
    struct deployment_row *row;    /* the place's */
    struct resource_row *resource; /* likewise */
    int64_t now;                   /* of the present step */
    bool is_over;                  /* this run has nothing more to do */
    bool is_unreachable;           /* it ended because nobody answered */
    bool is_unwanted;              /* it ended for good */
    char *error_before;            /* of the attempt before this one */
};

static void errand_done(struct errand *errand)
{
    deploy_place_done(&errand->place);
    free(errand->error_before);
}
DEFINE_AUTODONE(errand);

/* Come back then; this run is over. */
static bool again(struct errand *e, int64_t seconds)
{
    e->run->again_at = e->now + seconds;
    e->is_over = true;
    return true;
}

/* Write the row as it is, while the job is still ours. `action`: for the audit log; NULL: nothing
 * to tell. */
static bool step(struct errand *e, const char *action, bool *ret_busy, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(e->run->db, TX_WRITE, &tx, err) && job_run_progress_in(e->run, tx, 0, 0, err) &&
           store_deployment_step(tx, e->row, e->now, ret_busy, err) &&
           (*ret_busy || !action || deploy_audit(tx, e->row, action, e->now, err)) &&
           tx_commit(take(&tx), err);
}

/* Where it must not be in the way of another: then it comes back. The row in memory is the old one
 * again only in the next run. */
static bool step_or_wait(struct errand *e, const char *action, struct err *err)
{
    bool is_busy = false;

    if (!step(e, action, &is_busy, err)) {
        if (err->kind != ERR_CONFLICT)
            return false;
        err_clear(err);
        is_busy = true;
    }
    return !is_busy || again(e, BUSY_SECONDS);
}

/* Why it is not served; `text` is taken. */
static void set_error(struct errand *e, char *text)
{
    autodone(buf) struct buf clean = BUF_INIT(2048);

    buf_add_clean(&clean, span_slice(span_text(text), 0, ERROR_MAX));
    str_set(&e->row->error, buf_text(&clean));
    free(text);
}

/* It ended, in that state. */
static bool end(struct errand *e, enum deployment_state state, size_t n_addresses, struct err *err)
{
    static const char *const actions[] = { [DEPLOYMENT_SEEN] = "deployment.seen",
        [DEPLOYMENT_PUT_BACK] = "deployment.put_back",
        [DEPLOYMENT_FAILED] = "deployment.fail" };
    int64_t wait = state == DEPLOYMENT_SEEN || e->is_unwanted
                       ? 0
                       : deployment_backoff_seconds(e->row->attempts, e->is_unreachable);
    /* Each time it is tried again in vain, there is nothing new to tell. */
    bool is_news = !e->is_unreachable || strcmp(e->error_before, e->row->error) != 0;
    autofree(tx) struct tx *tx = NULL;
    bool is_busy;

    e->row->state = state;
    e->row->finished_at = e->now;
    e->row->retry_at = wait ? e->now + wait : 0;
    e->row->n_tries = 0;
    e->is_over = true;
    e->run->again_at = e->row->retry_at;
    if (!tx_begin(e->run->db, TX_WRITE, &tx, err) || !job_run_progress_in(e->run, tx, 0, 0, err) ||
        !store_deployment_step(tx, e->row, e->now, &is_busy, err) ||
        (is_news && (!deploy_audit(tx, e->row, actions[state], e->now, err) ||
                        !deploy_tell(tx, e->row, n_addresses, e->now, err))) ||
        !store_deployment_wake(tx, e->row, e->now, err) || !tx_commit(take(&tx), err))
        return false;
    log_info(actions[state], KV_I64("deployment", e->row->id), KV_STR("resource", e->row->resource),
        KV_STR("slot", e->row->slot), KV_I64("certificate", e->row->certificate_id),
        KV_STR("why", e->row->error));
    job_runner_kick(e->run->services->runner);
    return true;
}

/* The step failed: again in a moment, if that may help, and not too often. */
static bool may_try_again(struct errand *e, const struct err *cause)
{
    return cause->kind == ERR_UNAVAILABLE && ++e->row->n_tries < TRIES;
}

static bool try_again(struct errand *e, const struct err *cause, struct err *err)
{
    set_error(e, xasprintf("%s", cause->msg));
    return step_or_wait(e, NULL, err) && again(e, 1 + e->row->n_tries);
}

/* Queued: nothing has been touched yet. */
static bool begin(struct errand *e, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct err cause = { 0 };
    bool is_wanted = false;

    if (!tx_begin(e->run->db, TX_READ, &tx, err) ||
        !store_deployment_is_wanted(tx, e->row, &is_wanted, err))
        return false;
    tx_free(take(&tx));
    if (!e->row->started_at)
        e->row->started_at = e->now;
    if (!is_wanted) {
        e->is_unwanted = true;
        set_error(e, xasprintf("the certificate does not belong there any more"));
        return end(e, DEPLOYMENT_FAILED, 0, err);
    }
    if (!deploy_place_look(&e->place, &cause)) {
        if (may_try_again(e, &cause))
            return try_again(e, &cause, err);
        e->row->attempts++;
        e->is_unreachable = cause.kind == ERR_UNAVAILABLE;
        set_error(e, xasprintf("%s; nothing was changed", cause.msg));
        return end(e, DEPLOYMENT_FAILED, 0, err);
    }
    e->row->state = DEPLOYMENT_DEPLOYING;
    e->row->is_putting_back = false;
    e->row->attempts++;
    e->row->n_tries = 0;
    e->row->retry_at = e->row->finished_at = 0;
    str_set(&e->row->error, "");
    str_set(&e->row->addresses, "[]");
    return step_or_wait(e, "deployment.begin", err);
}

/* The new one is not served: the one before it is to come back, if we can bring it. */
static bool turn_back(struct errand *e, struct err *err)
{
    autodone(deploy_load) struct deploy_load before = DEPLOY_LOAD_INIT;

    if (e->row->previous_version_id &&
        !deploy_load_chain(e->run->db, e->row, e->row->previous_version_id, &before, err))
        return false;
    if (!before.sealed_key_id || e->row->previous_version_id == e->row->version_id) {
        autofree(str) char *why = xstrdup(e->row->error);

        set_error(e, xasprintf("%s; the new one was left in place, because %s", why,
                         e->row->previous_version_id == e->row->version_id
                             ? "it was there before"
                             : "the key of the one before it is not here"));
        return end(e, DEPLOYMENT_FAILED, 0, err);
    }
    e->row->is_putting_back = true;
    e->row->state = DEPLOYMENT_DEPLOYING;
    e->row->n_tries = 0;
    return step_or_wait(e, "deployment.turn_back", err);
}

static bool settle_refusal(struct errand *e, const struct err *cause, struct err *err)
{
    autofree(str) char *why = xstrdup(e->row->error);

    if (e->row->is_putting_back) {
        e->is_unreachable = cause->kind == ERR_UNAVAILABLE;
        set_error(e, xasprintf("%s; the one before it could not be put back: %s", why, cause->msg));
        return end(e, DEPLOYMENT_FAILED, 0, err);
    }
    if (deploy_place_is_untouched(&e->place)) {
        e->is_unreachable = cause->kind == ERR_UNAVAILABLE;
        set_error(e, xasprintf("%s; what was there before is still there", cause->msg));
        return end(e, DEPLOYMENT_FAILED, 0, err);
    }
    set_error(e, xasprintf("%s", cause->msg));
    return turn_back(e, err);
}

/* Deploying: the resource may have it already, from a run that died. */
static bool put(struct errand *e, struct err *err)
{
    struct err cause = { 0 };

    if (!deploy_place_put(&e->place, &cause)) {
        /* Why the new one is not served is kept for the end. */
        if (!e->row->is_putting_back)
            set_error(e, xasprintf("%s", cause.msg));
        if (may_try_again(e, &cause))
            return step_or_wait(e, NULL, err) && again(e, 1 + e->row->n_tries);
        return settle_refusal(e, &cause, err);
    }
    e->row->state = DEPLOYMENT_PROVING;
    e->row->n_tries = 0;
    e->row->prove_until = clock_now() + e->resource->proof_seconds;
    return step_or_wait(e, NULL, err);
}

static const struct association_row *find_association(const struct errand *e)
{
    for (size_t i = 0; i < e->place.associations.n; i++)
        if (strcmp(e->place.associations.items[i].slot, e->row->slot) == 0 &&
            e->place.associations.items[i].certificate_id == e->row->certificate_id)
            return &e->place.associations.items[i];
    return NULL;
}

static bool has_endpoint(const struct endpoint_rows *rows, int64_t id)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->items[i].id == id)
            return true;
    return false;
}

/* From now on the record's endpoints are those of its resource, too. */
static bool watch(struct errand *e, struct endpoint_rows *ret, struct err *err)
{
    const struct association_row *association = find_association(e);
    autodone(endpoint_rows) struct endpoint_rows before = { 0 };
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(e->run->db, TX_WRITE, &tx, err) ||
        !store_endpoints_of_cert(tx, e->row->certificate_id, &before, err))
        return false;
    for (size_t i = 0; i < e->place.endpoints.n && association; i++) {
        const struct resource_endpoint_row *at = &e->place.endpoints.items[i];
        struct watch_place place = { .port = at->port, .protocol = at->protocol };
        int64_t id;

        span_copy_text(span_text(at->host), place.host, sizeof place.host);
        span_copy_text(span_text(at->sni), place.sni, sizeof place.sni);
        if (!watch_attach(tx, e->row->certificate_id, &place, e->now, &id, err) ||
            !store_association_watch(tx, association, id, has_endpoint(&before, id), err))
            return false;
    }
    return store_endpoints_of_cert(tx, e->row->certificate_id, ret, err) &&
           tx_commit(take(&tx), err);
}

static bool keep_lease(void *context, int64_t n_done, struct err *err)
{
    struct errand *e = context;

    return job_run_progress(e->run, n_done, 0, err);
}

/* What was proved here is also what the monitor has seen: roles, alerts and tickets follow. */
static bool check(struct errand *e, struct err *err)
{
    autodone(endpoint_rows) struct endpoint_rows endpoints = { 0 };
    autodone(check_totals) struct check_totals totals = { 0 };

    return watch(e, &endpoints, err) && check_endpoints(e->run->db, e->run->services->prober,
                                            &endpoints, keep_lease, e, &totals, err);
}

static bool proved(struct errand *e, size_t n_addresses, struct err *err)
{
    if (!check(e, err))
        return false;
    e->now = clock_now();
    if (!e->row->is_putting_back) {
        str_set(&e->row->error, "");
        return end(e, DEPLOYMENT_SEEN, n_addresses, err);
    }
    autofree(str) char *why = xstrdup(e->row->error);

    set_error(e, xasprintf("%s; the one before it was put back, and is seen again", why));
    return end(e, DEPLOYMENT_PUT_BACK, n_addresses, err);
}

static bool out_of_time(struct errand *e, const struct proof *proof, struct err *err)
{
    autofree(str) char *why = xstrdup(e->row->error);

    if (e->row->is_putting_back) {
        set_error(e, xasprintf("%s; the one before it was put back, but is not seen everywhere: %s",
                         why, proof->why));
        return end(e, DEPLOYMENT_PUT_BACK, 0, err);
    }
    set_error(e, xasprintf("not seen within %" PRId64 " s at %zu of %zu addresses: %s",
                     e->resource->proof_seconds, proof->n_addresses - proof->n_expected,
                     proof->n_addresses, proof->why));
    return turn_back(e, err);
}

/* Often at first, when it is a matter of moments. */
static int64_t pause_of(const struct errand *e)
{
    int64_t elapsed = e->now - (e->row->prove_until - e->resource->proof_seconds);
    int64_t left = e->row->prove_until - e->now;
    int64_t wait = elapsed < 10 ? 1 : elapsed < 60 ? 3 : 10;

    return wait < left ? wait : left > 1 ? left : 1;
}

static void take_breath(void)
{
    const struct timespec wait = { .tv_nsec = ROUND_PAUSE_MS * 1000000L };

    (void)nanosleep(&wait, NULL);
}

/* Rounds as long as they are good; *ret_n counts those in a row. */
static bool look_around(struct errand *e, const struct proof_chain *wanted, struct proof *proof,
    int64_t *ret_n, struct err *err)
{
    for (*ret_n = 0; *ret_n < e->resource->proof_rounds; (*ret_n)++) {
        if (*ret_n > 0)
            take_breath();
        if (!keep_lease(e, 0, err) || !prove_round(e->run->db, e->run->services->prober,
                                          &e->place.endpoints, wanted, clock_now(), proof, err))
            return false;
        if (!proof->is_good)
            return true;
    }
    return true;
}

/* Proving: it is there, but is it what everybody gets? */
static bool prove(struct errand *e, struct err *err)
{
    autodone(deploy_load) struct deploy_load wanted = DEPLOY_LOAD_INIT;
    autodone(proof) struct proof proof = PROOF_INIT;
    int64_t n_good;

    if (!deploy_load_chain(e->run->db, e->row, deploy_place_version(&e->place), &wanted, err) ||
        !trust_keeper_refresh(e->run->services->trust, e->run->db, err) ||
        !look_around(e, &wanted.chain, &proof, &n_good, err))
        return false;
    e->now = clock_now();
    str_set(&e->row->addresses, buf_text(&proof.addresses));
    if (n_good >= e->resource->proof_rounds)
        return proved(e, proof.n_addresses, err);
    if (e->now >= e->row->prove_until)
        return out_of_time(e, &proof, err);
    return step_or_wait(e, NULL, err) && again(e, pause_of(e));
}

/* It ended: is it to be tried again by itself? */
static bool revive(struct errand *e, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct err cause = { 0 };

    if (e->row->state == DEPLOYMENT_SEEN || !e->row->retry_at) {
        e->is_over = true;
        return true;
    }
    if (e->now < e->row->retry_at)
        return again(e, e->row->retry_at - e->now);
    if (!tx_begin(e->run->db, TX_WRITE, &tx, err))
        return false;
    if (store_deployment_retry(tx, e->row, 0, e->now, &cause))
        return tx_commit(take(&tx), err);
    e->is_over = true;
    if (cause.kind == ERR_CONFLICT)
        return true;
    *err = cause;
    return false;
}

static bool advance(struct errand *e, struct err *err)
{
    switch (e->row->state) {
    case DEPLOYMENT_QUEUED:
        return begin(e, err);
    case DEPLOYMENT_DEPLOYING:
        return put(e, err);
    case DEPLOYMENT_PROVING:
        return prove(e, err);
    case DEPLOYMENT_SEEN:
    case DEPLOYMENT_PUT_BACK:
    case DEPLOYMENT_FAILED:
    case N_DEPLOYMENT_STATES:
        break;
    }
    return revive(e, err);
}

/* A job is one attempt; once there is another this one has nothing to do. */
static bool is_mine(struct errand *e, struct err *err)
{
    autofree(json) struct json *payload = NULL;
    int64_t present = e->row->attempts + (e->row->state == DEPLOYMENT_QUEUED);

    if (!json_parse(span_text(e->run->row->payload), &payload, err))
        return false;
    e->is_over = json_as_i64(json_member(payload, "attempt"), 0) != present;
    e->error_before = xstrdup(e->row->error);
    return true;
}

bool job_deploy_run(struct job_run *run, struct err *err)
{
    autodone(errand) struct errand e = { .run = run,
        .place = { .db = run->db, .services = run->services } };
    struct err gone = { 0 };

    if (!deploy_place_load(&e.place, run->row->object_id, &gone)) {
        if (gone.kind == ERR_NOT_FOUND) /* with its record, or its resource */
            return true;
        *err = gone;
        return false;
    }
    e.row = e.place.row;
    e.resource = e.place.resource;
    if (!is_mine(&e, err))
        return false;
    while (!e.is_over) {
        e.now = clock_now();
        if (!advance(&e, err))
            return false;
    }
    return true;
}
