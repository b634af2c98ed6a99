/*
 * x509/pubkey: requests and public keys, decoded without OpenSSL 3.0's search.
 *
 * For each key in a request OpenSSL looks among all its decoders for one that takes it, which is
 * longer than the key's signature takes to verify. So requests are parsed without their key, and
 * the key is decoded once it is known of which kind it is. For x509/ and vault/.
 *
 * Any thread may call these functions.
 */
#pragma once

#include <openssl/x509.h>

#include "base/base.h"
#include "base/span.h"

/*
 * The request that `der` begins with, *ret_size bytes of it; NULL if there is none. The caller
 * frees it. X509_REQ_get0_pubkey() knows no key of it: pubkey_decode() does.
 */
X509_REQ *pubkey_request_parse(struct span der, size_t *ret_size) must_check;

/* Has its own key signed it? `key` is pubkey_decode()'s. */
bool pubkey_request_is_signed(X509_REQ *request, EVP_PKEY *key);

/* NULL: of a kind that OpenSSL cannot use. The caller frees it. */
EVP_PKEY *pubkey_decode(X509_PUBKEY *pubkey) must_check;
