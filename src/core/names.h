/*
 * core/names: a set of host names, wildcards and addresses, as a certificate covers or a record
 * needs them.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct cert;
struct err;

/* Zeroed it is empty. Names are lower case, sorted, each there once. The fields are for reading. */
struct name_set {
    char **items;
    size_t n;
    size_t room;
    bool is_sorted;
};

/* Letter case, a dot at the end and brackets of an address do not matter. Empty names are ignored.
 */
void name_set_add(struct name_set *set, const char *name);

/* The DNS names and addresses that a certificate covers. */
void name_set_add_cert(struct name_set *set, const struct cert *cert);

/* A JSON list of texts, such as certificate.required_names. ERR_INVALID if it is none. */
bool name_set_add_json(struct name_set *set, const char *json, struct err *err) must_check;

/* A JSON list of {type, value}, such as version.sans: its names and addresses. */
bool name_set_add_sans(struct name_set *set, const char *json, struct err *err) must_check;

/* Call after the last name was added and before asking; what is added later makes it needed again.
 */
void name_set_sort(struct name_set *set);

/* Is it in the set, or covered by a wildcard in it (RFC 9525, 6.3)? In steps that grow with log n.
 */
bool name_set_covers(const struct name_set *set, const char *name);
void name_set_done(struct name_set *set);

DEFINE_AUTODONE(name_set);
