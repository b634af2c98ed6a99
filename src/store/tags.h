/*
 * store/tags: the labels on a record. Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/* Replace a record's tags by those in `tags`: separated by ";", trimmed, lower-cased. */
bool tags_write(struct tx *tx, int64_t certificate_id, const char *tags, struct err *err)
    must_check;

/* ASCII letters in lower case, as all that is searched. The caller frees. */
char *text_lower(const char *text) must_check;
