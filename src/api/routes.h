/*
 * api/routes: every path there is, and who may ask for it.
 *
 * The tables of all resources are listed in routes.c. A path template is literal parts, "{id}" (a
 * number above 0), "{key}" or "{name}" (text), "{other}" (a second text), "{id}.pem" or
 * "{name}.crl" for one with an ending, and "{version}" for Jira's versions of its API: 2, 3,
 * latest.
 */
#pragma once

#include "api/api.h"
#include "net/http.h"

/* What came of looking for a route. */
enum route_verdict { ROUTE_FOUND, ROUTE_UNKNOWN_PATH, ROUTE_OTHER_METHOD, ROUTE_BAD_ID };

struct route_match {
    const struct api_route *route;
    int64_t id;        /* of {id}; 0 where the path has none */
    struct span text;  /* of {key} or {name}, in the request; empty where the path has none */
    const char *other; /* of {other} */
    char allow[64];    /* ROUTE_OTHER_METHOD: what the path does take, "GET, POST" */
};

/* HEAD finds the route of GET. */
enum route_verdict routes_find(const struct http_request *request, struct route_match *ret);

/* Is this a path that belongs to the API (and not to the page)? */
bool routes_is_api(const struct http_request *request);
