/*
 * probe/engine: from a target to its visits, and from their sights to a result.
 *
 * A target waits, is resolved, and is visited at every address; a list for each target holds its
 * visits in the order of the answer. A visit outlives its target by the moment that its socket
 * lingers. What must not happen within a caller's call is left to pump(), which runs from the loop.
 */
#include "probe/engine.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "codec/base64.h"
#include "codec/hostport.h"
#include "net/addr.h"
#include "net/host.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "probe/handshake.h"
#include "probe/pace.h"
#include "probe/trust.h"
#include "probe/visit.h"

#define RESOLVING_MAX 256U
#define LARGE_AT_ONCE 8U
#define TARGETS_PER_CONNECTION                                                                     \
    8U /* those that wait for a busy address must not hold up the rest                             \
        */
#define PROXY_PORT 3128

static const struct probe_timeouts usual_timeouts = { 5000, 5000, 5000, 10000, 20000 };

enum target_phase { TARGET_WAITING, TARGET_RESOLVING, TARGET_VISITING };

struct target {
    struct target *next; /* of all, in the order of submission */
    struct target *prev;
    struct target *next_waiting;
    struct engine *engine;
    enum target_phase phase;
    engine_done_fn *done;
    void *ctx;

    struct host host;
    int port;
    struct host sni; /* text is empty: none was given */
    enum probe_protocol protocol;
    bool is_first_key_only;
    struct probe_timeouts timeouts;
    struct host proxy; /* text is empty: direct */
    int proxy_port;
    struct hostport_text tunnel_to;
    char *tunnel_as; /* NULL: the proxy is shown nothing */

    int64_t dns_began_us;
    size_t n_pending; /* visits */
    size_t n_places;
    struct visit_sights *places; /* one for each address, in the order of the answer */
    struct probe_result *result;
};

struct engine {
    struct loop *loop;
    engine_room_fn *on_room;
    void *room_ctx;
    struct loop_timer *pump;
    bool is_pumping;
    bool was_full;

    struct probe_timeouts timeouts;
    size_t max_targets;
    struct addr_ranges *allow;
    char *dns_servers;
    struct host proxy;
    int proxy_port;
    char *proxy_as; /* "Basic …"; NULL: nothing is shown to it */
    struct resolver *resolver;
    struct trust *trust;
    struct handshake_setup *setup;
    struct pace *pace;
    struct pace *pace_large;

    size_t n_targets;
    size_t n_resolving;
    struct target *first;
    struct target *last;
    struct target *first_waiting;
    struct target **last_waiting;
    struct visit *visits;
};

static void schedule_pump(struct engine *engine)
{
    if (engine->is_pumping)
        return;
    engine->is_pumping = true;
    loop_timer_start(engine->pump, 0);
}

/* The end of a target. */

static void free_secret_text(char *text)
{
    if (text)
        secret_wipe(text, strlen(text));
    free(text);
}

static void target_free(struct target *target)
{
    struct engine *const engine = target->engine;

    if (target->prev)
        target->prev->next = target->next;
    else
        engine->first = target->next;
    if (target->next)
        target->next->prev = target->prev;
    else
        engine->last = target->prev;
    if (target->phase == TARGET_RESOLVING)
        engine->n_resolving--;
    engine->n_targets--;
    probe_result_free(target->result);
    free_secret_text(target->tunnel_as);
    free(target->places);
    free(target);
}

static void finish(struct target *target)
{
    engine_done_fn *const done = target->done;
    void *const ctx = target->ctx;
    struct probe_result *const result = take(&target->result);

    for (size_t i = 0; i < target->n_places; i++)
        for (size_t k = 0; k < target->places[i].n; k++)
            *probe_result_add_sight(result) = target->places[i].list[k];
    schedule_pump(target->engine);
    target_free(target);
    done(ctx, result);
}

static void finish_early(struct target *target, enum probe_error error, const char *message)
{
    target->result->error = error;
    span_copy_text(span_text(message), target->result->message, sizeof(target->result->message));
    finish(target);
}

static void on_visited(void *ctx)
{
    struct target *const target = ctx;

    if (--target->n_pending == 0)
        finish(target);
}

static void on_room_for_visits(void *ctx)
{
    schedule_pump(ctx);
}

/* From addresses to visits. */

