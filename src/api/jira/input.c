/* api/jira/input: see the header. */
#include "api/jira/input.h"

#include <string.h>

#include "api/jira/issue.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/adf.h"
#include "life/life.h"
#include "store/profile.h"
#include "store/project.h"

#define LABEL_MAX 255
#define MEMBERS_MAX 100

struct reader {
    struct api_call *call;
    const struct ticket_row *before; /* NULL: a new one */
    struct jira_input *input;
    struct err *err;
};

void jira_input_init(struct jira_input *input)
{
    *input = (struct jira_input){ .description = BUF_INIT(JIRA_TEXT_MAX),
        .labels = BUF_INIT(8192),
        .csr = BUF_INIT(LIFE_CSR_MAX),
        .comment = BUF_INIT(JIRA_TEXT_MAX) };
}

void jira_input_done(struct jira_input *input)
{
    buf_done(&input->description);
    buf_done(&input->labels);
    buf_done(&input->csr);
    buf_done(&input->comment);
    free(input->profile);
    input->profile = NULL;
}

static size_t place_of(const char *field)
{
    for (size_t i = 0; i < n_jira_field_rows; i++)
        if (strcmp(jira_field_rows[i].id, field) == 0)
            return i;
    return SIZE_MAX;
}

bool jira_input_has(const struct jira_input *input, const char *field)
{
    size_t place = place_of(field);

    return place < countof(input->has) && input->has[place];
}

static bool complain(struct reader *reader, const char *field, const char *message)
{
    json_problems_add(reader->call->problems, field, message);
    return true;
}

/* ---- values ---- */

static bool read_summary(struct reader *reader, const char *field, const struct json *value)
{
    const char *text = json_as_text(value);

    if (!text)
        return complain(reader, field,
            json_kind_of(value) == JSON_KIND_NULL ? "You must specify a summary of the issue."
                                                  : "Operation value must be a string");
    if (span_trim(span_text(text)).size == 0)
        return complain(reader, field, "You must specify a summary of the issue.");
    if (strpbrk(text, "\r\n"))
        return complain(reader, field,
            "The summary is invalid because it contains newline characters.");
    if (strlen(text) > 255)
        return complain(reader, field, "Summary can't exceed 255 characters.");
    reader->input->summary = text;
    return true;
}

static bool read_project(struct reader *reader, const char *field, const struct json *value)
{
    static const char *const names[] = { "key", "id", NULL };
    autodone(project_rows) struct project_rows rows = { 0 };
    char room[24];
    const char *asked = jira_as_choice(value, names, room);
    int64_t id = 0;

    if (!asked)
        return complain(reader, field, "project is required");
    if (!store_projects(reader->call->tx, &rows, reader->err))
        return false;
    bool is_id = parse_i64(span_text(asked), 1, INT64_MAX, &id, NULL);

    for (size_t i = 0; i < rows.n; i++) {
        if (!span_is_nocase(span_text(asked), rows.items[i].key) &&
            !(is_id && jira_project_id(rows.items[i].key) == id))
            continue;
        span_copy_text(span_text(rows.items[i].key), reader->input->project_room,
            sizeof reader->input->project_room);
        reader->input->project = reader->input->project_room;
        return true;
    }
    return complain(reader, field, "valid project is required");
}

static bool read_type(struct reader *reader, const char *field, const struct json *value)
{
    static const char *const names[] = { "id", "name", NULL };
    char room[24];
    const char *asked = jira_as_choice(value, names, room);

    if (!asked || !jira_type_find(asked, &reader->input->type))
        return complain(reader, field, "The issue type selected is invalid.");
    reader->input->has_type = true;
    return true;
}

static bool read_description(struct reader *reader, const char *field, const struct json *value)
{
    (void)jira_read_text(reader->call, value, field, &reader->input->description);
    return true;
}

static bool read_priority(struct reader *reader, const char *field, const struct json *value)
{
    static const char *const names[] = { "id", "name", NULL };
    char room[24];
    const char *asked = jira_as_choice(value, names, room);
    enum priority priority = PRIORITY_MEDIUM;

    if (json_kind_of(value) != JSON_KIND_NULL && (!asked || !jira_priority_find(asked, &priority)))
        return complain(reader, field, "The priority selected is invalid.");
    reader->input->priority = priority_name(priority);
    return true;
}

static void add_label(struct reader *reader, const char *field, const char *label)
{
    struct buf *labels = &reader->input->labels;

    if (strpbrk(label, " \t\r\n")) {
        json_problems_addf(reader->call->problems, field,
            "The label '%.100s' contains spaces which is invalid.", label);
        return;
    }
    if (!*label || strlen(label) > LABEL_MAX) {
        json_problems_addf(reader->call->problems, field, "A label has 1 to %d characters.",
            LABEL_MAX);
        return;
    }
    buf_addf(labels, "%s%s", labels->size ? " " : "", label);
}

