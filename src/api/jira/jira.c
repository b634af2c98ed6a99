/* api/jira/jira: see the header. */
#include "api/jira/jira.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/adf.h"
#include "life/life.h"
#include "store/account.h"
#include "store/ticket.h"

bool jira_is_v3(const struct api_call *call)
{
    return call->request->n_parts > 2 && strcmp(call->request->parts[2], "3") == 0;
}

/* ---- writing ---- */

void jira_add_root(const struct api_call *call, struct buf *out)
{
    buf_addf(out, "%s://%s", call->request->is_encrypted ? "https" : "http",
        call->request->host[0] ? call->request->host : "localhost");
}

static void write_link(struct api_call *call, const char *key, const char *format, va_list args)
    printf_like(3, 0);

static void write_link(struct api_call *call, const char *key, const char *format, va_list args)
{
    autodone(buf) struct buf url = BUF_INIT(16384);
    char rest[2048];

    jira_add_root(call, &url);
    (void)vsnprintf(rest, sizeof rest, format, args);
    buf_add_text(&url, rest);
    json_str(&call->reply, key, buf_text(&url));
}

void jira_self(struct api_call *call, const char *format, ...)
{
    char rest[2048];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    jira_link(call, "self", "/rest/api/%s%s", jira_is_v3(call) ? "3" : "2", rest);
}

void jira_link(struct api_call *call, const char *key, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_link(call, key, format, args);
    va_end(args);
}

void jira_time(struct json_out *out, const char *key, int64_t at)
{
    char plain[CLOCK_RFC3339_SIZE];
    char text[40];

    if (!at) {
        json_put_null(out, key);
        return;
    }
    (void)snprintf(text, sizeof text, "%.19s.000+0000", clock_rfc3339(at, plain));
    json_str(out, key, text);
}

void jira_date(struct json_out *out, const char *key, int64_t at)
{
    char text[CLOCK_RFC3339_SIZE];

    if (!at) {
        json_put_null(out, key);
        return;
    }
    (void)clock_rfc3339(at, text);
    text[10] = '\0';
    json_str(out, key, text);
}

void jira_id(struct json_out *out, const char *key, int64_t id)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, id);
    json_str(out, key, text);
}

void jira_text(struct api_call *call, const char *key, const char *text)
{
    if (!text || !*text)
        json_put_null(&call->reply, key);
    else if (jira_is_v3(call))
        adf_write(&call->reply, key, span_text(text));
    else
        json_str(&call->reply, key, text);
}

void jira_begin_list(struct api_call *call)
{
    json_begin_array(&call->reply, NULL);
}

struct query *jira_query(struct api_call *call)
{
    struct query *query = query_new(call);

    query_forgive(query);
    return query;
}

struct jira_paging jira_paging(struct query *query, int64_t otherwise, int64_t max)
{
    struct jira_paging paging = { .start_at = query_i64(query, "startAt", 0, INT32_MAX, 0),
        .limit = query_i64(query, "maxResults", INT32_MIN, INT32_MAX, otherwise) };

    if (paging.limit < 0 || paging.limit > max)
        paging.limit = max;
    return paging;
}

void jira_write_paging(struct api_call *call, struct jira_paging paging, int64_t total, size_t n)
{
    json_i64(&call->reply, "maxResults", paging.limit);
    json_i64(&call->reply, "startAt", paging.start_at);
    json_i64(&call->reply, "total", total);
    json_bool(&call->reply, "isLast", paging.start_at + (int64_t)n >= total);
}

/* ---- people ---- */

void jira_people_done(struct jira_people *people)
{
    for (size_t i = 0; i < people->n; i++)
        account_row_free(people->rows[i]);
    free(people->rows);
}

static bool find_person(struct api_call *call, struct jira_people *people, int64_t id,
    const struct account_row **ret, struct err *err)
{
    struct account_row *row = NULL;

    for (size_t i = 0; i < people->n; i++) {
        if (people->rows[i]->id == id) {
            *ret = people->rows[i];
            return true;
        }
    }
    if (!store_account_get(call->tx, id, &row, err))
        return false;
    people->rows = rows_make_room(people->rows, people->n, &people->room, sizeof(void *));
    people->rows[people->n++] = row;
    *ret = row;
    return true;
}

static void write_avatars(struct api_call *call)
{
    static const char *const sizes[] = { "16x16", "24x24", "32x32", "48x48" };

    json_begin_object(&call->reply, "avatarUrls");
    for (size_t i = 0; i < countof(sizes); i++)
        jira_link(call, sizes[i], "/favicon.svg");
    json_end(&call->reply);
}

