/* api/tickets: the tracker: tickets, what is said about them, what changed, what can be done. */
#include "api/tickets.h"

#include <string.h>

#include "api/cert_json.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "core/lifecycle.h"
#include "core/window.h"
#include "store/cert_people.h"
#include "store/ticket.h"
#include "store/ticket_list.h"
#include "store/ticket_talk.h"

#define BODY_MAX 32000

/* How the caller stands to a ticket: as to its record; its reporter and assignee at least take
 * part. */
static bool ticket_relations(struct api_call *call, const struct ticket_row *ticket, unsigned *ret,
    struct err *err)
{
    unsigned relations = 0;

    if (ticket->certificate_id &&
        !cert_json_relations(call, ticket->certificate_id, &relations, err))
        return false;
    if (ticket->assignee_id == call->who.account_id)
        relations |= RELATION_ASSIGNEE;
    if (ticket->reporter_id && ticket->reporter_id == call->who.account_id)
        relations |= ticket->certificate_id ? RELATION_ASSIGNEE : RELATION_OWNER;
    *ret = relations;
    return true;
}

bool ticket_json_write(struct api_call *call, const struct ticket_row *ticket, struct err *err)
{
    struct json_out *out = &call->reply;
    unsigned relations;

    if (!ticket_relations(call, ticket, &relations, err))
        return false;
    json_str(out, "key", ticket->key);
    json_str(out, "type", ticket->type);
    json_str(out, "status", ticket->status);
    json_str(out, "summary", ticket->summary);
    json_str(out, "description", ticket->description);
    cert_json_ref(out, "certificate", ticket->certificate_id, ticket->certificate);
    json_str(out, "reporter", ticket->reporter);
    json_str(out, "assignee", ticket->assignee);
    json_str(out, "priority", ticket->priority);
    json_split(out, "labels", ticket->labels, ' ');
    json_time_or_null(out, "due_at", ticket->due_at);
    json_time_or_null(out, "snoozed_until", ticket->snoozed_until);
    json_time_or_null(out, "acknowledged_at", ticket->acknowledged_at);
    json_str(out, "acknowledged_by", ticket->acknowledged_by);
    json_time(out, "created_at", ticket->created_at);
    json_time(out, "updated_at", ticket->updated_at);
    json_time_or_null(out, "resolved_at", ticket->resolved_at);
    json_str(out, "resolution", ticket->resolution[0] ? ticket->resolution : NULL);
    json_begin_array(out, "may");
    if (permission_allows(&call->who, ACTION_COMMENT, relations))
        json_str(out, NULL, "comment");
    if (permission_allows(&call->who, ACTION_EDIT, relations))
        json_str(out, NULL, "edit");
    json_end(out);
    page_write_etag(out, ticket->row_version);
    return true;
}

static bool ticket_require(struct api_call *call, enum action action, struct ticket_row **ret,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    unsigned relations;

    if (!store_ticket_get_by_key(call->tx, &viewer, call->path_text, &ticket, err) ||
        !ticket_relations(call, ticket, &relations, err))
        return false;
    if (action != ACTION_SEE && !permission_allows(&call->who, action, relations))
        return fail(err, ERR_DENIED, "you may not %s this ticket",
            action == ACTION_COMMENT ? "comment on" : "change");
    *ret = take(&ticket);
    return true;
}

static bool write_again(struct api_call *call, int64_t id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;

    if (!store_ticket_get(call->tx, &viewer, id, &ticket, err))
        return false;
    call->etag = ticket->row_version;
    return ticket_json_write(call, ticket, err);
}

