/*
 * net/http_parse: see the header.
 *
 * The header section is first collected, under limits and under rules about bytes and lines, then
 * given to llhttp in one piece; so its spans are never split, and fields can point into the
 * collected bytes. The body goes to llhttp as it comes.
 */
#include "net/http_parse.h"

#include <string.h>

#include <llhttp.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/eight.h"
#include "base/parse.h"
#include "net/http.h"
#include "net/http_target.h"

#define MAX_REQUEST_LINE_EXTRA 64 /* method, blanks and version */
#define MAX_BLANK_LINES 2         /* in front of a request (RFC 9112, 2.2) */
#define MAX_CHUNK_EXTENSIONS 4096
#define MAX_TRAILER 4096
#define USUAL_HEAD 1024
#define MAX_BODY INT64_C(999999999999999999)

enum parser_state { IN_HEAD, IN_BODY, IN_TRAILER, AT_END, IN_REFUSAL };

struct http_parser {
    llhttp_t llhttp;
    enum parser_state state;
    struct http_parse_limits limits;
    struct http_request *request;

    struct buf head;
    size_t line_start; /* in head */
    size_t n_lines;    /* complete ones */
    size_t n_blank_lines;
    struct span *names; /* of the fields, in head */
    struct span *values;
    size_t n_fields;
    size_t n_extra; /* bytes of chunk extensions */
    struct buf trailer;
    size_t trailer_line;

    int64_t body_size;
    bool keeps_alive;
    bool expects_continue;
    void (*sink)(void *arg, struct span bytes);
    void *sink_arg;

    int refusal_status;
    const char *refusal;
};

static struct http_parser *parser_of(llhttp_t *llhttp)
{
    return llhttp->data;
}

/* Remember why, and return false. */
static bool refuse(struct http_parser *parser, int status, const char *why)
{
    parser->state = IN_REFUSAL;
    parser->refusal_status = status;
    parser->refusal = why;
    return false;
}

/* The same for llhttp's callbacks. */
static int stop(struct http_parser *parser, int status, const char *why)
{
    (void)refuse(parser, status, why);
    return -1;
}

static int count_extra(struct http_parser *parser, size_t size)
{
    parser->n_extra += size;
    if (parser->n_extra > MAX_CHUNK_EXTENSIONS)
        return stop(parser, 400, "too many chunk extensions or trailers");
    return 0;
}

static int on_field(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *parser = parser_of(llhttp);

    if (parser->n_fields == parser->limits.max_fields)
        return stop(parser, 431, "too many header fields");
    parser->names[parser->n_fields] = span_of(at, size);
    parser->values[parser->n_fields++] = SPAN_EMPTY;
    return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *parser = parser_of(llhttp);

    ASSERT(parser->n_fields > 0);
    parser->values[parser->n_fields - 1] = span_of(at, size);
    return 0;
}

static int on_extension(llhttp_t *llhttp, const char *at, size_t size)
{
    (void)at;
    return count_extra(parser_of(llhttp), size);
}

static int on_headers_complete(llhttp_t *llhttp)
{
    struct http_parser *parser = parser_of(llhttp);

    parser->keeps_alive = llhttp_should_keep_alive(llhttp) != 0;
    parser->state = IN_BODY;
    return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *parser = parser_of(llhttp);

    if (parser->sink)
        parser->sink(parser->sink_arg, span_of(at, size));
    return 0;
}

/* The last chunk: what follows is read without llhttp, which is too patient about its lines. */
static int on_chunk(llhttp_t *llhttp)
{
    if (llhttp->content_length > 0)
        return 0;
    parser_of(llhttp)->state = IN_TRAILER;
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *llhttp)
{
    parser_of(llhttp)->state = AT_END;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk,
    .on_message_complete = on_message_complete,
};

struct http_parser *http_parser_new(const struct http_parse_limits *limits,
    struct http_request *request)
{
    struct http_parser *parser = xcalloc(1, sizeof *parser);

    parser->limits = *limits;
    parser->request = request;
    parser->head = (struct buf)BUF_INIT_SECRET(limits->max_head); /* credentials are in there */
    buf_reserve(&parser->head, USUAL_HEAD);
    parser->trailer = (struct buf)BUF_INIT(MAX_TRAILER);
    request->body_fd = -1;
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
    parser->llhttp.data = parser;
    return parser;
}

void http_parser_free(struct http_parser *parser)
{
    if (!parser)
        return;
    buf_done(&parser->head);
    buf_done(&parser->trailer);
    free(parser->names);
    free(parser->values);
    free(parser);
}

