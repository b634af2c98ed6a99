/*
 * auth/password: passwords people choose, hashed with Argon2id (RFC 9106) by libsodium.
 *
 * Hashing takes tens of milliseconds and 64 MiB on purpose: call it on a worker, never on the loop.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;

#define PASSWORD_MIN 10
#define PASSWORD_MAX 1024
#define PASSWORD_HASH_SIZE 128

/* Long enough, not too long, UTF-8, not the account's own name, not among the most common. */
bool password_check_rules(struct span password, const char *account_name, struct err *err)
    must_check;

/* The encoded hash, "$argon2id$v=19$m=…". ERR_UNAVAILABLE if the memory is not to be had. */
bool password_hash(struct span password, char ret[static PASSWORD_HASH_SIZE], struct err *err)
    must_check;

/*
 * What tells texts apart and is as hard to guess from as a password's hash: of a request that holds
 * one. The same for the same text and salt. ERR_UNAVAILABLE as above.
 */
bool password_stretch(struct span text, struct span salt, uint8_t ret[static 32], struct err *err)
    must_check;

/* Does `password` match? A NULL hash takes as long as a real one and matches nothing. */
bool password_matches(struct span password, const char *hash);

/* A random password that is easy to read out: 20 letters and digits in groups of five. */
void password_generate(char ret[static 24]);
