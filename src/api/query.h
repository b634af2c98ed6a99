/*
 * api/query: the parameters after "?", decoded, checked, and all accounted for.
 *
 * Like codec/json's decoder it remembers what was wrong, field by field, and is asked once at the
 * end. A parameter that no handler has asked for is an error: a filter with a slip in its name must
 * not show everything.
 */
#pragma once

#include "base/base.h"

struct api_call;
struct err;
struct query;

/* Reads call->query; the caller frees. Values live as long as it. */
struct query *query_new(struct api_call *call);
void query_free(struct query *query);

/* The value, or NULL when it was not given (or was empty). Longer than `max` bytes is an error. */
const char *query_text(struct query *query, const char *name, size_t max);

int64_t query_i64(struct query *query, const char *name, int64_t min, int64_t max,
    int64_t otherwise);
bool query_bool(struct query *query, const char *name, bool otherwise);

/* 1 for true, 0 for false, -1 when it was not given. */
int query_tristate(struct query *query, const char *name);

/* An instant in RFC 3339, or a bare date; `otherwise` when not given. */
int64_t query_time(struct query *query, const char *name, int64_t otherwise);

/* The values of a parameter that may be repeated or hold commas: "a,b" and "a=1&a=2". At most
 * `max`. */
size_t query_list(struct query *query, const char *name, const char **values, size_t max);

/* The parameters whose name begins with `prefix`: what follows it in their names, and their values.
 * At most `max`. */
size_t query_prefixed(struct query *query, const char *prefix, const char **names,
    const char **values, size_t max);

/* Say that a value is wrong, for what only the caller can check. */
void query_complain(struct query *query, const char *name, const char *message);

/* Parameters that nobody asks for are no error here: other people's clients send what they know. */
void query_forgive(struct query *query);

/* False, with errors[], if anything was wrong or unknown. */
bool query_end(struct query *query, struct err *err) must_check;

DEFINE_AUTOFREE(query);
