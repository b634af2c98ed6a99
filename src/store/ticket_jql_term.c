/*
 * store/ticket_jql_term: see the header. Choices are store/ticket_jql_choice's; here are dates,
 * texts and keys.
 */
#include "store/ticket_jql_term.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/fold.h"
#include "core/jql_date.h"
#include "store/ticket_read.h"
#include "store/ticket_words.h"

/* ---- dates ---- */

static void add_relation(struct select *select, enum jql_operator op)
{
    if (op == JQL_LESS)
        select_add(select, " < ");
    else if (op == JQL_GREATER)
        select_add(select, " > ");
    else if (op == JQL_LESS_EQUALS)
        select_add(select, " <= ");
    else if (op == JQL_GREATER_EQUALS)
        select_add(select, " >= ");
    else
        select_add(select, " = ");
}

bool jql_date_of(const struct jql_term *term, const struct jql_operand *operand, int64_t *ret)
{
    int64_t now = term->build->query->now;

    if (operand->kind == JQL_FUNCTION) {
        if (jql_date_function(operand, now, ret))
            return true;
        return jql_fail_function(term, operand);
    }
    if (operand->kind == JQL_VALUE && jql_date_value(operand->text, now, ret))
        return true;
    return fail(term->build->err, ERR_INVALID,
        "Date value '%.100s' for field '%.100s' is invalid. Valid formats include: 'yyyy/MM/dd "
        "HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', "
        "'4w 2d'.",
        operand->text ? operand->text : "", term->node->field);
}

static bool add_date_operand(const struct jql_term *term, const struct jql_operand *operand)
{
    int64_t at = 0;

    if (operand->kind == JQL_EMPTY) {
        jql_add_is_empty(term);
        return true;
    }
    return jql_date_of(term, operand, &at) && jql_add_number(term, at);
}

static bool add_date(const struct jql_term *term)
{
    struct select *select = term->build->select;
    int64_t at = 0;

    if (term->node->op == JQL_LIKE || term->node->op == JQL_NOT_LIKE)
        return jql_fail_operator(term);
    if (!jql_is_comparison(term->node))
        return jql_add_set(term, add_date_operand);
    if (!jql_date_of(term, &term->node->operand, &at))
        return false;
    jql_add_column(select, term->field);
    add_relation(select, term->node->op);
    select_i64(select, at);
    return true;
}

/* ---- text ---- */

static enum ticket_text text_of(enum jql_field field)
{
    if (field == JQL_SUMMARY)
        return TICKET_TEXT_SUMMARY;
    if (field == JQL_DESCRIPTION)
        return TICKET_TEXT_DESCRIPTION;
    return field == JQL_COMMENT ? TICKET_TEXT_COMMENT : TICKET_TEXT_ALL;
}

/* "a b" finds what has both words, wherever; "\"a b\"" the phrase; "a*" what has a word that begins
 * so, which any part of a word does here. */
static bool add_words(const struct jql_term *term, const char *text)
{
    autodone(ticket_words) struct ticket_words words = { 0 };
    autofree(str) char *copy = xstrdup(text);
    enum ticket_words_way way = TICKET_WORDS_BY_LOOK;
    struct span rest;
    struct span part;
    char separator = ' ';

    for (char *c = copy; *c; c++)
        if (strchr("*?~\t\r\n", *c))
            *c = ' ';
    rest = span_trim(span_text(copy));
    if (rest.size > 2 && rest.data[0] == '"' && rest.data[rest.size - 1] == '"') {
        rest = span_slice(rest, 1, rest.size - 2);
        separator = '"';
    }
    while (span_split(&rest, separator, &part)) {
        if (words.n == TICKET_WORDS_MAX)
            return fail(term->build->err, ERR_LIMIT,
                "A text of more than %d words is not searched for.", TICKET_WORDS_MAX);
        ticket_words_add(&words, part);
    }
    if (!term->build->walks && !term->build->sees_few &&
        !ticket_words_plan(term->build->tx, &words, text_of(term->field), &way, term->build->err))
        return false;
    ticket_words_condition(term->build->tx, term->build->select, &words, text_of(term->field), way);
    return true;
}

static bool add_text(const struct jql_term *term)
{
    const struct jql_operand *operand = &term->node->operand;
    enum jql_operator op = term->node->op;

    if (op != JQL_LIKE && op != JQL_NOT_LIKE && op != JQL_IS && op != JQL_IS_NOT)
        return jql_fail_operator(term);
    if (operand->kind == JQL_EMPTY) {
        if (jql_is_negative(term->node))
            select_add(term->build->select, "NOT ");
        select_add(term->build->select, "(");
        jql_add_is_empty(term);
        select_add(term->build->select, ")");
        return true;
    }
    if (operand->kind != JQL_VALUE)
        return jql_fail_function(term, operand);
    if (op == JQL_LIKE)
        return add_words(term, operand->text);
    jql_add_column(term->build->select, term->field);
    select_add(term->build->select, " IS NOT NULL AND NOT ");
    return add_words(term, operand->text);
}

