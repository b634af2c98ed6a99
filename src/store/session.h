/*
 * store/session: what a browser or a program shows to say who it is.
 *
 * Secrets are kept as SHA-256 only: whoever reads the database can sign in as nobody.
 */
#pragma once

#include "codec/digest.h"
#include "core/rows_account.h"

struct err;
struct tx;

bool store_session_add(struct tx *tx, const uint8_t id_hash[static SHA256_SIZE],
    const struct session_row *session, const char *address, struct err *err) must_check;

/* *ret_found is false when there is none, or it has ended by `now`. */
bool store_session_find(struct tx *tx, const uint8_t id_hash[static SHA256_SIZE], int64_t now,
    struct session_row *ret, bool *ret_found, struct err *err) must_check;

/* It was used: remember when, and let it end at `expires_at`. */
bool store_session_touch(struct tx *tx, const uint8_t id_hash[static SHA256_SIZE], int64_t now,
    int64_t expires_at, struct err *err) must_check;

bool store_session_delete(struct tx *tx, const uint8_t id_hash[static SHA256_SIZE], struct err *err)
    must_check;

/* All sessions of an account, but for `keep` (which may be NULL): after a change of password or
 * role. */
bool store_session_delete_of(struct tx *tx, int64_t account_id, const uint8_t *keep,
    struct err *err) must_check;

/* Forget what has ended: sessions, throttles, remembered answers. */
bool store_session_forget(struct tx *tx, int64_t now, struct err *err) must_check;

bool store_token_add(struct tx *tx, const struct token_row *token,
    const uint8_t hash[static SHA256_SIZE], int64_t *ret_id, struct err *err) must_check;

/* *ret_found is false when there is none, or it has ended by `now`. */
bool store_token_find(struct tx *tx, const uint8_t hash[static SHA256_SIZE], int64_t now,
    struct token_use_row *ret, bool *ret_found, struct err *err) must_check;

bool store_token_touch(struct tx *tx, int64_t id, int64_t now, struct err *err) must_check;

/* The tokens of an account, newest first: up to `max`. */
bool store_token_list(struct tx *tx, int64_t account_id, size_t max, struct token_row **rows,
    size_t *ret_n, struct err *err) must_check;

/* ERR_NOT_FOUND when the account has no such token. */
bool store_token_delete(struct tx *tx, int64_t account_id, int64_t id, struct err *err) must_check;

/* Until when `key` ("account:NAME", "address:ADDRESS") must wait; 0: it need not. More than
 * `max_wait` seconds are of a clock that was ahead, and locked somebody out for as long: they count
 * as none. */
bool store_throttle_get(struct tx *tx, const char *key, int64_t max_wait, int64_t now,
    int64_t *ret_until, struct err *err) must_check;

/* One more failure. From `free_tries` on, each doubles the wait, up to `max_wait` seconds. */
bool store_throttle_fail(struct tx *tx, const char *key, int64_t free_tries, int64_t max_wait,
    int64_t now, struct err *err) must_check;

bool store_throttle_clear(struct tx *tx, const char *key, struct err *err) must_check;

/* An Idempotency-Key that somebody has used. */
struct idempotency_key {
    int64_t account_id;
    const char *text;
};

/* The answer kept for a key, for a day. *ret_body is NULL when there is none. The caller frees. */
bool store_idempotency_find(struct tx *tx, const struct idempotency_key *key, int64_t now,
    uint8_t ret_request[static SHA256_SIZE], int64_t *ret_status, char **ret_body, struct err *err)
    must_check;

struct idempotency_answer {
    const uint8_t *request; /* SHA256_SIZE bytes: the hash of what was asked */
    int64_t status;         /* 0: what was asked is done, and there is no answer yet */
    const char *body;
};

/* *ret_is_new: the key was not in use; else nothing has changed. */
bool store_idempotency_add(struct tx *tx, const struct idempotency_key *key,
    const struct idempotency_answer *answer, int64_t now, bool *ret_is_new, struct err *err)
    must_check;

/* Whatever was kept for the key of that request, this is its answer now. */
bool store_idempotency_put(struct tx *tx, const struct idempotency_key *key,
    const struct idempotency_answer *answer, int64_t now, struct err *err) must_check;
