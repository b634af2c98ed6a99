/*
 * api/jira/attachments: files of an issue, by the addresses that Jira's clients follow.
 *
 * A client sends its credentials to whatever address "content" names; so that address is on this
 * host, and answers with the bytes themselves.
 */
#include <string.h>

#include "api/jira/issue.h"
#include "api/tables.h"
#include "api/tickets.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/multipart.h"
#include "store/attachment.h"

#define FILES_MAX 60
#define UPLOAD_MAX (4 * ATTACHMENT_MAX_BYTES + 65536)

static bool add_files(struct api_call *call, const struct ticket_row *ticket,
    const struct multipart *form, struct err *err)
{
    autodone(jira_people) struct jira_people people = { 0 };
    const struct multipart_part *part;
    size_t position = 0;
    size_t n = 0;

    jira_begin_list(call);
    while ((part = multipart_next(form, "file", &position))) {
        autofree(attachment_row) struct attachment_row *row = NULL;

        if (!part->has_filename)
            continue;
        if (++n > FILES_MAX)
            return fail(err, ERR_LIMIT, "No more than %d files at once.", FILES_MAX);
        if (!attachment_add(call, ticket, part, &row, err))
            return false;
        json_begin_object(&call->reply, NULL);
        if (!jira_attachment_write(call, &people, row, err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return n > 0 || fail(err, ERR_INVALID, "The form has no part 'file' with a file.");
}

/* Jira asks for the field that says that no form on another site sent this, whatever the way of
 * signing in. */
static bool check_origin(const struct api_call *call, struct err *err)
{
    const char *shown = http_request_field(call->request, "x-atlassian-token");

    if (shown && (span_is_nocase(span_text(shown), "no-check") ||
                     span_is_nocase(span_text(shown), "nocheck")))
        return true;
    return fail(err, ERR_DENIED, "XSRF check failed");
}

static bool attachments_add(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(buf) struct buf body = BUF_INIT(UPLOAD_MAX);
    autodone(multipart) struct multipart form = { 0 };
    char boundary[MULTIPART_BOUNDARY_MAX + 1];

    return check_origin(call, err) &&
           jira_ticket(call, call->path_text, ACTION_COMMENT, &ticket, err) &&
           multipart_boundary(call->content_type, boundary, err) &&
           api_read_body(call, &body, err) &&
           multipart_parse(buf_span(&body), boundary, &form, err) &&
           add_files(call, ticket, &form, err);
}

/* The attachment, and its ticket, if the caller may do that to it. */
static bool find_attachment(struct api_call *call, enum action action, struct buf *content,
    struct ticket_row **ret_ticket, struct attachment_row **ret, struct err *err)
{
    char ticket_id[24];
    int64_t id = 0;
    int64_t ticket = 0;

    if (parse_i64(span_text(call->path_text), 1, INT64_MAX, &id, NULL) &&
        !store_attachment_ticket(call->tx, id, &ticket, err))
        return false;
    (void)snprintf(ticket_id, sizeof ticket_id, "%" PRId64, ticket);
    if (!ticket || !jira_ticket(call, ticket_id, ACTION_SEE, ret_ticket, err))
        return fail(err, ERR_NOT_FOUND, "The attachment with id '%.20s' does not exist",
            call->path_text);
    if (action != ACTION_SEE) {
        ticket_row_free(take(ret_ticket));
        if (!jira_ticket(call, ticket_id, action, ret_ticket, err))
            return false;
    }
    return store_attachment_get(call->tx, ticket, id, ret, content, err);
}

static bool attachments_get(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(attachment_row) struct attachment_row *row = NULL;
    autodone(jira_people) struct jira_people people = { 0 };

    if (!find_attachment(call, ACTION_SEE, NULL, &ticket, &row, err))
        return false;
    if (jira_is_v3(call)) { /* a number there, and only there */
        jira_self(call, "/attachment/%" PRId64, row->id);
        json_i64(&call->reply, "id", row->id);
        json_str(&call->reply, "filename", row->name);
        if (!jira_user_write(call, &people, "author", row->author_id, err))
            return false;
        jira_time(&call->reply, "created", row->created_at);
        json_i64(&call->reply, "size", row->size);
        json_str(&call->reply, "mimeType", row->media_type);
        jira_link(call, "content", "/rest/api/3/attachment/content/%" PRId64, row->id);
        return true;
    }
    return jira_attachment_write(call, &people, row, err);
}

static bool attachments_content(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(attachment_row) struct attachment_row *row = NULL;

    if (!find_attachment(call, ACTION_SEE, call->body_out, &ticket, &row, err))
        return false;
    call->media_type = attachment_media_type(row->name);
    attachment_name_download(call, row->name);
    return true;
}

static bool attachments_delete(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(attachment_row) struct attachment_row *row = NULL;

    call->status = 204;
    return find_attachment(call, ACTION_COMMENT, NULL, &ticket, &row, err) &&
           ticket_may_detach(call, row, err) &&
           store_attachment_delete(call->tx, row, call->who.account_id, call->now, err) &&
           api_audit(call, "ticket.detach", ticket->id, ticket->key, row->name, NULL, err);
}

static bool attachments_meta(struct api_call *call, struct err *err)
{
    (void)err;
    json_bool(&call->reply, "enabled", true);
    json_i64(&call->reply, "uploadLimit", ATTACHMENT_MAX_BYTES);
    return true;
}

#define ROOT "/rest/api/{version}"
#define READ (API_READS | API_AT_ROOT)
#define BYTES (API_READS | API_AT_ROOT | API_REPLY_RAW)

const struct api_route jira_attachment_routes[] = {
    { "POST", ROOT "/issue/{key}/attachments", ROLE_USER,
        API_WRITES | API_AT_ROOT | API_BODY_RAW | API_REPLY_RAW, attachments_add, UPLOAD_MAX },
    { "GET", ROOT "/attachment/meta", ROLE_USER, READ, attachments_meta, 0 },
    { "GET", ROOT "/attachment/content/{key}", ROLE_USER, BYTES, attachments_content, 0 },
    { "GET", ROOT "/attachment/{key}", ROLE_USER, READ, attachments_get, 0 },
    { "DELETE", ROOT "/attachment/{key}", ROLE_USER, API_WRITES | API_AT_ROOT, attachments_delete,
        0 },
    { "GET", "/secure/attachment/{key}/{other}", ROLE_USER, BYTES, attachments_content, 0 },
    { 0 },
};