static void begin_visits(struct target *target, const struct net_addr *addrs, size_t n_addrs)
{
    struct engine *const engine = target->engine;
    const bool is_tunnelled = target->proxy.text[0] != '\0';
    const struct host *const expected = target->sni.text[0] ? &target->sni : &target->host;
    const struct visit_calls calls = { on_visited, target, on_room_for_visits, engine };
    struct visit_plan plan = {
        .loop = engine->loop,
        .setup = engine->setup,
        .trust = &engine->trust,
        .list = &engine->visits,
        .pace = engine->pace,
        .pace_large = engine->pace_large,
        .port = is_tunnelled ? target->proxy_port : target->port,
        .tunnel_to = is_tunnelled ? target->tunnel_to.text : NULL,
        .tunnel_as = is_tunnelled ? target->tunnel_as : NULL,
        .host = expected->text,
        .sni = expected->is_address ? NULL : expected->text,
        .expected_name = expected->is_address ? NULL : expected->text,
        .expected_addr = &expected->addr,
        .protocol = target->protocol,
        .is_first_key_only = target->is_first_key_only,
        .timeouts = target->timeouts,
        .result = target->result,
    };

    target->phase = TARGET_VISITING;
    target->n_places = n_addrs;
    target->places = xcalloc(n_addrs, sizeof(target->places[0]));
    for (size_t i = 0; i < n_addrs; i++) {
        struct err err = { 0 };

        plan.addr = addrs[i];
        plan.sights = &target->places[i];
        if (!is_tunnelled && !addr_permit(&addrs[i], engine->allow, &err)) {
            visit_deny(&addrs[i], err.msg, plan.sights);
            continue;
        }
        target->n_pending++;
        visit_begin(&plan, &calls);
    }
    schedule_pump(engine);
    if (target->n_pending == 0)
        finish(target);
}

static void on_resolved(void *ctx, const struct resolve_answer *answer)
{
    struct target *const target = ctx;
    const bool is_tunnelled = target->proxy.text[0] != '\0';
    char message[160];

    target->engine->n_resolving--;
    target->phase = TARGET_VISITING;
    target->result->dns_us = clock_mono_us() - target->dns_began_us;
    target->result->is_dns_complete = answer->is_complete;
    if (answer->status == RESOLVE_OK) {
        /* Any of a proxy's addresses will do. */
        begin_visits(target, answer->addrs, is_tunnelled ? 1 : answer->n_addrs);
        return;
    }
    snprintf(message, sizeof(message), "%s%s", is_tunnelled ? "the proxy's name: " : "",
        answer->message);
    finish_early(target, is_tunnelled ? PROBE_PROXY : PROBE_DNS, message);
}

static bool is_loopback_name(const char *name)
{
    const size_t size = strlen(name);

    return strcmp(name, "localhost") == 0 ||
           (size > 10 && strcmp(name + size - 10, ".localhost") == 0);
}

/*
 * Behind a proxy a name is the proxy's to resolve, and its to refuse; what is plainly an address
 * that must not be gone to is refused here all the same.
 */
static bool permit_tunnel(const struct target *target, struct err *err)
{
    static const struct net_addr loopback = { 4, { 127, 0, 0, 1 } };

    if (target->host.is_address)
        return addr_permit(&target->host.addr, target->engine->allow, err);
    return !is_loopback_name(target->host.text) ||
           addr_permit(&loopback, target->engine->allow, err);
}

static void begin(struct target *target)
{
    const struct host *const to = target->proxy.text[0] ? &target->proxy : &target->host;
    struct err err = { 0 };

    target->result->is_dns_complete = true;
    if (target->proxy.text[0] && !permit_tunnel(target, &err)) {
        finish_early(target, PROBE_DENIED, err.msg);
    } else if (to->is_address) {
        begin_visits(target, &to->addr, 1);
    } else {
        target->phase = TARGET_RESOLVING;
        target->engine->n_resolving++;
        target->dns_began_us = clock_mono_us();
        resolve_name(target->engine->resolver, to->text, target->timeouts.dns_ms, on_resolved,
            target);
    }
}

static struct target *next_waiting(struct engine *engine)
{
    struct target *const target = engine->first_waiting;

    if (!target)
        return NULL;
    engine->first_waiting = target->next_waiting;
    if (!engine->first_waiting)
        engine->last_waiting = &engine->first_waiting;
    return target;
}

