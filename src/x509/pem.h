/*
 * x509/pem: the blocks of a PEM text (RFC 7468), one after the other.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

/*
 * Put the content of the next block with one of `labels` (ends with NULL) into the emptied `der`,
 * and move *rest behind it. Other blocks and text are skipped; what they held is wiped. *found is
 * false where there is none left. ERR_INVALID: a block is cut off or is no base64; ERR_LIMIT: the
 * buf's ceiling.
 */
bool pem_next(struct span *rest, const char *const *labels, struct buf *der, bool *found,
    struct err *err) must_check;

/* Append `der` as a block. */
void pem_write(struct span der, const char *label, struct buf *pem);
