/*
 * life/obtain: enrolment and renewal: from the ticket to the CA and back.
 *
 * What can be refused is refused before anybody is asked. Then, with a CA that forgets, what it
 * signed and everything that follows from it is one transaction; with others the order is stored,
 * and life/drive goes on.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/json.h"
#include "core/renewal.h"
#include "db/db.h"
#include "life/work.h"
#include "store/job.h"
#include "store/order.h"
#include "store/request.h"
#include "x509/csr.h"

/* So long a request drives its order itself before the job may. */
#define JOB_PATIENCE_SECONDS 60

struct obtain {
    struct life *life;
    const struct life_ask *ask;
    bool is_renewal;
    const char *why;    /* of the order; NULL: a person asks */
    bool is_due;        /* certdesk itself renews: a failure is told, and tried again later */
    bool is_told;       /* it was */
    bool wants_csr;     /* a person must be asked for a new request first */
    struct life_case c; /* as it was when it was looked at */
    struct csr *csr;    /* that is sent to the CA */
    bool is_new_csr;    /* it is not the ticket's yet */
    char domain[LIFE_DOMAIN_SIZE]; /* what the new one is called by */
    struct life_key key;           /* of the new one, where the vault made it */
    struct order_row order;
    struct life_issue issue;
    bool is_issued;
    bool is_quiet;    /* an attempt of certdesk's that failed: only why is told */
    bool is_done;     /* somebody else was faster */
    struct err cause; /* why the CA did not issue */
};

static void obtain_done(struct obtain *o)
{
    life_case_done(&o->c);
    csr_free(o->csr);
    life_key_done(&o->key);
    order_row_done(&o->order);
    life_issue_done(&o->issue);
}
DEFINE_AUTODONE(obtain);

bool life_judge(struct life *life, const struct life_case *c, const struct csr *csr, bool is_ours,
    struct err *err)
{
    autodone(policy_input) struct policy_input input = { 0 };

    policy_input_from_csr(csr, &input);
    input.is_csr = !is_ours;
    return policy_require(c->profile->rules, &input, life->problems, err);
}

/* ---- may it be? ---- */

/* A later ticket may have taken the record over. */
static bool check_lives_by_it(const struct obtain *o, struct tx *tx, const struct life_row *row,
    struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    autofree(ticket_row) struct ticket_row *other = NULL;

    if (!row || !row->ticket_id || row->ticket_id == o->c.ticket->id)
        return true;
    return store_ticket_get(tx, &system, row->ticket_id, &other, err) &&
           fail(err, ERR_CONFLICT, "the certificate lives by %s now: renew it there", other->key);
}

static bool check_renewal(struct obtain *o, struct tx *tx, struct err *err)
{
    autodone(life_facts) struct life_facts facts = { 0 };
    struct renewal_plan plan;

    if (!o->c.ticket->certificate_id)
        return fail(err, ERR_CONFLICT, "the record of %s was deleted", o->c.ticket->key);
    if (!store_life_facts(tx, o->c.ticket->certificate_id, o->life->now, &facts, err))
        return false;
    if (!check_lives_by_it(o, tx, facts.life, err))
        return false;
    if (o->ask->csr.size > 0)
        facts.input.wants_csr = false;
    renewal_plan(&facts.input, &plan);
    if (o->life->who->account_id == 0) {
        o->is_due = plan.is_due;
        o->why = plan.reason;
        return plan.is_due || fail(err, ERR_CONFLICT, "%s", plan.text);
    }
    if (o->ask->is_forced && o->life->who->role != ROLE_ADMIN)
        return fail(err, ERR_DENIED, "only admins renew outside of the expiry window");
    return renewal_permit(&plan, o->ask->is_forced, err);
}

static bool check(struct obtain *o, struct tx *tx, struct err *err)
{
    const struct life_case *const c = &o->c;
    const struct transition *transition;

    if (!life_case_require(o->life, c, ACTION_EDIT, err) ||
        !lifecycle_find(c->type, c->status, o->ask->transition,
            o->life->who->account_id ? BY_PERSON : BY_CERTDESK, &transition, err))
        return false;
    if (!c->profile)
        return fail(err, ERR_CONFLICT, "%s has no profile", c->ticket->key);
    if (c->profile->is_disabled)
        return fail(err, ERR_CONFLICT, "the profile %s is disabled", c->profile->name);
    if (!o->is_renewal && o->ask->csr.size > 0 && c->profile->n_approvals > 0)
        return fail(err, ERR_CONFLICT,
            "nobody has approved this request (CSR): give it to %s, and have it approved",
            c->ticket->key);
    /* What was allowed once is renewed, but for another request. */
    if ((!o->is_renewal || o->ask->csr.size > 0) &&
        !life_check_use(o->life, tx, c, o->ask->csr.size == 0, err))
        return false;
    return o->is_renewal ? check_renewal(o, tx, err) : life_check_approvals(tx, c, err);
}

