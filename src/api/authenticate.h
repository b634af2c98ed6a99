/*
 * api/authenticate: who makes this request?
 *
 * A bearer token, else the session cookie, else nobody. A change by cookie must also show the
 * session's CSRF token in X-CSRF-Token. Below /rest, where Jira's clients come, also Basic
 * credentials and a cookie by Jira's name; there a change by cookie has a JSON body, or the field
 * X-Atlassian-Token.
 */
#pragma once

#include "api/api.h"
#include "net/http.h"

#define SESSION_COOKIE "certdesk_session"
#define JIRA_COOKIE "JSESSIONID"
#define SESSION_SECONDS (12 * INT64_C(3600))
#define SESSION_IDLE_SECONDS (2 * INT64_C(3600))

/*
 * Fill in call->who, within call->tx where there is one. Nobody is ROLE_PUBLIC, and no failure: the
 * route's role is compared later. Credentials that are wrong, ended or revoked fail with ERR_DENIED
 * and status 401.
 */
bool authenticate(struct api_call *call, const struct http_request *request, struct err *err)
    must_check;

/* Are there credentials that may take long to verify? Not within a transaction, then. */
bool authenticate_is_slow(const struct http_request *request);

/* Is it to be written down that they were used? */
bool authenticate_needs_touch(const struct api_call *call);

/*
 * Write down that the session or token was used, if that is due, in a transaction of its own: when
 * the call's has ended. Never a reason to refuse the request.
 */
void authenticate_touch(struct api_call *call);
