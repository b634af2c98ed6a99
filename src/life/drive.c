/*
 * life/drive: an order on its way: submitted, asked after, collected.
 *
 * Each step is stored before the next is taken, so that whoever comes after a kill goes on where it
 * ended; submit() is called again for an order of which nobody knows whether it arrived.
 */
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "core/rows_job.h"
#include "db/db.h"
#include "life/work.h"
#include "store/ca.h"
#include "store/job.h"
#include "store/order.h"
#include "store/version.h"
#include "x509/csr.h"

#define POLL_SECONDS 30
#define POLL_AT_ONCE_MS 250
#define ERRORS_MAX 200

struct drive {
    struct life *life;
    int64_t order_id;
    struct order_row *order;
    struct life_case c;
    struct buf replaces; /* DER */
    struct policy *policy;

    /* What came of one step. */
    struct order_progress progress;
    struct life_issue issue;
    struct err cause;
};

static void drive_done(struct drive *d)
{
    order_row_free(d->order);
    life_case_done(&d->c);
    buf_done(&d->replaces);
    policy_free(d->policy);
    life_issue_done(&d->issue);
}
DEFINE_AUTODONE(drive);

static bool read_all(struct drive *d, struct tx *tx, struct err *err)
{
    autofree(order_row) struct order_row *order = NULL;

    if (!store_order_get(tx, d->order_id, &order, err))
        return false;
    order_row_free(d->order);
    d->order = take(&order);
    if (!life_case_load(d->life, tx, d->order->ticket_id, &d->c, err))
        return false;
    if (!d->c.request || !d->c.profile)
        return fail(err, ERR_INTERNAL, "%s has lost its request", d->c.ticket->key);
    /* The order knows which CA it went to; the profile may have another by now. */
    if (d->c.ca->id != d->order->ca_id) {
        ca_row_free(take(&d->c.ca));
        if (!store_ca_get(tx, d->order->ca_id, &d->c.ca, err))
            return false;
    }
    buf_clear(&d->replaces);
    return !d->order->replaces_id ||
           store_version_der(tx, d->order->replaces_id, &d->replaces, err);
}

static bool load(struct drive *d, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(d->life->db, TX_READ, &tx, err) || !read_all(d, tx, err))
        return false;
    policy_free(take(&d->policy));
    return policy_from_json(d->c.profile->rules, &d->policy, err);
}

static bool write_progress(struct tx *tx, void *arg, struct err *err)
{
    struct drive *const d = arg;

    return store_order_progress(tx, d->order_id, &d->progress, err);
}

static bool write_issued(struct tx *tx, void *arg, struct err *err)
{
    struct drive *const d = arg;

    return read_all(d, tx, err) && (d->order->finished_at != 0 ||
                                       life_issued(d->life, tx, &d->c, d->order, &d->issue, err));
}

static bool write_failed(struct tx *tx, void *arg, struct err *err)
{
    struct drive *const d = arg;

    return read_all(d, tx, err) && (d->order->finished_at != 0 ||
                                       life_failed(d->life, tx, &d->c, d->order, &d->cause, err));
}

/* The CA may hear of it now: whoever comes after us must ask it first. */
static bool mark_submitting(struct drive *d, struct err *err)
{
    d->progress = (struct order_progress){ .state = ORDER_SUBMITTING,
        .error = d->order->n_errors ? d->order->error : NULL };
    return strcmp(d->order->state, ORDER_READY) != 0 ||
           tx_run(d->life->db, TX_WRITE, write_progress, d, err);
}

static bool ask_ca(struct drive *d, struct ca *ca, struct ca_answer *answer, struct err *err)
{
    const struct ca_order order = { .id = d->order->id,
        .csr = buf_span(&d->order->csr),
        .serial = d->order->serial,
        .not_before = d->order->not_before,
        .not_after = d->order->not_after,
        .usage = policy_usage_name(d->policy->usage),
        .remote_id = d->order->remote_id,
        .replaces = buf_span(&d->replaces) };

    if (strcmp(d->order->state, ORDER_PENDING) == 0 && ca->ops->poll)
        return ca->ops->poll(ca, &order, answer, err);
    return ca->ops->submit(ca, &order, answer, err);
}

/* ---- the three answers, and none ---- */

