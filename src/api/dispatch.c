/*
 * api/dispatch: see the header.
 *
 * The steps stand in answer(), in order; the last of them is api/run, and what is refused is
 * answered by api/refusal.
 */
#include "api/dispatch.h"

#include <string.h>

#include "api/at_once.h"
#include "api/authenticate.h"
#include "api/jira/errors.h"
#include "api/refusal.h"
#include "api/routes.h"
#include "api/run.h"
#include "api/web.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "db/db.h"
#include "job/queue.h"

#define PATH_SHOWN 512
#define USUAL_ANSWER 2048

struct dispatch {
    const struct api_services *services;
    struct at_once *at_once;
    struct http_app app;
};

/* What admit found out, for the steps that follow. */
struct request_state {
    struct route_match match;
    char who[128];
};

/* For the log: without the query, which may hold a calendar feed's token. Cut where it is long. */
static const char *shown_path(const struct http_request *request, char field[static PATH_SHOWN])
{
    struct span target = span_text(request->target);

    span_copy_text(span_slice(target, 0, span_find_char(target, '?')), field, PATH_SHOWN);
    return field;
}

static enum http_verdict dispatch_admit(void *context, struct http_request *request,
    struct http_reply *reply)
{
    struct request_state *state = xcalloc(1, sizeof *state);

    (void)context;
    jira_tidy_path(request);
    enum route_verdict verdict = routes_find(request, &state->match);

    request->app_data = state;
    if (verdict == ROUTE_UNKNOWN_PATH && !routes_is_api(request) && !jira_is_request(request)) {
        web_answer(request, reply);
        return HTTP_ANSWERED;
    }
    if (verdict != ROUTE_FOUND) {
        refusal_write_route(verdict, &state->match, request, reply);
        return HTTP_ANSWERED;
    }

    const struct api_route *route = state->match.route;

    /* Clients of Jira's send "{}" with what they get: it is taken, and not looked at. */
    if (!(route->flags & API_BODY_NONE) &&
        (strcmp(route->method, "GET") != 0 || jira_is_request(request)))
        request->admission.max_body =
            (int64_t)(route->max_body ? route->max_body : API_BODY_DEFAULT);
    request->admission.secret_body = (route->flags & API_SECRET_BODY) != 0;
    request->admission.is_watch = (route->flags & API_WATCH) != 0;
    return HTTP_PROCEED;
}

static void call_init(struct api_call *call, const struct dispatch *dispatch, struct db *db,
    const struct http_request *request)
{
    const struct request_state *state = request->app_data;

    memset(call, 0, sizeof *call);
    call->route = state->match.route;
    call->services = dispatch->services;
    call->now = request->received_at;
    call->db = db;
    call->path_id = state->match.id;
    span_copy_text(state->match.text, call->path_text, sizeof call->path_text);
    span_copy_text(span_text(state->match.other), call->path_other, sizeof call->path_other);
    span_copy_text(span_text(request->client), call->address, sizeof call->address);
    call->query = request->query;
    call->request = request;
    call->reply_fd = -1;
    call->status = 200;
}

static bool check_role(struct api_call *call, struct err *err)
{
    if (permission_has_role(&call->who, call->route->role, (call->route->flags & API_WRITES) != 0))
        return true;
    if (call->who.role == ROLE_PUBLIC) {
        call->status = 401;
        return fail(err, ERR_DENIED, "sign in first, or send a token");
    }
    return fail(err, ERR_DENIED,
        call->who.scopes == SCOPE_ALL ? "this needs the role %s"
                                      : "this needs a token with more rights, and the role %s",
        role_name(call->route->role));
}

/* The row version that If-Match names, as we give it out: "7" in quotes. "*" matches any. */
static bool read_if_match(struct api_call *call, const struct http_request *request,
    struct err *err)
{
    const char *field = http_request_field(request, "if-match");
    struct span tag = span_text(field);

    if (!field || span_is(tag, "*"))
        return true;
    if (tag.size < 3 || tag.data[0] != '"' || tag.data[tag.size - 1] != '"' ||
        !parse_i64(span_slice(tag, 1, tag.size - 2), 1, INT64_MAX, &call->if_match, NULL)) {
        call->status = 412;
        return fail(err, ERR_CONFLICT, "If-Match names no version of this");
    }
    return true;
}

/* RFC 9110, 13.1.2: what the caller has already need not be sent again. */
static void read_if_none_match(struct api_call *call, const struct http_request *request)
{
    struct span tag = span_text(http_request_field(request, "if-none-match"));

    if (tag.size >= 3 && tag.data[0] == '"' && tag.data[tag.size - 1] == '"' &&
        !parse_i64(span_slice(tag, 1, tag.size - 2), 1, INT64_MAX, &call->if_none_match, NULL))
        call->if_none_match = 0;
}

