/*
 * api/refusal: the answer to a request that cannot be had, in the shape that its clients read.
 */
#pragma once

#include "api/routes.h"
#include "codec/json.h"
#include "net/http.h"

struct err;

/*
 * problem+json, or what Jira says below /rest. `request` is NULL where the server itself refused it
 * before there was one; `problems` may be NULL; `retry_after` in seconds, 0 is not said.
 */
void refusal_write(const struct http_request *request, struct http_reply *reply, int status,
    const struct err *err, const struct json_problems *problems, int64_t retry_after);

/* For what routes_find() did not find, header fields included. */
void refusal_write_route(enum route_verdict verdict, const struct route_match *match,
    const struct http_request *request, struct http_reply *reply);
