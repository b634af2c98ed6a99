/*
 * net/resolve: a c-ares channel on the loop.
 *
 * A lookup is two ares_query()s, which are ten times cheaper than ares_getaddrinfo(). A name
 * without a dot goes through the search list (ares_search()); one with a dot never does, because a
 * wildcard in the search domain would answer for a name that has gone.
 *
 * When resolv.conf changes, a new channel is made, and the old one is kept until its last query has
 * ended. c-ares' own time-outs are ticked ten times a second while queries are pending, because
 * asking it for the next one walks them all.
 */
#include "net/resolve.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "net/hosts.h"
#include "net/loop.h"

#define HOSTS_PATH "/etc/hosts"
#define RESOLV_PATH "/etc/resolv.conf"
#define FILES_CHECK_MS 1000
#define TICK_MS 100
#define QUERY_TIMEOUT_MS 1500
#define QUERY_TRIES 3
#define HOSTS_MAX (8U << 20)
/* thousands of answers may come before the loop is round again */
#define RECEIVE_BUFFER (1 << 20)

/* A descriptor of c-ares that the loop watches. */
struct ares_watch {
    struct ares_watch *next;
    struct channel *channel;
    ares_socket_t fd;
    struct loop_watch *watch;
};

struct channel {
    struct resolver *resolver;
    struct channel *next; /* among the retired */
    ares_channel ares;
    struct ares_watch *watches;
    size_t n_queries;
};

struct lookup {
    struct lookup *next;
    struct lookup *prev;
    struct resolver *resolver;
    resolve_done_fn *done; /* NULL: cancelled or answered */
    void *ctx;
    struct loop_timer *timer;
    int n_pending;
    int worst; /* ARES_ code of a query that failed */
    bool is_name_known;
    struct resolve_answer answer;
};

struct file_stamp {
    int64_t changed_ns;
    int64_t size;
    uint64_t inode;
};

struct resolver {
    struct loop *loop;
    char *servers;
    bool no_hosts_file;
    struct channel *channel;
    struct channel *retired;
    struct loop_timer *tick;
    bool is_ticking;
    struct lookup *lookups;
    struct hosts *hosts;
    struct file_stamp hosts_stamp;
    struct file_stamp resolv_stamp;
    int64_t files_checked_ms;
};

static struct file_stamp stamp_of(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return (struct file_stamp){ 0 };
    return (struct file_stamp){
        .changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
        .size = st.st_size,
        .inode = st.st_ino,
    };
}

static bool stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->changed_ns == b->changed_ns && a->size == b->size && a->inode == b->inode;
}

/* c-ares' sockets. */

static void on_ready(void *arg, unsigned what)
{
    const struct ares_watch *const w = arg;

    ares_process_fd(w->channel->ares, what & LOOP_READ ? w->fd : ARES_SOCKET_BAD,
        what & LOOP_WRITE ? w->fd : ARES_SOCKET_BAD);
}

static void drop_watch(struct ares_watch **link)
{
    struct ares_watch *const w = *link;

    *link = w->next;
    loop_watch_free(w->watch);
    free(w);
}

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct channel *const channel = arg;
    const unsigned wanted = (readable ? LOOP_READ : 0U) | (writable ? LOOP_WRITE : 0U);
    struct ares_watch **link = &channel->watches;

    while (*link && (*link)->fd != fd)
        link = &(*link)->next;
    if (*link && wanted) {
        loop_watch_set((*link)->watch, wanted);
    } else if (*link) {
        drop_watch(link);
    } else if (wanted) {
        struct ares_watch *const w = xcalloc(1, sizeof(*w));

        *w = (struct ares_watch){ .channel = channel, .fd = fd };
        w->watch = loop_watch_new(channel->resolver->loop, fd, wanted, on_ready, w);
        *link = w;
    }
}

/* Channels. */