void http_request_done(struct http_request *request)
{
    for (size_t i = 0; i < request->n_parts; i++)
        free(request->parts[i]);
    free(request->parts);
    free(request->fields);
    free(request->target);
    free(request->query);
    free(request->host);
    *request = (struct http_request){ .body_fd = -1 };
}

void http_parser_set_sink(struct http_parser *parser, void (*sink)(void *arg, struct span bytes),
    void *arg)
{
    parser->sink = sink;
    parser->sink_arg = arg;
}

/* What is wrong with `c` behind what was collected, or NULL. */
static const char *byte_fault(const struct buf *section, size_t line_start, uint8_t c)
{
    bool after_cr = section->size > 0 && section->data[section->size - 1] == '\r';

    if (after_cr != (c == '\n'))
        return "a line does not end in CRLF";
    if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
        return "a control character in the header section";
    if ((c == ' ' || c == '\t') && section->size == line_start)
        return "a line begins with a blank";
    return NULL;
}

static bool may_collect(struct http_parser *parser, uint8_t c)
{
    size_t n = parser->head.size;
    const char *fault = byte_fault(&parser->head, parser->line_start, c);

    if (fault)
        return refuse(parser, 400, fault);
    if (parser->n_lines == 0 && n >= parser->limits.max_target + MAX_REQUEST_LINE_EXTRA)
        return refuse(parser, 414, "the target is too long");
    if (n >= parser->limits.max_head)
        return refuse(parser, 431, "the header section is too long");
    return true;
}

/* After a line feed: is the section complete? */
static bool end_line(struct http_parser *parser)
{
    bool is_empty = parser->head.size - parser->line_start == 2;

    if (is_empty && parser->n_lines == 0) {
        buf_clear(&parser->head);
        if (++parser->n_blank_lines > MAX_BLANK_LINES)
            (void)refuse(parser, 400, "blank lines instead of a request");
        return false;
    }
    parser->line_start = parser->head.size;
    parser->n_lines++;
    if (!is_empty && parser->n_lines > parser->limits.max_fields + 1)
        (void)refuse(parser, 431, "too many header fields");
    return is_empty;
}

/* How many bytes from the start of `in` are nothing special to byte_fault(). */
static size_t count_ordinary(struct span in)
{
    size_t n = 0;

    while (in.size - n >= EIGHT_BYTES && !eight_has_below(eight_at(in.data + n), 0x20) &&
           !eight_has(eight_at(in.data + n), 0x7f))
        n += EIGHT_BYTES;
    while (n < in.size && in.data[n] >= 0x20 && in.data[n] != 0x7f)
        n++;
    return n;
}

/* Collect what may be in the midst of a line, as long as there is room for it. */
static size_t collect_ordinary(struct http_parser *parser, struct span in)
{
    const struct buf *head = &parser->head;
    const size_t most_line = parser->limits.max_target + MAX_REQUEST_LINE_EXTRA;
    size_t most = parser->limits.max_head;

    if (parser->n_lines == 0 && most_line < most)
        most = most_line;
    if (head->size == parser->line_start || head->data[head->size - 1] == '\r' ||
        head->size >= most)
        return 0;
    const size_t n = count_ordinary(span_slice(in, 0, most - head->size));

    buf_add_span(&parser->head, span_slice(in, 0, n));
    return n;
}

/* Collect the header section. True when it is complete. */
static bool collect_head(struct http_parser *parser, struct span in, size_t *used)
{
    for (*used = 0; *used < in.size; (*used)++) {
        *used += collect_ordinary(parser, span_slice(in, *used, SIZE_MAX));
        if (*used == in.size)
            return false;
        uint8_t c = in.data[*used];

        if (!may_collect(parser, c))
            return false;
        buf_add_u8(&parser->head, c);
        if (c != '\n')
            continue;
        if (end_line(parser)) {
            ++*used;
            return true;
        }
        if (parser->state == IN_REFUSAL)
            return false;
    }
    return false;
}

static bool is_token(struct span s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < s.size; i++) {
        uint8_t c = s.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                (c != '\0' && strchr(others, c))))
            return false;
    }
    return s.size > 0;
}

static bool parse_version(struct http_parser *parser, struct span version)
{
    if (span_is(version, "HTTP/1.1") || span_is(version, "HTTP/1.0")) {
        parser->request->minor_version = version.data[7] - '0';
        return true;
    }
    if (version.size == 8 && span_starts_with(version, "HTTP/") && version.data[6] == '.')
        return refuse(parser, 505, "this server speaks HTTP/1.1");
    return refuse(parser, 400, "the request line is malformed");
}

