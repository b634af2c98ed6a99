/*
 * store/cert_query: what somebody typed to search by, as conditions of a list. Not for others than
 * store/cert_where.
 */
#pragma once

#include "base/base.h"

struct cert_where;
struct err;
struct tx;

/* Words, or the beginning of a name; "" is no condition. */
void cert_query_set(struct cert_where *where, const char *q);

/* A whole fingerprint or serial becomes the certificates that have it, if there are any. */
bool cert_query_find(struct tx *tx, struct cert_where *where, struct err *err) must_check;

/* Is it one text that is looked for in words as it stands? */
bool cert_query_is_plain(const struct cert_where *where);

/* Then: names that begin with it are not before *ret_from, and before *ret_until. The caller frees
 * both. Greater than any name is CERT_QUERY_LAST. */
#define CERT_QUERY_LAST "\xF4\x8F\xBF\xBF"
void cert_query_set_range(const struct cert_where *where, char **ret_from, char **ret_until);