static bool read_labels(struct reader *reader, const char *field, const struct json *value)
{
    buf_clear(&reader->input->labels);
    if (json_kind_of(value) != JSON_KIND_ARRAY && json_kind_of(value) != JSON_KIND_NULL)
        return complain(reader, field, "data was not an array");
    for (size_t i = 0; i < json_list_size(value); i++) {
        const char *label = json_as_text(json_list_item(value, i));

        if (!label)
            return complain(reader, field, "string expected at an index of the array");
        add_label(reader, field, label);
    }
    if (!buf_ok(&reader->input->labels))
        return complain(reader, field, "These are too many labels.");
    return true;
}

/* Unassigned is 0; "-1", automatic, is that as well. */
static bool read_person(struct reader *reader, const char *field, const struct json *value)
{
    static const char *const names[] = { "accountId", "name", "key", "id", NULL };
    autofree(account_row) struct account_row *account = NULL;
    int64_t *ret =
        strcmp(field, "reporter") == 0 ? &reader->input->reporter_id : &reader->input->assignee_id;
    char room[24];
    const char *asked = jira_as_choice(value, names, room);

    *ret = 0;
    if (!asked || strcmp(asked, "-1") == 0 || !*asked)
        return true;
    if (!jira_user_find(reader->call, asked, &account, reader->err))
        return false;
    if (!account) {
        json_problems_addf(reader->call->problems, field, "User '%.60s' does not exist.", asked);
        return true;
    }
    if (account->is_disabled)
        json_problems_addf(reader->call->problems, field, "User '%.60s' cannot be assigned issues.",
            asked);
    *ret = account->id;
    return true;
}

static bool read_due(struct reader *reader, const char *field, const struct json *value)
{
    const char *text = json_as_text(value);
    struct err ignored = { 0 };

    reader->input->due_at = 0;
    if (json_kind_of(value) == JSON_KIND_NULL || (text && !*text))
        return true;
    if (!text || strlen(text) != 10 ||
        !clock_from_rfc3339(span_text(text), &reader->input->due_at, &ignored))
        return complain(reader, field, "Error parsing date string; the format is yyyy-MM-dd.");
    return true;
}

/* A select list's option: {"value": …}, {"id": …}, or its bare name. */
static bool read_profile(struct reader *reader, const char *field, const struct json *value)
{
    static const char *const names[] = { "value", "id", "name", NULL };
    autofree(profile_row) struct profile_row *profile = NULL;
    struct err missing = { 0 };
    char room[24];
    const char *asked = jira_as_choice(value, names, room);
    int64_t id = 0;

    if (!asked)
        return complain(reader, field, "Specify a valid value for Certificate profile");
    if (!store_profile_find(reader->call->tx, asked, &profile, reader->err))
        return false;
    if (!profile && parse_i64(span_text(asked), 1, INT64_MAX, &id, NULL) &&
        !store_profile_get(reader->call->tx, id, &profile, &missing) &&
        missing.kind != ERR_NOT_FOUND)
        return false;
    str_set(&reader->input->profile, profile ? profile->name : asked);
    return true;
}

/* Multi-line: of version 3 a document, though many send the text as it is. */
static bool read_csr(struct reader *reader, const char *field, const struct json *value)
{
    const char *text = json_as_text(value);
    struct err err = { 0 };

    if (text)
        buf_add_text(&reader->input->csr, text);
    else if (json_kind_of(value) != JSON_KIND_NULL &&
             !adf_to_text(value, &reader->input->csr, &err))
        return complain(reader, field, err.msg);
    if (!buf_check(&reader->input->csr, "the CSR", &err))
        return complain(reader, field, err.msg);
    return true;
}

static bool read_word(struct reader *reader, const char *field, const struct json *value)
{
    const char *text = json_as_text(value);

    if (!text || strlen(text) > 255)
        return complain(reader, field,
            "Operation value must be a string of at most 255 characters");
    if (strcmp(field, "customfield_10203") == 0)
        reader->input->certificate_id = text;
    else
        reader->input->domain = text;
    return true;
}

static const struct {
    const char *field;
    bool (*read)(struct reader *reader, const char *field, const struct json *value);
} readers[] = {
    { "summary", read_summary },
    { "project", read_project },
    { "issuetype", read_type },
    { "description", read_description },
    { "priority", read_priority },
    { "labels", read_labels },
    { "assignee", read_person },
    { "reporter", read_person },
    { "duedate", read_due },
    { "customfield_10201", read_profile },
    { "customfield_10202", read_csr },
    { "customfield_10203", read_word },
    { "customfield_10205", read_word },
};

/* ---- fields and update ---- */

static bool may_be_set(const struct reader *reader, size_t place)
{
    unsigned forms = jira_field_rows[place].forms;

    return reader->before ? (forms & JIRA_FORM_EDIT) != 0
                          : (forms & ~(unsigned)JIRA_FORM_EDIT) != 0;
}

