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
#define BOARD_COLUMN_MAX 50

/* "-" is nobody. */
static const char *read_assignee(struct query *query)
{
    const char *const name = query_text(query, "assignee", 64);

    return name && strcmp(name, "-") == 0 ? "" : name;
}

static bool write_items(struct api_call *call, const struct ticket_rows *rows, struct err *err)
{
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows->n; i++) {
        json_begin_object(&call->reply, NULL);
        if (!ticket_json_write(call, &rows->items[i], err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool tickets_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autodone(ticket_page) struct ticket_page page = { 0 };
    const struct store_viewer viewer = api_viewer(call);
    int open = query_tristate(query, "open");
    struct ticket_filter filter = {
        .q = query_text(query, "q", 200),
        .type = query_text(query, "type", 64),
        .status = query_text(query, "status", 64),
        .project = query_text(query, "project", 16),
        .profile = query_text(query, "profile", 100),
        .assignee = read_assignee(query),
        .reporter = query_text(query, "reporter", 64),
        .label = query_text(query, "label", 64),
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
    if (!write_items(call, &page.rows, err))
        return false;
    page_end(call, page.next_cursor, page.total, page.is_estimate);
    return true;
}

/* One column of the board: a status, how many tickets are in it, and those updated last. */
static bool write_column(struct api_call *call, struct ticket_filter *filter,
    enum ticket_status status, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(ticket_page) struct ticket_page page = { 0 };

    filter->status = ticket_status_name(status);
    if (!store_ticket_page(call->tx, &viewer, filter, NULL, BOARD_COLUMN_MAX, &page, err))
        return false;
    json_begin_object(&call->reply, NULL);
    json_str(&call->reply, "status", ticket_status_name(status));
    json_str(&call->reply, "title", ticket_status_title(status));
    json_i64(&call->reply, "total", page.total);
    json_bool(&call->reply, "total_is_estimate", page.is_estimate);
    if (!write_items(call, &page.rows, err))
        return false;
    json_end(&call->reply);
    return true;
}

static bool tickets_board(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    struct ticket_filter filter = { .project = query_text(query, "project", 16),
        .profile = query_text(query, "profile", 100),
        .type = query_text(query, "type", 64),
        .assignee = read_assignee(query),
        .label = query_text(query, "label", 64),
        .q = query_text(query, "q", 200),
        .now = call->now };

    if (!query_end(query, err))
        return false;
    json_begin_array(&call->reply, "columns");
    for (int i = 0; i < N_TICKET_STATUSES; i++)
        if (!write_column(call, &filter, (enum ticket_status)i, err))
            return false;
    json_end(&call->reply);
    return true;
}

static bool tickets_get(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;

    if (!ticket_require(call, ACTION_SEE, &ticket, err))
        return false;
    call->etag = ticket->row_version;
    return ticket_json_write_full(call, ticket, err);
}

struct read_ticket {
    struct ticket_edit edit;
    struct buf labels;
    int64_t assignee_id;
    int64_t due_at;
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

const char *ticket_read_summary(struct json_in *in)
{
    const char *const summary = json_in_text_opt(in, "summary", 1, 250, NULL);

    if (summary && strpbrk(summary, "\r\n"))
        json_in_complain(in, "summary", "must be one line");
    else if (summary && span_trim(span_text(summary)).size == 0)
        json_in_complain(in, "summary", "must not be empty");
    return summary;
}

static bool read_edit(struct api_call *call, struct json_in *in, struct read_ticket *read,
    struct err *err)
{
    const char *priority = json_in_text_opt(in, "priority", 1, 16, NULL);
    enum priority ignored;

    read->only_acknowledges = true;
    if (json_in_has(in, "summary"))
        read->edit.summary = ticket_read_summary(in);
    if (json_in_is_null(in, "summary"))
        json_in_complain(in, "summary", "must not be empty");
    if (json_in_has(in, "description"))
        read->edit.description = json_in_text_opt(in, "description", 0, BODY_MAX, "");
    if (priority && !priority_from_name(priority, &ignored))
        json_in_complain(in, "priority", "there is no priority \"%s\"", priority);
    read->edit.priority = priority;
    if (json_in_has(in, "labels"))
        read_labels(in, read);
    if (json_in_has(in, "due_at")) {
        read->due_at = json_in_time_opt(in, "due_at", 0);
        read->edit.due_at = &read->due_at;
    }
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
                              !read->edit.due_at && !read->edit.snoozed_until &&
                              !read->edit.assignee_id;
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
           ticket_answer(call, ticket->id, TICKET_NO_MESSAGE, err);
}

const struct api_route ticket_routes[] = {
    { "GET", "/tickets", ROLE_USER, API_READS, tickets_list, 0 },
    { "GET", "/tickets/board", ROLE_USER, API_READS, tickets_board, 0 },
    { "GET", "/tickets/{key}", ROLE_USER, API_READS, tickets_get, 0 },
    { "PATCH", "/tickets/{key}", ROLE_USER, API_WRITES, tickets_edit, 0 },
    { 0 },
};
