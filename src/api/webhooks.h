/* api/webhooks: what all kinds of webhook have in common: where they lead, and their secrets. */
#pragma once

#include "api/api.h"

/* May calls go there? */
bool webhook_url_check(struct api_call *call, const char *url, struct err *err) must_check;

/* Seal a secret, a new one where `given` is NULL: before the transaction, into call->prepared. */
bool webhook_secret_prepare(struct api_call *call, const char *given, struct err *err) must_check;

/* Keep what was prepared: the id of its row. */
bool webhook_secret_keep(struct api_call *call, int64_t *ret_id, struct err *err) must_check;
