/* core/jira: see the header. */
#include "core/jira.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"

#define TYPES "com.atlassian.jira.plugin.system.customfieldtypes:"

const struct jira_custom_field jira_custom_fields[] = {
    { JIRA_FIELD_PROFILE, "customfield_10201", "Certificate profile", "option", TYPES "select",
        true },
    { JIRA_FIELD_CSR, "customfield_10202", "Certificate CSR text", "string", TYPES "textarea",
        true },
    { JIRA_FIELD_CERTIFICATE_ID, "customfield_10203", "Certificate ID", "string", TYPES "textfield",
        true },
    { JIRA_FIELD_EXPIRES, "customfield_10204", "Certificate expiration date", "datetime",
        TYPES "datetime", false },
    { JIRA_FIELD_DOMAIN, "customfield_10205", "Certificate domain", "string", TYPES "textfield",
        true },
};
const size_t n_jira_custom_fields = countof(jira_custom_fields);

static bool is_same(const char *a, const char *b)
{
    return span_is_nocase(span_text(a), b);
}

const struct jira_custom_field *jira_custom_field_find(const char *text)
{
    for (size_t i = 0; i < n_jira_custom_fields; i++)
        if (is_same(text, jira_custom_fields[i].key) || is_same(text, jira_custom_fields[i].name))
            return &jira_custom_fields[i];
    return NULL;
}

/* ---- types and statuses ---- */

static const char *const type_ids[N_TICKET_TYPES] = {
    [TICKET_CERTIFICATE] = "10001",
    [TICKET_REVOKE_CERTIFICATE] = "10002",
    [TICKET_CERTIFICATE_EXPIRY] = "10003",
};

const char *jira_type_id(enum ticket_type type)
{
    return type_ids[type];
}

bool jira_type_find(const char *text, enum ticket_type *ret)
{
    for (size_t i = 0; i < N_TICKET_TYPES; i++) {
        enum ticket_type type = (enum ticket_type)i;

        if (strcmp(text, type_ids[i]) == 0 || is_same(text, ticket_type_title(type)) ||
            is_same(text, ticket_type_name(type))) {
            *ret = type;
            return true;
        }
    }
    return false;
}

static const char *const status_ids[N_TICKET_STATUSES] = {
    [STATUS_OPEN] = "1",
    [STATUS_DONE] = "10001",
    [STATUS_CERTIFICATE_REQUEST] = "10010",
    [STATUS_CERTIFICATE_ENROLLED] = "10011",
    [STATUS_CERTIFICATE_ENROLLING] = "10012",
    [STATUS_CERTIFICATE_RENEW] = "10013",
    [STATUS_CERTIFICATE_RENEWED] = "10014",
    [STATUS_CERTIFICATE_REVOKING] = "10015",
    [STATUS_CERTIFICATE_REVOKED] = "10016",
    [STATUS_CANCELLED] = "10017",
};

const char *jira_status_id(enum ticket_status status)
{
    return status_ids[status];
}

bool jira_status_find(const char *text, enum ticket_status *ret)
{
    for (size_t i = 0; i < N_TICKET_STATUSES; i++) {
        enum ticket_status status = (enum ticket_status)i;

        if (strcmp(text, status_ids[i]) == 0 || is_same(text, ticket_status_title(status)) ||
            is_same(text, ticket_status_name(status))) {
            *ret = status;
            return true;
        }
    }
    return false;
}

static const struct {
    int id;
    const char *key;
    const char *name;
    const char *colour;
} categories[] = {
    [CATEGORY_NEW] = { 2, "new", "To Do", "blue-gray" },
    [CATEGORY_INDETERMINATE] = { 4, "indeterminate", "In Progress", "yellow" },
    [CATEGORY_DONE] = { 3, "done", "Done", "green" },
};

int jira_category_id(enum status_category category)
{
    return categories[category].id;
}

const char *jira_category_key(enum status_category category)
{
    return categories[category].key;
}

const char *jira_category_name(enum status_category category)
{
    return categories[category].name;
}

const char *jira_category_colour(enum status_category category)
{
    return categories[category].colour;
}

bool jira_category_find(const char *text, enum status_category *ret)
{
    for (size_t i = 0; i < countof(categories); i++) {
        char id[8];

        (void)snprintf(id, sizeof id, "%d", categories[i].id);
        if (strcmp(text, id) == 0 || is_same(text, categories[i].key) ||
            is_same(text, categories[i].name)) {
            *ret = (enum status_category)i;
            return true;
        }
    }
    return false;
}

/* ---- priorities, transitions, resolutions ---- */

static const struct {
    const char *id;
    const char *title;
} priorities[] = {
    [PRIORITY_LOWEST] = { "5", "Lowest" },
    [PRIORITY_LOW] = { "4", "Low" },
    [PRIORITY_MEDIUM] = { "3", "Medium" },
    [PRIORITY_HIGH] = { "2", "High" },
    [PRIORITY_HIGHEST] = { "1", "Highest" },
};

const char *jira_priority_id(enum priority priority)
{
    return priorities[priority].id;
}

const char *jira_priority_title(enum priority priority)
{
    return priorities[priority].title;
}

bool jira_priority_find(const char *text, enum priority *ret)
{
    for (size_t i = 0; i < countof(priorities); i++) {
        if (strcmp(text, priorities[i].id) == 0 || is_same(text, priorities[i].title)) {
            *ret = (enum priority)i;
            return true;
        }
    }
    return false;
}

static const struct {
    const char *id;
    const char *name;
} transitions[] = { { "11", "enroll" }, { "21", "renew" }, { "31", "revoke" }, { "41", "cancel" },
    { "51", "resolve" }, { "61", "reopen" } };

const char *jira_transition_id(const char *name)
{
    for (size_t i = 0; i < countof(transitions); i++)
        if (strcmp(transitions[i].name, name) == 0)
            return transitions[i].id;
    return NULL;
}

const char *jira_transition_name(const char *id)
{
    for (size_t i = 0; i < countof(transitions); i++)
        if (strcmp(transitions[i].id, id) == 0)
            return transitions[i].name;
    return NULL;
}

static const struct {
    const char *id;
    const char *name;
} resolutions[N_JIRA_RESOLUTIONS] = { { "10000", "Done" }, { "10001", "Won't Do" } };

const char *jira_resolution_id(enum jira_resolution resolution)
{
    return resolutions[resolution].id;
}

const char *jira_resolution_name(enum jira_resolution resolution)
{
    return resolutions[resolution].name;
}

bool jira_resolution_find(const char *text, enum jira_resolution *ret)
{
    for (size_t i = 0; i < N_JIRA_RESOLUTIONS; i++) {
        if (strcmp(text, resolutions[i].id) == 0 || is_same(text, resolutions[i].name)) {
            *ret = (enum jira_resolution)i;
            return true;
        }
    }
    return false;
}

/* ---- people ---- */

#define USER_PREFIX "JIRAUSER"
#define USER_BASE 10000

const char *jira_user_key(int64_t account_id, char field[static JIRA_USER_KEY_SIZE])
{
    (void)snprintf(field, JIRA_USER_KEY_SIZE, USER_PREFIX "%" PRId64, USER_BASE + account_id);
    return field;
}

bool jira_user_id(const char *key, int64_t *ret)
{
    int64_t number = 0;

    if (!span_is_nocase(span_slice(span_text(key), 0, strlen(USER_PREFIX)), USER_PREFIX) ||
        !parse_i64(span_slice(span_text(key), strlen(USER_PREFIX), SIZE_MAX), USER_BASE, INT64_MAX,
            &number, NULL))
        return false;
    *ret = number - USER_BASE;
    return true;
}
