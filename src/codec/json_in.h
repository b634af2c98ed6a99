/*
 * codec/json_in: read what a JSON value holds, and collect everything that is wrong with it.
 *
 *     struct json_in in;
 *
 *     json_in_init(&in, call->json, call->problems);
 *     name = json_in_text(&in, "name", 1, 200);
 *     port = json_in_i64_opt(&in, "port", 1, 65535, 443);
 *     if (!json_in_end(&in, err))
 *         return false;
 *
 * A member that is missing or wrong leaves a problem with its path ("endpoints[2].port") and a
 * harmless value, so a handler reads on and asks once, at the end, when members nobody asked for
 * are complained of as well. Texts returned are borrowed from the value and live as long. A member
 * that is null counts as missing.
 */
#pragma once

#include "base/base.h"
#include "codec/json.h"

struct err;

#define JSON_IN_MEMBERS_MAX 64

/* The fields may be looked at by no one but codec/json_in. */
struct json_in {
    const struct json
        *value; /* NULL where it was missing or no object: all its members are missing */
    struct json_problems *problems;
    size_t n_problems_before;
    bool is_void; /* its own absence was complained of; its members are not */
    char path[160];
    const char *asked[JSON_IN_MEMBERS_MAX];
    size_t n_asked;
};

/* `value` ought to be an object; NULL counts as none. `problems` gathers; it is not emptied first.
 */
void json_in_init(struct json_in *in, const struct json *value, struct json_problems *problems);

/*
 * Complain of members that nobody asked for. False, with the first problem as message
 * ("endpoints[2].port: …", ERR_INVALID), if there is any problem since json_in_init().
 */
bool json_in_end(struct json_in *in, struct err *err) must_check;

/* For nested objects: complain of members that nobody asked for; the outermost json_in_end() tells.
 */
void json_in_leave(struct json_in *in);

/* Say that something is wrong with a member, for what only the caller can check. */
void json_in_complain(struct json_in *in, const char *name, const char *format, ...)
    printf_like(3, 4);

/* Is the member there? For PATCH: absent leaves as it is, null clears. */
bool json_in_has(struct json_in *in, const char *name);     /* there, null or not */
bool json_in_is_null(struct json_in *in, const char *name); /* there, and null */

/*
 * `min` and `max` count characters; no text may hold U+0000. The _opt variants give `otherwise`
 * where the member is missing. A required text that is missing or wrong is "".
 */
const char *json_in_text(struct json_in *in, const char *name, size_t min, size_t max);
const char *json_in_text_opt(struct json_in *in, const char *name, size_t min, size_t max,
    const char *otherwise);
int64_t json_in_i64(struct json_in *in, const char *name, int64_t min, int64_t max);
int64_t json_in_i64_opt(struct json_in *in, const char *name, int64_t min, int64_t max,
    int64_t otherwise);
bool json_in_bool(struct json_in *in, const char *name);
bool json_in_bool_opt(struct json_in *in, const char *name, bool otherwise);

/* RFC 3339, or a bare date. */
int64_t json_in_time_opt(struct json_in *in, const char *name, int64_t otherwise);

/* The place of the text in `names`; a NULL in the table is skipped. 0 where it is missing or wrong.
 */
int json_in_enum(struct json_in *in, const char *name, const char *const *names, size_t n_names);
int json_in_enum_opt(struct json_in *in, const char *name, const char *const *names, size_t n_names,
    int otherwise);

/* A nested object, to be read with `ret` and closed with json_in_leave(). False where it is
 * missing. */
bool json_in_object(struct json_in *in, const char *name, struct json_in *ret);
bool json_in_object_opt(struct json_in *in, const char *name, struct json_in *ret);

/* How many elements the array has; 0 where it is missing, wrong or longer than `max`. */
size_t json_in_array(struct json_in *in, const char *name, size_t max);
size_t json_in_array_opt(struct json_in *in, const char *name, size_t max);

/* Elements of that array. `i` is below what json_in_array() said. */
const char *json_in_item_text(struct json_in *in, const char *name, size_t i, size_t min,
    size_t max);
int64_t json_in_item_i64(struct json_in *in, const char *name, size_t i, int64_t min, int64_t max);
bool json_in_item_object(struct json_in *in, const char *name, size_t i, struct json_in *ret);

/* The names of the members there are, in their order: at most `max`. For objects whose names are
 * data; each is still to be asked for. */
size_t json_in_names(struct json_in *in, const char **names, size_t max);

/* Any value at all, unread; NULL where it is missing. */
const struct json *json_in_value(struct json_in *in, const char *name);

/* The value itself as an array: its length, 0 if it is none, and its elements. For lists that we
 * stored. */
size_t json_list_size(const struct json *list);
const struct json *json_list_item(const struct json *list, size_t i);

/* NULL where the value is no text, or holds U+0000. */
const char *json_as_text(const struct json *value);
int64_t json_as_i64(const struct json *value, int64_t otherwise);
bool json_as_bool(const struct json *value, bool otherwise);
enum json_kind {
    JSON_KIND_MISSING, /* the value is NULL */
    JSON_KIND_NULL,
    JSON_KIND_OBJECT,
    JSON_KIND_ARRAY,
    JSON_KIND_TEXT,
    JSON_KIND_NUMBER,
    JSON_KIND_BOOL,
};
enum json_kind json_kind_of(const struct json *value);

/* The names of an object's members, in their order: at most `max`. */
size_t json_names(const struct json *object, const char **names, size_t max);
const struct json *json_member(const struct json *object, const char *name);
