/* api/jira/people: users, groups, and what the caller may do. */
#include <string.h>

#include "api/jira/issue.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "life/life.h"
#include "store/account.h"
#include "store/group.h"

#define PEOPLE_MAX 1000

struct accounts {
    struct account_row **rows;
    size_t n;
};

static void accounts_done(struct accounts *accounts)
{
    for (size_t i = 0; i < accounts->n; i++)
        account_row_free(accounts->rows[i]);
    free(accounts->rows);
}
DEFINE_AUTODONE(accounts);

/* Mail addresses are not for everybody: who does not see them must know the whole of one. */
static bool matches_mail(const struct api_call *call, const struct account_row *row,
    const char *part)
{
    size_t n = permission_sees_all(&call->who) ? strlen(part) : SIZE_MAX;

    return span_is_nocase(span_slice(span_text(row->email), 0, n), part);
}

/* By a part of the name, or by mail address; ".", "%" and nothing are all. */
static bool find_people(struct api_call *call, const char *part, struct accounts *ret,
    struct err *err)
{
    bool is_all = !part || strcmp(part, ".") == 0 || strcmp(part, "%") == 0;

    ret->rows = xcalloc(PEOPLE_MAX, sizeof(void *));
    if (is_all || !strchr(part, '@'))
        return store_account_list(call->tx, is_all ? NULL : part, "", PEOPLE_MAX, ret->rows,
            &ret->n, err);
    if (!store_account_list(call->tx, NULL, "", PEOPLE_MAX, ret->rows, &ret->n, err))
        return false;
    for (size_t i = 0; i < ret->n;) {
        if (matches_mail(call, ret->rows[i], part) || strstr(ret->rows[i]->name, part)) {
            i++;
            continue;
        }
        account_row_free(ret->rows[i]);
        memmove(ret->rows + i, ret->rows + i + 1, (--ret->n - i) * sizeof(void *));
    }
    return true;
}

/* username= of Data Center, query= and accountId= of Cloud. */
static bool find_asked(struct api_call *call, struct query *query, struct accounts *ret,
    struct err *err)
{
    const char *id = query_text(query, "accountId", 200);
    const char *key = query_text(query, "key", 200);
    const char *username = query_text(query, "username", 200);
    const char *part = query_text(query, "query", 200);
    struct account_row *row = NULL;

    if (!id && !key)
        return find_people(call, part ? part : username, ret, err);
    if (!jira_user_find(call, id ? id : key, &row, err))
        return false;
    ret->rows = xcalloc(1, sizeof(void *));
    if (row)
        ret->rows[ret->n++] = row;
    return true;
}

static void write_found(struct api_call *call, const struct accounts *found,
    struct jira_paging paging)
{
    int64_t n = 0;

