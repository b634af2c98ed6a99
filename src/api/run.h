/*
 * api/run: a route's handler within its transaction, with what comes before and after it, and the
 * answer that a repeat of the same request gets (Idempotency-Key).
 */
#pragma once

#include "api/api.h"

struct err;
struct tx;

/*
 * Whoever asks is known and may. *opened is a transaction that has been begun already, and is taken
 * over; or NULL. After true the answer is in `call`.
 */
bool run_handler(struct api_call *call, const struct http_request *request, struct tx **opened,
    struct err *err) must_check;

/* The status for a call that failed: what the handler chose, or what the kind of error means. */
int run_failure_status(const struct api_call *call, const struct err *err);

/* What no reply has taken over. */
void run_release_reply(struct api_call *call);
