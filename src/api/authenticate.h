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
 * Fill in call->who. Nobody is ROLE_PUBLIC, and no failure: the route's role is compared later.
 * Credentials that are wrong, ended or revoked fail with ERR_DENIED and status 401.
 */
bool authenticate(struct api_call *call, const struct http_request *request, struct err *err)
    must_check;

/* What the session cookie holds; false without one. */
bool authenticate_session_id(const struct http_request *request, struct span *ret);