/* The union of what Cloud and Data Center say of a user: clients of either find theirs. */
void jira_user_members(struct api_call *call, const struct account_row *account)
{
    struct json_out *out = &call->reply;
    char key[JIRA_USER_KEY_SIZE];

    (void)jira_user_key(account->id, key);
    jira_self(call, "/user?accountId=%s", key);
    json_str(out, "accountId", key);
    json_str(out, "accountType", account->id ? "atlassian" : "app");
    json_str(out, "key", key);
    json_str(out, "name", account->name);
    if (account->id == call->who.account_id || permission_sees_all(&call->who))
        json_str(out, "emailAddress", account->email);
    json_str(out, "displayName", account->display_name[0] ? account->display_name : account->name);
    json_bool(out, "active", !account->is_disabled);
    json_str(out, "timeZone", "Etc/UTC");
    write_avatars(call);
}

bool jira_user_write(struct api_call *call, struct jira_people *people, const char *key, int64_t id,
    struct err *err)
{
    char name[] = "certdesk";
    char empty[] = "";
    const struct account_row ours = { .name = name, .display_name = name, .email = empty };
    const struct account_row *account = &ours;

    if (id < 0) {
        json_put_null(&call->reply, key);
        return true;
    }
    if (id > 0 && !find_person(call, people, id, &account, err))
        return false;
    json_begin_object(&call->reply, key);
    jira_user_members(call, account);
    json_end(&call->reply);
    return true;
}

bool jira_user_find(struct api_call *call, const char *text, struct account_row **ret,
    struct err *err)
{
    struct err missing = { 0 };
    int64_t id;

    *ret = NULL;
    if (jira_user_id(text, &id)) {
        if (!id || store_account_get(call->tx, id, ret, &missing))
            return true;
        if (missing.kind == ERR_NOT_FOUND)
            return true;
        *err = missing;
        return false;
    }
    return store_account_find(call->tx, text, ret, err) &&
           (*ret || !strchr(text, '@') || store_account_find_by_mail(call->tx, text, ret, err));
}

/* ---- values that come in ---- */

const char *jira_as_id(const struct json *value, char room[static 24])
{
    int64_t number = json_as_i64(value, INT64_MIN);

    if (number == INT64_MIN)
        return json_as_text(value);
    (void)snprintf(room, 24, "%" PRId64, number);
    return room;
}

const char *jira_as_choice(const struct json *value, const char *const *names, char room[static 24])
{
    if (json_kind_of(value) != JSON_KIND_OBJECT)
        return jira_as_id(value, room);
    for (size_t i = 0; names[i]; i++) {
        const char *found = jira_as_id(json_member(value, names[i]), room);

        if (found)
            return found;
    }
    return NULL;
}

bool jira_read_text(struct api_call *call, const struct json *value, const char *field,
    struct buf *out)
{
    const char *text = json_as_text(value);
    struct err err = { 0 };

    if (json_kind_of(value) == JSON_KIND_NULL)
        return true;
    if (jira_is_v3(call) && (text || !adf_to_text(value, out, &err))) {
        if (err.kind == ERR_LIMIT)
            json_problems_add(call->problems, field, err.msg);
        else
            json_problems_addf(call->problems, field,
                "Operation value must be an Atlassian Document (see the Atlassian Document "
                "Format)%s%s",
                err.msg[0] ? ": " : "", err.msg);
        return false;
    }
    if (!jira_is_v3(call) && !text) {
        json_problems_add(call->problems, field, "Operation value must be a string");
        return false;
    }
    if (text)
        buf_add_text(out, text);
    if (!buf_check(out, field, &err)) {
        json_problems_add(call->problems, field, err.msg);
        return false;
    }
    return true;
}

bool jira_check(struct api_call *call, struct err *err)
{
    if (call->problems->n == 0)
        return true;
    return fail(err, ERR_INVALID, "%s: %s", call->problems->items[0].field,
        call->problems->items[0].message);
}

/* ---- tickets ---- */

bool jira_ticket(struct api_call *call, const char *key_or_id, enum action action,
    struct ticket_row **ret, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    unsigned relations = 0;
    int64_t id;
    bool found = parse_i64(span_text(key_or_id), 1, INT64_MAX, &id, NULL)
                     ? store_ticket_get(call->tx, &viewer, id, &ticket, err)
                     : store_ticket_get_by_key(call->tx, &viewer, key_or_id, &ticket, err);

    if (!found) {
        if (err->kind == ERR_NOT_FOUND)
            return fail(err, ERR_NOT_FOUND,
                "Issue does not exist or you do not have permission to see it.");
        return false;
    }
    if (!life_relations(call->tx, &call->who, ticket, &relations, err))
        return false;
    if (action != ACTION_SEE && !permission_allows(&call->who, action, relations))
        return fail(err, ERR_DENIED, "You do not have permission to %s this issue.",
            action == ACTION_COMMENT ? "comment on" : "change");
    *ret = take(&ticket);
    return true;
}