static void channel_free(struct channel *channel)
{
    if (!channel)
        return;
    if (channel->ares)
        ares_destroy(channel->ares);
    while (channel->watches)
        drop_watch(&channel->watches);
    free(channel);
}

static bool channel_new(struct resolver *resolver, struct channel **ret, struct err *err)
{
    struct channel *const channel = xcalloc(1, sizeof(*channel));
    struct ares_options options = {
        .flags = ARES_FLAG_NOALIASES,
        .timeout = QUERY_TIMEOUT_MS,
        .tries = QUERY_TRIES,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = channel,
        .socket_receive_buffer_size = RECEIVE_BUFFER,
    };
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB |
                     ARES_OPT_SOCK_RCVBUF;

    channel->resolver = resolver;
    int rc = ares_init_options(&channel->ares, &options, mask);
    if (rc != ARES_SUCCESS) {
        free(channel);
        return fail(err, ERR_UNAVAILABLE, "could not set up name resolution: %s",
            ares_strerror(rc));
    }
    if (resolver->servers)
        rc = ares_set_servers_ports_csv(channel->ares, resolver->servers);
    if (rc != ARES_SUCCESS) {
        channel_free(channel);
        return fail(err, ERR_INVALID, "\"%s\" is not a list of DNS servers: %s", resolver->servers,
            ares_strerror(rc));
    }
    *ret = channel;
    return true;
}

static void free_idle_channels(struct resolver *resolver)
{
    struct channel **link = &resolver->retired;

    while (*link) {
        struct channel *const channel = *link;

        if (channel->n_queries > 0) {
            link = &channel->next;
            continue;
        }
        *link = channel->next;
        channel_free(channel);
    }
}