/* ---- whose key ---- */

static bool is_fresh(struct obtain *o, struct tx *tx, bool *ret, struct err *err)
{
    autofree(order_row) struct order_row *last = NULL;

    if (!store_order_last(tx, o->c.ticket->id, &last, err))
        return false;
    *ret = !last || !span_equal(buf_span(&last->csr), buf_span(&o->c.request->csr));
    return true;
}

/* A renewal with a new request of a person's: is there one? */
static bool look_for_csr(struct obtain *o, struct tx *tx, struct err *err)
{
    bool fresh = true;

    if (o->is_renewal && o->ask->csr.size == 0 && o->c.profile->renewal_key == RENEWAL_ASK &&
        !is_fresh(o, tx, &fresh, err))
        return false;
    o->wants_csr = !fresh;
    return true;
}

static bool parse_own(struct obtain *o, struct span csr, struct err *err)
{
    struct err cause = { 0 };

    if (csr.size == 0)
        return fail(err, ERR_CONFLICT, "%s has no request (CSR) yet: give one", o->c.ticket->key);
    if (csr_from_any(csr, &o->csr, &cause))
        return true;
    if (o->life->problems)
        json_problems_add(o->life->problems, "csr", cause.msg);
    return fail(err, ERR_INVALID, "csr: %s", cause.msg);
}

/* Not within a transaction: the vault may have to make a key. */
static bool choose_csr(struct obtain *o, struct err *err)
{
    const bool wants_key = o->is_renewal && o->c.profile->renewal_key == RENEWAL_NEW_KEY;
    autofree(csr) struct csr *before = NULL;

    o->is_new_csr = o->ask->csr.size > 0;
    if (!parse_own(o, o->is_new_csr ? o->ask->csr : buf_span(&o->c.request->csr), err))
        return false;
    if (!o->is_new_csr && wants_key) {
        before = take(&o->csr);
        if (!life_key_make_like(o->life, before, &o->key, err) ||
            !csr_from_any(buf_span(&o->key.csr), &o->csr, err))
            return false;
        o->is_new_csr = true;
    }
    if (o->is_new_csr)
        life_domain(o->csr, o->domain);
    if (o->is_renewal && o->ask->csr.size > 0 && !life_check_agreed(&o->c, o->csr, err))
        return false;
    return life_judge(o->life, &o->c, o->csr,
        o->key.csr.size > 0 || (!o->is_new_csr && o->c.request->sealed_key_id != 0), err);
}

/* ---- the CA, where it may be asked at once ---- */

static bool fill_order(struct obtain *o, struct ca *ca, struct err *err)
{
    struct order_row *const order = &o->order;
    char serial[CA_SERIAL_SIZE] = "";

    order->ticket_id = o->c.ticket->id;
    order->certificate_id = o->c.ticket->certificate_id;
    order->profile_id = o->c.profile->id;
    order->ca_id = o->c.ca->id;
    order->kind = xstrdup(o->is_renewal ? "renew" : "enroll");
    order->reason = xstrdup(o->why ? o->why : "person");
    order->csr = (struct buf)BUF_INIT(LIFE_CSR_MAX);
    buf_add_span(&order->csr, csr_der(o->csr));
    order->sealed_key_id = o->is_new_csr ? 0 : o->c.request->sealed_key_id;
    order->replaces_id = o->is_renewal ? o->c.ticket->version_id : 0;
    order->state = xstrdup(ORDER_READY);
    order->account_id = o->life->who->account_id;
    order->back_to = xstrdup(ticket_status_name(o->c.status));
    order->created_at = o->life->now;
    if (ca->ops->plan && !ca->ops->plan(ca, o->c.profile->lifetime_seconds, o->life->now, serial,
                             &order->not_before, &order->not_after, err))
        return false;
    order->serial = xstrdup(serial);
    return true;
}

