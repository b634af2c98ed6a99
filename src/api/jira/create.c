/*
 * api/jira/create: new issues, one at a time or up to fifty at once.
 *
 * life/ judges the request and makes a key before its transaction, and asks a certificate authority
 * after it, so none is open here. Each issue of a bulk stands for itself: good ones are made,
 * whatever is wrong with others.
 */
#include <string.h>

#include "api/jira/errors.h"
#include "api/jira/input.h"
#include "api/jira/issue.h"
#include "api/jira/properties.h"
#include "api/tables.h"
#include "api/tickets.h"
#include "base/alloc.h"
#include "base/err.h"
#include "db/db.h"
#include "life/life.h"
#include "store/profile.h"
#include "store/ticket.h"

#define BULK_MAX 50

struct making {
    struct api_call *call;
    struct jira_input input;
    struct life_wish wish;
    struct vault_csr names; /* where the server makes the key, for the domain that was said */
    char *san;
    const char *sans[1];
    struct life_made *made;
    const struct json *body;
    int64_t id;
    char key[40];
};

static void making_done(struct making *making)
{
    jira_input_done(&making->input);
    free(making->san);
    life_made_free(making->made);
}
DEFINE_AUTODONE(making);

static void check_required(struct making *making)
{
    struct json_problems *problems = making->call->problems;
    const struct jira_input *input = &making->input;

    if (!jira_input_has(input, "project"))
        json_problems_add(problems, "project", "project is required");
    if (!jira_input_has(input, "issuetype"))
        json_problems_add(problems, "issuetype", "issue type is required");
    else if (input->has_type && input->type == TICKET_CERTIFICATE_EXPIRY)
        json_problems_add(problems, "issuetype", "The issue type selected is invalid.");
    if (!jira_input_has(input, "summary"))
        json_problems_add(problems, "summary", "You must specify a summary of the issue.");
}

static void check_reporter(struct making *making)
{
    const struct principal *who = &making->call->who;

    making->wish.reporter_id = who->account_id;
    if (!jira_input_has(&making->input, "reporter") || !making->input.reporter_id)
        return;
    making->wish.reporter_id = making->input.reporter_id;
    if (making->wish.reporter_id != who->account_id && who->role != ROLE_ADMIN)
        json_problems_add(making->call->problems, "reporter",
            "The reporter specified is not you, and only admins report for others.");
}

static void fill_wish(struct making *making)
{
    const struct jira_input *input = &making->input;
    struct life_wish *wish = &making->wish;

    wish->type = input->type;
    wish->project = input->project;
    wish->summary = input->summary;
    wish->description = input->description.size ? buf_text(&input->description) : NULL;
    wish->profile = input->profile;
    wish->assignee_id = input->assignee_id;
    wish->priority = input->priority;
    wish->labels = input->labels.size ? buf_text(&input->labels) : NULL;
    wish->due_at = input->due_at;
    wish->csr = buf_span(&input->csr);
    if (input->type == TICKET_REVOKE_CERTIFICATE) {
        wish->ca_certificate_id = input->certificate_id;
        wish->domain = input->domain;
    } else if (input->csr.size == 0 && input->domain) {
        making->san = xasprintf("dns:%s", input->domain);
        making->sans[0] = making->san;
        making->names =
            (struct vault_csr){ .common_name = input->domain, .sans = making->sans, .n_sans = 1 };
        wish->names = &making->names;
    }
}

