/*
 * api/credentials: passwords that were verified a moment ago.
 *
 * Programs that sign in with each request (Authorization: Basic) would have Argon2 eat a core. So
 * what was right is remembered for a short while, as a hash keyed with a key that only this process
 * has, over the account, the password and the hash that the account has in the database: a password
 * that is changed is forgotten by that. Whether the account may still do anything is asked anew
 * each time. From any thread.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "core/rows_account.h"

#define CREDENTIALS_SECONDS 120

struct credentials;

struct credentials *credentials_new(void) must_check;
void credentials_free(struct credentials *credentials);

/* Was this the account's password, not long before `now`? */
bool credentials_know(struct credentials *credentials, const struct account_row *account,
    struct span password, int64_t now);

/* It was just verified. */
void credentials_keep(struct credentials *credentials, const struct account_row *account,
    struct span password, int64_t now);