static bool read_body(struct api_call *call, const struct http_request *request,
    struct json **ret_json, struct err *err)
{
    call->content_type = http_request_field(request, "content-type");
    if (request->body_size == 0 || call->route->flags & API_BODY_NONE ||
        strcmp(call->route->method, "GET") == 0)
        return true;
    if (call->route->flags & API_BODY_RAW) {
        call->body = request->body;
        return true;
    }
    if (!http_request_is_type(request, "application/json")) {
        call->status = 415;
        return fail(err, ERR_INVALID, "the body must be application/json");
    }
    if (request->body_fd == -1)
        return json_parse(request->body, ret_json, err);

    autodone(buf) struct buf body = BUF_INIT((size_t)request->admission.max_body);

    return api_read_body(call, &body, err) && json_parse(buf_span(&body), ret_json, err);
}

static void answer_call(struct api_call *call, struct http_reply *reply)
{
    http_reply_status(reply, call->status);
    if (call->max_age > 0)
        http_reply_fieldf(reply, "Cache-Control", "public, max-age=%" PRId64 ", no-transform",
            call->max_age);
    else
        http_reply_field(reply, "Cache-Control", "no-store");
    if (call->etag)
        http_reply_fieldf(reply, "ETag", "\"%" PRId64 "\"", call->etag);
    if (call->location[0])
        http_reply_field(reply, "Location", call->location);
    if (call->set_cookie[0])
        http_reply_field(reply, "Set-Cookie", call->set_cookie);
    if (call->filename[0])
        http_reply_fieldf(reply, "Content-Disposition", "attachment; filename=\"%s\"",
            call->filename);
    if (call->status == 204 || call->status == 304)
        return;
    http_reply_field(reply, "Content-Type",
        call->media_type                 ? call->media_type
        : jira_is_request(call->request) ? JIRA_MEDIA_TYPE
                                         : "application/json");
    if (call->producer.produce) {
        http_reply_take_producer(reply, &call->producer);
        call->producer = (struct http_producer){ 0 };
        return;
    }
    if (call->reply_fd >= 0) {
        http_reply_take_fd(reply, call->reply_fd, call->reply_size);
        call->reply_fd = -1;
        return;
    }
    http_reply_take_body(reply, call->body_out);
}

/* Does it take nothing but one look at the database, who is asking included? */
static bool is_plain_read(const struct api_call *call)
{
    return !(call->route->flags & (API_WRITES | API_NO_TX)) && !call->route->prepare &&
           strcmp(call->route->method, "GET") == 0;
}

/* Writing down that credentials were used waits for whoever is writing. */
static bool must_leave_loop(struct api_call *call)
{
    call->is_for_worker = call->is_at_once && authenticate_needs_touch(call);
    return call->is_for_worker;
}

static bool answer(struct api_call *call, const struct http_request *request, struct err *err)
{
    autofree(json) struct json *json = NULL;
    autofree(tx) struct tx *tx = NULL;

    if (is_plain_read(call) && !authenticate_is_slow(request) &&
        !tx_begin(call->db, TX_READ_FEW, &tx, err))
        return false;
    call->tx = tx;
    if (!authenticate(call, request, err) || must_leave_loop(call) || !check_role(call, err) ||
        !read_if_match(call, request, err) || !read_body(call, request, &json, err))
        return false;
    call->json = json;
    read_if_none_match(call, request);
    return run_handler(call, request, &tx, err);
}

/* What Jira says with each answer: a number for the request, and who is meant by its credentials.
 */
static void add_jira_fields(const struct api_call *call, struct http_reply *reply)
{
    http_reply_fieldf(reply, "X-AREQUESTID", "%" PRId64, call->request->number);
    http_reply_field(reply, "X-AUSERNAME", call->who.name[0] ? call->who.name : "anonymous");
}

static void answer_failure(struct api_call *call, const struct err *err, struct http_reply *reply)
{
    const int status = run_failure_status(call, err);
    char path[PATH_SHOWN];

    if (status >= 500)
        log_error("request.failed", KV_STR("path", shown_path(call->request, path)), KV_ERR(err));
    refusal_write(call->request, reply, status, err, call->problems, call->retry_after);
}

/* What a call writes to, on the stack of whoever serves it. */
struct call_room {
    struct buf body;
    struct json_problems problems;
};

#define CALL_ROOM_INIT                                                                             \
    {                                                                                              \
        .body = BUF_INIT(API_REPLY_MAX)                                                            \
    }

