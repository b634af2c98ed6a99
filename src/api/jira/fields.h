/*
 * api/jira/fields: what issues are made of, in one table: for the list of fields, for the forms to
 * create and edit with, for names and schemas.
 */
#pragma once

#include "api/jira/jira.h"

/* Where a field can be written. */
enum jira_form {
    JIRA_FORM_NONE = 0,
    JIRA_FORM_CREATE = 1 << 0,
    JIRA_FORM_EDIT = 1 << 1,
    JIRA_FORM_CERTIFICATE = 1 << 2, /* create, but only of that type … */
    JIRA_FORM_REVOKE = 1 << 3,      /* … or of this */
};

struct jira_field_row {
    const char *id;
    const char *name;
    const char *type;
    const char *items;  /* of an array; NULL */
    const char *custom; /* a custom field's type; NULL */
    int number;         /* of a custom field; 0 */
    unsigned forms;
    const char *operations; /* "set", or "add set remove" */
    const char *clauses;    /* in JQL, separated by commas */
};

extern const struct jira_field_row jira_field_rows[];
extern const size_t n_jira_field_rows;

/* "schema": {type, items, system | custom, customId} */
void jira_field_schema(struct json_out *out, const char *key, const struct jira_field_row *row);

/* May the field be set in that form, of a ticket of that type? */
bool jira_field_is_in(const struct jira_field_row *row, bool is_create, enum ticket_type type);

/* The members of one field in a form. */
bool jira_field_meta(struct api_call *call, const struct jira_field_row *row, bool is_create,
    enum ticket_type type, struct err *err) must_check;
