/*
 * store/ticket_jql_term: one condition of a JQL query as SQL. For store/ticket_jql and its parts
 * alone.
 *
 * What is empty is NULL in SQL, so that its three-valued logic is Jira's: neither "=" nor "!="
 * holds of it.
 */
#pragma once

#include "core/lifecycle.h"
#include "store/select.h"
#include "store/ticket_jql.h"

/* Columns of a ticket as JQL knows them, in the order of their table. */
enum jql_field {
    JQL_PROJECT,
    JQL_KEY,
    JQL_TYPE,
    JQL_STATUS,
    JQL_CATEGORY,
    JQL_ASSIGNEE,
    JQL_REPORTER,
    JQL_PRIORITY,
    JQL_RESOLUTION,
    JQL_LABELS,
    JQL_SUMMARY,
    JQL_DESCRIPTION,
    JQL_COMMENT,
    JQL_TEXT,
    JQL_CREATED,
    JQL_UPDATED,
    JQL_DUE,
    JQL_RESOLVED,
    JQL_ATTACHMENTS,
    JQL_WATCHER,
    JQL_PROFILE,
    JQL_CSR,
    JQL_CERTIFICATE_ID,
    JQL_EXPIRES,
    JQL_DOMAIN,
    N_JQL_FIELDS,
};

struct jql_build {
    struct tx *tx;
    const struct ticket_jql *query;
    struct select *select;
    struct err *err;
    bool sees_few; /* the viewer's tickets are looked up: no other index is to be walked */
    bool walks;    /* each ticket is looked at: no index but that of the order */
};

/* ERR_INVALID: "Field 'x' does not exist or you do not have permission to view it." */
bool jql_find_field(const char *name, bool is_custom, int64_t number, enum jql_field *ret,
    struct err *err) must_check;

/* Which operators a field takes, and what its values are. */
enum jql_class {
    JQL_IS_CHOICE,
    JQL_IS_RANKED, /* a choice with an order */
    JQL_IS_DATE,
    JQL_IS_TEXT,
    JQL_IS_KEY,
    JQL_IS_WORD,   /* a text that is compared whole, too */
    JQL_IS_EXISTS, /* there, or not */
};
extern const enum jql_class jql_classes[N_JQL_FIELDS];

/* An expression, to be compared; and one to sort by. */
void jql_add_column(struct select *select, enum jql_field field);
void jql_add_sort_column(struct select *select, enum jql_field field);

struct jql_term {
    struct jql_build *build;
    const struct jql_node *node;
    enum jql_field field;
};

/* Failures in Jira's words. */
bool jql_fail_value(const struct jql_term *term, const char *text);
bool jql_fail_operator(const struct jql_term *term);
bool jql_fail_function(const struct jql_term *term, const struct jql_operand *function);

bool jql_is_negative(const struct jql_node *node);   /* !=, NOT IN, IS NOT, !~ */
bool jql_is_comparison(const struct jql_node *node); /* <, >, <=, >= */

void jql_add_is_empty(const struct jql_term *term);
bool jql_add_number(const struct jql_term *term, int64_t number);

/* What `add` makes of each operand, joined by OR, and negated where the operator is. */
bool jql_add_set(const struct jql_term *term,
    bool (*add)(const struct jql_term *term, const struct jql_operand *operand)) must_check;
bool jql_add_choice(const struct jql_term *term) must_check;
bool jql_add_ranked(const struct jql_term *term) must_check;

/* WAS and CHANGED, of what the history tells of. */
bool jql_add_history(const struct jql_term *term) must_check;

/* ---- what values mean ---- */

/* An operand, or those of a list. */
const struct jql_operand *jql_operands(const struct jql_operand *operand, size_t *ret_n);

/* What stands in the database for a value; several where that is a category of statuses. */
struct jql_choice {
    const char *texts[N_TICKET_STATUSES];
    size_t n;
};

/* Of a field whose values are ours; *ret_known says whether it is one. */
bool jql_find_texts(const struct jql_term *term, const char *text, struct jql_choice *ret,
    bool *ret_known) must_check;
bool jql_find_account(const struct jql_term *term, const char *text, int64_t *ret) must_check;
bool jql_date_of(const struct jql_term *term, const struct jql_operand *operand, int64_t *ret)
    must_check;

/* Appends a condition on t. */
bool jql_add_term(struct jql_build *build, const struct jql_node *term) must_check;
