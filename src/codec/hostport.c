/* codec/hostport: see the header. */
#include "codec/hostport.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"

#define HOST_MAX 253 /* RFC 1035, 2.3.4 */

/* For messages: what was given, cut to a sane length. */
#define QUOTED(s) (int)((s).size < 80 ? (s).size : 80), (const char *)(s).data

static const struct {
    const char *scheme;
    int port;
    const char *protocol;
} schemes[] = {
    { "https", 443, "tls" },
    { "smtp", 25, "smtp" },
    { "smtps", 465, "tls" },
    { "submission", 587, "smtp" },
    { "imap", 143, "imap" },
    { "imaps", 993, "tls" },
    { "pop3", 110, "pop3" },
    { "pop3s", 995, "tls" },
    { "ftp", 21, "ftp" },
    { "ftps", 990, "tls" },
    { "ldap", 389, "ldap" },
    { "ldaps", 636, "tls" },
    { "postgres", 5432, "postgres" },
    { "postgresql", 5432, "postgres" },
    { "mysql", 3306, "mysql" },
    { "xmpp", 5222, "xmpp" },
};

int hostport_scheme_port(struct span scheme)
{
    for (size_t i = 0; i < countof(schemes); i++)
        if (span_is_nocase(scheme, schemes[i].scheme))
            return schemes[i].port;
    return 0;
}

const char *hostport_scheme_protocol(struct span scheme)
{
    for (size_t i = 0; i < countof(schemes); i++)
        if (span_is_nocase(scheme, schemes[i].scheme))
            return schemes[i].protocol;
    return NULL;
}

/* Cut "scheme://" off the beginning and path, query and fragment off the end. */
static bool cut_url(struct span *text, struct span *scheme, struct err *err)
{
    const size_t at = span_find(*text, SPAN_LITERAL("://"));

    if (at == SIZE_MAX)
        return true;
    *scheme = span_slice(*text, 0, at);
    if (at == 0)
        return fail(err, ERR_INVALID, "\"%.*s\" begins with \"://\"", QUOTED(*text));
    *text = span_slice(*text, at + 3, SIZE_MAX);
    for (size_t i = 0; i < text->size; i++)
        if (text->data[i] && strchr("/?#", text->data[i]))
            *text = span_slice(*text, 0, i);
    return true;
}

static bool is_ipv6(struct span text)
{
    char field[INET6_ADDRSTRLEN];
    uint8_t bytes[16];

    if (text.size == 0 || text.size >= sizeof field || span_has_nul(text))
        return false;
    span_copy_text(text, field, sizeof field);
    return inet_pton(AF_INET6, field, bytes) == 1;
}

/* "[2001:db8::1]" with what is behind it left in *rest. */
static bool cut_brackets(struct span *rest, struct span *host, struct err *err)
{
    const size_t end = span_find_char(*rest, ']');

    if (end == SIZE_MAX)
        return fail(err, ERR_INVALID, "\"%.*s\" lacks its \"]\"", QUOTED(*rest));
    *host = span_slice(*rest, 1, end - 1);
    if (!is_ipv6(*host))
        return fail(err, ERR_INVALID, "\"%.*s\" is not an IPv6 address", QUOTED(*host));
    *rest = span_slice(*rest, end + 1, SIZE_MAX);
    if (rest->size > 0 && rest->data[0] != ':')
        return fail(err, ERR_INVALID, "\"%.*s\" stands where \":\" and a port should",
            QUOTED(*rest));
    return true;
}

static bool check_host(struct span host, struct err *err)
{
    if (host.size == 0)
        return fail(err, ERR_INVALID, "the host is missing");
    if (host.size > HOST_MAX)
        return fail(err, ERR_INVALID, "the host has %zu bytes; %d are allowed", host.size,
            HOST_MAX);
    if (!parse_is_utf8(host))
        return fail(err, ERR_INVALID, "the host is no UTF-8");
    for (size_t i = 0; i < host.size; i++)
        if (host.data[i] <= ' ' || host.data[i] == 0x7f ||
            strchr("/\\?#@%[]<>\"'`,;*", host.data[i]))
            return fail(err, ERR_INVALID, "\"%.*s\" is not a host", QUOTED(host));
    return true;
}

static bool is_number(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] < '0' || text.data[i] > '9') && !(i == 0 && text.data[i] == '-'))
            return false;
    return true;
}

/* ":443"; nothing at all is fine. */
static bool parse_port(struct span text, int *port, struct err *err)
{
    struct err ignored = { 0 };
    int64_t number = 0;

    if (text.size == 0)
        return true;
    text = span_slice(text, 1, SIZE_MAX);
    if (text.size == 0)
        return fail(err, ERR_INVALID, "the port is missing behind \":\"");
    if (!is_number(text))
        return fail(err, ERR_INVALID, "port \"%.*s\" is not a number", QUOTED(text));
    if (!parse_i64(text, 1, 65535, &number, &ignored))
        return fail(err, ERR_INVALID, "port %.*s is not between 1 and 65535", QUOTED(text));
    *port = (int)number;
    return true;
}

bool hostport_parse(struct span text, struct hostport *ret, struct err *err)
{
    struct hostport found = { 0 };
    struct span rest = span_trim(text);

    if (!cut_url(&rest, &found.scheme, err))
        return false;
    if (rest.size > 0 && rest.data[0] == '[') {
        if (!cut_brackets(&rest, &found.host, err))
            return false;
    } else if (is_ipv6(rest)) {
        found.host = rest;
        rest = SPAN_EMPTY;
    } else {
        const size_t colon = span_find_char(rest, ':');

        found.host = span_slice(rest, 0, colon);
        rest = span_slice(rest, colon, SIZE_MAX);
        if (span_find_char(span_slice(rest, 1, SIZE_MAX), ':') != SIZE_MAX)
            return fail(err, ERR_INVALID, "\"%.*s\" is neither an IPv6 address nor host and port",
                QUOTED(span_trim(text)));
    }
    if (!check_host(found.host, err) || !parse_port(rest, &found.port, err))
        return false;
    *ret = found;
    return true;
}

struct hostport_text hostport_text(const char *host, int64_t port)
{
    const bool is_v6 = strchr(host, ':') && host[0] != '[';
    struct hostport_text shown;

    (void)snprintf(shown.text, sizeof shown.text, "%s%s%s:%" PRId64, is_v6 ? "[" : "", host,
        is_v6 ? "]" : "", port);
    return shown;
}
