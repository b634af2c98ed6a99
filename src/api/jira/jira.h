/*
 * api/jira/jira: what the handlers below /rest have in common.
 *
 * Versions 2 and 3 are two renderings of the same rows: in 3, long texts are Atlassian documents.
 * Ids are texts in JSON, and may come in as numbers. Addresses in answers have the host that the
 * client used, for clients follow them as they are.
 */
#pragma once

#include "api/api.h"
#include "api/query.h"
#include "core/jira.h"
#include "core/rows_account.h"
#include "core/rows_ticket.h"

#define JIRA_PAGE_MAX 100
#define JIRA_TEXT_MAX 32000 /* of a comment, a description */

bool jira_is_v3(const struct api_call *call);

/* "http://desk:8080/rest/api/2"; with it `format` appended. */
void jira_add_root(const struct api_call *call, struct buf *out); /* scheme and host alone */
void jira_self(struct api_call *call, const char *format, ...) printf_like(2, 3);
void jira_link(struct api_call *call, const char *key, const char *format, ...) printf_like(3, 4);

/* "2026-11-21T03:33:29.000+0000"; 0 is null. */
void jira_time(struct json_out *out, const char *key, int64_t at);
void jira_date(struct json_out *out, const char *key, int64_t at);
void jira_id(struct json_out *out, const char *key, int64_t id); /* as a text */

/* A long text: a document in version 3, NULL and "" are null. */
void jira_text(struct api_call *call, const char *key, const char *text);

/* The array that is the whole answer of a route with API_REPLY_RAW. */
void jira_begin_list(struct api_call *call);

/* Parameters of the query; what nobody asks for is ignored. */
struct query *jira_query(struct api_call *call) must_check;

/* startAt and maxResults, cut to what is allowed. */
struct jira_paging {
    int64_t start_at;
    int64_t limit;
};
struct jira_paging jira_paging(struct query *query, int64_t otherwise, int64_t max);
void jira_write_paging(struct api_call *call, struct jira_paging paging, int64_t total, size_t n);

/* ---- people ---- */

/* A user, or null for id -1. certdesk itself is 0. Read from the database once for each call. */
struct jira_people {
    struct account_row **rows;
    size_t n;
    size_t room;
};
void jira_people_done(struct jira_people *people);
DEFINE_AUTODONE(jira_people);

bool jira_user_write(struct api_call *call, struct jira_people *people, const char *key, int64_t id,
    struct err *err) must_check;
void jira_user_members(struct api_call *call, const struct account_row *account);

/* By name, key, accountId or mail address; *ret is NULL if there is none such. */
bool jira_user_find(struct api_call *call, const char *text, struct account_row **ret,
    struct err *err) must_check;

/* ---- values that come in ---- */

/* A text, or a number as text in `room`; NULL for anything else. */
const char *jira_as_id(const struct json *value, char room[static 24]);

/* {"id": …} or {"name": …} and their kin: the first that is there; a bare text is taken as well. */
const char *jira_as_choice(const struct json *value, const char *const *names,
    char room[static 24]);

/* A long text, appended to `out`: of version 3 a document. False with the problem at `field`. */
bool jira_read_text(struct api_call *call, const struct json *value, const char *field,
    struct buf *out);

/* ERR_INVALID if there are problems. */
bool jira_check(struct api_call *call, struct err *err) must_check;

/* ---- tickets ---- */

/* The ticket that `key_or_id` names, if the caller may do `action` to it. ERR_NOT_FOUND for one
 * that they may not see. */
bool jira_ticket(struct api_call *call, const char *key_or_id, enum action action,
    struct ticket_row **ret, struct err *err) must_check;
