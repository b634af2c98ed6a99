/*
 * cli/check: look at endpoints from here, without a server.
 *
 * The engine is the daemon's own, on this process's loop. Whoever types a host may go there anyway,
 * so no address is refused.
 */
#include "cli/check.h"

#include <getopt.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "codec/hostport.h"
#include "net/loop.h"
#include "probe/engine.h"

#define EXIT_UNKNOWN 3
#define EVERYWHERE "0.0.0.0/0,::/0"
#define CONCURRENCY 500
#define TRUST_MAX (8U << 20)
#define AT_ONCE 64

struct check {
    struct check_rules rules;
    enum check_format format;
    enum probe_protocol protocol;
    const char *sni;
    struct probe_conf conf;
    struct buf trust;
    struct buf credential; /* for the proxy */

    struct loop *loop;
    struct engine *engine;
    struct check_input *input;
    struct loop_timer *more;
    char **words; /* targets among the arguments, up to NULL */
    size_t n_pending;
    bool is_at_end;
    enum check_status worst;
};

/* A target that was asked for. */
struct asked {
    struct check *check;
    char *text;
    char *host;
    int port;
};

static void asked_free(struct asked *asked)
{
    free(asked->text);
    free(asked->host);
    free(asked);
}

static void tell(struct asked *asked, const struct probe_result *result,
    const struct check_verdict *verdict)
{
    struct check *const check = asked->check;
    const struct check_line line = {
        .text = asked->text,
        .host = asked->host ? asked->host : asked->text,
        .port = asked->port,
        .sni = check->sni ? check->sni : "",
        .protocol = check->protocol,
        .result = result,
        .verdict = verdict,
    };

    check_print(check->format, &line);
    fflush(stdout);
    check->worst = check_worse(check->worst, verdict->status);
    asked_free(asked);
    if (ferror(stdout)) /* whoever read it has gone */
        loop_stop(check->loop);
}

static void stop_if_done(struct check *check)
{
    if (check->is_at_end && check->n_pending == 0)
        loop_stop(check->loop);
}

static void on_result(void *ctx, struct probe_result *taken)
{
    autofree(probe_result) struct probe_result *result = taken;
    struct asked *const asked = ctx;
    struct check *const check = asked->check;
    struct check_verdict verdict;

    check_judge(&check->rules, result, check->sni ? check->sni : asked->host, clock_now(),
        &verdict);
    tell(asked, result, &verdict);
    check->n_pending--;
    stop_if_done(check);
}

static void ask(struct check *check, struct span text)
{
    struct asked *const asked = xcalloc(1, sizeof(*asked));
    struct check_verdict verdict = { .status = CHECK_UNKNOWN };
    struct hostport at;
    struct err err = { 0 };

    asked->check = check;
    asked->text = span_dup(text);
    asked->port = probe_protocol_port(check->protocol);
    if (hostport_parse(span_text(asked->text), &at, &err)) {
        asked->host = span_dup(at.host);
        enum probe_protocol protocol = check->protocol;

        /* "imaps://host" says how to begin, and where, as long as no option does. */
        if (protocol == PROBE_TLS && hostport_scheme_protocol(at.scheme)) {
            (void)probe_protocol_from_name(span_text(hostport_scheme_protocol(at.scheme)),
                &protocol);
            asked->port = hostport_scheme_port(at.scheme);
        }
        if (at.port != 0)
            asked->port = at.port;
        const struct probe_target target = {
            .host = asked->host,
            .port = asked->port,
            .sni = check->sni,
            .protocol = protocol,
        };
        if (engine_submit(check->engine, &target, on_result, asked, &err)) {
            check->n_pending++;
            return;
        }
    }
    snprintf(verdict.message, sizeof(verdict.message), "%.250s", err.msg);
    tell(asked, NULL, &verdict);
}

/*
 * More, from the arguments, then from the input; a few at a time, so that answers are read between
 * them.
 */
static void feed(void *ctx)
{
    struct check *const check = ctx;
    struct span line;

    for (int i = 0; i < AT_ONCE && engine_has_room(check->engine) && !check->is_at_end; i++) {
        if (*check->words) {
            ask(check, span_trim(span_text(*check->words++)));
            continue;
        }
        const enum check_read read = check_input_next(check->input, &line);

        if (read == CHECK_LATER)
            return;
        if (read == CHECK_END)
            check->is_at_end = true;
        else
            ask(check, line);
    }
    if (!check->is_at_end && engine_has_room(check->engine))
        loop_timer_start(check->more, 0);
    stop_if_done(check);
}

/* Options. */

static const char usage_text[] =
    "usage: certdesk check HOST[:PORT]… [-f FILE] [--starttls PROTO] [--sni NAME]\n"
    "                      [--allow-untrusted] [-c CONCURRENCY] [-o table|json|csv]\n"
    "                      [--warn DAYS] [--crit DAYS] [--ca-file FILE] [--proxy HOST:PORT]\n"
    "                      [--proxy-credential-file FILE] [--timeout SECONDS]\n";

enum {
    OPT_STARTTLS = 256,
    OPT_SNI,
    OPT_ALLOW,
    OPT_WARN,
    OPT_CRIT,
    OPT_CA,
    OPT_PROXY,
    OPT_PROXY_CREDENTIAL,
    OPT_TIMEOUT
};

