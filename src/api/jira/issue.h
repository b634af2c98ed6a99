/*
 * api/jira/issue: tickets as Jira's issues.
 *
 * What the answer shows is asked for field by field; what hangs on the tickets of a page is read in
 * a few statements for all of them.
 */
#pragma once

#include "api/jira/jira.h"
#include "store/ticket_many.h"

#define JIRA_FIELDS_MAX 64

/* "fields" of a request: "*all", "*navigable", names, "-name". */
struct jira_fields {
    const char *names[JIRA_FIELDS_MAX];
    size_t n;
    bool is_all;   /* but for those with "-" */
    bool has_talk; /* with "*all" come comments and attachments */
};

/* Nothing asked for is `otherwise`: "*all", "*navigable", or "" for no fields. */
void jira_fields_read(struct jira_fields *fields, const char *const *names, size_t n,
    const char *otherwise);
bool jira_fields_has(const struct jira_fields *fields, const char *name);

/* "expand" of a request. */
enum jira_expand {
    JIRA_EXPAND_NAMES = 1 << 0,
    JIRA_EXPAND_SCHEMA = 1 << 1,
    JIRA_EXPAND_CHANGELOG = 1 << 2,
    JIRA_EXPAND_RENDERED = 1 << 3,
    JIRA_EXPAND_TRANSITIONS = 1 << 4,
    JIRA_EXPAND_EDITMETA = 1 << 5,
    JIRA_EXPAND_OPERATIONS = 1 << 6,
};
unsigned jira_expand_read(const char *const *names, size_t n);

/* A page of tickets and what is shown of them. */
struct jira_page {
    struct jira_fields fields;
    unsigned expand;
    struct jira_people people;
    struct ticket_rows tickets;
    struct comment_rows comments;
    struct attachment_rows attachments;
    struct ticket_extras extras;
};
void jira_page_done(struct jira_page *page);
DEFINE_AUTODONE(jira_page);

/* Read the tickets of these ids, and what the fields ask for. */
bool jira_page_load(struct api_call *call, struct jira_page *page, const struct id_list *ids,
    struct err *err) must_check;

/* The i-th of them: the members of an issue; the object is the caller's. */
bool jira_issue_write(struct api_call *call, struct jira_page *page, size_t i, struct err *err)
    must_check;

/* ---- parts that stand elsewhere, too ---- */

void jira_status_write(struct api_call *call, const char *key, const char *name);
void jira_type_write(struct api_call *call, const char *key, enum ticket_type type);
void jira_type_members(struct api_call *call, enum ticket_type type);
void jira_priority_write(struct api_call *call, const char *key, enum priority priority);
void jira_resolution_write(struct api_call *call, const char *key, enum jira_resolution resolution);
void jira_category_write(struct api_call *call, const char *key, enum status_category category);
void jira_project_write(struct api_call *call, const char *key, const char *project,
    const char *name);
void jira_project_members(struct api_call *call, const char *project, const char *name);

/* A project's number in Jira: clients may use it in place of its key. */
int64_t jira_project_id(const char *key);

bool jira_comment_write(struct api_call *call, struct jira_people *people,
    const struct comment_row *row, struct err *err) must_check;
bool jira_attachment_write(struct api_call *call, struct jira_people *people,
    const struct attachment_row *row, struct err *err) must_check;

/* An item of a changelog. */
void jira_change_write(struct json_out *out, const struct change_row *row);

/* "histories" of a changelog page, or "values". */
bool jira_changes_write(struct api_call *call, struct jira_people *people, const char *key,
    const struct change_rows *rows, size_t from, size_t n, struct err *err) must_check;

/* "names" and "schema" of what issues are made of. */
void jira_names_write(struct api_call *call, const char *key);
void jira_schema_write(struct api_call *call, const char *key);

/* The transitions that the caller may choose, as an array. */
bool jira_transitions_write(struct api_call *call, const char *key, const struct ticket_row *ticket,
    const char *only_id, bool has_fields, struct err *err) must_check;
