/* api/refusal: see the header. */
#include "api/refusal.h"

#include "api/jira/errors.h"
#include "api/problem.h"
#include "api/web.h"
#include "base/err.h"

/* python3-jira waits for these five, and fails without any of them. */
static void add_jira_limits(struct http_reply *reply, int64_t retry_after)
{
    http_reply_fieldf(reply, "Retry-After", "%" PRId64, retry_after ? retry_after : 1);
    http_reply_field(reply, "X-RateLimit-Limit", "30");
    http_reply_field(reply, "X-RateLimit-Remaining", "0");
    http_reply_fieldf(reply, "X-RateLimit-Interval-Seconds", "%" PRId64,
        retry_after ? retry_after : 1);
    http_reply_field(reply, "X-RateLimit-FillRate", "1");
}

static void answer_jira_problem(const struct http_request *request, struct http_reply *reply,
    int status, const struct err *err, const struct json_problems *problems, int64_t retry_after)
{
    autodone(buf) struct buf body = BUF_INIT(1u << 20);

    jira_error_write(&body, err, problems);
    http_reply_status(reply, status);
    http_reply_field(reply, "Content-Type", JIRA_MEDIA_TYPE);
    http_reply_field(reply, "Cache-Control", "no-store");
    if (status == 401) {
        http_reply_field(reply, "WWW-Authenticate", "Basic realm=\"certdesk\"");
        http_reply_field(reply, "X-Seraph-LoginReason",
            http_request_field(request, "authorization") ? "AUTHENTICATED_FAILED" : "OK");
    }
    if (status == 429)
        add_jira_limits(reply, retry_after);
    else if (status == 503)
        http_reply_field(reply, "Retry-After", "2");
    http_reply_take_body(reply, &body);
}

void refusal_write(const struct http_request *request, struct http_reply *reply, int status,
    const struct err *err, const struct json_problems *problems, int64_t retry_after)
{
    autodone(buf) struct buf body = BUF_INIT(1u << 20);

    if (request && jira_is_request(request)) {
        answer_jira_problem(request, reply, status, err, problems, retry_after);
        return;
    }
    problem_write(&body, status, err, problems);
    http_reply_status(reply, status);
    http_reply_field(reply, "Content-Type", "application/problem+json");
    http_reply_field(reply, "Cache-Control", "no-store");
    if (status == 401)
        http_reply_field(reply, "WWW-Authenticate", "Bearer realm=\"certdesk\"");
    if (status == 503)
        http_reply_field(reply, "Retry-After", "2");
    if (status == 429 && retry_after)
        http_reply_fieldf(reply, "Retry-After", "%" PRId64, retry_after);
    http_reply_take_body(reply, &body);
}

static void answer_unknown_jira_path(const struct http_request *request, struct http_reply *reply)
{
    autodone(buf) struct buf body = BUF_INIT(1u << 20);

    jira_unknown_path_write(&body, request);
    http_reply_status(reply, 404);
    http_reply_field(reply, "Content-Type", JIRA_MEDIA_TYPE);
    http_reply_take_body(reply, &body);
}

void refusal_write_route(enum route_verdict verdict, const struct route_match *match,
    const struct http_request *request, struct http_reply *reply)
{
    struct err err = { 0 };

    web_security_fields(reply);
    if (verdict == ROUTE_OTHER_METHOD && request->method == HTTP_METHOD_OPTIONS) {
        http_reply_status(reply, 204);
        http_reply_fieldf(reply, "Allow", "%s, OPTIONS", match->allow);
    } else if (verdict == ROUTE_OTHER_METHOD) {
        fail(&err, ERR_INVALID, "this address takes only %s", match->allow);
        http_reply_field(reply, "Allow", match->allow);
        refusal_write(request, reply, 405, &err, NULL, 0);
    } else if (verdict == ROUTE_BAD_ID) {
        fail(&err, ERR_NOT_FOUND, "the id in the address is not a number above 0");
        refusal_write(request, reply, 404, &err, NULL, 0);
    } else if (jira_is_request(request)) {
        answer_unknown_jira_path(request, reply);
    } else {
        fail(&err, ERR_NOT_FOUND, "the API has no such address");
        refusal_write(request, reply, 404, &err, NULL, 0);
    }
}
