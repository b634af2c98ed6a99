/* api/jira/issues: one issue, and what is asked about it besides. */
#include <string.h>

#include "api/jira/fields.h"
#include "api/jira/issue.h"
#include "api/jira/properties.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/ticket_talk.h"
#include "store/watcher.h"

#define CHANGES_MAX 10000

static bool issues_get(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(jira_page) struct jira_page page = { 0 };
    autodone(id_list) struct id_list ids = { 0 };
    const char *names[JIRA_FIELDS_MAX];
    const char *expand[20];
    const char *properties[20];
    size_t n_properties = query_list(query, "properties", properties, countof(properties));
    size_t n = query_list(query, "fields", names, JIRA_FIELDS_MAX);
    size_t n_expand = query_list(query, "expand", expand, countof(expand));

    if (!query_end(query, err) || !jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err))
        return false;
    jira_fields_read(&page.fields, names, n, "*all");
    page.expand = jira_expand_read(expand, n_expand);
    id_list_add(&ids, ticket->id);
    return jira_page_load(call, &page, &ids, err) && jira_issue_write(call, &page, 0, err) &&
           (n_properties == 0 ||
               jira_properties_write(call, ticket->id, properties, n_properties, err));
}

static bool issues_changelog(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(change_rows) struct change_rows rows = { 0 };
    autodone(jira_people) struct jira_people people = { 0 };
    struct jira_paging paging = jira_paging(query, 100, JIRA_PAGE_MAX);

    if (!query_end(query, err) || !jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err) ||
        !store_changes(call->tx, ticket->id, 0, CHANGES_MAX, &rows, err))
        return false;
    int64_t rest = (int64_t)rows.n - paging.start_at;

    jira_self(call, "/issue/%s/changelog", ticket->key);
    jira_write_paging(call, paging, (int64_t)rows.n,
        (size_t)(rest < 0              ? 0
                 : rest < paging.limit ? rest
                                       : paging.limit));
    return jira_changes_write(call, &people, "values", &rows, (size_t)paging.start_at,
        (size_t)paging.limit, err);
}

static bool issues_editmeta(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    enum ticket_type type = TICKET_CERTIFICATE;

    if (!jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err))
        return false;
    (void)ticket_type_from_name(ticket->type, &type);
    json_begin_object(&call->reply, "fields");
    for (size_t i = 0; i < n_jira_field_rows; i++) {
        if (!jira_field_is_in(&jira_field_rows[i], false, type))
            continue;
        json_begin_object(&call->reply, jira_field_rows[i].id);
        if (!jira_field_meta(call, &jira_field_rows[i], false, type, err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

/* ---- watchers ---- */

static bool watchers_list(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(watcher_rows) struct watcher_rows rows = { 0 };
    autodone(jira_people) struct jira_people people = { 0 };
    bool is_watching = false;

    if (!jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err) ||
        !store_watchers(call->tx, ticket->id, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++)
        is_watching = is_watching || rows.items[i].account_id == call->who.account_id;
    jira_self(call, "/issue/%s/watchers", ticket->key);
    json_bool(&call->reply, "isWatching", is_watching);
    json_i64(&call->reply, "watchCount", (int64_t)rows.n);
    json_begin_array(&call->reply, "watchers");
    for (size_t i = 0; i < rows.n; i++)
        if (!jira_user_write(call, &people, NULL, rows.items[i].account_id, err))
            return false;
    json_end(&call->reply);
    return true;
}

/* The account `text` names, or the caller. Others are added and removed by who may edit. */
static bool find_watcher(struct api_call *call, const char *text, int64_t *ret,
    struct ticket_row **ret_ticket, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;
    int64_t id = call->who.account_id;

    if (text && !jira_user_find(call, text, &account, err))
        return false;
    if (text && !account)
        return fail(err, ERR_NOT_FOUND, "The user '%.60s' does not exist.", text);
    if (account)
        id = account->id;
    *ret = id;
    return jira_ticket(call, call->path_text, id == call->who.account_id ? ACTION_SEE : ACTION_EDIT,
        ret_ticket, err);
}

static bool watchers_add(struct api_call *call, struct err *err)
{
    static const char *const names[] = { "accountId", "name", "key", NULL };
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    char room[24];
    int64_t id;

    call->status = 204;
    return find_watcher(call, jira_as_choice(call->json, names, room), &id, &ticket, err) &&
           store_watcher_add(call->tx, ticket->id, id, err) &&
           api_audit(call, "ticket.watch", ticket->id, ticket->key, NULL, NULL, err);
}

static bool watchers_remove(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    const char *id_text = query_text(query, "accountId", 200);
    const char *name = query_text(query, "username", 200);
    int64_t id;

    call->status = 204;
    return query_end(query, err) &&
           find_watcher(call, id_text ? id_text : name, &id, &ticket, err) &&
           store_watcher_remove(call->tx, ticket->id, id, err) &&
           api_audit(call, "ticket.unwatch", ticket->id, ticket->key, NULL, NULL, err);
}

#define ISSUE "/rest/api/{version}/issue/{key}"
#define READ (API_READS | API_AT_ROOT)
#define WRITE (API_WRITES | API_AT_ROOT)

const struct api_route jira_issue_routes[] = {
    { "GET", ISSUE, ROLE_USER, READ, issues_get, 0 },
    { "GET", "/rest/agile/1.0/issue/{key}", ROLE_USER, READ, issues_get, 0 },
    { "GET", ISSUE "/changelog", ROLE_USER, READ, issues_changelog, 0 },
    { "GET", ISSUE "/editmeta", ROLE_USER, READ, issues_editmeta, 0 },
    { "GET", ISSUE "/watchers", ROLE_USER, READ, watchers_list, 0 },
    { "POST", ISSUE "/watchers", ROLE_USER, WRITE, watchers_add, 0 },
    { "DELETE", ISSUE "/watchers", ROLE_USER, WRITE, watchers_remove, 0 },
    { 0 },
};
