/*
 * base/secret: private keys, tokens and passwords while they must be in memory.
 *
 * A secret has pages of its own: locked, left out of core dumps and of children, wiped when freed.
 * It is never printed; compare it only with secret_equal().
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct secret;

/* A copy of `s`; wiping the original is the caller's affair. */
struct secret *secret_new(struct span s) must_check;
struct secret *secret_new_zeroed(size_t size) must_check;
void secret_free(struct secret *secret);

struct span secret_span(const struct secret *secret);
uint8_t *secret_bytes(struct secret *secret);
size_t secret_size(const struct secret *secret);

/* In time that depends on the lengths alone. */
bool secret_equal(struct span a, struct span b);

/* Overwrite bytes that held a secret; not optimised away. */
void secret_wipe(void *data, size_t size);

/* Switch off core dumps and ptrace by others for this process. */
void secret_forbid_dumps(void);

DEFINE_AUTOFREE(secret);
