/*
 * vault/parcel: a private key on its way from the process that found it in an upload to the vault.
 *
 * Hybrid public key encryption (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
 * AES-256-GCM, one message for each encapsulation. A parcel is the encapsulated key and the
 * ciphertext. Whoever carries it cannot open it; `info` and `aad` are authenticated, not sent.
 *
 * Pure, and used at both ends: the importer closes, the vault opens.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;
struct secret;

#define PARCEL_PUBLIC_SIZE 32
#define PARCEL_PRIVATE_SIZE 32
#define PARCEL_OVERHEAD (PARCEL_PUBLIC_SIZE + 16)

/* What every parcel of certdesk is for. */
#define PARCEL_INFO SPAN_LITERAL("certdesk import 1")

/* A pair for one upload. The caller frees *ret_private. */
bool parcel_make_pair(uint8_t ret_public[static PARCEL_PUBLIC_SIZE], struct secret **ret_private,
    struct err *err) must_check;

/* Appends a parcel that only the holder of the private half opens. */
bool parcel_close(const uint8_t public_key[static PARCEL_PUBLIC_SIZE], struct span info,
    struct span aad, struct span clear, struct buf *parcel, struct err *err) must_check;

/* ERR_INVALID: damaged, for somebody else, or with another info or aad; nothing more is said. */
bool parcel_open(const struct secret *private_key, struct span info, struct span aad,
    struct span parcel, struct secret **ret, struct err *err) must_check;
