/* api/idempotency: see the header. */
#include "api/idempotency.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/digest.h"
#include "store/session.h"

#define KEY_MAX 200

/* The same key must mean the same: method, target and body. */
static void hash_request(const struct api_call *call, const struct http_request *request,
    uint8_t ret[static SHA256_SIZE])
{
    autodone(buf) struct buf body = BUF_INIT(API_REPLY_MAX);

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

bool idempotency_find(struct api_call *call, const struct http_request *request, bool *ret_repeat,
    struct err *err)
{
    const char *key = http_request_field(request, "idempotency-key");
    uint8_t then[SHA256_SIZE];
    uint8_t now[SHA256_SIZE];
    autofree(str) char *body = NULL;
    int64_t status = 0;

    *ret_repeat = false;
    if (!key || call->who.account_id == 0)
        return true;
    if (!key[0] || strlen(key) > KEY_MAX)
        return fail(err, ERR_INVALID, "the Idempotency-Key has not 1 to %d bytes", KEY_MAX);
    if (!store_idempotency_find(call->tx, call->who.account_id, key, then, &status, &body, err))
        return false;
    call->idempotency_key = key;
    if (!body)
        return true;
    hash_request(call, request, now);
    if (memcmp(then, now, sizeof now) != 0) {
        call->status = 422;
        return fail(err, ERR_INVALID, "this Idempotency-Key was used for another request");
    }
    buf_add_text(call->body_out, body);
    call->status = (int)status;
    *ret_repeat = true;
    return true;
}

bool idempotency_keep(struct api_call *call, const struct http_request *request, struct err *err)
{
    uint8_t hash[SHA256_SIZE];

    if (!call->idempotency_key)
        return true;
    hash_request(call, request, hash);
    struct idempotency_answer answer = { .request = hash,
        .status = call->status,
        .body = buf_text(call->body_out) };

    return store_idempotency_add(call->tx, call->who.account_id, call->idempotency_key, &answer,
        call->now, err);
}

bool idempotency_keep_again(struct api_call *call, const struct http_request *request,
    struct err *err)
{
    uint8_t hash[SHA256_SIZE];

    if (!call->idempotency_key)
        return true;
    hash_request(call, request, hash);
    const struct idempotency_answer answer = { .request = hash,
        .status = call->status,
        .body = buf_text(call->body_out) };

    return store_idempotency_replace(call->tx, call->who.account_id, call->idempotency_key, &answer,
        err);
}
