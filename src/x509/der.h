/*
 * x509/der: a step through DER (X.690) without copying or allocating anything.
 *
 * For the few structures that may be enormous or that OpenSSL reads more strictly than certificates
 * are written. Lengths are definite; a tag is a single byte.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_OCTET_STRING 0x04
#define DER_OID 0x06
#define DER_SEQUENCE 0x30
#define DER_CONTEXT(n) (0x80U | (n))             /* [n] IMPLICIT of a primitive type */
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0U | (n)) /* [n] of a constructed one */

/* Cut the element at the beginning off *rest. False, and nothing moved, if there is none or it is
 * cut off. */
bool der_next(struct span *rest, uint8_t *tag, struct span *content);

/* The same, if it has this tag. */
bool der_expect(struct span *rest, uint8_t tag, struct span *content);

/* A non-negative INTEGER that fits. False where it does not. */
bool der_small_integer(struct span content, int64_t *ret);
