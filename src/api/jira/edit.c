/* api/jira/edit: changing issues: PUT issue, assignee, DELETE. */
#include <string.h>

#include "api/jira/hooks.h"
#include "api/jira/input.h"
#include "api/jira/issue.h"
#include "api/tables.h"
#include "api/tickets.h"
#include "base/err.h"
#include "life/life.h"
#include "store/ticket.h"
#include "store/ticket_talk.h"

static void fill_edit(const struct jira_input *input, struct ticket_edit *edit)
{
    edit->summary = input->summary;
    if (jira_input_has(input, "description"))
        edit->description = buf_text(&input->description);
    edit->priority = input->priority;
    if (jira_input_has(input, "labels"))
        edit->labels = buf_text(&input->labels);
    if (jira_input_has(input, "assignee"))
        edit->assignee_id = &input->assignee_id;
    if (jira_input_has(input, "duedate"))
        edit->due_at = &input->due_at;
}

static bool has_fields(const struct jira_input *input)
{
    for (size_t i = 0; i < countof(input->has); i++)
        if (input->has[i])
            return true;
    return false;
}

static bool save(struct api_call *call, const struct ticket_row *ticket,
    const struct jira_input *input, struct err *err)
{
    autodone(buf) struct buf after = BUF_INIT(JSON_MAX_BYTES);
    struct ticket_edit edit = { .actor_id = call->who.account_id };
    int64_t comment_id;

    fill_edit(input, &edit);
    json_write(call->json, &after);
    if (has_fields(input) &&
        (!store_ticket_edit(call->tx, ticket->id, &edit, call->now, err) ||
            !api_audit(call, "ticket.edit", ticket->id, ticket->key, NULL, buf_text(&after), err)))
        return false;
    return input->comment.size == 0 ||
           (store_comment_add(call->tx, ticket->id, call->who.account_id, buf_text(&input->comment),
                call->now, &comment_id, err) &&
               api_audit(call, "ticket.comment", ticket->id, ticket->key, NULL, NULL, err));
}

static bool answer_issue(struct api_call *call, int64_t id, struct err *err)
{
    autodone(jira_page) struct jira_page page = { 0 };
    autodone(id_list) struct id_list ids = { 0 };

    jira_fields_read(&page.fields, NULL, 0, "*all");
    id_list_add(&ids, id);
    call->status = 200;
    return jira_page_load(call, &page, &ids, err) && jira_issue_write(call, &page, 0, err);
}

static bool issues_edit(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(jira_input) struct jira_input input;
    bool returns_issue = query_bool(query, "returnIssue", false);

    jira_input_init(&input);
    call->status = 204;
    if (!query_end(query, err) ||
        !jira_ticket(call, call->path_text, ACTION_COMMENT, &ticket, err) ||
        !jira_input_read(call, call->json, ticket, &input, err))
        return false;
    if (has_fields(&input)) {
        ticket_row_free(take(&ticket));
        if (!jira_ticket(call, call->path_text, ACTION_EDIT, &ticket, err))
            return false;
    }
    return jira_check(call, err) && save(call, ticket, &input, err) &&
           (!returns_issue || answer_issue(call, ticket->id, err));
}

/* {"name": …}, {"accountId": …}, null of either: nobody. */
static bool issues_assign(struct api_call *call, struct err *err)
{
    static const char *const names[] = { "accountId", "name", "key", NULL };
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autofree(account_row) struct account_row *account = NULL;
    char room[24];
    const char *asked = jira_as_choice(call->json, names, room);
    int64_t id = 0;

    call->status = 204;
    if (!jira_ticket(call, call->path_text, ACTION_EDIT, &ticket, err))
        return false;
    if (asked && *asked && strcmp(asked, "-1") != 0) {
        if (!jira_user_find(call, asked, &account, err))
            return false;
        if (!account || account->is_disabled)
            json_problems_addf(call->problems, "assignee",
                account ? "User '%.60s' cannot be assigned issues."
                        : "User '%.60s' does not exist.",
                asked);
        if (!jira_check(call, err))
            return false;
        ASSERT(account);
        id = account->id;
    }
    struct ticket_edit edit = { .actor_id = call->who.account_id, .assignee_id = &id };

    return store_ticket_edit(call->tx, ticket->id, &edit, call->now, err) &&
           api_audit(call, "ticket.edit", ticket->id, ticket->key, ticket->assignee,
               account ? account->name : "", err);
}

static bool issues_delete(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    struct life life = ticket_life(call);

    call->status = 204;
    return jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err) &&
           jira_hooks_tell_deleted(call, ticket->id, err) &&
           life_delete(&life, call->tx, ticket->id, err);
}

#define ISSUE "/rest/api/{version}/issue/{key}"
#define WRITE (API_WRITES | API_AT_ROOT)

const struct api_route jira_edit_routes[] = {
    { "PUT", ISSUE, ROLE_USER, WRITE, issues_edit, 0 },
    { "PUT", ISSUE "/assignee", ROLE_USER, WRITE, issues_assign, 0 },
    { "DELETE", ISSUE, ROLE_USER, WRITE, issues_delete, 0 },
    { 0 },
};