static bool sign(struct obtain *o, struct ca *ca, struct err *err)
{
    autodone(ca_answer) struct ca_answer answer = CA_ANSWER_INIT;
    autofree(policy) struct policy *policy = NULL;

    if (!policy_from_json(o->c.profile->rules, &policy, err))
        return false;
    const struct ca_order order = { .csr = buf_span(&o->order.csr),
        .serial = o->order.serial,
        .not_before = o->order.not_before,
        .not_after = o->order.not_after,
        .usage = policy_usage_name(policy->usage),
        .remote_id = "" };

    if (!ca->ops->submit(ca, &order, &answer, err))
        return false;
    if (answer.verdict != CA_ISSUED)
        return fail(err, ERR_UPSTREAM, "%s refused: %s", o->c.ca->name, answer.reason);
    return life_issue_check(o->life, &o->order, o->csr, &answer, true, &o->issue, err);
}

/* ---- what is written ---- */

static bool keep_csr(struct obtain *o, struct tx *tx, struct err *err)
{
    autodone(buf) struct buf words = BUF_INIT(LIFE_WORDS_MAX);

    if (!o->is_new_csr)
        return true;
    if (o->key.csr.size > 0 && !life_key_keep(o->life, tx, &o->key, &o->order.sealed_key_id, err))
        return false;
    life_words(o->csr, &words);
    const struct request_csr csr = { .der = csr_der(o->csr),
        .domain = o->domain,
        .names = buf_text(&words),
        .sealed_key_id = o->order.sealed_key_id,
        .asked_by = o->ask->csr.size > 0 ? o->life->who->account_id : 0 };

    return store_request_set_csr(tx, o->c.ticket->id, &csr, err);
}

/* Is it still as it was looked at? *ret_done: somebody else has done the same meanwhile. */
static bool look_again(struct obtain *o, struct tx *tx, struct life_case *now, struct err *err)
{
    const struct life_case *const then = &o->c;

    o->is_done = false;
    if (!life_case_lock(o->life, tx, then->ticket->id, o->ask, now, err))
        return false;
    if (now->status == then->status && now->ticket->version_id == then->ticket->version_id &&
        now->ticket->certificate_id == then->ticket->certificate_id && now->request &&
        span_equal(buf_span(&now->request->csr), buf_span(&then->request->csr)))
        return true;
    o->is_done = ticket_status_is_working(now->status) ||
                 (now->ticket->version_id && now->ticket->version_id != then->ticket->version_id);
    return o->is_done ||
           fail(err, ERR_CONFLICT, "%s has changed meanwhile: look at it again", now->ticket->key);
}

static bool store_order(struct obtain *o, struct tx *tx, struct err *err)
{
    return keep_csr(o, tx, err) && store_order_add(tx, &o->order, &o->order.id, err) &&
           life_comment(o->life, tx, o->c.ticket->id, o->ask->comment, err) &&
           (o->is_quiet || life_say_requested(o->life, tx, &o->c, &o->order, err));
}

/* A CA that forgets: order, certificate and all that follows. */
static bool write_answer(struct tx *tx, void *arg, struct err *err)
{
    struct obtain *const o = arg;
    autodone(life_case) struct life_case now = { 0 };

    if (!look_again(o, tx, &now, err) || o->is_done)
        return o->is_done;
    if (o->is_new_csr) {
        free(now.request->domain);
        now.request->domain = xstrdup(o->domain);
    }
    return life_note(o->life, tx, err) && store_order(o, tx, err) &&
           (o->is_issued ? life_issued(o->life, tx, &now, &o->order, &o->issue, err)
                         : life_failed(o->life, tx, &now, &o->order, &o->cause, err));
}

/* Any other: the order, before the CA hears of it. */
static bool write_order(struct tx *tx, void *arg, struct err *err)
{
    struct obtain *const o = arg;
    autodone(life_case) struct life_case now = { 0 };
    const struct transition *transition;
    char dedupe[64];
    int64_t job;

    if (!look_again(o, tx, &now, err) || o->is_done)
        return o->is_done;
    if (!life_note(o->life, tx, err) || !store_order(o, tx, err) ||
        !lifecycle_find(now.type, now.status, o->ask->transition, BY_ANYONE, &transition, err) ||
        !life_move(o->life, tx, &now, transition->working, NULL, err))
        return false;
    (void)snprintf(dedupe, sizeof dedupe, "order:%" PRId64, o->order.id);
    const struct job_new new = { .type = "order",
        .object_id = o->order.id,
        .dedupe_key = dedupe,
        .due_at = o->life->now + (o->life->patience_ms > 0 ? JOB_PATIENCE_SECONDS : 0),
        .account_id = o->life->who->account_id };

    return store_job_add(tx, &new, o->life->now, &job, err) &&
           life_audit_ticket(o->life, tx, now.ticket, "ticket.order", NULL, o->order.kind, err);
}

