/* api/ticket_talk: what is said about a ticket, what changed, and who hears of it. */
#include "store/ticket_talk.h"
#include "api/page.h"
#include "api/query.h"
#include "api/tables.h"
#include "api/tickets.h"
#include "base/err.h"
#include "base/parse.h"
#include "store/account.h"
#include "store/watcher.h"

#define BODY_MAX 32000

static void write_comment(struct json_out *out, const struct comment_row *comment)
{
    json_i64(out, "id", comment->id);
    json_str(out, "author", comment->author);
    json_str(out, "body", comment->body);
    json_time(out, "created_at", comment->created_at);
    json_time(out, "updated_at", comment->updated_at);
}

static bool comments_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(comment_rows) struct comment_rows rows = { 0 };
    int64_t limit = page_limit(query);
    int64_t after = page_after_id(query);

    if (!query_end(query, err) || !ticket_require(call, ACTION_SEE, &ticket, err) ||
        !store_comments(call->tx, ticket->id, after, limit + 1, &rows, err))
        return false;
    size_t shown = rows.n > (size_t)limit ? (size_t)limit : rows.n;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < shown; i++) {
        json_begin_object(&call->reply, NULL);
        write_comment(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end_id(call, rows.n > shown ? rows.items[shown - 1].id : 0, (int64_t)rows.n,
        rows.n > shown || after);
    return true;
}

static bool comments_add(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(comment_row) struct comment_row *comment = NULL;
    struct json_in in;
    int64_t id;

    if (!ticket_require(call, ACTION_COMMENT, &ticket, err))
        return false;
    api_body(call, &in);
    const char *body = json_in_text(&in, "body", 1, BODY_MAX);

    if (!json_in_end(&in, err) ||
        !store_comment_add(call->tx, ticket->id, call->who.account_id, body, call->now, &id, err) ||
        !life_tell(call->tx, ticket, call->who.account_id, "was commented on", call->now, err) ||
        !api_audit(call, "ticket.comment", ticket->id, ticket->key, NULL, NULL, err) ||
        !store_comment_get(call->tx, ticket->id, id, &comment, err))
        return false;
    write_comment(&call->reply, comment);
    call->status = 201;
    return true;
}

/* The comment {other}, which its author and admins may change. */
static bool comment_require(struct api_call *call, struct ticket_row **ret_ticket,
    struct comment_row **ret, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(comment_row) struct comment_row *comment = NULL;
    int64_t id = 0;

    if (!ticket_require(call, ACTION_SEE, &ticket, err))
        return false;
    if (!parse_i64(span_text(call->path_other), 1, INT64_MAX, &id, NULL))
        return fail(err, ERR_NOT_FOUND, "there is no comment \"%.20s\"", call->path_other);
    if (!store_comment_get(call->tx, ticket->id, id, &comment, err))
        return false;
    if (call->who.role != ROLE_ADMIN &&
        (!comment->author_id || comment->author_id != call->who.account_id))
        return fail(err, ERR_DENIED, "only its author and admins may change a comment");
    *ret_ticket = take(&ticket);
    *ret = take(&comment);
    return true;
}

static bool comments_edit(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(comment_row) struct comment_row *comment = NULL;
    autofree(comment_row) struct comment_row *after = NULL;
    struct json_in in;

    if (!comment_require(call, &ticket, &comment, err))
        return false;
    api_body(call, &in);
    const char *body = json_in_text(&in, "body", 1, BODY_MAX);

    if (!json_in_end(&in, err) ||
        !store_comment_edit(call->tx, ticket->id, comment->id, body, call->now, err) ||
        !api_audit(call, "ticket.comment_edit", ticket->id, ticket->key, comment->body, body,
            err) ||
        !store_comment_get(call->tx, ticket->id, comment->id, &after, err))
        return false;
    write_comment(&call->reply, after);
    return true;
}

static bool comments_delete(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(comment_row) struct comment_row *comment = NULL;

    call->status = 204;
    return comment_require(call, &ticket, &comment, err) &&
           store_comment_delete(call->tx, ticket->id, comment->id, err) &&
           api_audit(call, "ticket.comment_delete", ticket->id, ticket->key, comment->body, NULL,
               err);
}

static bool history_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(change_rows) struct change_rows rows = { 0 };
    int64_t limit = page_limit(query);
    int64_t after = page_after_id(query);

    if (!query_end(query, err) || !ticket_require(call, ACTION_SEE, &ticket, err) ||
        !store_changes(call->tx, ticket->id, after, limit + 1, &rows, err))
        return false;
    size_t shown = rows.n > (size_t)limit ? (size_t)limit : rows.n;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < shown; i++) {
        const struct change_row *change = &rows.items[i];

        json_begin_object(&call->reply, NULL);
        json_i64(&call->reply, "id", change->id);
        json_time(&call->reply, "at", change->created_at);
        json_str(&call->reply, "actor", change->actor);
        json_str(&call->reply, "field", change->field);
        json_str(&call->reply, "from", change->old_value);
        json_str(&call->reply, "to", change->new_value);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end_id(call, rows.n > shown ? rows.items[shown - 1].id : 0, (int64_t)rows.n,
        rows.n > shown || after);
    return true;
}

