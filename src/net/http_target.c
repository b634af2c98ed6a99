/*
 * net/http_target: see the header.
 *
 * Dot segments are refused instead of removed: every client removes them before it asks, so whoever
 * sends one is looking for a hole.
 */
#include "net/http_target.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/url.h"
#include "net/http.h"

#define MAX_PARTS 64

/* One part of a path, of characters that a target may have. NULL for what does not decode to UTF-8
 * text without control characters. */
static char *decode_part(struct span part)
{
    autodone(buf) struct buf out = BUF_INIT(part.size);
    struct err ignored = { 0 };

    if (span_find_char(part, '%') == SIZE_MAX)
        return span_dup(part);
    if (!url_decode(part, false, &out, &ignored))
        return NULL;
    for (size_t i = 0; i < out.size; i++)
        if (out.data[i] < 0x20 || out.data[i] == 0x7f)
            return NULL;
    return buf_take_text(&out);
}

static bool is_host_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static bool all_host_chars(struct span s)
{
    for (size_t i = 0; i < s.size; i++)
        if (!is_host_char(s.data[i]))
            return false;
    return s.size > 0;
}

static bool is_v6_literal(struct span s)
{
    for (size_t i = 0; i < s.size; i++)
        if (!isxdigit(s.data[i]) && s.data[i] != ':' && s.data[i] != '.')
            return false;
    return s.size >= 2;
}

bool http_host_is_valid(struct span host)
{
    struct span name = host, port;
    size_t colon;
    int64_t number;

    if (host.size > 0 && host.data[0] == '[') {
        size_t close = span_find_char(host, ']');

        if (close == SIZE_MAX || !is_v6_literal(span_slice(host, 1, close - 1)))
            return false;
        name = span_slice(host, close + 1, SIZE_MAX);
        if (name.size == 0)
            return true;
        if (name.data[0] != ':')
            return false;
        colon = 0;
    } else {
        colon = span_find_char(host, ':');
        if (host.size > 255 + 6 || !all_host_chars(span_slice(host, 0, colon)))
            return false;
        if (colon == SIZE_MAX)
            return true;
    }
    port = span_slice(name, colon + 1, SIZE_MAX);
    return port.size == 0 || parse_i64(port, 0, 65535, &number, NULL);
}

/* Printable ASCII, and no fragment. */
static bool has_only_target_chars(struct span s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] <= 0x20 || s.data[i] >= 0x7f || s.data[i] == '#')
            return false;
    return true;
}

static const char *parse_path(struct span path, struct http_request *request)
{
    struct span rest = span_slice(path, 1, SIZE_MAX), part;

    if (rest.size == 0)
        return NULL;
    request->parts = xcalloc(MAX_PARTS, sizeof *request->parts);
    for (bool more = true; more;) {
        size_t slash = span_find_char(rest, '/');
        char *decoded;

        if (request->n_parts == MAX_PARTS)
            return "the path has too many parts";
        part = span_slice(rest, 0, slash);
        more = slash != SIZE_MAX;
        rest = more ? span_slice(rest, slash + 1, SIZE_MAX) : SPAN_EMPTY;
        decoded = decode_part(part);
        if (!decoded)
            return "the path has a bad escape";
        request->parts[request->n_parts++] = decoded;
        if (strcmp(decoded, ".") == 0 || strcmp(decoded, "..") == 0)
            return "the path has a dot segment";
    }
    return NULL;
}

/* "http://host:port/path": what stands behind the host is left in *target. */
static const char *parse_authority(struct span *target, struct http_request *request)
{
    size_t scheme = span_find(*target, SPAN_LITERAL("://"));
    struct span name = span_slice(*target, 0, scheme), host;
    size_t end = 0;

    if (scheme == SIZE_MAX || !(span_is_nocase(name, "http") || span_is_nocase(name, "https")))
        return "the target is neither a path nor an http URL";
    *target = span_slice(*target, scheme + 3, SIZE_MAX);
    while (end < target->size && target->data[end] != '/' && target->data[end] != '?')
        end++;
    host = span_slice(*target, 0, end);
    *target = span_slice(*target, end, SIZE_MAX);
    if (!http_host_is_valid(host))
        return "the target has a bad host";
    str_set(&request->host, NULL);
    request->host = span_dup(host);
    return NULL;
}

const char *http_target_parse(struct span target, struct http_request *request)
{
    size_t question;
    const char *wrong;

    if (target.size == 0 || !has_only_target_chars(target))
        return "the target has a character that does not belong there";
    request->target = span_dup(target);
    if (span_is(target, "*") && request->method == HTTP_METHOD_OPTIONS) {
        request->query = xstrdup("");
        return NULL;
    }
    if (target.data[0] != '/') {
        wrong = parse_authority(&target, request);
        if (wrong)
            return wrong;
    }
    question = span_find_char(target, '?');
    request->query =
        span_dup(question == SIZE_MAX ? SPAN_EMPTY : span_slice(target, question + 1, SIZE_MAX));
    return parse_path(span_slice(target, 0, question), request);
}
