/*
 * core/jql: Jira's query language, read into a tree.
 *
 * What it accepts is what Atlassian's own parser accepts (tests/jql compares them); NOT binds
 * tighter than AND, AND tighter than OR. Names of fields, values and functions are not looked up
 * here: store/ticket_jql does that. Errors are worded as Jira words them, with line and character.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

#define JQL_TEXT_MAX 32768 /* bytes of a query */
#define JQL_DEPTH_MAX 60   /* parentheses, NOTs and lists within each other */
#define JQL_PARTS_MAX 2000 /* terms and values */

enum jql_operator {
    JQL_EQUALS,
    JQL_NOT_EQUALS,
    JQL_LESS,
    JQL_GREATER,
    JQL_LESS_EQUALS,
    JQL_GREATER_EQUALS,
    JQL_LIKE,
    JQL_NOT_LIKE,
    JQL_IN,
    JQL_NOT_IN,
    JQL_IS,
    JQL_IS_NOT,
    JQL_WAS,
    JQL_WAS_NOT,
    JQL_WAS_IN,
    JQL_WAS_NOT_IN,
    JQL_CHANGED,
    N_JQL_OPERATORS,
};

/* "=", "not in", …: as errors name it. */
const char *jql_operator_text(enum jql_operator op);

enum jql_operand_kind { JQL_NO_OPERAND, JQL_VALUE, JQL_EMPTY, JQL_FUNCTION, JQL_LIST };

struct jql_operand {
    enum jql_operand_kind kind;
    char *text;                /* the value, or the function's name; NULL otherwise */
    bool is_quoted;            /* the value stood in quotation marks */
    struct jql_operand *items; /* of a list; a function's arguments */
    size_t n;
};

enum jql_kind { JQL_AND, JQL_OR, JQL_NOT, JQL_TERM };

/* "BEFORE x", "FROM y" behind WAS and CHANGED. */
struct jql_predicate {
    const char *word; /* in lower case; lives for ever */
    struct jql_operand operand;
};

struct jql_node {
    enum jql_kind kind;
    struct jql_node **children; /* of AND and OR two or more, of NOT one */
    size_t n;

    /* Of a term. */
    char *field; /* as it was written; a property's path is part of it: "a[b].c" */
    bool is_custom_field;
    int64_t custom_field; /* the number in cf[10201] */
    enum jql_operator op;
    struct jql_operand operand;
    struct jql_predicate *predicates;
    size_t n_predicates;
};

enum jql_direction { JQL_UNSAID, JQL_ASC, JQL_DESC };

struct jql_sort {
    char *field;
    bool is_custom_field;
    int64_t custom_field;
    enum jql_direction direction;
};

struct jql {
    struct jql_node *where; /* NULL: everything */
    struct jql_sort *sorts;
    size_t n_sorts;
};

/*
 * The caller frees *ret. ERR_INVALID with a sentence of Jira's; ERR_LIMIT for a query that is too
 * long, too deep or of too many parts.
 */
bool jql_parse(struct span text, struct jql **ret, struct err *err) must_check;
void jql_free(struct jql *jql);
DEFINE_AUTOFREE(jql);

/* The tree as text, for tests: (and (= "project" "CERT") (not (is "due" empty))) (sort "key" asc).
 */
void jql_show(const struct jql *jql, struct buf *out);
