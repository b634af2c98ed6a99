/* api/ticket_files: files that belong to a ticket: listed, uploaded, downloaded, removed. */
#include <string.h>

#include "api/tables.h"
#include "api/tickets.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/multipart.h"
#include "store/attachment.h"

/* The file, and what a form puts around it. */
#define UPLOAD_MAX (ATTACHMENT_MAX_BYTES + 65536)

static void write_file(struct json_out *out, const struct attachment_row *file)
{
    json_i64(out, "id", file->id);
    json_str(out, "name", file->name);
    json_str(out, "media_type", file->media_type);
    json_i64(out, "size", file->size);
    json_str(out, "author", file->author);
    json_time(out, "created_at", file->created_at);
}

static bool files_list(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(attachment_rows) struct attachment_rows rows = { 0 };

    if (!ticket_require(call, ACTION_SEE, &ticket, err) ||
        !store_attachments(call->tx, ticket->id, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        write_file(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

/* What it is by its ending; a browser is never told that something is a page or a script. */
const char *attachment_media_type(const char *name)
{
    static const struct {
        const char *ending;
        const char *media_type;
    } types[] = {
        { ".pem", "application/x-pem-file" },
        { ".crt", "application/x-x509-ca-cert" },
        { ".cer", "application/pkix-cert" },
        { ".csr", "application/pkcs10" },
        { ".txt", "text/plain" },
        { ".log", "text/plain" },
        { ".pdf", "application/pdf" },
        { ".png", "image/png" },
        { ".jpg", "image/jpeg" },
        { ".json", "application/json" },
    };
    const char *const dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < countof(types); i++)
        if (strcasecmp(dot, types[i].ending) == 0)
            return types[i].media_type;
    return "application/octet-stream";
}

static bool find_part(struct api_call *call, const struct multipart *form,
    const struct multipart_part **ret, struct err *err)
{
    size_t position = 0;
    const struct multipart_part *const part = multipart_next(form, "file", &position);

    if (!part || !part->has_filename || form->n_parts != 1) {
        json_problems_add(call->problems, "file", "one part of this name, with a file, is needed");
        return fail(err, ERR_INVALID, "file: one part of this name, with a file, is needed");
    }
    *ret = part;
    return true;
}

bool attachment_add(struct api_call *call, const struct ticket_row *ticket,
    const struct multipart_part *part, struct attachment_row **ret, struct err *err)
{
    char name[ATTACHMENT_NAME_MAX + 1];
    int64_t id;

    attachment_name(part->filename, name);
    const struct attachment_new file = { .ticket_id = ticket->id,
        .author_id = call->who.account_id,
        .name = name,
        .media_type = attachment_media_type(name),
        .content = part->content };

    return store_attachment_add(call->tx, &file, call->now, &id, err) &&
           api_audit(call, "ticket.attach", ticket->id, ticket->key, NULL, name, err) &&
           store_attachment_get(call->tx, ticket->id, id, ret, NULL, err);
}

static bool files_add(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(attachment_row) struct attachment_row *file = NULL;
    autodone(buf) struct buf body = BUF_INIT(UPLOAD_MAX);
    autodone(multipart) struct multipart form = { 0 };
    const struct multipart_part *part;
    char boundary[MULTIPART_BOUNDARY_MAX + 1];

    if (!ticket_require(call, ACTION_COMMENT, &ticket, err) ||
        !multipart_boundary(call->content_type, boundary, err) ||
        !api_read_body(call, &body, err) ||
        !multipart_parse(buf_span(&body), boundary, &form, err) ||
        !find_part(call, &form, &part, err) || !attachment_add(call, ticket, part, &file, err))
        return false;
    write_file(&call->reply, file);
    call->status = 201;
    return true;
}

static bool file_require(struct api_call *call, const struct ticket_row *ticket,
    struct attachment_row **ret, struct buf *content, struct err *err)
{
    int64_t id = 0;

    if (!parse_i64(span_text(call->path_other), 1, INT64_MAX, &id, NULL))
        return fail(err, ERR_NOT_FOUND, "there is no attachment \"%.20s\"", call->path_other);
    return store_attachment_get(call->tx, ticket->id, id, ret, content, err);
}

/* For the field of the answer, ASCII alone (RFC 6266, 4.3); the list has the name in full. */
void attachment_name_download(struct api_call *call, const char *name)
{
    size_t n = 0;

    for (const char *p = name; *p && n < sizeof call->filename - 1; p++)
        call->filename[n++] =
            (*p < ' ' || *p > '~' || *p == '"' || *p == '\\' || *p == '%') ? '_' : *p;
    call->filename[n] = '\0';
}

static bool files_get(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(attachment_row) struct attachment_row *file = NULL;

    if (!ticket_require(call, ACTION_SEE, &ticket, err) ||
        !file_require(call, ticket, &file, call->body_out, err))
        return false;
    call->media_type = attachment_media_type(file->name);
    attachment_name_download(call, file->name);
    return true;
}

bool ticket_may_detach(const struct api_call *call, const struct attachment_row *file,
    struct err *err)
{
    return call->who.role == ROLE_ADMIN ||
           (file->author_id && file->author_id == call->who.account_id) ||
           fail(err, ERR_DENIED, "only who attached it and admins may remove it");
}

static bool files_delete(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(attachment_row) struct attachment_row *file = NULL;

    call->status = 204;
    if (!ticket_require(call, ACTION_COMMENT, &ticket, err) ||
        !file_require(call, ticket, &file, NULL, err) || !ticket_may_detach(call, file, err))
        return false;
    return store_attachment_delete(call->tx, file, call->who.account_id, call->now, err) &&
           api_audit(call, "ticket.detach", ticket->id, ticket->key, file->name, NULL, err);
}

const struct api_route ticket_file_routes[] = {
    { "GET", "/tickets/{key}/attachments", ROLE_USER, API_READS, files_list, 0 },
    { "POST", "/tickets/{key}/attachments", ROLE_USER, API_WRITES | API_BODY_RAW, files_add,
        UPLOAD_MAX },
    { "GET", "/tickets/{key}/attachments/{other}", ROLE_USER, API_READS | API_REPLY_RAW, files_get,
        0 },
    { "DELETE", "/tickets/{key}/attachments/{other}", ROLE_USER, API_WRITES | API_BODY_NONE,
        files_delete, 0 },
    { 0 },
};
