/*
 * api/jira/errors: how a failure looks to a Jira client: {"errorMessages": […], "errors": {…}}.
 *
 * Everything below /rest and /secure answers so, whatever failed and wherever; dispatch asks here.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "net/http.h"

struct json_problems;

#define JIRA_MEDIA_TYPE "application/json;charset=UTF-8"

/* Is it for Jira's paths? */
bool jira_is_request(const struct http_request *request);

/* As Jira, take "//rest/api/2/issue/" for "/rest/api/2/issue": clients put their parts together
 * with a slash too many, and Atlassian's own examples end in one. Other paths stay as they are. */
void jira_tidy_path(struct http_request *request);

/* Problems of fields go to "errors", without a message beside them; all else is a message. */
void jira_error_write(struct buf *out, const struct err *err, const struct json_problems *problems);

/* The body for a path that does not exist. */
void jira_unknown_path_write(struct buf *out, const struct http_request *request);