static bool add_word_operand(const struct jql_term *term, const struct jql_operand *operand)
{
    autofree(str) char *lower = NULL;

    if (operand->kind == JQL_EMPTY) {
        jql_add_is_empty(term);
        return true;
    }
    if (operand->kind != JQL_VALUE)
        return jql_fail_function(term, operand);
    lower = text_fold(operand->text);
    select_add(term->build->select, "lower(");
    jql_add_column(term->build->select, term->field);
    select_add(term->build->select, ") = ");
    select_text(term->build->select, lower);
    return true;
}

/* A field of one word: exactly, or a part of it. */
static bool add_one_word(const struct jql_term *term)
{
    const struct jql_operand *operand = &term->node->operand;

    if (jql_is_comparison(term->node))
        return jql_fail_operator(term);
    if ((term->node->op != JQL_LIKE && term->node->op != JQL_NOT_LIKE) ||
        operand->kind != JQL_VALUE)
        return jql_add_set(term, add_word_operand);
    if (jql_is_negative(term->node))
        select_add(term->build->select, "NOT ");
    select_add(term->build->select, "(lower(");
    jql_add_column(term->build->select, term->field);
    select_add(term->build->select, ")");
    select_contains(term->build->select, operand->text);
    select_add(term->build->select, ")");
    return true;
}

/* ---- keys ---- */

static bool add_key_value(const struct jql_term *term, const char *text)
{
    struct select *select = term->build->select;
    char project[16];
    int64_t number;

    if (parse_i64(span_text(text), 0, INT64_MAX, &number, NULL)) {
        select_add(select, "t.id");
        add_relation(select, term->node->op);
        select_i64(select, number);
        return true;
    }
    if (!ticket_split_key(text, project, &number))
        return fail(term->build->err, ERR_INVALID,
            "The issue key '%.100s' for field '%.100s' is invalid.", text, term->node->field);
    select_add(select, "(t.project = ");
    select_text(select, project);
    select_add(select, " AND t.number");
    add_relation(select, term->node->op);
    select_i64(select, number);
    select_add(select, ")");
    return true;
}

static bool add_key_operand(const struct jql_term *term, const struct jql_operand *operand)
{
    struct select *select = term->build->select;

    if (operand->kind == JQL_VALUE)
        return add_key_value(term, operand->text);
    if (operand->kind == JQL_EMPTY) {
        select_add(select, "1 = 0");
        return true;
    }
    if (operand->kind == JQL_FUNCTION && span_is_nocase(span_text(operand->text), "issueHistory")) {
        select_add(select, "1 = 0");
        return true;
    }
    if (operand->kind == JQL_FUNCTION &&
        span_is_nocase(span_text(operand->text), "watchedIssues")) {
        select_add(select,
            "t.id IN (SELECT o.ticket_id FROM ticket_watcher o WHERE o.account_id = ");
        select_i64(select, term->build->query->viewer->account_id);
        select_add(select, ")");
        return true;
    }
    if (operand->kind == JQL_FUNCTION)
        return jql_fail_function(term, operand);
    return fail(term->build->err, ERR_INVALID, "A list may not stand within a list.");
}

static bool add_key(const struct jql_term *term)
{
    if (term->node->op == JQL_LIKE || term->node->op == JQL_NOT_LIKE)
        return jql_fail_operator(term);
    return jql_add_set(term, add_key_operand);
}

/* ---- terms ---- */

static bool add_exists(const struct jql_term *term)
{
    if (term->node->operand.kind != JQL_EMPTY)
        return jql_fail_operator(term);
    if (jql_is_negative(term->node))
        select_add(term->build->select, "NOT ");
    select_add(term->build->select, "(");
    jql_add_is_empty(term);
    select_add(term->build->select, ")");
    return true;
}

bool jql_add_term(struct jql_build *build, const struct jql_node *node)
{
    static bool (*const adders[])(const struct jql_term *term) = {
        [JQL_IS_CHOICE] = jql_add_choice,
        [JQL_IS_RANKED] = jql_add_ranked,
        [JQL_IS_DATE] = add_date,
        [JQL_IS_TEXT] = add_text,
        [JQL_IS_KEY] = add_key,
        [JQL_IS_WORD] = add_one_word,
        [JQL_IS_EXISTS] = add_exists,
    };
    struct jql_term term = { .build = build, .node = node };

    if (!jql_find_field(node->field, node->is_custom_field, node->custom_field, &term.field,
            build->err))
        return false;
    if (node->op >= JQL_WAS)
        return jql_add_history(&term);
    return adders[jql_classes[term.field]](&term);
}