static void pump(void *arg)
{
    struct engine *const engine = arg;
    struct target *target;

    engine->is_pumping = false;
    while (engine->n_resolving < RESOLVING_MAX && (target = next_waiting(engine)))
        begin(target);
    pace_run(engine->pace);
    pace_run(engine->pace_large);
    if (engine->was_full && engine_has_room(engine)) {
        engine->was_full = false;
        if (engine->on_room)
            engine->on_room(engine->room_ctx);
    }
}

/* Configuration. */

static int or_else(int value, int otherwise)
{
    return value > 0 ? value : otherwise;
}

static struct probe_timeouts fill_timeouts(const struct probe_timeouts *given,
    const struct probe_timeouts *otherwise)
{
    return (struct probe_timeouts){
        .dns_ms = or_else(given->dns_ms, otherwise->dns_ms),
        .connect_ms = or_else(given->connect_ms, otherwise->connect_ms),
        .starttls_ms = or_else(given->starttls_ms, otherwise->starttls_ms),
        .handshake_ms = or_else(given->handshake_ms, otherwise->handshake_ms),
        .total_ms = or_else(given->total_ms, otherwise->total_ms),
    };
}

static bool parse_proxy(const char *text, struct host *ret, int *port, struct err *err)
{
    *ret = (struct host){ 0 };
    *port = PROXY_PORT;
    if (!text || !text[0])
        return true;
    return host_port_parse(span_text(text), ret, port, err) ||
           err_wrap(err, "cannot use the proxy");
}

/* RFC 7617, 2. */
static char *basic(const char *credential)
{
    struct buf text = BUF_INIT_SECRET(4 * PROBE_CREDENTIAL_MAX);
    char *ret = NULL;

    if (credential && credential[0]) {
        buf_add_text(&text, "Basic ");
        base64_encode(span_text(credential), &text);
        ret = xstrdup(buf_text(&text));
    }
    buf_done(&text);
    return ret;
}

/* Those that are being resolved ask the new resolver. */
static void take_resolver(struct engine *engine, struct resolver *resolver)
{
    struct resolver *const old = engine->resolver;
    struct target *next = NULL;

    engine->resolver = resolver;
    resolver_free(old);
    for (struct target *t = engine->first; t; t = next) {
        next = t->next;
        if (t->phase != TARGET_RESOLVING)
            continue;
        t->phase = TARGET_WAITING;
        engine->n_resolving--;
        t->next_waiting = engine->first_waiting;
        if (!engine->first_waiting)
            engine->last_waiting = &t->next_waiting;
        engine->first_waiting = t;
    }
}

static size_t n_connections(const struct probe_conf *conf)
{
    return (size_t)or_else(conf->max_in_flight, 1000);
}

bool engine_configure(struct engine *engine, const struct probe_conf *conf, struct err *err)
{
    autofree(addr_ranges) struct addr_ranges *allow = NULL;
    autofree(trust) struct trust *trust = NULL;
    struct resolver *resolver = NULL;
    struct host proxy;
    int proxy_port;
    const char *const servers = conf->dns_servers ? conf->dns_servers : "";
    const struct resolver_conf resolving = { .servers = servers };

    if (!addr_ranges_parse(conf->allow, &allow, err) ||
        !parse_proxy(conf->proxy, &proxy, &proxy_port, err) ||
        !trust_new(conf->system_trust_dir, conf->trust_pem, &trust, err))
        return false;
    if (!engine->resolver || strcmp(engine->dns_servers, servers) != 0) {
        if (!resolver_new(engine->loop, &resolving, &resolver, err))
            return false;
        take_resolver(engine, resolver);
        str_set(&engine->dns_servers, servers);
    }
    addr_ranges_free(engine->allow);
    engine->allow = take(&allow);
    trust_free(engine->trust);
    engine->trust = take(&trust);
    engine->proxy = proxy;
    engine->proxy_port = proxy_port;
    free_secret_text(engine->proxy_as);
    engine->proxy_as = basic(conf->proxy_credential);
    engine->timeouts = fill_timeouts(&conf->timeouts, &usual_timeouts);
    engine->max_targets = TARGETS_PER_CONNECTION * n_connections(conf);
    pace_set_limits(engine->pace, n_connections(conf), (size_t)or_else(conf->max_per_address, 16));
    schedule_pump(engine);
    return true;
}

