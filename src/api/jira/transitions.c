/*
 * api/jira/transitions: what leads from one status to the next. Done by life/, as everywhere, which
 * asks certificate authorities between its transactions: no transaction is open here.
 */
#include <string.h>

#include "api/jira/input.h"
#include "api/jira/issue.h"
#include "api/tables.h"
#include "api/tickets.h"
#include "base/err.h"
#include "db/db.h"
#include "life/life.h"
#include "store/ticket.h"

/* ---- what is possible ---- */

static const enum ca_reason reasons[] = { CA_REASON_UNSPECIFIED, CA_REASON_KEY_COMPROMISE,
    CA_REASON_AFFILIATION_CHANGED, CA_REASON_SUPERSEDED, CA_REASON_CESSATION_OF_OPERATION,
    CA_REASON_PRIVILEGE_WITHDRAWN };

/* The dialog of a revocation: RFC 5280's reasons, to choose from. */
static void write_reason(struct api_call *call)
{
    struct json_out *out = &call->reply;

    json_begin_object(out, "reason");
    json_bool(out, "required", false);
    json_begin_object(out, "schema");
    json_str(out, "type", "string");
    json_str(out, "system", "reason");
    json_end(out);
    json_str(out, "name", "Reason");
    json_str(out, "key", "reason");
    json_str(out, "fieldId", "reason");
    json_bool(out, "hasDefaultValue", true);
    json_split(out, "operations", "set", ' ');
    json_begin_array(out, "allowedValues");
    for (size_t i = 0; i < countof(reasons); i++) {
        json_begin_object(out, NULL);
        json_str(out, "value", ca_reason_name(reasons[i]));
        json_end(out);
    }
    json_end(out);
    json_end(out);
}

static void write_transition(struct api_call *call, const struct transition *transition,
    bool has_fields)
{
    struct json_out *out = &call->reply;
    bool revokes = strcmp(transition->name, "revoke") == 0;

    json_begin_object(out, NULL);
    json_str(out, "id", jira_transition_id(transition->name));
    json_str(out, "name", transition->title);
    jira_status_write(call, "to", ticket_status_name(transition->to));
    json_bool(out, "hasScreen", revokes);
    json_bool(out, "isGlobal", false);
    json_bool(out, "isInitial", false);
    json_bool(out, "isConditional", false);
    json_bool(out, "isAvailable", true);
    if (has_fields) {
        json_begin_object(out, "fields");
        if (revokes)
            write_reason(call);
        json_end(out);
    }
    json_end(out);
}

bool jira_transitions_write(struct api_call *call, const char *key, const struct ticket_row *ticket,
    const char *only_id, bool has_fields, struct err *err)
{
    const struct transition *transition;
    enum ticket_type type;
    enum ticket_status status;
    unsigned relations = 0;

    if (!ticket_type_from_name(ticket->type, &type) ||
        !ticket_status_from_name(ticket->status, &status))
        return fail(err, ERR_INTERNAL, "%s has an unknown type or status", ticket->key);
    if (!life_relations(call->tx, &call->who, ticket, &relations, err))
        return false;
    json_begin_array(&call->reply, key);
    for (size_t i = 0; (transition = lifecycle_nth(type, status, BY_PERSON, i)); i++) {
        const char *id = jira_transition_id(transition->name);

        if (id && permission_allows(&call->who, ACTION_EDIT, relations) &&
            (!only_id || strcmp(only_id, id) == 0))
            write_transition(call, transition, has_fields);
    }
    json_end(&call->reply);
    return true;
}

static bool transitions_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = jira_query(call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    const char *expand[10];
    size_t n = query_list(query, "expand", expand, countof(expand));
    const char *only_id = query_text(query, "transitionId", 24);
    bool has_fields = false;

    for (size_t i = 0; i < n; i++)
        has_fields = has_fields || strcmp(expand[i], "transitions.fields") == 0;
    if (!query_end(query, err) || !jira_ticket(call, call->path_text, ACTION_SEE, &ticket, err))
        return false;
    json_str(&call->reply, "expand", "transitions");
    return jira_transitions_write(call, "transitions", ticket, only_id, has_fields, err);
}

