/* net/http: names, and what handlers ask of a request. */
#include "net/http.h"

#include <string.h>

#include "codec/url.h"

static const char *const method_names[] = {
    [HTTP_METHOD_NONE] = "-",
    [HTTP_METHOD_GET] = "GET",
    [HTTP_METHOD_HEAD] = "HEAD",
    [HTTP_METHOD_POST] = "POST",
    [HTTP_METHOD_PUT] = "PUT",
    [HTTP_METHOD_PATCH] = "PATCH",
    [HTTP_METHOD_DELETE] = "DELETE",
    [HTTP_METHOD_OPTIONS] = "OPTIONS",
};

static const struct {
    int status;
    const char *text;
} status_texts[] = {
    { 100, "Continue" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 206, "Partial Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Range Not Satisfiable" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Content" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

enum http_method http_method_find(struct span name)
{
    for (size_t i = HTTP_METHOD_GET; i < countof(method_names); i++)
        if (span_is(name, method_names[i]))
            return (enum http_method)i;
    return HTTP_METHOD_NONE;
}

const char *http_status_text(int status)
{
    for (size_t i = 0; i < countof(status_texts); i++)
        if (status_texts[i].status == status)
            return status_texts[i].text;
    return "Unknown";
}

const char *http_request_field(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_fields; i++)
        if (strcmp(request->fields[i].name, name) == 0)
            return request->fields[i].value;
    return NULL;
}

bool http_request_is_type(const struct http_request *request, const char *type)
{
    const char *value = http_request_field(request, "content-type");
    struct span media = span_text(value);

    return value &&
           span_is_nocase(span_trim(span_slice(media, 0, span_find_char(media, ';'))), type);
}

bool http_query_next(struct span *rest, char **name, char **value, bool *is_bad)
{
    autodone(buf) struct buf name_buf = BUF_INIT(rest->size), value_buf = BUF_INIT(rest->size);

    if (!url_query_next(rest, &name_buf, &value_buf, is_bad))
        return false;
    *name = buf_take_text(&name_buf);
    *value = buf_take_text(&value_buf);
    return true;
}

bool http_fields_find(struct span fields, const char *name, struct span *ret)
{
    struct span line;

    while (span_split(&fields, '\n', &line)) {
        size_t colon = span_find_char(line, ':');

        if (colon == SIZE_MAX || !span_is_nocase(span_slice(line, 0, colon), name))
            continue;
        *ret = span_trim(span_slice(line, colon + 1, SIZE_MAX));
        return true;
    }
    return false;
}
