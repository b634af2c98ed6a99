/*
 * api/idempotency: a request sent twice with the same Idempotency-Key is done once.
 *
 * The first answer is kept for a day, in the transaction of the change it tells of. Where the work
 * takes several transactions, the one that counts notes that it is done (idempotency_note), and the
 * answer follows; whoever repeats the request in between, or after a crash in between, hears how
 * things stand. What has failed before it changed anything leaves the key free.
 */
#pragma once

#include "api/api.h"
#include "net/http.h"

/*
 * Before all others, and outside of transactions: what the request is to be known by. One that may
 * hold a password is hashed like one, so that what is kept is of no use to whoever wants to guess
 * it. ERR_INVALID for a key that is none.
 */
bool idempotency_prepare(struct api_call *call, const struct http_request *request, struct err *err)
    must_check;

/*
 * *ret_repeat: the answer of before is in the call, and there is nothing to do. call->was_done:
 * nor is there, but there is no answer. ERR_INVALID (422) if the key was used for another request.
 */
bool idempotency_find(struct api_call *call, const struct http_request *request, bool *ret_repeat,
    struct err *err) must_check;

/* ERR_UNAVAILABLE: another request with this key was faster; look for its answer. */
bool idempotency_keep(struct api_call *call, struct err *err) must_check;

/* For struct life: `tx` does what the api_call `arg` asks for. ERR_CONFLICT with key_is_taken when
 * another has. */
bool idempotency_note(void *arg, struct tx *tx, struct err *err) must_check;

/* The same for an answer that takes the place of the one that was kept. */
bool idempotency_keep_again(struct api_call *call, struct err *err) must_check;

/* What was noted has led to a failure, which is the answer to every repeat. Where nothing was
 * noted, nothing is kept. */
bool idempotency_keep_failure(struct api_call *call, int status, const struct err *failure,
    struct err *err) must_check;