/* ---- doing it ---- */

struct wish {
    int64_t ticket_id;
    struct life_ask ask;
    struct jira_input input;
};

static void wish_done(struct wish *wish)
{
    jira_input_done(&wish->input);
}
DEFINE_AUTODONE(wish);

/* {"id": "11"}, {"id": 11}, or by our own name for it. */
static const char *transition_asked(const struct api_call *call, char room[static 24])
{
    static const char *const names[] = { "id", "name", NULL };
    const char *asked = jira_as_choice(json_member(call->json, "transition"), names, room);
    const char *name = asked ? jira_transition_name(asked) : NULL;

    return name ? name : asked;
}

/* "reason": a bare text, or {"value": …}. */
static bool read_reason(struct api_call *call, struct life_ask *ask)
{
    static const char *const names[] = { "value", "name", "id", NULL };
    const struct json *value = json_member(json_member(call->json, "fields"), "reason");
    char room[24];
    const char *asked = value ? jira_as_choice(value, names, room) : "unspecified";

    if (asked && ca_reason_from_name(asked, &ask->reason))
        return true;
    json_problems_add(call->problems, "reason", "There is no such reason (RFC 5280, 5.3.1).");
    return false;
}

/* Comment, reason and a new CSR; other fields are not on these screens. */
static bool read_fields(struct api_call *call, struct wish *wish, const struct ticket_row *ticket,
    struct err *err)
{
    const struct json *fields = json_member(call->json, "fields");
    const char *names[20];
    size_t n = json_names(fields, names, countof(names));

    if (!jira_input_read(call, call->json, ticket, &wish->input, err))
        return false;
    /* These two are on the screens of transitions, and on no other. */
    json_problems_clear(call->problems);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_as_text(json_member(fields, names[i]));

        if (strcmp(names[i], "customfield_10202") == 0 && text)
            wish->ask.csr = span_text(text);
        else if (strcmp(names[i], "reason") != 0)
            json_problems_addf(call->problems, names[i],
                "Field '%.100s' cannot be set. It is not on the appropriate screen, or unknown.",
                names[i]);
    }
    (void)read_reason(call, &wish->ask);
    return true;
}

static bool read_wish(struct api_call *call, struct wish *wish, char room[static 24],
    struct err *err)
{
    autofree(ticket_row) struct ticket_row *ticket = NULL;

    if (!jira_ticket(call, call->path_text, ACTION_EDIT, &ticket, err))
        return false;
    wish->ticket_id = ticket->id;
    wish->ask.transition = transition_asked(call, room);
    if (!wish->ask.transition)
        return fail(err, ERR_INVALID, "Missing 'transition' identifier");
    if (!read_fields(call, wish, ticket, err) || !jira_check(call, err))
        return false;
    if (wish->input.comment.size > 0)
        wish->ask.comment = buf_text(&wish->input.comment);
    return true;
}

static bool transitions_do(struct api_call *call, struct err *err)
{
    autodone(wish) struct wish wish = { 0 };
    autofree(tx) struct tx *tx = NULL;
    struct life life = ticket_life(call);
    char room[24];

    jira_input_init(&wish.input);
    if (!tx_begin(call->db, TX_READ, &tx, err))
        return false;
    call->tx = tx;
    bool works = read_wish(call, &wish, room, err);

    call->tx = NULL;
    tx_free(take(&tx));
    if (!works)
        return false;
    works = life_do(&life, wish.ticket_id, &wish.ask, err);
    call->wakes_jobs = life.wakes_jobs;
    call->status = works ? 204 : err->kind == ERR_CONFLICT ? 400 : 200;
    return works;
}

#define TRANSITIONS "/rest/api/{version}/issue/{key}/transitions"

const struct api_route jira_transition_routes[] = {
    { "GET", TRANSITIONS, ROLE_USER, API_READS | API_AT_ROOT, transitions_list, 0 },
    { "POST", TRANSITIONS, ROLE_USER, API_WRITES | API_NO_TX | API_AT_ROOT, transitions_do, 0 },
    { 0 },
};