static bool tickets_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autodone(ticket_page) struct ticket_page page = { 0 };
    const struct store_viewer viewer = api_viewer(call);
    const char *assignee = query_text(query, "assignee", 64);
    int open = query_tristate(query, "open");
    struct ticket_filter filter = {
        .q = query_text(query, "q", 200),
        .type = query_text(query, "type", 64),
        .status = query_text(query, "status", 64),
        .assignee = assignee && strcmp(assignee, "-") == 0 ? "" : assignee,
        .reporter = query_text(query, "reporter", 64),
        .certificate_id = query_i64(query, "certificate", 1, INT64_MAX, 0),
        .is_open = open > 0,
        .is_resolved = open == 0,
        .hides_snoozed = !query_bool(query, "snoozed", true),
        .now = call->now,
    };
    int64_t limit = page_limit(query);
    const char *cursor = query_text(query, "cursor", 512);

    if (!query_end(query, err) ||
        !store_ticket_page(call->tx, &viewer, &filter, cursor, limit, &page, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < page.rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        if (!ticket_json_write(call, &page.rows.items[i], err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end(call, page.next_cursor, page.total, page.is_estimate);
    return true;
}

static bool tickets_get(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;

    if (!ticket_require(call, ACTION_SEE, &ticket, err))
        return false;
    call->etag = ticket->row_version;
    return ticket_json_write(call, ticket, err);
}

struct read_ticket {
    struct ticket_edit edit;
    struct buf labels;
    int64_t assignee_id;
    int64_t snoozed_until;
    bool is_acknowledged;
    bool only_acknowledges;
};

static void read_labels(struct json_in *in, struct read_ticket *read)
{
    size_t n = json_in_array_opt(in, "labels", 50);

    for (size_t i = 0; i < n; i++) {
        const char *label = json_in_item_text(in, "labels", i, 1, 64);

        if (strpbrk(label, " \t\r\n"))
            json_in_complain(in, "labels", "the label '%s' contains spaces", label);
        buf_add_text(&read->labels, i ? " " : "");
        buf_add_text(&read->labels, label);
    }
    read->edit.labels = buf_text(&read->labels);
}

static bool read_edit(struct api_call *call, struct json_in *in, struct read_ticket *read,
    struct err *err)
{
    const char *priority = json_in_text_opt(in, "priority", 1, 16, NULL);
    enum priority ignored;

    read->only_acknowledges = true;
    if (json_in_has(in, "summary"))
        read->edit.summary = json_in_text(in, "summary", 1, 250);
    if (json_in_has(in, "description"))
        read->edit.description = json_in_text_opt(in, "description", 0, BODY_MAX, "");
    if (priority && !priority_from_name(priority, &ignored))
        json_in_complain(in, "priority", "there is no priority \"%s\"", priority);
    read->edit.priority = priority;
    if (json_in_has(in, "labels"))
        read_labels(in, read);
    if (json_in_has(in, "snoozed_until")) {
        read->snoozed_until = json_in_time_opt(in, "snoozed_until", 0);
        if (read->snoozed_until && read->snoozed_until <= call->now)
            json_in_complain(in, "snoozed_until", "this is in the past");
        read->edit.snoozed_until = &read->snoozed_until;
    }
    if (json_in_has(in, "acknowledged")) {
        read->is_acknowledged = json_in_bool(in, "acknowledged");
        read->edit.is_acknowledged = &read->is_acknowledged;
    }
    if (json_in_has(in, "assignee")) {
        const char *name = json_in_text_opt(in, "assignee", 1, 64, "");

        if (name[0] && !api_find_account(call, "assignee", name, &read->assignee_id, err))
            return false;
        read->edit.assignee_id = &read->assignee_id;
    }
    read->only_acknowledges = read->edit.is_acknowledged && !read->edit.summary &&
                              !read->edit.description && !priority && !read->edit.labels &&
                              !read->edit.snoozed_until && !read->edit.assignee_id;
    return json_in_end(in, err);
}

static bool tickets_edit(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    struct read_ticket read = { .labels = BUF_INIT(8192) };
    autodone(buf) struct buf after = BUF_INIT(JSON_MAX_BYTES);
    struct json_in in;

    read.edit.expected_row_version = call->if_match;
    read.edit.actor_id = call->who.account_id;
    api_body(call, &in);
    bool works =
        ticket_require(call, ACTION_COMMENT, &ticket, err) && read_edit(call, &in, &read, err);

    if (works && !read.only_acknowledges) {
        ticket_row_free(take(&ticket));
        works = ticket_require(call, ACTION_EDIT, &ticket, err);
    }
    if (works && !store_ticket_edit(call->tx, ticket->id, &read.edit, call->now, err))
        works = api_stale(call, err);
    buf_done(&read.labels);
    if (!works)
        return false;
    json_write(call->json, &after);
    return api_audit(call, "ticket.edit", ticket->id, ticket->key, NULL, buf_text(&after), err) &&
           write_again(call, ticket->id, err);
}

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
        !api_audit(call, "ticket.comment", ticket->id, ticket->key, NULL, NULL, err) ||
        !store_comment_get(call->tx, ticket->id, id, &comment, err))
        return false;
    write_comment(&call->reply, comment);
    call->status = 201;
    return true;
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

static bool where_it_stands(const struct ticket_row *ticket, enum ticket_type *type,
    enum ticket_status *status, struct err *err)
{
    if (!ticket_type_from_name(ticket->type, type) ||
        !ticket_status_from_name(ticket->status, status))
        return fail(err, ERR_INTERNAL, "%s has an unknown type or status", ticket->key);
    return true;
}

static bool transitions_list(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    enum ticket_type type;
    enum ticket_status status;
    const struct transition *transition;

    if (!ticket_require(call, ACTION_SEE, &ticket, err) ||
        !where_it_stands(ticket, &type, &status, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; (transition = lifecycle_nth(type, status, BY_PERSON, i)); i++) {
        json_begin_object(&call->reply, NULL);
        json_str(&call->reply, "transition", transition->name);
        json_str(&call->reply, "name", transition->title);
        json_str(&call->reply, "to", ticket_status_name(transition->to));
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool transitions_do(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    const struct transition *transition;
    enum ticket_type type;
    enum ticket_status status;
    struct json_in in;
    int64_t comment_id;

    if (!ticket_require(call, ACTION_EDIT, &ticket, err) ||
        !where_it_stands(ticket, &type, &status, err))
        return false;
    api_body(call, &in);
    const char *name = json_in_text(&in, "transition", 1, 64);
    const char *comment = json_in_text_opt(&in, "comment", 1, BODY_MAX, NULL);

    if (!json_in_end(&in, err) || !lifecycle_find(type, status, name, BY_PERSON, &transition, err))
        return false;
    struct ticket_edit edit = {
        .expected_row_version = call->if_match,
        .actor_id = call->who.account_id,
        .status = ticket_status_name(transition->to),
        .resolution = ticket_status_is_resolved(transition->to) ? "resolved by hand" : "",
    };

    if (!store_ticket_edit(call->tx, ticket->id, &edit, call->now, err))
        return api_stale(call, err);
    if (comment && !store_comment_add(call->tx, ticket->id, call->who.account_id, comment,
                       call->now, &comment_id, err))
        return false;
    return api_audit(call, "ticket.transition", ticket->id, ticket->key, ticket->status,
               edit.status, err) &&
           write_again(call, ticket->id, err);
}

const struct api_route ticket_routes[] = {
    { "GET", "/tickets", ROLE_USER, API_READS, tickets_list, 0 },
    { "GET", "/tickets/{key}", ROLE_USER, API_READS, tickets_get, 0 },
    { "PATCH", "/tickets/{key}", ROLE_USER, API_WRITES, tickets_edit, 0 },
    { "GET", "/tickets/{key}/comments", ROLE_USER, API_READS, comments_list, 0 },
    { "POST", "/tickets/{key}/comments", ROLE_USER, API_WRITES | API_IDEMPOTENT, comments_add, 0 },
    { "GET", "/tickets/{key}/history", ROLE_USER, API_READS, history_list, 0 },
    { "GET", "/tickets/{key}/transitions", ROLE_USER, API_READS, transitions_list, 0 },
    { "POST", "/tickets/{key}/transitions", ROLE_USER, API_WRITES, transitions_do, 0 },
    { 0 },
};
