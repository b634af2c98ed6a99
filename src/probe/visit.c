/* probe/visit: see the header. */
#include "probe/visit.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "probe/conn.h"
#include "probe/handshake.h"

struct visit {
    struct pace_turn turn; /* first: pace gives it back */
    struct visit_plan plan;
    struct visit_calls calls;
    struct pace *pace; /* whose turn it is */
    struct conn *conn;
    enum handshake_offer offer;
    bool is_large;
    bool is_again; /* another handshake follows */
    struct visit *next;
    struct visit **link; /* what points to this one */
};

static void name_address(const struct visit *visit, struct probe_sight *sight)
{
    if (visit->plan.tunnel_to)
        snprintf(sight->address, sizeof(sight->address), "proxy");
    else
        addr_text(&visit->plan.addr, sight->address);
}

static bool needs_more_room(struct visit *visit, const struct conn_report *report)
{
    return !visit->is_large && report->stream && handshake_is_too_large(report->stream);
}

/* Which offer would show the server's other certificate? False where there is none to look for. */
static bool other_offer(const struct visit *visit, enum handshake_offer *ret)
{
    const struct probe_sight *const first = &visit->plan.sights->list[0];

    if (visit->plan.is_first_key_only || first->error != PROBE_OK)
        return false;
    *ret = first->slot == PROBE_SLOT_RSA ? OFFER_ECDSA : OFFER_RSA;
    return true;
}

/* Did the second handshake show that there is no second certificate? */
static bool says_there_is_none(const struct visit *visit, const struct probe_sight *sight)
{
    if (sight->error == PROBE_OK)
        return sight->slot == visit->plan.sights->list[0].slot;
    return sight->error == PROBE_TLS_ALERT || sight->error == PROBE_CLOSED ||
           sight->error == PROBE_NOT_TLS || sight->error == PROBE_CERTIFICATE_UNREADABLE;
}

static void write_down(struct visit *visit, const struct conn_report *report)
{
    struct probe_sight sight = { .error = report->error };
    const struct handshake_expectation expected = {
        .name = visit->plan.expected_name,
        .addr = visit->plan.expected_name ? NULL : visit->plan.expected_addr,
        .trust = *visit->plan.trust,
        .now = clock_now(),
    };

    name_address(visit, &sight);
    memcpy(sight.message, report->message, sizeof(sight.message));
    sight.connect_us = report->connect_us;
    sight.starttls_us = report->starttls_us;
    sight.handshake_us = report->handshake_us;
    if (report->stream)
        handshake_describe(report->stream, &expected, visit->plan.result, &sight);

    if (visit->offer != OFFER_ALL) {
        if (says_there_is_none(visit, &sight))
            return;
        if (sight.error != PROBE_OK)
            sight.slot = visit->offer == OFFER_RSA ? PROBE_SLOT_RSA : PROBE_SLOT_ECDSA;
    }
    visit->plan.sights->list[visit->plan.sights->n++] = sight;
}

static void on_done(void *ctx, const struct conn_report *report)
{
    struct visit *const visit = ctx;

    visit->is_again = true;
    if (needs_more_room(visit, report)) {
        visit->is_large = true;
        return;
    }
    const bool was_first = visit->offer == OFFER_ALL;
    write_down(visit, report);
    if (was_first && other_offer(visit, &visit->offer))
        return;
    visit->is_again = false;
    void *const whose = visit->calls.ctx;
    visit->calls.ctx = NULL;
    visit->calls.done(whose);
}

static void visit_free(struct visit *visit)
{
    conn_free(visit->conn);
    pace_leave(visit->pace, &visit->turn);
    *visit->link = visit->next;
    if (visit->next)
        visit->next->link = visit->link;
    free(visit);
}

static void ask_for_turn(struct visit *visit)
{
    visit->pace = visit->is_large ? visit->plan.pace_large : visit->plan.pace;
    pace_ask(visit->pace, &visit->turn);
}

static void on_gone(void *ctx);

static void connect_now(struct visit *visit)
{
    const struct visit_plan *const plan = &visit->plan;
    const struct conn_plan conn = {
        .loop = plan->loop,
        .setup = plan->setup,
        .addr = plan->addr,
        .port = plan->port,
        .tunnel_to = plan->tunnel_to,
        .tunnel_as = plan->tunnel_as,
        .host = plan->host,
        .protocol = plan->protocol,
        .tls.offer = visit->offer,
        .tls.sni = plan->sni,
        .tls.max_chain_bytes = visit->is_large ? HANDSHAKE_CHAIN_LARGE : HANDSHAKE_CHAIN_USUAL,
        .timeouts = plan->timeouts,
        .deadline_ms = clock_mono_ms() + plan->timeouts.total_ms,
    };

    visit->conn = conn_new(&conn, on_done, on_gone, visit);
}

static void on_turn(struct pace_turn *turn)
{
    connect_now((struct visit *)turn);
}

/* A second handshake keeps its turn, or the first answer would wait for everybody's first. */
static void on_gone(void *ctx)
{
    struct visit *const visit = ctx;
    const struct visit_calls calls = visit->calls;

    conn_free(take(&visit->conn));
    if (visit->is_again && visit->is_large == (visit->pace == visit->plan.pace_large)) {
        connect_now(visit);
        return;
    }
    pace_leave(visit->pace, &visit->turn);
    if (visit->is_again)
        ask_for_turn(visit);
    else
        visit_free(visit);
    calls.room(calls.room_ctx);
}

void visit_begin(const struct visit_plan *plan, const struct visit_calls *calls)
{
    struct visit *const visit = xcalloc(1, sizeof(*visit));

    visit->plan = *plan;
    visit->calls = *calls;
    visit->turn = (struct pace_turn){ .addr = plan->addr, .run = on_turn };
    visit->next = *plan->list;
    visit->link = plan->list;
    if (visit->next)
        visit->next->link = &visit->next;
    *plan->list = visit;
    ask_for_turn(visit);
}

void visit_drop(struct visit **list, const void *ctx)
{
    struct visit *next = NULL;

    for (struct visit *visit = *list; visit; visit = next) {
        next = visit->next;
        if (!ctx || visit->calls.ctx == ctx)
            visit_free(visit);
    }
}

void visit_deny(const struct net_addr *addr, const char *why, struct visit_sights *ret)
{
    *ret = (struct visit_sights){ .n = 1, .list[0].error = PROBE_DENIED };
    addr_text(addr, ret->list[0].address);
    span_copy_text(span_text(why), ret->list[0].message, sizeof(ret->list[0].message));
}