static bool put_off(struct drive *d, int64_t *ret_again_at, struct err *err)
{
    uint8_t jitter;

    rand_bytes(&jitter, sizeof jitter);
    d->progress = (struct order_progress){ .state = strcmp(d->order->state, ORDER_READY) == 0
                                                        ? ORDER_SUBMITTING
                                                        : d->order->state,
        .next_at = d->life->now + job_backoff_seconds(d->order->n_errors + 1, jitter),
        .error = d->cause.msg };
    *ret_again_at = d->progress.next_at;
    return tx_run(d->life->db, TX_WRITE, write_progress, d, err);
}

static bool wait(struct drive *d, const struct ca_answer *answer, int64_t *ret_again_at,
    struct err *err)
{
    d->progress = (struct order_progress){ .state = ORDER_PENDING,
        .remote_id = answer->remote_id.size > 0 ? buf_text(&answer->remote_id) : NULL,
        .next_at =
            answer->retry_at > d->life->now ? answer->retry_at : d->life->now + POLL_SECONDS };
    *ret_again_at = d->progress.next_at;
    return tx_run(d->life->db, TX_WRITE, write_progress, d, err);
}

static bool give_up(struct drive *d, int64_t *ret_again_at, struct err *err)
{
    *ret_again_at = 0;
    return tx_run(d->life->db, TX_WRITE, write_failed, d, err);
}

static bool collect(struct drive *d, const struct ca_answer *answer, int64_t *ret_again_at,
    struct err *err)
{
    autofree(csr) struct csr *csr = NULL;

    if (!csr_from_any(buf_span(&d->order->csr), &csr, err))
        return false;
    *ret_again_at = 0;
    life_issue_done(&d->issue);
    if (!life_issue_check(d->life, d->order, csr, answer, false, &d->issue, &d->cause))
        return d->cause.kind == ERR_UPSTREAM ? give_up(d, ret_again_at, err)
                                             : put_off(d, ret_again_at, err);
    return tx_run(d->life->db, TX_WRITE, write_issued, d, err);
}

/* One step with the CA; *ret_again_at as life_drive() has it. */
static bool step(struct drive *d, int64_t *ret_again_at, struct err *err)
{
    autodone(ca_answer) struct ca_answer answer = CA_ANSWER_INIT;
    autofree(ca) struct ca *ca = NULL;

    d->cause = (struct err){ 0 };
    if (!life_open_ca(d->life, d->c.ca, &ca, &d->cause))
        return put_off(d, ret_again_at, err);
    if (!mark_submitting(d, err))
        return false;
    if (!ask_ca(d, ca, &answer, &d->cause))
        return d->cause.kind == ERR_UNAVAILABLE && d->order->n_errors < ERRORS_MAX
                   ? put_off(d, ret_again_at, err)
                   : give_up(d, ret_again_at, err);
    if (answer.verdict == CA_PENDING)
        return wait(d, &answer, ret_again_at, err);
    if (answer.verdict == CA_ISSUED)
        return collect(d, &answer, ret_again_at, err);
    fail(&d->cause, ERR_UPSTREAM, "%s refused: %s", d->c.ca->name,
        answer.reason[0] ? answer.reason : "it gave no reason");
    return give_up(d, ret_again_at, err);
}

/* The job takes over what the request leaves. */
static bool hurry_job(struct life *life, int64_t order_id, int64_t again_at, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    char dedupe[64];

    (void)snprintf(dedupe, sizeof dedupe, "order:%" PRId64, order_id);
    return tx_begin(life->db, TX_WRITE, &tx, err) &&
           store_job_hurry(tx, dedupe, again_at ? again_at : life->now, err) &&
           tx_commit(take(&tx), err);
}

bool life_drive(struct life *life, int64_t order_id, int64_t *ret_again_at, struct err *err)
{
    autodone(drive) struct drive d = { .life = life,
        .order_id = order_id,
        .replaces = BUF_INIT(CERT_MAX_BYTES) };
    const int64_t until = clock_mono_ms() + life->patience_ms;

    for (;;) {
        if (!load(&d, err))
            return false;
        *ret_again_at = 0;
        if (d.order->finished_at != 0)
            return true;
        if (!step(&d, ret_again_at, err))
            return false;
        if (*ret_again_at == 0 || clock_mono_ms() + POLL_AT_ONCE_MS > until ||
            d.progress.error != NULL)
            break;
        (void)poll(NULL, 0, POLL_AT_ONCE_MS);
    }
    return life->patience_ms == 0 || hurry_job(life, order_id, *ret_again_at, err);
}
