/*
 * core/jira: what the tracker's words are called in Jira: ids, and names in any case.
 *
 * Ids are part of what clients keep, so they never change: a new status gets a new number. Whatever
 * is looked up may be given as the id, as the title that people see, or as our own name for it.
 */
#pragma once

#include "base/base.h"
#include "core/lifecycle.h"
#include "core/window.h"

/* Numbers of the custom fields: customfield_10201 … */
enum jira_field {
    JIRA_FIELD_PROFILE = 10201,
    JIRA_FIELD_CSR = 10202,
    JIRA_FIELD_CERTIFICATE_ID = 10203,
    JIRA_FIELD_EXPIRES = 10204,
    JIRA_FIELD_DOMAIN = 10205,
};

struct jira_custom_field {
    enum jira_field number;
    const char *key;  /* "customfield_10201" */
    const char *name; /* "Certificate profile" */
    const char *type; /* of its values: option, string, datetime */
    const char *custom;
    bool is_writable;
};
extern const struct jira_custom_field jira_custom_fields[];
extern const size_t n_jira_custom_fields;

/* By "customfield_10201" or by name, in any case; NULL if there is none. */
const struct jira_custom_field *jira_custom_field_find(const char *text);

const char *jira_type_id(enum ticket_type type);
bool jira_type_find(const char *text, enum ticket_type *ret);

const char *jira_status_id(enum ticket_status status);
bool jira_status_find(const char *text, enum ticket_status *ret);

/* Jira's three: id 2 "new" "To Do", 4 "indeterminate" "In Progress", 3 "done" "Done". */
int jira_category_id(enum status_category category);
const char *jira_category_key(enum status_category category);
const char *jira_category_name(enum status_category category);
const char *jira_category_colour(enum status_category category);
bool jira_category_find(const char *text, enum status_category *ret);

const char *jira_priority_id(enum priority priority);
const char *jira_priority_title(enum priority priority);
bool jira_priority_find(const char *text, enum priority *ret);

/* Of the transitions that persons choose. NULL: it has none, or there is none. */
const char *jira_transition_id(const char *name);
const char *jira_transition_name(const char *id);

/* How a ticket ended: Done, or Won't Do for one that was cancelled. */
enum jira_resolution { JIRA_DONE, JIRA_WONT_DO, N_JIRA_RESOLUTIONS };
const char *jira_resolution_id(enum jira_resolution resolution);
const char *jira_resolution_name(enum jira_resolution resolution);
bool jira_resolution_find(const char *text, enum jira_resolution *ret);

/* Accounts are known as "JIRAUSER10007"; certdesk itself, account 0, is "JIRAUSER10000". */
#define JIRA_USER_KEY_SIZE 32
const char *jira_user_key(int64_t account_id, char field[static JIRA_USER_KEY_SIZE]);
bool jira_user_id(const char *key, int64_t *ret);
