/*
 * cli/deployment: certificates on their way, as the words "deployment" and "resource" show them.
 */
#pragma once

#include "cli/remote.h"

struct err;
struct json;

/* A table of them, or with `json` the object as it came. */
void deployment_print(const struct json *page, bool json);

/* Ask until all of `page` have ended, and print them. ERR_UPSTREAM: not all are seen. */
bool deployment_wait(struct remote *remote, const struct json *page, bool json, struct err *err)
    must_check;
