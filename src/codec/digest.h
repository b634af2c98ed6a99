/*
 * codec/digest: SHA-256 and HMAC-SHA-256 of bytes in memory (FIPS 180-4, RFC 2104), by libsodium.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

#define SHA256_SIZE 32

void digest_sha256(struct span s, uint8_t ret[static SHA256_SIZE]);
void digest_hmac_sha256(struct span key, struct span s, uint8_t ret[static SHA256_SIZE]);

/* Of several parts, one after the other. */
void digest_sha256_parts(const struct span *parts, size_t n_parts, uint8_t ret[static SHA256_SIZE]);