static bool read_field(struct reader *reader, const char *field, const struct json *value)
{
    size_t place = place_of(field);

    if (place == SIZE_MAX || !may_be_set(reader, place)) {
        json_problems_addf(reader->call->problems, field,
            "Field '%.100s' cannot be set. It is not on the appropriate screen, or unknown.",
            field);
        return true;
    }
    if (reader->input->has[place]) {
        json_problems_addf(reader->call->problems, field,
            "Field '%.100s' cannot appear in both 'fields' and 'update'", field);
        return true;
    }
    reader->input->has[place] = true;
    for (size_t i = 0; i < countof(readers); i++)
        if (strcmp(readers[i].field, field) == 0)
            return readers[i].read(reader, field, value);
    return true;
}

static bool has_label(const struct buf *labels, const char *label)
{
    struct span rest = buf_span(labels);
    struct span part;

    while (span_split(&rest, ' ', &part))
        if (span_is(part, label))
            return true;
    return false;
}

static void remove_label(struct buf *labels, const char *label)
{
    autodone(buf) struct buf kept = BUF_INIT(8192);
    struct span rest = buf_span(labels);
    struct span part;

    while (span_split(&rest, ' ', &part)) {
        if (span_is(part, label) || part.size == 0)
            continue;
        if (kept.size)
            buf_add_char(&kept, ' ');
        buf_add_span(&kept, part);
    }
    buf_clear(labels);
    buf_add_span(labels, buf_span(&kept));
}

/* [{"add": "x"}, {"remove": "y"}, {"set": [...]}], one after the other. */
static bool update_labels(struct reader *reader, const struct json *steps)
{
    struct buf *labels = &reader->input->labels;

    if (reader->before)
        buf_add_text(labels, reader->before->labels);
    for (size_t i = 0; i < json_list_size(steps); i++) {
        const struct json *step = json_list_item(steps, i);
        const char *added = json_as_text(json_member(step, "add"));
        const char *removed = json_as_text(json_member(step, "remove"));

        if (json_member(step, "set")) {
            if (!read_labels(reader, "labels", json_member(step, "set")))
                return false;
        } else if (removed) {
            remove_label(labels, removed);
        } else if (!added) {
            return complain(reader, "labels", "One of 'add', 'remove' and 'set' is needed.");
        } else if (!has_label(labels, added)) {
            add_label(reader, "labels", added);
        }
    }
    if (!buf_ok(labels))
        return complain(reader, "labels", "These are too many labels.");
    return true;
}

static bool update_comment(struct reader *reader, const struct json *steps)
{
    const struct json *body = json_member(json_member(json_list_item(steps, 0), "add"), "body");

    if (json_list_size(steps) == 0)
        return true;
    if (json_list_size(steps) != 1 || !body)
        return complain(reader, "comment", "One comment can be added: [{\"add\": {\"body\": …}}]");
    if (jira_read_text(reader->call, body, "comment", &reader->input->comment) &&
        span_trim(buf_span(&reader->input->comment)).size == 0)
        return complain(reader, "comment", "Comment body can not be empty!");
    return true;
}

static bool read_update(struct reader *reader, const char *field, const struct json *steps)
{
    size_t place = place_of(field);

    if (strcmp(field, "comment") == 0)
        return update_comment(reader, steps);
    if (json_kind_of(steps) != JSON_KIND_ARRAY)
        return complain(reader, field, "Operations must be an array.");
    if (json_list_size(steps) == 0)
        return true;
    if (strcmp(field, "labels") != 0) {
        const struct json *value = json_member(json_list_item(steps, 0), "set");

        if (!value || json_list_size(steps) != 1)
            return complain(reader, field, "One operation is possible: [{\"set\": …}]");
        return read_field(reader, field, value);
    }
    if (reader->input->has[place])
        return complain(reader, field,
            "Field 'labels' cannot appear in both 'fields' and 'update'");
    reader->input->has[place] = true;
    return update_labels(reader, steps);
}

bool jira_input_read(struct api_call *call, const struct json *body,
    const struct ticket_row *before, struct jira_input *input, struct err *err)
{
    struct reader reader = { call, before, input, err };
    const struct json *fields = json_member(body, "fields");
    const struct json *update = json_member(body, "update");
    const char *names[MEMBERS_MAX];
    size_t n = json_names(fields, names, MEMBERS_MAX);

    ASSERT(n_jira_field_rows <= countof(input->has));
    for (size_t i = 0; i < n; i++)
        if (!read_field(&reader, names[i], json_member(fields, names[i])))
            return false;
    n = json_names(update, names, MEMBERS_MAX);
    for (size_t i = 0; i < n; i++)
        if (!read_update(&reader, names[i], json_member(update, names[i])))
            return false;
    return true;
}
