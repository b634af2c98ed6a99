/*
 * cli/check_report: what a result is worth, and how it is told.
 *
 * A line of the table begins with the status, as monitoring expects, and says what is wrong before
 * what is right. JSON and CSV have the same facts under documented names.
 */
#include <stdarg.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "cli/check.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "x509/cert.h"

#define OUT_MAX (8U << 20)
#define SANS_SHOWN 100

static const struct {
    const char *name;
    const char *shown;
    int badness;
} statuses[] = {
    [CHECK_OK] = { "ok", "OK", 0 },
    [CHECK_WARNING] = { "warning", "WARNING", 1 },
    [CHECK_CRITICAL] = { "critical", "CRITICAL", 3 },
    [CHECK_UNKNOWN] = { "unknown", "UNKNOWN", 2 },
};

const char *check_status_name(enum check_status status)
{
    return statuses[status].name;
}

enum check_status check_worse(enum check_status a, enum check_status b)
{
    return statuses[a].badness >= statuses[b].badness ? a : b;
}

/* Judging. */

struct opinion {
    enum check_status status;
    char message[256];
};

static void say(struct opinion *opinion, enum check_status status, const char *format, ...)
    printf_like(3, 4);

static void say(struct opinion *opinion, enum check_status status, const char *format, ...)
{
    va_list args;

    opinion->status = status;
    va_start(args, format);
    vsnprintf(opinion->message, sizeof(opinion->message), format, args);
    va_end(args);
}

static void judge_days(const struct check_rules *rules, int64_t expires_at, int64_t now,
    struct opinion *ret)
{
    const int64_t days = clock_days_between(now, expires_at);

    if (expires_at < now)
        say(ret, CHECK_CRITICAL, "expired %" PRId64 " days ago",
            (now - expires_at) / SECONDS_PER_DAY);
    else if (days < rules->crit_days)
        say(ret, CHECK_CRITICAL, "ends in %" PRId64 " days", days);
    else if (days < rules->warn_days)
        say(ret, CHECK_WARNING, "ends in %" PRId64 " days", days);
    else
        say(ret, CHECK_OK, "%s", "");
}

static bool is_untrusted(enum probe_chain chain)
{
    return chain == PROBE_CHAIN_INCOMPLETE || chain == PROBE_CHAIN_SELF_SIGNED ||
           chain == PROBE_CHAIN_UNTRUSTED_ROOT || chain == PROBE_CHAIN_BAD_SIGNATURE ||
           chain == PROBE_CHAIN_INVALID;
}

static void judge_sight(const struct check_rules *rules, const struct probe_sight *sight,
    const char *name, int64_t now, struct opinion *ret)
{
    *ret = (struct opinion){ .status = CHECK_OK };
    if (sight->error == PROBE_NOT_ROUTABLE)
        say(ret, CHECK_OK, "not checked: %s", sight->message);
    else if (sight->error != PROBE_OK)
        say(ret, CHECK_UNKNOWN, "%s", sight->message);
    else if (sight->path_expires_at < now)
        judge_days(rules, sight->path_expires_at, now, ret);
    else if (!sight->is_name_ok)
        say(ret, CHECK_CRITICAL, "the certificate is not for %s", name);
    else if (sight->chain == PROBE_CHAIN_NOT_YET_VALID || sight->chain == PROBE_CHAIN_EXPIRED ||
             (is_untrusted(sight->chain) && !rules->allows_untrusted))
        say(ret, CHECK_CRITICAL, "the chain is not %s: %s",
            is_untrusted(sight->chain) ? "trusted" : "valid", sight->chain_message);
    else
        judge_days(rules, sight->path_expires_at, now, ret);
}

static void take_expiry(struct check_verdict *verdict, const struct probe_sight *sight, int64_t now)
{
    if (sight->error != PROBE_OK)
        return;
    if (verdict->has_expiry && sight->path_expires_at >= verdict->expires_at)
        return;
    verdict->has_expiry = true;
    verdict->expires_at = sight->path_expires_at;
    verdict->days_left = clock_days_between(now, sight->path_expires_at);
}

static void judge_named(const struct check_rules *rules, const struct probe_result *result,
    const char *name, int64_t now, struct check_verdict *ret)
{
    for (size_t i = 0; i < result->n_sights; i++) {
        const struct probe_sight *const sight = &result->sights[i];
        struct opinion opinion;

        judge_sight(rules, sight, name, now, &opinion);
        take_expiry(ret, sight, now);
        if (sight->error == PROBE_OK &&
            (i == 0 || strcmp(sight->address, result->sights[i - 1].address) != 0))
            ret->n_addresses++;
        if (ret->worst && check_worse(ret->status, opinion.status) == ret->status)
            continue;
        ret->status = opinion.status;
        ret->worst = sight;
        memcpy(ret->message, opinion.message, sizeof(ret->message));
    }
}