static bool parse_request_line(struct http_parser *parser)
{
    struct span rest = buf_span(&parser->head), line, method, target;
    const char *wrong;

    (void)span_split(&rest, '\r', &line);
    if (!span_split(&line, ' ', &method) || !span_split(&line, ' ', &target) ||
        span_find_char(line, ' ') != SIZE_MAX || !is_token(method))
        return refuse(parser, 400, "the request line is malformed");
    if (!parse_version(parser, line))
        return false;
    parser->request->method = http_method_find(method);
    if (parser->request->method == HTTP_METHOD_NONE)
        return refuse(parser, 501, "this server does not know the method");
    if (target.size > parser->limits.max_target)
        return refuse(parser, 414, "the target is too long");
    wrong = http_target_parse(target, parser->request);
    if (wrong)
        return refuse(parser, 400, wrong);
    return true;
}

/* Turn what llhttp found into fields: names in lower case, both ended by a NUL, inside head. */
static void settle_fields(struct http_parser *parser)
{
    struct http_request *request = parser->request;
    const uint8_t *base = parser->head.data;

    request->fields = xcalloc(parser->n_fields ? parser->n_fields : 1, sizeof *request->fields);
    request->n_fields = parser->n_fields;
    for (size_t i = 0; i < parser->n_fields; i++) {
        struct span name = parser->names[i], value = span_trim(parser->values[i]);
        uint8_t *at = parser->head.data + (name.data - base);

        for (size_t j = 0; j < name.size; j++)
            if (at[j] >= 'A' && at[j] <= 'Z')
                at[j] = (uint8_t)(at[j] - 'A' + 'a');
        at[name.size] = '\0';
        request->fields[i].name = (const char *)at;
        request->fields[i].value = "";
        if (value.size == 0)
            continue;
        at = parser->head.data + (value.data - base);
        at[value.size] = '\0';
        request->fields[i].value = (const char *)at;
    }
}

static size_t count_fields(const struct http_request *request, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < request->n_fields; i++)
        n += strcmp(request->fields[i].name, name) == 0;
    return n;
}

static bool check_names(struct http_parser *parser)
{
    for (size_t i = 0; i < parser->request->n_fields; i++)
        if (!is_token(span_text(parser->request->fields[i].name)))
            return refuse(parser, 400, "a header field has no proper name");
    return true;
}

/* Where there are two, two readers may each believe another one. */
static bool check_single(struct http_parser *parser)
{
    static const char *const singles[] = { "host", "content-length", "transfer-encoding",
        "content-type", "authorization", "expect", "x-forwarded-proto" };

    for (size_t i = 0; i < countof(singles); i++)
        if (count_fields(parser->request, singles[i]) > 1)
            return refuse(parser, 400, "a header field that may come once came twice");
    return true;
}

static bool check_host(struct http_parser *parser)
{
    struct http_request *request = parser->request;
    const char *host = http_request_field(request, "host");

    if (!host && request->minor_version == 1)
        return refuse(parser, 400, "the Host field is missing");
    if (host && !http_host_is_valid(span_text(host)))
        return refuse(parser, 400, "the Host field is malformed");
    if (!request->host)
        request->host = xstrdup(host ? host : "");
    return true;
}

/* How long is the body (RFC 9112, 6)? */
static bool check_framing(struct http_parser *parser)
{
    const char *coding = http_request_field(parser->request, "transfer-encoding");
    const char *length = http_request_field(parser->request, "content-length");

    if (coding && length)
        return refuse(parser, 400, "Transfer-Encoding and Content-Length");
    if (coding && parser->request->minor_version == 0)
        return refuse(parser, 400, "Transfer-Encoding in HTTP/1.0");
    if (coding && !span_is_nocase(span_text(coding), "chunked"))
        return refuse(parser, 501, "this server knows no transfer coding but chunked");
    if (coding)
        parser->body_size = -1;
    else if (length && (*length == '-' ||
                           !parse_i64(span_text(length), 0, MAX_BODY, &parser->body_size, NULL)))
        return refuse(parser, 400, "the Content-Length is malformed");
    return true;
}

static bool check_expect(struct http_parser *parser)
{
    const char *expect = http_request_field(parser->request, "expect");

    if (!expect || parser->request->minor_version == 0)
        return true;
    if (!span_is_nocase(span_text(expect), "100-continue"))
        return refuse(parser, 417, "this server knows no expectation but 100-continue");
    parser->expects_continue = parser->body_size != 0;
    return true;
}

/* llhttp's verdict on the section, in our words. */
static bool run_llhttp(struct http_parser *parser)
{
    llhttp_errno_t result =
        llhttp_execute(&parser->llhttp, (const char *)parser->head.data, parser->head.size);

    if (parser->state == IN_REFUSAL)
        return false;
    if (result != HPE_OK && result != HPE_PAUSED)
        return refuse(parser, 400, "the header section is malformed");
    if (parser->state == IN_HEAD)
        return refuse(parser, 400, "the header section is malformed");
    return true;
}