    jira_begin_list(call);
    for (size_t i = 0; i < found->n; i++) {
        if (found->rows[i]->is_disabled || n++ < paging.start_at ||
            n > paging.start_at + paging.limit)
            continue;
        json_begin_object(&call->reply, NULL);
        jira_user_members(call, found->rows[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
}

static bool users_search(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(accounts) struct accounts found = { 0 };
    struct jira_paging paging = jira_paging(query, 50, PEOPLE_MAX);

    if (!find_asked(call, query, &found, err) || !query_end(query, err))
        return false;
    write_found(call, &found, paging);
    return true;
}

/* Clients still send username=_ for everybody, which a Jira has long stopped to read. */
static bool users_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(accounts) struct accounts found = { 0 };
    struct jira_paging paging = jira_paging(query, 50, PEOPLE_MAX);

    if (!query_end(query, err) || !find_people(call, NULL, &found, err))
        return false;
    write_found(call, &found, paging);
    return true;
}

static bool users_get(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autofree(account_row) struct account_row *row = NULL;
    const char *id = query_text(query, "accountId", 200);
    const char *key = query_text(query, "key", 200);
    const char *name = query_text(query, "username", 200);
    const char *asked = id ? id : key ? key : name;

    if (!query_end(query, err))
        return false;
    if (!asked)
        return fail(err, ERR_INVALID,
            "Either the 'username', the 'key' or the 'accountId' query "
            "parameter needs to be provided.");
    if (!jira_user_find(call, asked, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "The user '%.60s' does not exist", asked);
    jira_user_members(call, row);
    return true;
}

static bool users_picker(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(accounts) struct accounts found = { 0 };
    struct jira_paging paging = jira_paging(query, 50, PEOPLE_MAX);
    const char *part = query_text(query, "query", 200);
    struct json_out *out = &call->reply;
    char key[JIRA_USER_KEY_SIZE];
    int64_t n = 0;

    if (!query_end(query, err) || !find_people(call, part, &found, err))
        return false;
    json_begin_array(out, "users");
    for (size_t i = 0; i < found.n && n < paging.limit; i++, n++) {
        const struct account_row *row = found.rows[i];
        const char *shown = row->display_name[0] ? row->display_name : row->name;

        json_begin_object(out, NULL);
        json_str(out, "accountId", jira_user_key(row->id, key));
        json_str(out, "accountType", "atlassian");
        json_str(out, "name", row->name);
        json_str(out, "key", key);
        json_str(out, "html", row->name);
        json_str(out, "displayName", shown);
        jira_link(call, "avatarUrl", "/favicon.svg");
        json_end(out);
    }
    json_end(out);
    json_i64(out, "total", (int64_t)found.n);
    json_str(out, "header", "");
    return true;
}

/* ---- oneself ---- */

static void write_size(struct json_out *out, const char *key)
{
    json_begin_object(out, key);
    json_i64(out, "size", 0);
    json_begin_array(out, "items");
    json_end(out);
    json_end(out);
}

static bool myself(struct api_call *call, struct err *err)
{
    autofree(account_row) struct account_row *row = NULL;

    if (!store_account_get(call->tx, call->who.account_id, &row, err))
        return false;
    jira_user_members(call, row);
    json_str(&call->reply, "locale", "en_US");
    write_size(&call->reply, "groups");
    write_size(&call->reply, "applicationRoles");
    json_str(&call->reply, "expand", "groups,applicationRoles");
    return true;
}

static const struct {
    const char *key;
    const char *name;
    bool is_global;
    enum action action; /* that it needs, of an issue */
} permissions[] = {
    { "BROWSE_PROJECTS", "Browse Projects", false, ACTION_SEE },
    { "CREATE_ISSUES", "Create Issues", false, ACTION_SEE },
    { "EDIT_ISSUES", "Edit Issues", false, ACTION_EDIT },
    { "TRANSITION_ISSUES", "Transition Issues", false, ACTION_EDIT },
    { "ASSIGN_ISSUES", "Assign Issues", false, ACTION_EDIT },
    { "ASSIGNABLE_USER", "Assignable User", false, ACTION_SEE },
    { "ADD_COMMENTS", "Add Comments", false, ACTION_COMMENT },
    { "CREATE_ATTACHMENTS", "Create Attachments", false, ACTION_COMMENT },
    { "DELETE_ISSUES", "Delete Issues", false, N_ACTIONS },
    { "ADMINISTER", "Administer Jira", true, N_ACTIONS },
    { "SYSTEM_ADMIN", "System Administrators", true, N_ACTIONS },
};

static bool has_permission(const struct api_call *call, size_t i, const struct ticket_row *ticket,
    unsigned relations)
{
    if (permissions[i].is_global)
        return permission_has_role(&call->who, ROLE_ADMIN, false);
    if (strcmp(permissions[i].key, "CREATE_ISSUES") == 0)
        return permission_has_role(&call->who, ROLE_USER, true);
    if (permissions[i].action == N_ACTIONS) /* to delete: one's own, or all */
        return permission_has_role(&call->who, ROLE_USER, true) &&
               (!ticket || call->who.role == ROLE_ADMIN ||
                   ticket->reporter_id == call->who.account_id);
    if (!ticket) /* of a project: of what is one's own in it */
        return permission_allows(&call->who, permissions[i].action, RELATION_OWNER);
    return permission_allows(&call->who, permissions[i].action, relations);
}

static bool is_listed(const char *const *names, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], key) == 0)
            return true;
    return n == 0;
}

