/*
 * api/web: the page, from the binary.
 *
 * A path that is neither a file nor the API's is one of the page's own addresses: it gets
 * index.html.
 */
#pragma once

#include "base/base.h"
#include "net/http.h"

/* Answer a GET or HEAD for something that is not the API's. On the loop: everything is in memory.
 */
void web_answer(const struct http_request *request, struct http_reply *reply);

/* The fields every answer carries: CSP and its kin. */
void web_security_fields(struct http_reply *reply);