static bool ask_for_csr(struct tx *tx, void *arg, struct err *err)
{
    struct obtain *const o = arg;
    autodone(buf) struct buf body = BUF_INIT(LIFE_TEXT_MAX);
    const int64_t id = o->c.ticket->id;

    if (o->c.request->wants_csr)
        return true;
    buf_addf(&body,
        "The renewal needs a new request (CSR): the profile %s does not renew with the "
        "key of before. Give it to this ticket.",
        o->c.profile->name);
    return store_request_set_wants_csr(tx, id, true, err) &&
           life_say(o->life, tx, id, &body, err) &&
           store_life_replan(tx, o->c.ticket->certificate_id, o->life->now, NULL, err);
}

static bool refuse_without_csr(struct obtain *o, struct err *err)
{
    if (!tx_run(o->life->db, TX_WRITE, ask_for_csr, o, err))
        return false;
    return fail(err, ERR_CONFLICT,
        "the profile %s wants a new request (CSR) for each renewal: give one to %s",
        o->c.profile->name, o->c.ticket->key);
}

/* The CA's own reasons are told in the ticket; a failure of ours is not the CA's. */
static bool sign_and_write(struct obtain *o, struct ca *ca, struct err *err)
{
    o->is_issued = sign(o, ca, &o->cause);
    if (!o->is_issued && o->cause.kind != ERR_UPSTREAM && o->cause.kind != ERR_UNAVAILABLE &&
        o->cause.kind != ERR_CONFLICT) {
        *err = o->cause;
        return false;
    }
    o->is_quiet = o->is_due && !o->is_issued;
    if (!tx_run(o->life->db, TX_WRITE, write_answer, o, err))
        return false;
    o->is_told = true;
    o->life->wakes_jobs = true;
    if (o->is_issued || o->is_done)
        return true;
    *err = o->cause;
    return false;
}

/* The request that drove the order hears what the CA said to it. */
static bool tell_failure(struct obtain *o, struct err *err)
{
    autofree(order_row) struct order_row *order = NULL;
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(o->life->db, TX_READ, &tx, err) || !store_order_get(tx, o->order.id, &order, err))
        return false;
    return strcmp(order->state, ORDER_FAILED) != 0 || fail(err, ERR_UPSTREAM, "%s", order->error);
}

static bool order_and_drive(struct obtain *o, struct err *err)
{
    int64_t again_at;

    if (!tx_run(o->life->db, TX_WRITE, write_order, o, err))
        return false;
    o->is_told = true;
    o->life->wakes_jobs = true;
    if (o->is_done || o->life->patience_ms == 0)
        return true;
    return life_drive(o->life, o->order.id, &again_at, err) && tell_failure(o, err);
}

static bool load(struct obtain *o, int64_t ticket_id, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(o->life->db, TX_READ, &tx, err) &&
           life_case_load(o->life, tx, ticket_id, &o->c, err) && check(o, tx, err) &&
           look_for_csr(o, tx, err);
}

/* Between the request and now the key may have turned out to be compromised. */
static bool check_key(const struct obtain *o, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(o->life->db, TX_READ, &tx, err) && life_key_check(tx, o->csr, err);
}

static bool obtain(struct obtain *o, struct err *err)
{
    autofree(ca) struct ca *ca = NULL;

    if (!choose_csr(o, err) || !check_key(o, err) || !life_open_ca(o->life, o->c.ca, &ca, err) ||
        !fill_order(o, ca, err))
        return false;
    return ca->ops->forgets ? sign_and_write(o, ca, err) : order_and_drive(o, err);
}

static bool write_refused(struct tx *tx, void *arg, struct err *err)
{
    struct obtain *const o = arg;

    return life_refused(o->life, tx, &o->c, o->is_renewal, &o->cause, err);
}

/* Nobody hears what certdesk itself is refused, but for the ticket. */
static bool tell_refused(struct obtain *o, struct err *err)
{
    struct err failure = { 0 };

    o->cause = *err;
    if (!tx_run(o->life->db, TX_WRITE, write_refused, o, &failure))
        *err = failure;
    else
        err->kind = ERR_UPSTREAM; /* it is no longer a conflict that waits for somebody */
    return false;
}

bool life_obtain(struct life *life, int64_t ticket_id, const struct life_ask *ask, struct err *err)
{
    autodone(obtain) struct obtain o = { .life = life,
        .ask = ask,
        .is_renewal = strcmp(ask->transition, "renew") == 0 };

    life_key_init(&o.key);
    if (!load(&o, ticket_id, err))
        return false;
    if (o.wants_csr)
        return refuse_without_csr(&o, err);
    if (obtain(&o, err))
        return true;
    return o.is_due && !o.is_told ? tell_refused(&o, err) : false;
}
