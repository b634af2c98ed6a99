/*
 * cli/profile_body: options of "certdesk profile" as the body of a request.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "cli/verbs.h"
#include "codec/json_in.h"

struct err;

/* As they were given; NULL where one was not. */
struct profile_options {
    const char *name;
    const char *description;
    const char *ca;
    const char *keys; /* lists are separated by commas */
    const char *made_by;
    const char *domains;
    const char *wildcards; /* yes, no */
    const char *ip;        /* any, none, or a list; as is email */
    const char *email;
    const char *uri;
    const char *required;
    const char *allowed;    /* any, or a list */
    struct verb_list fixed; /* "O=Example" */
    const char *max_names;
    const char *usage;
    const char *lifetime;
    const char *window; /* "30" days, "33%" */
    const char *auto_renew;
    const char *scan_minutes; /* "-": none */
    const char *renewal_key;
    const char *users;
    const char *groups;
    const char *approvals;
    const char *approvers;
    bool is_everybody;
    bool is_disabled;
    bool is_enabled;
};

/*
 * Append the body. `present` is the profile as it is, NULL for a new one: of its users, the half
 * that no option speaks of stays. ERR_INVALID names the option that makes no sense.
 */
bool profile_body_write(const struct profile_options *o, const struct json *present,
    struct buf *body, struct err *err) must_check;
