/*
 * api/idempotency: a request sent twice with the same Idempotency-Key is done once.
 *
 * The first answer is kept for a day, in the transaction of the change it tells of.
 */
#pragma once

#include "api/api.h"
#include "net/http.h"

/*
 * *ret_repeat: the answer of before is in the call, and there is nothing to do. ERR_INVALID (422)
 * if the key was used for another request.
 */
bool idempotency_find(struct api_call *call, const struct http_request *request, bool *ret_repeat,
    struct err *err) must_check;

bool idempotency_keep(struct api_call *call, const struct http_request *request, struct err *err)
    must_check;

/* The same for an answer that takes the place of the one that was kept. */
bool idempotency_keep_again(struct api_call *call, const struct http_request *request,
    struct err *err) must_check;