/* A client that knows nothing of profiles gets the one that there is, if there is but one. */
static bool choose_profile(struct making *making, struct err *err)
{
    struct api_call *call = making->call;
    const struct store_viewer viewer = api_viewer(call);
    autodone(profile_rows) struct profile_rows rows = { 0 };
    const char *only = NULL;
    size_t n = 0;

    if (making->input.profile || making->input.type != TICKET_CERTIFICATE)
        return true;
    if (!store_profiles(call->tx, &viewer, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        if (rows.items[i].is_disabled)
            continue;
        only = rows.items[i].name;
        n++;
    }
    if (n == 1)
        making->input.profile = xstrdup(only);
    return true;
}

static bool read_input(struct making *making, const struct json *body, struct err *err)
{
    struct api_call *call = making->call;
    autofree(tx) struct tx *tx = NULL;

    if (json_kind_of(json_member(body, "fields")) != JSON_KIND_OBJECT &&
        json_kind_of(json_member(body, "update")) != JSON_KIND_OBJECT)
        return fail(err, ERR_INVALID, "One of 'fields' or 'update' required");
    if (!tx_begin(call->db, TX_READ, &tx, err))
        return false;
    call->tx = tx;
    bool works =
        jira_input_read(call, body, NULL, &making->input, err) && choose_profile(making, err);

    call->tx = NULL;
    if (!works)
        return false;
    check_required(making);
    check_reporter(making);
    return jira_check(call, err);
}

/* life/ names fields as our API does. */
static void rename_problems(struct json_problems *problems)
{
    static const struct {
        const char *ours;
        const char *jiras;
    } names[] = { { "profile", "customfield_10201" }, { "csr", "customfield_10202" },
        { "certificate_id", "customfield_10203" }, { "domain", "customfield_10205" },
        { "sans", "customfield_10202" }, { "key", "customfield_10202" },
        { "subject", "customfield_10202" }, { "due_at", "duedate" } };

    for (size_t i = 0; i < problems->n; i++)
        for (size_t n = 0; n < countof(names); n++)
            if (strcmp(problems->items[i].field, names[n].ours) == 0)
                str_set(&problems->items[i].field, names[n].jiras);
}

static bool create(struct tx *tx, void *arg, struct err *err)
{
    struct making *making = arg;
    struct life life = ticket_life(making->call);
    autofree(ticket_row) struct ticket_row *ticket = NULL;
    const struct store_viewer viewer = STORE_SYSTEM;

    if (!life_create(&life, tx, making->made, &making->id, err) ||
        !jira_properties_put(making->call, tx, making->id, json_member(making->body, "properties"),
            err) ||
        !store_ticket_get(tx, &viewer, making->id, &ticket, err))
        return false;
    span_copy_text(span_text(ticket->key), making->key, sizeof making->key);
    return true;
}

static bool make(struct making *making, const struct json *body, struct err *err)
{
    struct api_call *call = making->call;
    struct life life = ticket_life(call);
    bool is_revoked;

    making->body = body;
    jira_input_init(&making->input);
    if (!read_input(making, body, err))
        return false;
    fill_wish(making);
    bool works = life_prepare(&life, &making->wish, &making->made, err) &&
                 tx_run(call->db, TX_WRITE, create, making, err);

    rename_problems(call->problems);
    if (!works) {
        if (err->kind == ERR_CONFLICT || err->kind == ERR_NOT_FOUND)
            call->status = 400;
        return false;
    }
    if (making->wish.type == TICKET_REVOKE_CERTIFICATE &&
        !life_after_create(&life, making->id, CA_REASON_UNSPECIFIED, &is_revoked, err))
        return false;
    call->wakes_jobs = call->wakes_jobs || life.wakes_jobs;
    return true;
}

static void write_made(struct api_call *call, const struct making *making)
{
    jira_id(&call->reply, "id", making->id);
    json_str(&call->reply, "key", making->key);
    jira_self(call, "/issue/%" PRId64, making->id);
}

static bool issues_create(struct api_call *call, struct err *err)
{
    autodone(making) struct making making = { .call = call };

    if (!make(&making, call->json, err))
        return false;
    write_made(call, &making);
    call->status = 201;
    return true;
}

/* ---- many ---- */

struct failure {
    size_t number;
    int status;
    struct buf body;
};

static void fail_one(struct api_call *call, const struct err *err, size_t number,
    struct failure *ret)
{
    ret->number = number;
    ret->status = call->status >= 400 ? call->status : 400;
    buf_init(&ret->body, 1u << 20);
    jira_error_write(&ret->body, err, call->problems);
    json_problems_clear(call->problems);
    call->status = 200;
}

static void write_failures(struct json_out *out, struct failure *failures, size_t n)
{
    json_begin_array(out, "errors");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(out, NULL);
        json_i64(out, "status", failures[i].status);
        json_raw(out, "elementErrors", buf_span(&failures[i].body));
        json_i64(out, "failedElementNumber", (int64_t)failures[i].number);
        json_end(out);
        buf_done(&failures[i].body);
    }
    json_end(out);
}

static bool issues_create_bulk(struct api_call *call, struct err *err)
{
    const struct json *list = json_member(call->json, "issueUpdates");
    struct failure failures[BULK_MAX];
    size_t n_failures = 0;
    size_t n = json_list_size(list);

    if (n == 0 || n > BULK_MAX)
        return fail(err, ERR_INVALID, "'issueUpdates' must have 1 to %d issues.", BULK_MAX);
    json_begin_array(&call->reply, "issues");
    for (size_t i = 0; i < n; i++) {
        autodone(making) struct making making = { .call = call };
        struct err cause = { 0 };

        if (!make(&making, json_list_item(list, i), &cause)) {
            fail_one(call, &cause, i, &failures[n_failures++]);
            continue;
        }
        json_begin_object(&call->reply, NULL);
        write_made(call, &making);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    write_failures(&call->reply, failures, n_failures);
    call->status = n_failures == n ? 400 : 201;
    return true;
}

#define ISSUE "/rest/api/{version}/issue"
#define MAKES (API_WRITES | API_NO_TX | API_AT_ROOT)

const struct api_route jira_create_routes[] = {
    { "POST", ISSUE, ROLE_USER, MAKES, issues_create, 0 },
    { "POST", ISSUE "/bulk", ROLE_USER, MAKES, issues_create_bulk, 0 },
    { 0 },
};