/* False where nothing was answered, as the loop would have had to wait. Frees what is in the room.
 */
static bool serve(struct api_call *call, struct call_room *room, struct http_reply *reply)
{
    const struct http_request *request = call->request;
    struct err err = { 0 };

    buf_reserve(&room->body, USUAL_ANSWER);
    call->body_out = &room->body;
    call->problems = &room->problems;
    json_out_init(&call->reply, &room->body);
    bool works = answer(call, request, &err);

    call->tx = NULL;
    call->is_for_worker |= call->is_at_once && !works && err.kind == ERR_UNAVAILABLE;
    if (!call->is_for_worker) {
        authenticate_touch(call);
        web_security_fields(reply);
        if (jira_is_request(request))
            add_jira_fields(call, reply);
        if (works)
            answer_call(call, reply);
        else
            answer_failure(call, &err, reply);
        if (works && call->wakes_jobs)
            job_runner_kick(call->services->jobs);
    }
    if (call->prepared)
        call->free_prepared(call->prepared);
    json_problems_clear(&room->problems);
    run_release_reply(call);
    buf_done(&room->body);
    return !call->is_for_worker;
}

static void dispatch_handle(void *context, void *worker, struct http_request *request,
    struct http_reply *reply)
{
    struct request_state *state = request->app_data;
    struct call_room room = CALL_ROOM_INIT;
    struct api_call call;

    call_init(&call, context, worker, request);
    (void)serve(&call, &room, reply);
    span_copy_text(span_text(call.who.name), state->who, sizeof state->who);
}

static enum http_verdict dispatch_answer_at_once(void *context, struct http_request *request,
    struct http_reply *reply)
{
    const struct dispatch *dispatch = context;
    struct request_state *state = request->app_data;
    struct call_room room = CALL_ROOM_INIT;
    struct api_call call;

    if (!state || !(state->match.route->flags & API_AT_ONCE) || authenticate_is_slow(request))
        return HTTP_PROCEED;
    struct db *db = at_once_begin(dispatch->at_once, clock_mono_us());

    if (!db)
        return HTTP_PROCEED;
    call_init(&call, dispatch, db, request);
    call.is_at_once = true;
    const bool is_answered = serve(&call, &room, reply);

    at_once_end(dispatch->at_once, clock_mono_us());
    span_copy_text(span_text(call.who.name), state->who, sizeof state->who);
    return is_answered ? HTTP_ANSWERED : HTTP_PROCEED;
}

static enum http_verdict dispatch_authorize(void *context, void *worker,
    struct http_request *request, struct http_reply *reply)
{
    struct err err = { 0 };
    struct api_call call;

    call_init(&call, context, worker, request);
    const bool may = authenticate(&call, request, &err) && check_role(&call, &err);

    authenticate_touch(&call);
    if (may)
        return HTTP_PROCEED;
    web_security_fields(reply);
    refusal_write(request, reply, run_failure_status(&call, &err), &err, NULL, call.retry_after);
    return HTTP_ANSWERED;
}

static void dispatch_refuse(void *context, int status, const char *why, struct http_reply *reply)
{
    struct err err = { 0 };

    (void)context;
    fail(&err, status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID, "%s", why);
    web_security_fields(reply);
    refusal_write(NULL, reply, status, &err, NULL, 0);
}

static void dispatch_finished(void *context, const struct http_request *request,
    const struct http_outcome *outcome)
{
    struct request_state *state = request->app_data;

    char path[PATH_SHOWN];

    (void)context;
    log_debug("request", KV_STR("method", http_method_name(request->method)),
        KV_STR("path", shown_path(request, path)), KV_I64("status", outcome->status),
        KV_I64("bytes", outcome->bytes_out), KV_I64("micros", outcome->micros),
        KV_STR("client", request->client), KV_STR("user", state ? state->who : ""));
    free(state);
}

struct dispatch *dispatch_new(const struct api_services *services)
{
    struct dispatch *dispatch = xcalloc(1, sizeof *dispatch);

    dispatch->services = services;
    dispatch->at_once = at_once_new(services->open_db, services->open_db_arg);
    dispatch->app = (struct http_app){
        .context = dispatch,
        .admit = dispatch_admit,
        .answer_at_once = dispatch_answer_at_once,
        .authorize = dispatch_authorize,
        .handle = dispatch_handle,
        .refuse = dispatch_refuse,
        .finished = dispatch_finished,
    };
    return dispatch;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (!dispatch)
        return;
    at_once_free(dispatch->at_once);
    free(dispatch);
}

const struct http_app *dispatch_app(const struct dispatch *dispatch)
{
    return &dispatch->app;
}
