/*
 * net/http_parse: what strangers send to the HTTP port. The same bytes in one piece and in small
 * ones must give the same requests, or a reader in between could be made to see others.
 */
#include "base/alloc.h"
#include "base/buf.h"
#include "net/http.h"
#include "net/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SEEN ((size_t)4 << 20)

static void take_body(void *arg, struct span bytes)
{
    buf_add_span(arg, bytes);
}

static void note_head(const struct http_request *request, const struct http_parser *parser,
    struct buf *seen)
{
    buf_addf(seen, "[%s %s %s %d %d", http_method_name(request->method), request->target,
        request->host, request->minor_version, http_parser_keeps_alive(parser));
    for (size_t i = 0; i < request->n_parts; i++)
        buf_addf(seen, "/%s", request->parts[i]);
    for (size_t i = 0; i < request->n_fields; i++)
        buf_addf(seen, "\n%s:%s", request->fields[i].name, request->fields[i].value);
    buf_addf(seen, " %" PRId64 "]", http_parser_body_size(parser));
}

static void note_query(const struct http_request *request)
{
    struct span rest = span_text(request->query);
    char *name, *value;
    bool is_bad = false;

    while (http_query_next(&rest, &name, &value, &is_bad)) {
        free(name);
        free(value);
    }
    (void)http_request_is_type(request, "text/csv");
}

/* Read one request off *rest. False when there is no next one. */
static bool read_one(struct span *rest, size_t piece, struct buf *seen)
{
    static const struct http_parse_limits limits = { 4096, 1024, 20 };
    struct http_request request = { 0 };
    autofree(http_parser) struct http_parser *parser = http_parser_new(&limits, &request);
    enum http_parse_step step;
    size_t used;
    int status;

    do {
        step = http_parser_feed(parser, span_slice(*rest, 0, piece), &used);
        *rest = span_slice(*rest, used, SIZE_MAX);
        if (step == HTTP_PARSE_HEAD) {
            note_head(&request, parser, seen);
            note_query(&request);
            http_parser_set_sink(parser, take_body, seen);
        }
    } while (step == HTTP_PARSE_HEAD || (step == HTTP_PARSE_MORE && rest->size > 0));
    if (step == HTTP_PARSE_REFUSED)
        buf_addf(seen, "{%s %d}", http_parser_refusal(parser, &status), status);
    buf_addf(seen, "(%u)", step);
    http_request_done(&request);
    return step == HTTP_PARSE_END && rest->size > 0;
}

static void read_all(struct span in, size_t piece, struct buf *seen)
{
    while (read_one(&in, piece, seen))
        ;
    ASSERT(buf_ok(seen));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = { 1, 3, 17 };
    autodone(buf) struct buf whole = BUF_INIT(MAX_SEEN);

    if (size > 65536)
        return 0;
    read_all(span_of(data, size), SIZE_MAX, &whole);
    for (size_t i = 0; i < countof(pieces); i++) {
        autodone(buf) struct buf split = BUF_INIT(MAX_SEEN);

        read_all(span_of(data, size), pieces[i], &split);
        ASSERT(span_equal(buf_span(&whole), buf_span(&split)));
    }
    return 0;
}