void check_judge(const struct check_rules *rules, const struct probe_result *result,
    const char *name, int64_t now, struct check_verdict *ret)
{
    *ret = (struct check_verdict){ .status = CHECK_OK };
    judge_named(rules, result, name, now, ret);
    if (result->error != PROBE_OK) {
        ret->status = CHECK_UNKNOWN;
        snprintf(ret->message, sizeof(ret->message), "%s", result->message);
    } else if (ret->n_addresses == 0) {
        /* Nothing failed, but nothing was seen either. */
        ret->status = check_worse(ret->status, CHECK_UNKNOWN);
    }
}

/* Telling. */

static const struct probe_cert *leaf_of(const struct check_line *line)
{
    const struct probe_sight *const sight = line->verdict->worst;

    if (!line->result || !sight || sight->n_certs == 0)
        return NULL;
    return &line->result->certs[sight->certs[0]];
}

static void print_table(const struct check_line *line)
{
    const struct check_verdict *const verdict = line->verdict;
    const struct probe_sight *const sight = verdict->worst;
    char at[CLOCK_RFC3339_SIZE] = "";
    char days[24] = "-";

    if (verdict->has_expiry) {
        clock_rfc3339(verdict->expires_at, at);
        at[10] = '\0'; /* the day will do */
        snprintf(days, sizeof(days), "%" PRId64, verdict->days_left);
    }
    printf("%-8s  %-40s  %5s days  %-10s", statuses[verdict->status].shown, line->text, days, at);
    if (verdict->message[0])
        printf("  %s%s%s%s", verdict->message, sight ? " (" : "", sight ? sight->address : "",
            sight ? ")" : "");
    else if (sight)
        printf("  %s %s", sight->protocol, probe_slot_name(sight->slot));
    putchar('\n');
}

static void put_leaf(struct json_out *out, const struct check_line *line)
{
    const struct probe_cert *const leaf = leaf_of(line);
    autofree(cert) struct cert *cert = NULL;
    size_t at = 0;
    struct cert_san san;
    char text[CERT_SAN_TEXT_MAX];

    if (!leaf)
        return;
    json_hex(out, "fingerprint_sha256", span_of(leaf->sha256, sizeof(leaf->sha256)));
    if (!cert_from_der(leaf->der, &cert, NULL))
        return;
    json_str(out, "serial", cert_serial(cert));
    json_str(out, "subject", cert_subject(cert));
    json_str(out, "issuer", cert_issuer(cert));
    json_time(out, "not_before", cert_not_before(cert));
    json_time(out, "not_after", cert_not_after(cert));
    json_str(out, "key_algorithm", cert_key_algorithm(cert));
    json_i64(out, "key_size", cert_key_bits(cert));
    json_str(out, "signature_algorithm", cert_signature_algorithm(cert));
    json_i64(out, "n_sans", (int64_t)cert_n_sans(cert));
    json_begin_array(out, "sans");
    for (size_t i = 0; i < SANS_SHOWN && cert_next_san(cert, &at, &san); i++)
        json_str(out, NULL, cert_san_text(&san, text));
    json_end(out);
}

static void put_sight(struct json_out *out, const struct probe_result *result,
    const struct probe_sight *sight)
{
    json_begin_object(out, NULL);
    json_str(out, "address", sight->address);
    json_str(out, "slot", probe_slot_name(sight->slot));
    json_str(out, "error_class", probe_error_name(sight->error));
    json_str(out, "error", sight->message);
    if (sight->error == PROBE_OK) {
        const struct probe_cert *const leaf = &result->certs[sight->certs[0]];

        json_hex(out, "fingerprint_sha256", span_of(leaf->sha256, sizeof(leaf->sha256)));
        json_str(out, "chain_status", probe_chain_name(sight->chain));
        json_str(out, "chain_message", sight->chain_message);
        json_i64(out, "chain_length", (int64_t)sight->n_certs);
        json_bool(out, "name_ok", sight->is_name_ok);
        json_time(out, "expires_at", sight->path_expires_at);
        json_str(out, "tls_version", sight->protocol);
        json_str(out, "cipher", sight->cipher);
        json_str(out, "kx_group", sight->kx_group);
    }
    json_i64(out, "connect_us", sight->connect_us);
    json_i64(out, "starttls_us", sight->starttls_us);
    json_i64(out, "handshake_us", sight->handshake_us);
    json_end(out);
}

