/*
 * store/tags: the labels on records.
 */
#pragma once

#include "base/base.h"
#include "store/viewer.h"

struct err;
struct many;
struct tx;

/* Give a record more tags: separated by ";", trimmed, case folded. many_run() writes them. */
struct many *tags_prepare(struct tx *tx) must_check;
bool tags_add(struct many *rows, int64_t certificate_id, const char *tags, struct err *err)
    must_check;

/* Replace a record's tags by those in `tags`: separated by ";", trimmed, case folded. */
bool tags_write(struct tx *tx, int64_t certificate_id, const char *tags, struct err *err)
    must_check;

/*
 * Called for each tag that begins with `prefix` ("" is all), by name, with the number of records
 * the viewer may see that have it: up to `limit` tags. What it is given lives for the call.
 */
typedef void (*tag_visit)(void *context, const char *tag, int64_t n);
bool store_tags(struct tx *tx, const struct store_viewer *viewer, const char *prefix, int64_t limit,
    tag_visit visit, void *context, struct err *err) must_check;
