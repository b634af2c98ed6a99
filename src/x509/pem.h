/*
 * x509/pem: the blocks of a PEM text (RFC 7468), one after the other.
 *
 * Such a text comes through mail, forms, shells and YAML before it comes here. What that does to it
 * is undone as far as nothing has to be guessed: lines that end with CR alone, blanks or '>' before
 * them, blanks or a written "\n" in their place, or no lines at all (RFC 7468, 3, laxtextualmsg).
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

/*
 * Put the next block, from BEGIN to END and in lines of its own, into the emptied `block`, and move
 * *rest behind it. False: there is none left. The block of a text that is cut off has no END; the
 * ceiling of `block` must be PEM_BLOCK_MAX(rest->size).
 */
#define PEM_BLOCK_MAX(text_size) ((text_size) + (text_size) / 32 + 256)
bool pem_next_block(struct span *rest, struct buf *block);

/*
 * Is this base64 and nothing else, as of a file that was encoded once more, or of a block without
 * BEGIN and END? Then what it says is put into the emptied `bytes`.
 */
bool pem_is_bare(struct span text, struct buf *bytes);

/* Append `der` as a block. */
void pem_write(struct span der, const char *label, struct buf *pem);
