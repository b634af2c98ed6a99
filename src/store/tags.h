/*
 * store/tags: the labels on records.
 */
#pragma once

#include "base/base.h"
#include "store/viewer.h"

struct err;
struct many;
struct tx;

/*
 * Tags as a record keeps them: trimmed, case folded, each once, in order, separated by ";".
 * ERR_LIMIT and ERR_INVALID for too many, and for one that is too long. The caller frees *ret.
 */
bool tags_tidy(const char *tags, char **ret, struct err *err) must_check;

/* Rows for the tags of a new record; `tidy` is what its column `tags` has, and `holders` what that
 * has. many_run() writes them. */
struct many *tags_prepare(struct tx *tx) must_check;
void tags_add(struct many *rows, int64_t certificate_id, int64_t holders, const char *tidy);

/* Replace a record's tags by those in `tags`, separated by ";". Nobody else edits the record. */
bool tags_write(struct tx *tx, int64_t certificate_id, const char *tags, struct err *err)
    must_check;

/*
 * Called for each tag that begins with `prefix` ("" is all), by name, with the number of records
 * the viewer may see that have it: up to `limit` tags. What it is given lives for the call.
 */
typedef void (*tag_visit)(void *context, const char *tag, int64_t n);
bool store_tags(struct tx *tx, const struct store_viewer *viewer, const char *prefix, int64_t limit,
    tag_visit visit, void *context, struct err *err) must_check;