static void on_tick(void *arg)
{
    struct resolver *const resolver = arg;
    struct channel *next = NULL;

    ares_process_fd(resolver->channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (struct channel *c = resolver->retired; c; c = next) {
        next = c->next;
        ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    free_idle_channels(resolver);
    resolver->is_ticking = resolver->channel->n_queries > 0 || resolver->retired;
    if (resolver->is_ticking)
        loop_timer_start(resolver->tick, TICK_MS);
}

/* The files that say how names are resolved, looked at again once a second while in use. */
static void refresh_files(struct resolver *resolver)
{
    const int64_t now_ms = clock_mono_ms();

    if (resolver->files_checked_ms != 0 && now_ms < resolver->files_checked_ms + FILES_CHECK_MS)
        return;
    resolver->files_checked_ms = now_ms;

    const struct file_stamp hosts = stamp_of(HOSTS_PATH);
    if (!resolver->no_hosts_file && !stamp_equal(&hosts, &resolver->hosts_stamp)) {
        autodone(buf) struct buf text = BUF_INIT(HOSTS_MAX);

        if (fs_read(HOSTS_PATH, &text, NULL)) {
            hosts_free(resolver->hosts);
            resolver->hosts = hosts_parse(buf_span(&text));
        }
        resolver->hosts_stamp = hosts;
    }

    const struct file_stamp resolv = stamp_of(RESOLV_PATH);
    struct channel *channel = NULL;
    if (resolver->servers || stamp_equal(&resolv, &resolver->resolv_stamp))
        return;
    resolver->resolv_stamp = resolv;
    if (!channel_new(resolver, &channel, NULL))
        return;
    resolver->channel->next = resolver->retired;
    resolver->retired = resolver->channel;
    resolver->channel = channel;
}

bool resolver_new(struct loop *loop, const struct resolver_conf *conf, struct resolver **ret,
    struct err *err)
{
    struct resolver *const resolver = xcalloc(1, sizeof(*resolver));

    *resolver = (struct resolver){
        .loop = loop,
        .servers = conf->servers && conf->servers[0] ? xstrdup(conf->servers) : NULL,
        .no_hosts_file = conf->no_hosts_file,
        .resolv_stamp = stamp_of(RESOLV_PATH),
        .hosts = hosts_parse(SPAN_EMPTY),
    };
    resolver->tick = loop_timer_new(loop, on_tick, resolver);
    if (!channel_new(resolver, &resolver->channel, err)) {
        resolver_free(resolver);
        return false;
    }
    *ret = resolver;
    return true;
}

static void lookup_free(struct lookup *lookup)
{
    if (lookup->prev)
        lookup->prev->next = lookup->next;
    else
        lookup->resolver->lookups = lookup->next;
    if (lookup->next)
        lookup->next->prev = lookup->prev;
    loop_timer_free(lookup->timer);
    free(lookup);
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    for (struct lookup *l = resolver->lookups; l; l = l->next)
        l->done = NULL;
    /* ares_destroy() ends every query, which frees its lookup. */
    channel_free(resolver->channel);
    while (resolver->retired) {
        struct channel *const channel = resolver->retired;

        resolver->retired = channel->next;
        channel_free(channel);
    }
    loop_timer_free(resolver->tick);
    hosts_free(resolver->hosts);
    free(resolver->servers);
    free(resolver);
}

/* Lookups. */

static void add_address(struct resolve_answer *answer, const void *bytes, uint8_t n_bytes)
{
    struct net_addr addr = { .n_bytes = n_bytes };

    memcpy(addr.bytes, bytes, n_bytes);
    for (size_t i = 0; i < answer->n_addrs; i++)
        if (addr_equal(&answer->addrs[i], &addr))
            return;
    if (answer->n_addrs == RESOLVE_ADDRESSES_MAX)
        answer->is_complete = false;
    else
        answer->addrs[answer->n_addrs++] = addr;
}

static void conclude(struct lookup *lookup)
{
    struct resolve_answer *const answer = &lookup->answer;

    if (answer->n_addrs > 0) {
        answer->status = RESOLVE_OK;
    } else if (lookup->worst == ARES_ETIMEOUT || lookup->worst == ARES_ECANCELLED) {
        answer->status = RESOLVE_TIMEOUT;
        snprintf(answer->message, sizeof(answer->message), "no DNS server answered in time");
    } else if (lookup->worst != ARES_SUCCESS) {
        answer->status = RESOLVE_FAILED;
        snprintf(answer->message, sizeof(answer->message), "DNS failed: %s",
            ares_strerror(lookup->worst));
    } else if (lookup->is_name_known) {
        answer->status = RESOLVE_NO_ADDRESS;
        snprintf(answer->message, sizeof(answer->message), "the name has no address");
    } else {
        answer->status = RESOLVE_NO_NAME;
        snprintf(answer->message, sizeof(answer->message), "no such name");
    }
}

/* Answer once. The lookup itself lives until c-ares has let go of both its queries. */
static void finish(struct lookup *lookup)
{
    resolve_done_fn *const done = lookup->done;

    lookup->done = NULL;
    if (!done)
        return;
    if (lookup->timer)
        loop_timer_stop(lookup->timer);
    conclude(lookup);
    done(lookup->ctx, &lookup->answer);
}

struct query {
    struct lookup *lookup;
    struct channel *channel;
    int type;
};

static int parse_reply(const struct query *query, const unsigned char *reply, int size)
{
    struct resolve_answer *const answer = &query->lookup->answer;

    if (query->type == ns_t_a) {
        struct ares_addrttl list[2 * RESOLVE_ADDRESSES_MAX];
        int n = countof(list);
        const int rc = ares_parse_a_reply(reply, size, NULL, list, &n);

        for (int i = 0; rc == ARES_SUCCESS && i < n; i++)
            add_address(answer, &list[i].ipaddr, 4);
        return rc;
    }
    struct ares_addr6ttl list[2 * RESOLVE_ADDRESSES_MAX];
    int n = countof(list);
    const int rc = ares_parse_aaaa_reply(reply, size, NULL, list, &n);

    for (int i = 0; rc == ARES_SUCCESS && i < n; i++)
        add_address(answer, &list[i].ip6addr, 16);
    return rc;
}

static void on_reply(void *arg, int status, int n_timeouts, unsigned char *reply, int size)
{
    struct query *const query = arg;
    struct lookup *const lookup = query->lookup;

    (void)n_timeouts;
    if (status == ARES_SUCCESS)
        status = parse_reply(query, reply, size);
    if (status == ARES_SUCCESS || status == ARES_ENODATA) {
        lookup->is_name_known = true;
    } else if (status != ARES_ENOTFOUND) {
        lookup->worst = status;
        lookup->answer.is_complete = false;
    }
    query->channel->n_queries--;
    free(query);
    if (--lookup->n_pending > 0)
        return;
    finish(lookup);
    lookup_free(lookup);
}

static void on_lookup_timeout(void *arg)
{
    struct lookup *const lookup = arg;

    lookup->worst = ARES_ETIMEOUT;
    lookup->answer.is_complete = false;
    finish(lookup);
}

static void ask(struct lookup *lookup, const char *name, int type)
{
    struct channel *const channel = lookup->resolver->channel;
    struct query *const query = xcalloc(1, sizeof(*query));

    *query = (struct query){ .lookup = lookup, .channel = channel, .type = type };
    channel->n_queries++;
    if (strchr(name, '.'))
        ares_query(channel->ares, name, ns_c_in, type, on_reply, query);
    else
        ares_search(channel->ares, name, ns_c_in, type, on_reply, query);
}

static bool is_localhost(const char *name)
{
    const size_t size = strlen(name);
    const size_t suffix = strlen(".localhost");

    return strcmp(name, "localhost") == 0 ||
           (size > suffix && strcmp(name + size - suffix, ".localhost") == 0);
}

/* From the hosts file, or by definition (RFC 6761, 6.3). */
static bool answer_locally(const struct resolver *resolver, const char *name,
    struct resolve_answer *answer)
{
    static const uint8_t loopback4[4] = { 127, 0, 0, 1 };
    static const uint8_t loopback6[16] = { [15] = 1 };

    answer->n_addrs = hosts_find(resolver->hosts, name, answer->addrs, countof(answer->addrs));
    if (answer->n_addrs == 0 && is_localhost(name)) {
        add_address(answer, loopback4, sizeof(loopback4));
        add_address(answer, loopback6, sizeof(loopback6));
    }
    return answer->n_addrs > 0;
}

void resolve_name(struct resolver *resolver, const char *name, int timeout_ms,
    resolve_done_fn *done, void *ctx)
{
    struct resolve_answer local = { .is_complete = true };

    refresh_files(resolver);
    if (answer_locally(resolver, name, &local)) {
        done(ctx, &local);
        return;
    }
    struct lookup *const lookup = xcalloc(1, sizeof(*lookup));

    *lookup = (struct lookup){
        .resolver = resolver,
        .done = done,
        .ctx = ctx,
        .next = resolver->lookups,
        .n_pending = 3, /* the third is this function's own */
        .answer.is_complete = true,
    };
    if (lookup->next)
        lookup->next->prev = lookup;
    resolver->lookups = lookup;
    lookup->timer = loop_timer_new(resolver->loop, on_lookup_timeout, lookup);
    loop_timer_start(lookup->timer, timeout_ms);
    ask(lookup, name, ns_t_a);
    ask(lookup, name, ns_t_aaaa);
    if (!resolver->is_ticking) {
        resolver->is_ticking = true;
        loop_timer_start(resolver->tick, TICK_MS);
    }
    if (--lookup->n_pending == 0) {
        finish(lookup);
        lookup_free(lookup);
    }
}

void resolve_cancel(struct resolver *resolver, const void *ctx)
{
    for (struct lookup *l = resolver->lookups; l; l = l->next) {
        if (l->ctx != ctx)
            continue;
        l->done = NULL;
        loop_timer_stop(l->timer);
    }
}
