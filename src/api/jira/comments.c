/* api/jira/comments: what is said about an issue. */
#include <string.h>

#include "api/jira/issue.h"
#include "api/tables.h"
#include "base/err.h"
#include "base/parse.h"
#include "store/ticket_talk.h"

#define COMMENTS_MAX 10000

static bool write_one(struct api_call *call, int64_t ticket_id, int64_t id, struct err *err)
{
    autodone(jira_people) struct jira_people people = { 0 };
    autofree(comment_row) struct comment_row *row = NULL;

    return store_comment_get(call->tx, ticket_id, id, &row, err) &&
           jira_comment_write(call, &people, row, err);
}

/* The text of a comment; what is wrong with it is a problem of "comment". */
static bool read_body(struct api_call *call, struct buf *text, struct err *err)
{
    const struct json *body = json_member(call->json, "body");

    if (!jira_read_text(call, body, "comment", text) && jira_is_v3(call) &&
        json_as_text(body) != NULL) {
        json_problems_clear(call->problems);
        json_problems_add(call->problems, "comment", "Comment body is not valid!");
    }
    if (call->problems->n == 0 && span_trim(buf_span(text)).size == 0)
        json_problems_add(call->problems, "comment", "Comment body can not be empty!");
    return jira_check(call, err);
}

static bool comments_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(comment_rows) struct comment_rows rows = { 0 };
    autodone(jira_people) struct jira_people people = { 0 };
    struct jira_paging paging = jira_paging(query, 1000, 1000);
    const char *order = query_text(query, "orderBy", 20);
    bool is_backwards = order && strcmp(order, "-created") == 0;

    if (!query_end(query, err) || !jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err) ||
        !store_comments(call->tx, ticket->id, 0, COMMENTS_MAX, &rows, err))
        return false;
    json_i64(&call->reply, "startAt", paging.start_at);
    json_i64(&call->reply, "maxResults", paging.limit);
    json_i64(&call->reply, "total", (int64_t)rows.n);
    json_begin_array(&call->reply, "comments");
    for (size_t i = (size_t)paging.start_at;
         i < rows.n && (int64_t)i < paging.start_at + paging.limit; i++) {
        json_begin_object(&call->reply, NULL);
        if (!jira_comment_write(call, &people, &rows.items[is_backwards ? rows.n - 1 - i : i], err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool comments_add(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(buf) struct buf text = BUF_INIT(JIRA_TEXT_MAX);
    int64_t id;

    call->status = 201;
    return jira_ticket(call, call->path_text, ACTION_COMMENT, &ticket, err) &&
           read_body(call, &text, err) &&
           store_comment_add(call->tx, ticket->id, call->who.account_id, buf_text(&text), call->now,
               &id, err) &&
           api_audit(call, "ticket.comment", ticket->id, ticket->key, NULL, NULL, err) &&
           write_one(call, ticket->id, id, err);
}

/* The comment {other}; to change it one must have written it, or be an admin. */
static bool find_comment(struct api_call *call, bool is_change, struct ticket_row **ret_ticket,
    struct comment_row **ret, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(comment_row) struct comment_row *row = NULL;
    int64_t id = 0;

    if (!jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err))
        return false;
    if (!parse_i64(span_text(call->path_other), 1, INT64_MAX, &id, NULL) ||
        !store_comment_get(call->tx, ticket->id, id, &row, err))
        return fail(err, ERR_NOT_FOUND, "Can not find a comment for the id: %.20s.",
            call->path_other);
    if (is_change && call->who.role != ROLE_ADMIN &&
        (!row->author_id || row->author_id != call->who.account_id))
        return fail(err, ERR_DENIED, "You do not have the permission to edit this comment.");
    *ret_ticket = take(&ticket);
    *ret = take(&row);
    return true;
}

static bool comments_get(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(comment_row) struct comment_row *row = NULL;

    return find_comment(call, false, &ticket, &row, err) &&
           write_one(call, ticket->id, row->id, err);
}

static bool comments_edit(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(comment_row) struct comment_row *row = NULL;
    autodone(buf) struct buf text = BUF_INIT(JIRA_TEXT_MAX);

    return find_comment(call, true, &ticket, &row, err) && read_body(call, &text, err) &&
           store_comment_edit(call->tx, ticket->id, row->id, buf_text(&text), call->now, err) &&
           api_audit(call, "ticket.comment_edit", ticket->id, ticket->key, row->body,
               buf_text(&text), err) &&
           write_one(call, ticket->id, row->id, err);
}

static bool comments_delete(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(comment_row) struct comment_row *row = NULL;

    call->status = 204;
    return find_comment(call, true, &ticket, &row, err) &&
           store_comment_delete(call->tx, ticket->id, row->id, err) &&
           api_audit(call, "ticket.comment_delete", ticket->id, ticket->key, row->body, NULL, err);
}

#define COMMENT "/rest/api/{version}/issue/{key}/comment"
#define READ (API_READS | API_AT_ROOT)
#define WRITE (API_WRITES | API_AT_ROOT)

const struct api_route jira_comment_routes[] = {
    { "GET", COMMENT, ROLE_USER, READ, comments_list, 0 },
    { "POST", COMMENT, ROLE_USER, WRITE, comments_add, 0 },
    { "GET", COMMENT "/{other}", ROLE_USER, READ, comments_get, 0 },
    { "PUT", COMMENT "/{other}", ROLE_USER, WRITE, comments_edit, 0 },
    { "DELETE", COMMENT "/{other}", ROLE_USER, WRITE, comments_delete, 0 },
    { 0 },
};
