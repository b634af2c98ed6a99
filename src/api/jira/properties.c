/* api/jira/properties: what programs keep with an issue, as JSON under a key. */
#include "api/jira/properties.h"

#include <string.h>

#include "api/jira/issue.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/url.h"
#include "store/ticket_property.h"

static bool properties_list(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(ticket_properties) struct ticket_properties rows = { 0 };
    struct json_out *out = &call->reply;

    if (!jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err) ||
        !store_ticket_properties(call->tx, ticket->id, &rows, err))
        return false;
    json_begin_array(out, "keys");
    for (size_t i = 0; i < rows.n; i++) {
        autodone(buf) struct buf name = BUF_INIT(4 * TICKET_PROPERTY_NAME_MAX);

        url_encode(span_text(rows.items[i].name), &name);
        json_begin_object(out, NULL);
        jira_self(call, "/issue/%" PRId64 "/properties/%s", ticket->id, buf_text(&name));
        json_str(out, "key", rows.items[i].name);
        json_end(out);
    }
    json_end(out);
    return true;
}

static const struct ticket_property *find(const struct ticket_properties *rows, const char *name)
{
    for (size_t i = 0; i < rows->n; i++)
        if (strcmp(rows->items[i].name, name) == 0)
            return &rows->items[i];
    return NULL;
}

static bool properties_get(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(ticket_properties) struct ticket_properties rows = { 0 };
    const struct ticket_property *row;

    if (!jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err) ||
        !store_ticket_properties(call->tx, ticket->id, &rows, err))
        return false;
    row = find(&rows, call->path_other);
    if (!row)
        return fail(err, ERR_NOT_FOUND, "The property '%.100s' does not exist.", call->path_other);
    json_str(&call->reply, "key", row->name);
    json_raw(&call->reply, "value", span_text(row->value));
    return true;
}

/* 201 for a new one, 200 for another value. */
static bool properties_put(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    autodone(buf) struct buf value = BUF_INIT(4 * TICKET_PROPERTY_MAX);
    bool is_new = false;

    if (!jira_ticket(call, call->path_text, ACTION_EDIT, &ticket, err))
        return false;
    if (!call->json)
        return fail(err, ERR_INVALID, "The property value must be JSON.");
    json_write(call->json, &value);
    if (!buf_check(&value, "The property value", err) ||
        !store_ticket_property_put(call->tx, ticket->id, call->path_other, buf_text(&value),
            &is_new, err) ||
        !api_audit(call, "ticket.property_set", ticket->id, ticket->key, NULL, call->path_other,
            err))
        return false;
    call->status = is_new ? 201 : 200;
    return true;
}

static bool properties_delete(struct api_call *call, struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;

    call->status = 204;
    return jira_ticket(call, call->path_text, ACTION_EDIT, &ticket, err) &&
           store_ticket_property_delete(call->tx, ticket->id, call->path_other, err) &&
           api_audit(call, "ticket.property_delete", ticket->id, ticket->key, call->path_other,
               NULL, err);
}

bool jira_properties_write(struct api_call *call, int64_t ticket_id, const char *const *names,
    size_t n, struct err *err)
{
    autodone(ticket_properties) struct ticket_properties rows = { 0 };
    bool is_all = n > 0 && strcmp(names[0], "*all") == 0;

    if (!store_ticket_properties(call->tx, ticket_id, &rows, err))
        return false;
    json_begin_object(&call->reply, "properties");
    for (size_t i = 0; i < rows.n; i++) {
        bool is_asked = is_all;

        for (size_t j = 0; j < n; j++)
            is_asked = is_asked || strcmp(rows.items[i].name, names[j]) == 0;
        if (is_asked)
            json_raw(&call->reply, rows.items[i].name, span_text(rows.items[i].value));
    }
    json_end(&call->reply);
    return true;
}

bool jira_properties_put(struct api_call *call, struct tx *tx, int64_t ticket_id,
    const struct json *list, struct err *err)
{
    for (size_t i = 0; i < json_list_size(list); i++) {
        autodone(buf) struct buf text = BUF_INIT(4 * TICKET_PROPERTY_MAX);
        const char *name = json_as_text(json_member(json_list_item(list, i), "key"));
        const struct json *value = json_member(json_list_item(list, i), "value");
        struct err cause = { 0 };
        bool is_new;

        if (value)
            json_write(value, &text);
        if (name && value && buf_check(&text, "The property value", &cause) &&
            store_ticket_property_put(tx, ticket_id, name, buf_text(&text), &is_new, &cause))
            continue;
        if (cause.kind == ERR_INVALID || cause.kind == ERR_LIMIT || cause.kind == ERR_NONE) {
            json_problems_add(call->problems, "properties",
                cause.msg[0] ? cause.msg : "A property needs a key and a value.");
            return jira_check(call, err);
        }
        *err = cause;
        return false;
    }
    return true;
}

#define PROPERTIES "/rest/api/{version}/issue/{key}/properties"
#define READ (API_READS | API_AT_ROOT)
#define WRITE (API_WRITES | API_AT_ROOT)

const struct api_route jira_property_routes[] = {
    { "GET", PROPERTIES, ROLE_USER, READ, properties_list, 0 },
    { "GET", PROPERTIES "/{other}", ROLE_USER, READ, properties_get, 0 },
    { "PUT", PROPERTIES "/{other}", ROLE_USER, WRITE | API_REPLY_RAW, properties_put, 0 },
    { "DELETE", PROPERTIES "/{other}", ROLE_USER, WRITE, properties_delete, 0 },
    { 0 },
};
