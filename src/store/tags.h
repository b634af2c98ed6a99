/*
 * store/tags: the labels on a record. Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/* Give a record tags that has none of them: separated by ";", trimmed, case folded. */
bool tags_add(struct tx *tx, int64_t certificate_id, const char *tags, struct err *err) must_check;

/* Replace a record's tags by those in `tags`: separated by ";", trimmed, case folded. */
bool tags_write(struct tx *tx, int64_t certificate_id, const char *tags, struct err *err)
    must_check;
