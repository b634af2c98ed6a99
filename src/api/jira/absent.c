/*
 * api/jira/absent: what Jira has and the tracker has not: an empty list, an empty page, or what a
 * Jira says where such a thing is switched off.
 */
#include "api/jira/jira.h"
#include "api/tables.h"
#include "base/err.h"

static bool empty_list(struct api_call *call, struct err *err)
{
    (void)err;
    jira_begin_list(call);
    json_end(&call->reply);
    return true;
}

static bool empty_page(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    struct jira_paging paging = jira_paging(query, 50, JIRA_PAGE_MAX);

    if (!query_end(query, err))
        return false;
    jira_write_paging(call, paging, 0, 0);
    json_begin_array(&call->reply, "values");
    json_end(&call->reply);
    return true;
}

static bool empty_object(struct api_call *call, struct err *err)
{
    (void)call;
    (void)err;
    return true;
}

static bool dashboards(struct api_call *call, struct err *err)
{
    json_i64(&call->reply, "startAt", 0);
    json_i64(&call->reply, "maxResults", 20);
    json_i64(&call->reply, "total", 0);
    json_begin_array(&call->reply, "dashboards");
    json_end(&call->reply);
    (void)err;
    return true;
}

static bool link_types(struct api_call *call, struct err *err)
{
    (void)err;
    json_begin_array(&call->reply, "issueLinkTypes");
    json_end(&call->reply);
    return true;
}

/* ---- of an issue that the caller sees ---- */

static bool is_there(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;

    return jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err);
}

static bool issue_list(struct api_call *call, struct err *err)
{
    return is_there(call, err) && empty_list(call, err);
}

static bool worklogs(struct api_call *call, struct err *err)
{
    if (!is_there(call, err))
        return false;
    json_i64(&call->reply, "startAt", 0);
    json_i64(&call->reply, "maxResults", 0);
    json_i64(&call->reply, "total", 0);
    json_begin_array(&call->reply, "worklogs");
    json_end(&call->reply);
    return true;
}

static bool no_worklogs(struct api_call *call, struct err *err)
{
    return is_there(call, err) && fail(err, ERR_INVALID, "Time Tracking is not enabled.");
}

static bool no_votes(struct api_call *call, struct err *err)
{
    return is_there(call, err) &&
           fail(err, ERR_NOT_FOUND, "Voting for issues is currently disabled.");
}

static bool no_links(struct api_call *call, struct err *err)
{
    (void)call;
    return fail(err, ERR_NOT_FOUND, "Issue linking is currently disabled.");
}

static bool no_issue_links(struct api_call *call, struct err *err)
{
    return is_there(call, err) && no_links(call, err);
}

static bool none_such(struct api_call *call, struct err *err)
{
    return fail(err, ERR_NOT_FOUND, "There is nothing with the id '%.60s'.", call->path_text);
}

#define ROOT "/rest/api/{version}"
#define ISSUE "/rest/api/{version}/issue/{key}"
#define LIST (API_READS | API_AT_ROOT | API_REPLY_RAW)
#define READ (API_READS | API_AT_ROOT)
#define WRITE (API_WRITES | API_AT_ROOT)

const struct api_route jira_absent_routes[] = {
    { "GET", ROOT "/issueLinkType", ROLE_USER, READ, link_types, 0 },
    { "POST", ROOT "/issueLink", ROLE_USER, WRITE, no_links, 0 },
    { "GET", ROOT "/filter/favourite", ROLE_USER, LIST, empty_list, 0 },
    { "GET", ROOT "/filter/my", ROLE_USER, LIST, empty_list, 0 },
    { "GET", ROOT "/filter/search", ROLE_USER, READ, empty_page, 0 },
    { "GET", ROOT "/filter/{key}", ROLE_USER, READ, none_such, 0 },
    { "GET", ROOT "/dashboard", ROLE_USER, READ, dashboards, 0 },
    { "GET", ROOT "/dashboard/search", ROLE_USER, READ, empty_page, 0 },
    { "GET", ROOT "/role", ROLE_USER, LIST, empty_list, 0 },
    { "GET", ROOT "/project/{key}/role", ROLE_USER, READ, empty_object, 0 },
    { "GET", ROOT "/version/{key}", ROLE_USER, READ, none_such, 0 },
    { "GET", ROOT "/component/{key}", ROLE_USER, READ, none_such, 0 },
    { "GET", "/rest/agile/1.0/board", ROLE_USER, READ, empty_page, 0 },
    { "GET", "/rest/agile/1.0/board/{key}", ROLE_USER, READ, none_such, 0 },
    { "GET", "/rest/agile/1.0/sprint/{key}", ROLE_USER, READ, none_such, 0 },
    { "GET", ISSUE "/remotelink", ROLE_USER, LIST, issue_list, 0 },
    { "POST", ISSUE "/remotelink", ROLE_USER, WRITE, no_issue_links, 0 },
    { "GET", ISSUE "/subtask", ROLE_USER, LIST, issue_list, 0 },
    { "GET", ISSUE "/votes", ROLE_USER, READ, no_votes, 0 },
    { "POST", ISSUE "/votes", ROLE_USER, WRITE, no_votes, 0 },
    { "GET", ISSUE "/worklog", ROLE_USER, READ, worklogs, 0 },
    { "POST", ISSUE "/worklog", ROLE_USER, WRITE, no_worklogs, 0 },
    { 0 },
};