static const struct option options[] = {
    { "file", required_argument, NULL, 'f' },
    { "starttls", required_argument, NULL, OPT_STARTTLS },
    { "sni", required_argument, NULL, OPT_SNI },
    { "allow-untrusted", no_argument, NULL, OPT_ALLOW },
    { "concurrency", required_argument, NULL, 'c' },
    { "output", required_argument, NULL, 'o' },
    { "warn", required_argument, NULL, OPT_WARN },
    { "crit", required_argument, NULL, OPT_CRIT },
    { "ca-file", required_argument, NULL, OPT_CA },
    { "proxy", required_argument, NULL, OPT_PROXY },
    { "proxy-credential-file", required_argument, NULL, OPT_PROXY_CREDENTIAL },
    { "timeout", required_argument, NULL, OPT_TIMEOUT },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static bool take_number(const char *name, const char *text, int64_t min, int64_t max, int64_t *ret,
    struct err *err)
{
    return parse_i64(span_text(text), min, max, ret, err) || err_wrap(err, "%s", name);
}

static bool take_format(struct check *check, const char *text, struct err *err)
{
    static const char *const names[] = {
        [CHECK_TABLE] = "table",
        [CHECK_JSON] = "json",
        [CHECK_CSV] = "csv",
    };

    for (size_t i = 0; i < countof(names); i++) {
        if (strcmp(names[i], text) == 0) {
            check->format = (enum check_format)i;
            return true;
        }
    }
    return fail(err, ERR_INVALID, "-o: \"%s\" is not table, json or csv", text);
}

static bool take_timeout(struct check *check, const char *text, struct err *err)
{
    int64_t seconds = 0;

    if (!take_number("--timeout", text, 1, 3600, &seconds, err))
        return false;
    const int ms = (int)seconds * 1000;
    check->conf.timeouts = (struct probe_timeouts){ ms, ms, ms, ms, 3 * ms };
    return true;
}

static bool take_option(struct check *check, int option, const char *value, struct err *err)
{
    int64_t number = 0;

    switch (option) {
    case 'f':
        return check_input_add(check->input, value, err);
    case 'c':
        if (!take_number("-c", value, 1, 20000, &number, err))
            return false;
        check->conf.max_in_flight = (int)number;
        return true;
    case 'o':
        return take_format(check, value, err);
    case OPT_STARTTLS:
        return probe_protocol_from_name(span_text(value), &check->protocol) ||
               fail(err, ERR_INVALID,
                   "--starttls: \"%s\" is not smtp, imap, pop3, ftp, ldap, postgres, mysql or xmpp",
                   value);
    case OPT_SNI:
        check->sni = value;
        return true;
    case OPT_ALLOW:
        check->rules.allows_untrusted = true;
        return true;
    case OPT_WARN:
        return take_number("--warn", value, 0, 36500, &check->rules.warn_days, err);
    case OPT_CRIT:
        return take_number("--crit", value, 0, 36500, &check->rules.crit_days, err);
    case OPT_CA:
        return fs_read(value, &check->trust, err);
    case OPT_PROXY:
        check->conf.proxy = value;
        return true;
    case OPT_PROXY_CREDENTIAL:
        buf_clear(&check->credential);
        return probe_credential_read(value, &check->credential, err);
    case OPT_TIMEOUT:
        return take_timeout(check, value, err);
    default:
        return fail(err, ERR_INVALID, "%s", "");
    }
}

/* The words that name targets; "-" among them is standard input. */
static bool take_words(struct check *check, char **words, struct err *err)
{
    char **kept = words;

    check->words = words;
    for (char **word = words; *word; word++) {
        if (strcmp(*word, "-") != 0)
            *kept++ = *word;
        else if (!check_input_add(check->input, "-", err))
            return false;
    }
    *kept = NULL;
    return true;
}

static bool set_up(struct check *check, struct err *err)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    check->conf.trust_pem = buf_span(&check->trust);
    check->conf.proxy_credential = buf_text(&check->credential);
    return engine_new(check->loop, &check->conf, feed, check, &check->engine, err);
}

static int complain(const struct err *err)
{
    if (err->msg[0])
        fprintf(stderr, "certdesk: %s\n", err->msg);
    fputs(usage_text, stderr);
    return EXIT_UNKNOWN;
}

static int run(struct check *check, int argc, char **argv)
{
    struct err err = { 0 };
    bool has_source = false;
    int option;

    if (!loop_new(&check->loop, &err))
        return complain(&err);
    check->input = check_input_new(check->loop, feed, check);
    check->more = loop_timer_new(check->loop, feed, check);
    optind = 1;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    while ((option = getopt_long(argc, argv, "f:c:o:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage_text, stdout);
            return CLI_OK;
        }
        has_source = has_source || option == 'f';
        if (!take_option(check, option, optarg, &err))
            return complain(&err);
    }
    if (!has_source && optind == argc)
        fail(&err, ERR_INVALID, "nothing to check");
    else if (take_words(check, argv + optind, &err) && set_up(check, &err))
        err_clear(&err);
    if (err.kind != ERR_NONE)
        return complain(&err);

    check_print_head(check->format);
    feed(check);
    if (!check->is_at_end || check->n_pending > 0)
        loop_run(check->loop);
    return (int)check->worst;
}

int cli_check(int argc, char **argv)
{
    struct check check = {
        .rules = { .warn_days = 30, .crit_days = 7 },
        .conf = { .allow = EVERYWHERE,
            .max_in_flight = CONCURRENCY,
            .dns_servers = getenv("CERTDESK_PROBE_DNS_SERVERS") },
        .trust = BUF_INIT(TRUST_MAX),
        .credential = BUF_INIT_SECRET(2 * PROBE_CREDENTIAL_MAX),
    };
    const int status = run(&check, argc, argv);

    engine_free(check.engine);
    check_input_free(check.input);
    loop_timer_free(check.more);
    loop_free(check.loop);
    buf_done(&check.trust);
    buf_done(&check.credential);
    return status;
}