bool engine_new(struct loop *loop, const struct probe_conf *conf, engine_room_fn *on_room,
    void *room_ctx, struct engine **ret, struct err *err)
{
    autofree(engine) struct engine *engine = xcalloc(1, sizeof(*engine));

    engine->loop = loop;
    engine->on_room = on_room;
    engine->room_ctx = room_ctx;
    engine->last_waiting = &engine->first_waiting;
    engine->pump = loop_timer_new(loop, pump, engine);
    engine->pace = pace_new(1, 1);
    engine->pace_large = pace_new(LARGE_AT_ONCE, 1);
    if (!handshake_setup_new(&engine->setup, err) || !engine_configure(engine, conf, err))
        return false;
    *ret = take(&engine);
    return true;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    visit_drop(&engine->visits, NULL);
    resolver_free(engine->resolver);
    while (engine->first)
        target_free(engine->first); /* NOLINT(clang-analyzer-unix.Malloc): moves it on */
    loop_timer_free(engine->pump);
    pace_free(engine->pace);
    pace_free(engine->pace_large);
    handshake_setup_free(engine->setup);
    trust_free(engine->trust);
    addr_ranges_free(engine->allow);
    free(engine->dns_servers);
    free_secret_text(engine->proxy_as);
    free(engine);
}

/* Targets. */

bool engine_has_room(const struct engine *engine)
{
    return engine->n_targets < engine->max_targets;
}

size_t engine_n_targets(const struct engine *engine)
{
    return engine->n_targets;
}

static bool fill_target(struct target *target, const struct probe_target *given, struct err *err)
{
    const struct engine *const engine = target->engine;

    if (!host_parse(span_text(given->host), &target->host, err))
        return false;
    if (given->port < 1 || given->port > 65535)
        return fail(err, ERR_INVALID, "%d is not a port between 1 and 65535", given->port);
    if (given->sni && given->sni[0] && !host_parse(span_text(given->sni), &target->sni, err))
        return err_wrap(err, "cannot send this SNI");
    if (!parse_proxy(given->proxy, &target->proxy, &target->proxy_port, err))
        return false;
    if (!target->proxy.text[0]) {
        target->proxy = engine->proxy;
        target->proxy_port = engine->proxy_port;
        target->tunnel_as = engine->proxy_as ? xstrdup(engine->proxy_as) : NULL;
    }
    target->tunnel_to = hostport_text(target->host.text, given->port);
    target->port = given->port;
    target->protocol = given->protocol;
    target->is_first_key_only = given->is_first_key_only;
    target->timeouts = fill_timeouts(&given->timeouts, &engine->timeouts);
    return true;
}

bool engine_submit(struct engine *engine, const struct probe_target *target, engine_done_fn *done,
    void *ctx, struct err *err)
{
    struct target *const t = xcalloc(1, sizeof(*t));

    t->engine = engine;
    t->done = done;
    t->ctx = ctx;
    if (!fill_target(t, target, err)) {
        free_secret_text(t->tunnel_as);
        free(t);
        return false;
    }
    t->result = xcalloc(1, sizeof(*t->result));
    t->result->id = target->id;
    t->prev = engine->last;
    if (t->prev)
        t->prev->next = t;
    else
        engine->first = t;
    engine->last = t;
    *engine->last_waiting = t;
    engine->last_waiting = &t->next_waiting;
    engine->n_targets++;
    engine->was_full = engine->was_full || !engine_has_room(engine);
    schedule_pump(engine);
    return true;
}

static void leave_waiting(struct engine *engine, const struct target *target)
{
    struct target **link = &engine->first_waiting;

    while (*link != target)
        link = &(*link)->next_waiting;
    *link = target->next_waiting;
    if (!*link)
        engine->last_waiting = link;
}

void engine_cancel(struct engine *engine, int64_t id, const void *ctx)
{
    struct target *target = engine->first;

    while (target && (target->result->id != id || target->ctx != ctx))
        target = target->next;
    if (!target)
        return;
    switch (target->phase) {
    case TARGET_WAITING:
        leave_waiting(engine, target);
        break;
    case TARGET_RESOLVING:
        resolve_cancel(engine->resolver, target);
        break;
    case TARGET_VISITING:
        visit_drop(&engine->visits, target);
        break;
    }
    target_free(target);
    schedule_pump(engine);
}
