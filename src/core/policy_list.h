/*
 * core/policy_list: domains and ranges of addresses, and whether a name is in them. For core/policy
 * alone.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "core/policy.h"

void policy_list_add(struct policy_list *list, const char *text);
void policy_list_done(struct policy_list *list);
bool policy_list_has(const struct policy_list *list, const char *text);

/* "example.org", "*.example.org" or "*", in lower case and without a dot at the end; the caller
 * frees *ret. ERR_INVALID. */
bool policy_domain_normalise(const char *text, char **ret, struct err *err) must_check;

/* "192.0.2.0/24", "2001:db8::1": ERR_INVALID if it is no range. */
bool policy_range_check(const char *text, struct err *err) must_check;

/* `host` is a name in A-labels, or a wildcard: then all that it covers must be covered. */
bool policy_covers_host(const struct policy_list *domains, struct span host);
bool policy_covers_address(const struct policy_list *ranges, struct span address);

/* What is wrong with the name as such; NULL: nothing. */
const char *policy_host_fault(struct span host);
const char *policy_mail_fault(struct span mail);
const char *policy_uri_fault(struct span uri);
