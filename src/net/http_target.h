/*
 * net/http_target: what a request line asks for, taken apart (RFC 9112, 3.2). Pure.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct http_request;

/*
 * Fill in target, query, parts and, from an absolute target, host. The method must be set already
 * ("*" is for OPTIONS). Returns NULL, or says what is wrong. Whatever was filled in by then is
 * released with the request.
 */
const char *http_target_parse(struct span target, struct http_request *request) must_check;

/* Is it a host, with or without a port (RFC 9110, 7.2)? */
bool http_host_is_valid(struct span host);
