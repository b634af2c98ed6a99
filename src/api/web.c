/* api/web: see the header. Hashed assets never change and may be kept for ever; index.html is asked
 * for each time. */
#include "api/web.h"

#include <string.h>

#include "api/webfiles.h"
#include "base/span.h"

void web_security_fields(struct http_reply *reply)
{
    http_reply_fixed(reply,
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "X-Frame-Options: DENY\r\n"
        "Referrer-Policy: same-origin\r\n"
        "Cross-Origin-Opener-Policy: same-origin\r\n"
        "Cross-Origin-Resource-Policy: same-origin\r\n"
        "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n");
}

static const struct web_file *find_file(const char *path)
{
    size_t low = 0;
    size_t high = n_web_files;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(path, web_files[middle].path);

        if (order == 0)
            return &web_files[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static void join_path(const struct http_request *request, struct buf *path)
{
    for (size_t i = 0; i < request->n_parts; i++) {
        buf_add_char(path, '/');
        buf_add_text(path, request->parts[i]);
    }
}

static bool accepts_gzip(const struct http_request *request)
{
    const char *accepted = http_request_field(request, "accept-encoding");

    return accepted && strstr(accepted, "gzip") && !strstr(accepted, "gzip;q=0");
}

static void answer_file(const struct http_request *request, const struct web_file *file,
    struct http_reply *reply)
{
    const char *known = http_request_field(request, "if-none-match");
    bool is_asset = strncmp(file->path, "/assets/", 8) == 0;

    http_reply_field(reply, "ETag", file->etag);
    http_reply_field(reply, "Cache-Control",
        is_asset ? "public, max-age=31536000, immutable" : "no-cache");
    http_reply_field(reply, "Vary", "Accept-Encoding");
    if (known && strstr(known, file->etag)) {
        http_reply_status(reply, 304);
        return;
    }
    http_reply_field(reply, "Content-Type", file->content_type);
    if (file->gzip && accepts_gzip(request)) {
        http_reply_field(reply, "Content-Encoding", "gzip");
        http_reply_static_body(reply, span_of(file->gzip, file->n_gzip));
    } else {
        http_reply_static_body(reply, span_of(file->bytes, file->n_bytes));
    }
}

void web_answer(const struct http_request *request, struct http_reply *reply)
{
    autodone(buf) struct buf path = BUF_INIT(8192);
    const struct web_file *file = NULL;

    web_security_fields(reply);
    if (request->method != HTTP_METHOD_GET && request->method != HTTP_METHOD_HEAD) {
        http_reply_status(reply, 405);
        http_reply_field(reply, "Allow", "GET, HEAD");
        return;
    }
    join_path(request, &path);
    if (buf_ok(&path) && path.size > 0)
        file = find_file(buf_text(&path));
    /* Any other path is the page's own: its script looks at it. */
    if (!file && !span_starts_with(buf_span(&path), "/assets/"))
        file = find_file("/index.html");
    if (!file) {
        http_reply_status(reply, 404);
        http_reply_field(reply, "Content-Type", "text/plain; charset=utf-8");
        http_reply_static_body(reply, SPAN_LITERAL("there is no such file\n"));
        return;
    }
    answer_file(request, file, reply);
}
