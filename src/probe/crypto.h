/*
 * probe/crypto: OpenSSL with no more algorithms than a TLS client meets.
 *
 * Up to 3.1 OpenSSL tries every decoder it has on every public key, which is most of what reading a
 * certificate costs. In a library context whose provider offers only the decoders of keys that TLS
 * servers have (RSA, EC, Ed25519, Ed448), it takes a quarter of the time. Ciphers, digests and so
 * on that no TLS client needs are left out, too. The rest is the default provider's, untouched.
 */
#pragma once

#include <openssl/types.h>

#include "base/base.h"

struct crypto;
struct err;

bool crypto_new(struct crypto **ret, struct err *err) must_check;

/* After all that was made with its library context. */
void crypto_free(struct crypto *crypto);
OSSL_LIB_CTX *crypto_context(const struct crypto *crypto);

DEFINE_AUTOFREE(crypto);