static bool parse_head(struct http_parser *parser)
{
    bool is_fine;

    if (!parse_request_line(parser))
        return false;
    parser->names = xcalloc(parser->n_lines, sizeof *parser->names);
    parser->values = xcalloc(parser->n_lines, sizeof *parser->values);
    is_fine = run_llhttp(parser);
    if (!is_fine && parser->n_fields == 0)
        return false;
    settle_fields(parser);
    /* Our own rules may have the better word for what llhttp refused. */
    if (!check_names(parser) || !check_single(parser) || !check_host(parser) ||
        !check_framing(parser))
        return false;
    return is_fine && check_expect(parser);
}

static enum http_parse_step feed_head(struct http_parser *parser, struct span in, size_t *used)
{
    if (!collect_head(parser, in, used))
        return parser->state == IN_REFUSAL ? HTTP_PARSE_REFUSED : HTTP_PARSE_MORE;
    if (!parse_head(parser)) {
        parser->state = IN_REFUSAL;
        return HTTP_PARSE_REFUSED;
    }
    return HTTP_PARSE_HEAD;
}

/* A complete line of the trailer section. True when it was the last. */
static bool end_trailer_line(struct http_parser *parser)
{
    struct span line = span_slice(buf_span(&parser->trailer), parser->trailer_line, SIZE_MAX);
    size_t colon = span_find_char(line, ':');

    if (line.size == 2)
        return true;
    if (colon == SIZE_MAX || !is_token(span_slice(line, 0, colon)))
        (void)refuse(parser, 400, "a trailer has no proper name");
    parser->trailer_line = parser->trailer.size;
    return false;
}

/* Check the trailer section and forget it: nothing that comes after the body is believed. */
static enum http_parse_step feed_trailer(struct http_parser *parser, struct span in, size_t *used)
{
    while (*used < in.size) {
        uint8_t c = in.data[(*used)++];
        const char *fault = byte_fault(&parser->trailer, parser->trailer_line, c);

        if (!fault && parser->trailer.size == MAX_TRAILER)
            fault = "too many trailers";
        if (fault) {
            (void)refuse(parser, 400, fault);
            return HTTP_PARSE_REFUSED;
        }
        buf_add_u8(&parser->trailer, c);
        if (c == '\n' && end_trailer_line(parser)) {
            parser->state = AT_END;
            return HTTP_PARSE_END;
        }
        if (parser->state == IN_REFUSAL)
            return HTTP_PARSE_REFUSED;
    }
    return HTTP_PARSE_MORE;
}

static enum http_parse_step feed_body(struct http_parser *parser, struct span in, size_t *used)
{
    const char *at = (const char *)in.data;
    llhttp_errno_t result = llhttp_execute(&parser->llhttp, at, in.size);

    *used = in.size;
    if (parser->state == AT_END || parser->state == IN_TRAILER) {
        const char *end = llhttp_get_error_pos(&parser->llhttp);

        if (end >= at && end <= at + in.size)
            *used = (size_t)(end - at);
        return parser->state == AT_END ? HTTP_PARSE_END : feed_trailer(parser, in, used);
    }
    if (result == HPE_OK)
        return HTTP_PARSE_MORE;
    if (parser->state != IN_REFUSAL)
        (void)refuse(parser, 400, "the body's chunks are malformed");
    return HTTP_PARSE_REFUSED;
}

enum http_parse_step http_parser_feed(struct http_parser *parser, struct span in, size_t *ret_used)
{
    *ret_used = 0;
    switch (parser->state) {
    case IN_HEAD:
        return feed_head(parser, in, ret_used);
    case IN_BODY:
        return in.size == 0 ? HTTP_PARSE_MORE : feed_body(parser, in, ret_used);
    case IN_TRAILER:
        return feed_trailer(parser, in, ret_used);
    case AT_END:
        return HTTP_PARSE_END;
    case IN_REFUSAL:
        break;
    }
    return HTTP_PARSE_REFUSED;
}

bool http_parser_has_begun(const struct http_parser *parser)
{
    return parser->head.size > 0 || parser->n_blank_lines > 0 || parser->state != IN_HEAD;
}

int64_t http_parser_body_size(const struct http_parser *parser)
{
    return parser->body_size;
}

bool http_parser_keeps_alive(const struct http_parser *parser)
{
    return parser->keeps_alive;
}

bool http_parser_expects_continue(const struct http_parser *parser)
{
    return parser->expects_continue;
}

const char *http_parser_refusal(const struct http_parser *parser, int *ret_status)
{
    *ret_status = parser->refusal_status;
    return parser->refusal;
}