/* ---- watchers ---- */

static bool write_watchers(struct api_call *call, int64_t ticket_id, struct err *err)
{
    autodone(watcher_rows) struct watcher_rows rows = { 0 };

    if (!store_watchers(call->tx, ticket_id, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        json_str(&call->reply, "account", rows.items[i].account);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool watchers_list(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;

    return ticket_require(call, ACTION_SEE, &ticket, err) && write_watchers(call, ticket->id, err);
}

/* Oneself, whoever sees the ticket; others, who may change it. Nobody is made to watch what they
 * may not see. */
static bool watcher_require(struct api_call *call, struct ticket_row **ret_ticket,
    int64_t *ret_account, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(ticket_row) struct ticket_row *theirs = NULL;
    autofree(account_row) struct account_row *account = NULL;
    struct err hidden = { 0 };

    if (!ticket_require(call, ACTION_SEE, &ticket, err) ||
        !store_account_find(call->tx, call->path_other, &account, err))
        return false;
    if (!account)
        return fail(err, ERR_NOT_FOUND, "there is no user \"%.60s\"", call->path_other);
    *ret_account = account->id;
    *ret_ticket = take(&ticket);
    if (account->id == call->who.account_id)
        return true;
    if (!ticket_require(call, ACTION_EDIT, &ticket, err))
        return false;
    struct principal them = { .account_id = account->id, .role = ROLE_USER, .scopes = SCOPE_ALL };

    (void)role_from_name(account->role, &them.role);
    const struct store_viewer viewer = { .account_id = account->id,
        .sees_all = permission_sees_all(&them) };

    return store_ticket_get(call->tx, &viewer, (*ret_ticket)->id, &theirs, &hidden) ||
           fail(err, ERR_CONFLICT, "\"%s\" may not see this ticket", account->name);
}

static bool watchers_put(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    int64_t account_id;

    return watcher_require(call, &ticket, &account_id, err) &&
           store_watcher_add(call->tx, ticket->id, account_id, err) &&
           api_audit(call, "ticket.watch", ticket->id, ticket->key, NULL, call->path_other, err) &&
           write_watchers(call, ticket->id, err);
}

static bool watchers_delete(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    struct err ignored = { 0 };
    int64_t account_id = 0;

    call->status = 204;
    /* Who may not see it any more is let go all the same. */
    if (!watcher_require(call, &ticket, &account_id, &ignored) &&
        (ignored.kind != ERR_CONFLICT || !ticket)) {
        *err = ignored;
        return false;
    }
    return store_watcher_remove(call->tx, ticket->id, account_id, err) &&
           api_audit(call, "ticket.unwatch", ticket->id, ticket->key, call->path_other, NULL, err);
}

const struct api_route ticket_talk_routes[] = {
    { "GET", "/tickets/{key}/comments", ROLE_USER, API_READS, comments_list, 0 },
    { "POST", "/tickets/{key}/comments", ROLE_USER, API_WRITES | API_IDEMPOTENT, comments_add, 0 },
    { "PATCH", "/tickets/{key}/comments/{other}", ROLE_USER, API_WRITES, comments_edit, 0 },
    { "DELETE", "/tickets/{key}/comments/{other}", ROLE_USER, API_WRITES | API_BODY_NONE,
        comments_delete, 0 },
    { "GET", "/tickets/{key}/history", ROLE_USER, API_READS, history_list, 0 },
    { "GET", "/tickets/{key}/watchers", ROLE_USER, API_READS, watchers_list, 0 },
    { "PUT", "/tickets/{key}/watchers/{other}", ROLE_USER, API_WRITES | API_BODY_NONE, watchers_put,
        0 },
    { "DELETE", "/tickets/{key}/watchers/{other}", ROLE_USER, API_WRITES | API_BODY_NONE,
        watchers_delete, 0 },
    { 0 },
};
