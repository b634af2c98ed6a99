/*
 * cli/items: what a server lists, as a table or as lines of JSON, and small bodies to send it.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "cli/remote.h"

struct err;

/* One column: its heading, and the member it shows, such as "name" or "last_job.state". */
struct items_column {
    const char *heading;
    const char *member;
};

/*
 * Print all items of the list at `path`, page after page. A path with "?" keeps what follows it.
 * The columns end with an empty row.
 */
bool items_print(struct remote *remote, const char *path, const struct items_column *columns,
    bool json, struct err *err) must_check;

/*
 * Call `on_item` with each item of the list at `path`, page after page, until there were `most`
 * (0: all). *ret_more: there are more.
 */
bool items_each(struct remote *remote, const char *path, int64_t most,
    void (*on_item)(void *ctx, const struct json *item), void *ctx, bool *ret_more, struct err *err)
    must_check;

/* "/groups/web%20team": the caller frees. `base` ends with "/". */
char *items_path(const char *base, const char *name, const char *rest) must_check;

/* Append "?name=value" or, after the first, "&name=value"; nothing for NULL. */
void items_add_query(struct buf *path, const char *name, const char *value);

/* {"key": [words…]} appended to `out`, for a list of names. */
void items_write_words(struct json_out *out, const char *key, const char *const *words, size_t n);

/* "ids": [17, …] appended to `out`. ERR_INVALID: one of them is no id of a certificate. */
bool items_write_ids(struct json_out *out, const char *const *ids, size_t n, struct err *err)
    must_check;

/* "key": from "rsa:3072", "ec:P-384", "ed25519". */
void items_write_key(struct json_out *out, const char *key);

/* "subject": from "O=Example" and the like, each with a "="; `cn` is the CN unless one of them is,
 * and unless it cannot be one. NULL: none. */
void items_write_subject(struct json_out *out, const char *const *attributes, size_t n,
    const char *cn);
