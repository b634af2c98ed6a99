/* api/idempotency: see the header. */
#include "api/idempotency.h"

#include <string.h>

#include "api/problem.h"
#include "auth/password.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/secret.h"
#include "codec/digest.h"
#include "store/session.h"

#define KEY_MAX 200

/* The same key must mean the same: method, target and body. */
static void hash_parts(const struct api_call *call, const struct http_request *request,
    uint8_t ret[static SHA256_SIZE])
{
    autodone(buf) struct buf body = BUF_INIT(API_REPLY_MAX);

    body.is_secret = true;
    if (call->json)
        json_write(call->json, &body);
    const struct span parts[] = {
        span_text(http_method_name(request->method)),
        SPAN_LITERAL("\n"),
        span_text(request->target),
        SPAN_LITERAL("\n"),
        buf_span(&body),
        call->body,
    };

    digest_sha256_parts(parts, countof(parts), ret);
}

bool idempotency_prepare(struct api_call *call, const struct http_request *request, struct err *err)
{
    const char *text = http_request_field(request, "idempotency-key");
    uint8_t hash[SHA256_SIZE];

    if (!text || call->who.account_id == 0)
        return true;
    if (!text[0] || strlen(text) > KEY_MAX)
        return fail(err, ERR_INVALID, "the Idempotency-Key has not 1 to %d bytes", KEY_MAX);
    hash_parts(call, request, hash);
    if (!(call->route->flags & API_SECRET_BODY)) {
        memcpy(call->request_hash, hash, sizeof hash);
        return true;
    }
    autofree(str) char *salt = xasprintf("%" PRId64 " %s", call->who.account_id, text);
    bool works =
        password_stretch(span_of(hash, sizeof hash), span_text(salt), call->request_hash, err);

    secret_wipe(hash, sizeof hash);
    return works;
}

static struct idempotency_key key_of(const struct api_call *call)
{
    return (struct idempotency_key){ .account_id = call->who.account_id,
        .text = call->idempotency_key };
}

static struct idempotency_answer answer_of(const struct api_call *call)
{
    return (struct idempotency_answer){ .request = call->request_hash,
        .status = call->status,
        .body = buf_text(call->body_out) };
}

bool idempotency_find(struct api_call *call, const struct http_request *request, bool *ret_repeat,
    struct err *err)
{
    const char *text = http_request_field(request, "idempotency-key");
    uint8_t then[SHA256_SIZE];
    autofree(str) char *body = NULL;
    int64_t status = 0;

    *ret_repeat = false;
    if (!text || call->who.account_id == 0)
        return true;
    call->idempotency_key = text;
    const struct idempotency_key key = key_of(call);

    if (!store_idempotency_find(call->tx, &key, call->now, then, &status, &body, err))
        return false;
    if (!body)
        return true;
    if (memcmp(then, call->request_hash, sizeof then) != 0) {
        call->idempotency_key = NULL;
        call->status = 422;
        return fail(err, ERR_INVALID, "this Idempotency-Key was used for another request");
    }
    call->was_done = status == 0;
    if (call->was_done)
        return true;
    buf_add_text(call->body_out, body);
    call->status = (int)status;
    call->media_type = status >= 400 ? "application/problem+json" : NULL;
    *ret_repeat = true;
    return true;
}

bool idempotency_keep(struct api_call *call, struct err *err)
{
    bool is_new;

    if (!call->idempotency_key)
        return true;
    const struct idempotency_key key = key_of(call);
    const struct idempotency_answer answer = answer_of(call);

    return store_idempotency_add(call->tx, &key, &answer, call->now, &is_new, err) &&
           (is_new || fail(err, ERR_UNAVAILABLE, "a request with this Idempotency-Key was faster"));
}

bool idempotency_note(void *arg, struct tx *tx, struct err *err)
{
    struct api_call *const call = arg;
    bool is_new;

    if (!call->idempotency_key)
        return true;
    const struct idempotency_key key = key_of(call);

    const struct idempotency_answer answer = { .request = call->request_hash, .body = "" };

    if (!store_idempotency_add(tx, &key, &answer, call->now, &is_new, err))
        return false;
    call->key_is_taken = !is_new;
    return is_new || fail(err, ERR_CONFLICT, "a request with this Idempotency-Key was faster");
}

bool idempotency_keep_again(struct api_call *call, struct err *err)
{
    if (!call->idempotency_key)
        return true;
    const struct idempotency_key key = key_of(call);
    const struct idempotency_answer answer = answer_of(call);

    return store_idempotency_put(call->tx, &key, &answer, call->now, err);
}

bool idempotency_keep_failure(struct api_call *call, int status, const struct err *failure,
    struct err *err)
{
    const struct idempotency_key key = key_of(call);
    autodone(buf) struct buf problem = BUF_INIT(API_REPLY_MAX);
    uint8_t then[SHA256_SIZE];
    autofree(str) char *body = NULL;
    int64_t status_then = 0;

    if (!store_idempotency_find(call->tx, &key, call->now, then, &status_then, &body, err))
        return false;
    if (!body)
        return true;
    problem_write(&problem, status, failure, call->problems);
    const struct idempotency_answer answer = { .request = call->request_hash,
        .status = status,
        .body = buf_text(&problem) };

    return store_idempotency_put(call->tx, &key, &answer, call->now, err);
}