static bool my_permissions(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    const char *names[50];
    size_t n = query_list(query, "permissions", names, countof(names));
    const char *key = query_text(query, "issueKey", 100);
    const char *id = query_text(query, "issueId", 100);
    unsigned relations = 0;

    if (!query_end(query, err))
        return false;
    if ((key || id) && (!jira_ticket(call, key ? key : id, ACTION_SEE, &ticket, err) ||
                           !life_relations(call->tx, &call->who, ticket, &relations, err)))
        return false;
    json_begin_object(&call->reply, "permissions");
    for (size_t i = 0; i < countof(permissions); i++) {
        if (!is_listed(names, n, permissions[i].key))
            continue;
        json_begin_object(&call->reply, permissions[i].key);
        jira_id(&call->reply, "id", (int64_t)i + 10);
        json_str(&call->reply, "key", permissions[i].key);
        json_str(&call->reply, "name", permissions[i].name);
        json_str(&call->reply, "type", permissions[i].is_global ? "GLOBAL" : "PROJECT");
        json_str(&call->reply, "description", permissions[i].name);
        json_bool(&call->reply, "havePermission", has_permission(call, i, ticket, relations));
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

/* ---- groups ---- */

static bool groups_picker(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(group_rows) struct group_rows rows = { 0 };
    struct jira_paging paging = jira_paging(query, 20, PEOPLE_MAX);
    const char *part = query_text(query, "query", 200);

    if (!query_end(query, err) ||
        !store_group_list(call->tx, part, call->who.account_id, &rows, err))
        return false;
    json_str(&call->reply, "header", "");
    json_i64(&call->reply, "total", (int64_t)rows.n);
    json_begin_array(&call->reply, "groups");
    for (size_t i = 0; i < rows.n && (int64_t)i < paging.limit; i++) {
        json_begin_object(&call->reply, NULL);
        json_str(&call->reply, "name", rows.items[i].name);
        json_str(&call->reply, "html", rows.items[i].name);
        json_begin_array(&call->reply, "labels");
        json_end(&call->reply);
        jira_id(&call->reply, "groupId", rows.items[i].id);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static void add_member(void *context, int64_t id, const char *name)
{
    (void)name;
    id_list_add(context, id);
}

/* Who is in a group is for those in it, and for admins and auditors. */
static bool read_group(struct api_call *call, struct query *query, char **ret_name,
    struct id_list *members, struct err *err)
{
    autofree(group_row) struct group_row *group = NULL;
    const char *name = query_text(query, "groupname", GROUP_NAME_MAX * 4);
    struct err found = { 0 };

    if (!name)
        return fail(err, ERR_INVALID, "The 'groupname' query parameter needs to be provided.");
    if (!store_group_get(call->tx, name, call->who.account_id, &group, &found)) {
        if (found.kind == ERR_NOT_FOUND)
            return fail(err, ERR_NOT_FOUND, "The group named '%.60s' does not exist.", name);
        *err = found;
        return false;
    }
    if (!group->is_mine && !permission_sees_all(&call->who))
        return fail(err, ERR_DENIED, "You do not have permission to see who is in '%.60s'.", name);
    *ret_name = xstrdup(group->name);
    return store_group_members(call->tx, group->id, add_member, members, err);
}

static bool write_users(struct api_call *call, const struct id_list *ids, struct jira_paging paging,
    struct err *err)
{
    autodone(jira_people) struct jira_people people = { 0 };

    for (size_t i = (size_t)paging.start_at;
         i < ids->n && (int64_t)i < paging.start_at + paging.limit; i++)
        if (!jira_user_write(call, &people, NULL, ids->items[i], err))
            return false;
    return true;
}

static bool group_members(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autodone(id_list) struct id_list ids = { 0 };
    autofree(str) char *name = NULL;
    struct jira_paging paging = jira_paging(query, 50, 50);

    if (!read_group(call, query, &name, &ids, err) || !query_end(query, err))
        return false;
    int64_t rest = (int64_t)ids.n - paging.start_at;

    jira_self(call, "/group/member");
    jira_write_paging(call, paging, (int64_t)ids.n,
        (size_t)(rest < 0              ? 0
                 : rest < paging.limit ? rest
                                       : paging.limit));
    json_begin_array(&call->reply, "values");
    if (!write_users(call, &ids, paging, err))
        return false;
    json_end(&call->reply);
    return true;
}

static bool group_get(struct api_call *call, struct err *err)
{
    const struct jira_paging paging = { 0, 50 };
    autofree(query) struct query *query = jira_query(call);
    autodone(id_list) struct id_list ids = { 0 };
    autofree(str) char *name = NULL;

    if (!read_group(call, query, &name, &ids, err) || !query_end(query, err))
        return false;
    json_str(&call->reply, "name", name);
    jira_self(call, "/group");
    json_begin_object(&call->reply, "users");
    json_i64(&call->reply, "size", (int64_t)ids.n);
    json_begin_array(&call->reply, "items");
    if (!write_users(call, &ids, paging, err))
        return false;
    json_end(&call->reply);
    json_i64(&call->reply, "max-results", paging.limit);
    json_i64(&call->reply, "start-index", 0);
    json_i64(&call->reply, "end-index", (int64_t)ids.n > 0 ? (int64_t)ids.n - 1 : 0);
    json_end(&call->reply);
    json_str(&call->reply, "expand", "users");
    return true;
}

#define ROOT "/rest/api/{version}"
#define LIST (API_READS | API_AT_ROOT | API_REPLY_RAW)
#define READ (API_READS | API_AT_ROOT)

const struct api_route jira_people_routes[] = {
    { "GET", ROOT "/myself", ROLE_USER, READ, myself, 0 },
    { "GET", ROOT "/mypermissions", ROLE_USER, READ, my_permissions, 0 },
    { "GET", ROOT "/user", ROLE_USER, READ, users_get, 0 },
    { "GET", ROOT "/user/search", ROLE_USER, LIST, users_search, 0 },
    { "GET", ROOT "/users", ROLE_USER, LIST, users_list, 0 },
    { "GET", ROOT "/users/search", ROLE_USER, LIST, users_list, 0 },
    { "GET", ROOT "/user/assignable/search", ROLE_USER, LIST, users_search, 0 },
    { "GET", ROOT "/user/assignable/multiProjectSearch", ROLE_USER, LIST, users_search, 0 },
    { "GET", ROOT "/user/picker", ROLE_USER, READ, users_picker, 0 },
    { "GET", ROOT "/groups/picker", ROLE_USER, READ, groups_picker, 0 },
    { "GET", ROOT "/group", ROLE_USER, READ, group_get, 0 },
    { "GET", ROOT "/group/member", ROLE_USER, READ, group_members, 0 },
    { 0 },
};
