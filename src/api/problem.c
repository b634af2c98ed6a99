/* api/problem: see the header. */
#include "api/problem.h"

#include "codec/json.h"
#include "net/http.h"

static const int statuses[] = {
    [ERR_NONE] = 500,
    [ERR_INVALID] = 400,
    [ERR_NOT_FOUND] = 404,
    [ERR_CONFLICT] = 409,
    [ERR_DENIED] = 403,
    [ERR_LIMIT] = 413,
    [ERR_UNAVAILABLE] = 503,
    [ERR_UPSTREAM] = 502,
    [ERR_INTERNAL] = 500,
};

int problem_status(enum err_kind kind)
{
    return statuses[kind];
}

void problem_write(struct buf *out, int status, const struct err *err,
    const struct json_problems *problems)
{
    struct json_out json;
    char type[64];

    (void)snprintf(type, sizeof type, "urn:certdesk:problem:%s", err_kind_name(err->kind));
    json_out_init(&json, out);
    json_begin_object(&json, NULL);
    json_str(&json, "type", type);
    json_str(&json, "title", http_status_text(status));
    json_i64(&json, "status", status);
    json_str(&json, "detail",
        err->kind == ERR_INTERNAL ? "something went wrong on our side; the log says what"
                                  : err->msg);
    json_begin_array(&json, "errors");
    for (size_t i = 0; problems && i < problems->n; i++) {
        json_begin_object(&json, NULL);
        json_str(&json, "field", problems->items[i].field);
        json_str(&json, "message", problems->items[i].message);
        json_end(&json);
    }
    json_end(&json);
    json_end(&json);
}
