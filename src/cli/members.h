/*
 * cli/members: options of a word that are members of the body it sends, as a table.
 *
 * An option that was not given (NULL) is no member. What is wrong with a value is said with the
 * option's name, which is the member's with "-" for "_".
 */
#pragma once

#include "base/base.h"
#include "cli/verbs.h"
#include "codec/json.h"

struct err;

enum member_kind {
    MEMBER_TEXT,
    MEMBER_TEXT_OR_NULL, /* "-" is null */
    MEMBER_NUMBER,
    MEMBER_TRUTH,   /* "yes" or "no" */
    MEMBER_TEXTS,   /* separated by commas; "-" is none */
    MEMBER_NUMBERS, /* the same */
    MEMBER_INSTANT, /* a day, or an instant in RFC 3339; "-" is null */
};

struct member {
    const char *key;
    size_t offset; /* of a const char * in what verbs_run() was given */
    enum member_kind kind;
};

/* One member by itself; nothing for NULL. */
bool members_write_one(struct json_out *out, const char *key, enum member_kind kind,
    const char *value, struct err *err) must_check;

/* The members of an object that is open. The table ends with an empty row. */
bool members_write(struct json_out *out, const struct member *members, const void *asked,
    struct err *err) must_check;

/*
 * Send {"name": name, members…}, without a name where it is NULL. The caller frees *ret, which is
 * NULL where the answer says nothing.
 */
bool members_send(const struct verb_call *call, const char *method, const char *path,
    const char *name, const struct member *members, struct json **ret, struct err *err) must_check;

/*
 * The path of the item of a list that has this name, or this number for an id: "/webhooks/3". The
 * caller frees *ret. ERR_NOT_FOUND says that there is no such `what`, ERR_CONFLICT that there are
 * several.
 */
bool members_find(struct remote *remote, const char *list, const char *what, const char *name,
    char **ret, struct err *err) must_check;