static void print_json(const struct check_line *line)
{
    const struct check_verdict *const verdict = line->verdict;
    const struct probe_result *const result = line->result;
    autodone(buf) struct buf text = BUF_INIT(OUT_MAX);
    struct json_out out;

    json_out_init(&out, &text);
    json_begin_object(&out, NULL);
    json_str(&out, "target", line->text);
    json_str(&out, "host", line->host);
    json_i64(&out, "port", line->port);
    json_str(&out, "sni", line->sni);
    json_str(&out, "protocol", probe_protocol_name(line->protocol));
    json_str(&out, "status", check_status_name(verdict->status));
    json_str(&out, "message", verdict->message);
    if (verdict->has_expiry) {
        json_time(&out, "expires_at", verdict->expires_at);
        json_i64(&out, "days_left", verdict->days_left);
    }
    if (result)
        json_str(&out, "error_class", probe_error_name(probe_result_error(result, NULL)));
    if (verdict->worst && verdict->worst->error == PROBE_OK) {
        json_str(&out, "chain_status", probe_chain_name(verdict->worst->chain));
        json_bool(&out, "name_ok", verdict->worst->is_name_ok);
    }
    put_leaf(&out, line);
    json_begin_array(&out, "addresses");
    for (size_t i = 0; result && i < result->n_sights; i++)
        put_sight(&out, result, &result->sights[i]);
    json_end(&out);
    if (result) {
        json_bool(&out, "dns_complete", result->is_dns_complete);
        json_i64(&out, "dns_us", result->dns_us);
    }
    json_end(&out);
    puts(buf_text(&text));
}

/* RFC 4180, and nothing a spreadsheet would run. */
static void put_cell(const char *text, bool is_last)
{
    const bool is_formula = text[0] && strchr("=+-@\t\r", text[0]);

    if (is_formula || strpbrk(text, ",\"\r\n")) {
        putchar('"');
        if (is_formula)
            putchar('\'');
        for (const char *c = text; *c; c++) {
            if (*c == '"')
                putchar('"');
            putchar(*c);
        }
        putchar('"');
    } else {
        fputs(text, stdout);
    }
    putchar(is_last ? '\n' : ',');
}

static const char *const csv_columns[] = { "status", "host", "port", "sni", "protocol", "days_left",
    "expires_at", "chain_status", "name_ok", "issuer", "serial", "fingerprint_sha256", "addresses",
    "error_class", "message" };

static void print_csv(const struct check_line *line)
{
    const struct check_verdict *const verdict = line->verdict;
    const struct probe_sight *const sight = verdict->worst;
    const bool is_seen = sight && sight->error == PROBE_OK;
    const struct probe_cert *const leaf = leaf_of(line);
    autofree(cert) struct cert *cert = NULL;
    char numbers[3][24] = { "", "", "" };
    char at[CLOCK_RFC3339_SIZE] = "";
    char hex[65] = "";

    snprintf(numbers[0], sizeof(numbers[0]), "%d", line->port);
    if (verdict->has_expiry) {
        snprintf(numbers[1], sizeof(numbers[1]), "%" PRId64, verdict->days_left);
        clock_rfc3339(verdict->expires_at, at);
    }
    snprintf(numbers[2], sizeof(numbers[2]), "%zu", verdict->n_addresses);
    if (leaf) {
        hex_encode(span_of(leaf->sha256, sizeof(leaf->sha256)), hex, sizeof(hex));
        (void)!cert_from_der(leaf->der, &cert, NULL);
    }
    const char *const cells[countof(csv_columns)] = {
        check_status_name(verdict->status),
        line->host,
        numbers[0],
        line->sni,
        probe_protocol_name(line->protocol),
        numbers[1],
        at,
        is_seen ? probe_chain_name(sight->chain) : "",
        !is_seen            ? ""
        : sight->is_name_ok ? "true"
                            : "false",
        cert ? cert_issuer(cert) : "",
        cert ? cert_serial(cert) : "",
        hex,
        numbers[2],
        line->result ? probe_error_name(probe_result_error(line->result, NULL)) : "",
        verdict->message,
    };
    for (size_t i = 0; i < countof(cells); i++)
        put_cell(cells[i], i == countof(cells) - 1);
}

void check_print_head(enum check_format format)
{
    if (format != CHECK_CSV)
        return;
    for (size_t i = 0; i < countof(csv_columns); i++)
        put_cell(csv_columns[i], i == countof(csv_columns) - 1);
}

void check_print(enum check_format format, const struct check_line *line)
{
    switch (format) {
    case CHECK_TABLE:
        print_table(line);
        break;
    case CHECK_JSON:
        print_json(line);
        break;
    case CHECK_CSV:
        print_csv(line);
        break;
    }
}
