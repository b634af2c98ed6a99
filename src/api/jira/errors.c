/* api/jira/errors: see the header. */
#include "api/jira/errors.h"

#include <stdlib.h>
#include <string.h>

#include "codec/json.h"

bool jira_is_request(const struct http_request *request)
{
    return request->n_parts >= 1 &&
           (strcmp(request->parts[0], "rest") == 0 || strcmp(request->parts[0], "secure") == 0);
}

void jira_tidy_path(struct http_request *request)
{
    size_t first = 0;
    size_t n = 0;

    while (first < request->n_parts && request->parts[first][0] == '\0')
        first++;
    if (first == request->n_parts || (strcmp(request->parts[first], "rest") != 0 &&
                                         strcmp(request->parts[first], "secure") != 0))
        return;
    for (size_t i = 0; i < request->n_parts; i++) {
        if (request->parts[i][0])
            request->parts[n++] = request->parts[i];
        else
            free(request->parts[i]);
    }
    request->n_parts = n;
}

/* Of two problems of a field the first is told: a member cannot be there twice. */
static bool is_told(const struct json_problems *problems, size_t i)
{
    for (size_t before = 0; before < i; before++)
        if (strcmp(problems->items[before].field, problems->items[i].field) == 0)
            return true;
    return false;
}

void jira_error_write(struct buf *out, const struct err *err, const struct json_problems *problems)
{
    struct json_out json;
    bool has_problems = problems && problems->n > 0;

    json_out_init(&json, out);
    json_begin_object(&json, NULL);
    json_begin_array(&json, "errorMessages");
    if (!has_problems)
        json_str(&json, NULL,
            err->kind == ERR_INTERNAL ? "Something went wrong on our side; the log says what."
                                      : err->msg);
    json_end(&json);
    json_begin_object(&json, "errors");
    for (size_t i = 0; has_problems && i < problems->n; i++)
        if (!is_told(problems, i))
            json_str(&json, problems->items[i].field, problems->items[i].message);
    json_end(&json);
    json_end(&json);
}

void jira_unknown_path_write(struct buf *out, const struct http_request *request)
{
    autodone(buf) struct buf message = BUF_INIT(16384);
    struct json_out json;
    struct span target = span_text(request->target);

    buf_add_text(&message, "null for uri: ");
    buf_add_clean(&message, span_slice(target, 0, span_find_char(target, '?')));
    json_out_init(&json, out);
    json_begin_object(&json, NULL);
    json_str(&json, "message", buf_text(&message));
    json_i64(&json, "status-code", 404);
    json_end(&json);
}
