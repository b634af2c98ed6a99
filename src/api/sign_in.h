/*
 * api/sign_in: passwords shown, and the sessions that they open.
 *
 * A wrong name and a wrong password answer alike, and take as long. After a few failures an
 * account, or an address, must wait, longer each time.
 */
#pragma once

#include "api/api.h"
#include "core/rows_account.h"

/*
 * Whose name (or mail address) and password are these? ERR_DENIED with status 401 if nobody's;
 * ERR_LIMIT with 429, and call->retry_after, for who must wait. It takes as long as Argon2 does.
 * Opens transactions of its own.
 */
bool sign_in_check(struct api_call *call, const char *name, struct span password,
    struct account_row **ret, struct err *err) must_check;

/* Open a session for the account, instead of the one that was shown: call->who is that account now,
 * and `id` what its cookie is to hold. */
#define SESSION_ID_SIZE 64
bool sign_in_open(struct api_call *call, const struct account_row *account,
    char id[static SESSION_ID_SIZE], struct err *err) must_check;

/* Close the session that was shown. Within call->tx. */
bool sign_in_close(struct api_call *call, struct err *err) must_check;
