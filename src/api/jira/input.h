/*
 * api/jira/input: "fields" and "update" of a request, as values of a ticket.
 *
 * What is wrong is a problem of its field, and reading goes on; jira_check() is asked at the end.
 */
#pragma once

#include "api/jira/fields.h"
#include "api/jira/jira.h"
#include "store/ticket.h"

/* What was said; texts are borrowed from the body or from the bufs here. */
struct jira_input {
    bool has[32]; /* by the place in jira_field_rows */
    const char *project;
    enum ticket_type type;
    bool has_type;
    const char *summary;
    struct buf description;
    const char *priority; /* our name */
    struct buf labels;    /* separated by blanks */
    int64_t assignee_id;
    int64_t reporter_id;
    int64_t due_at;
    char *profile;
    struct buf csr;
    const char *certificate_id;
    const char *domain;
    struct buf comment; /* of "update" */
    char project_room[24];
};

void jira_input_init(struct jira_input *input);
void jira_input_done(struct jira_input *input);
DEFINE_AUTODONE(jira_input);

/*
 * Read call->json or one of its parts. `before` is the ticket that is edited, NULL for a new one.
 * `body` has "fields" and "update". ERR_INTERNAL and its kin only; what is wrong with values are
 * problems.
 */
bool jira_input_read(struct api_call *call, const struct json *body,
    const struct ticket_row *before, struct jira_input *input, struct err *err) must_check;

/* Was the field said anything of? */
bool jira_input_has(const struct jira_input *input, const char *field);
