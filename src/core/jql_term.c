/* core/jql_term: one term of a query: field, operator, operand, predicates. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "core/jql_parser.h"

#define OPERATORS "'=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'"

/* Behind "not", "is", "was": the second and third word of an operator. */
static bool parse_word_operator(struct jql_parser *parser, enum jql_operator *ret)
{
    bool is_was = jql_is_now(parser, "was");
    bool is_is = jql_is_now(parser, "is");
    bool has_not = jql_is_now(parser, "not");

    if (!jql_advance(parser))
        return false;
    if ((is_is || is_was) && jql_is_now(parser, "not")) {
        has_not = true;
        if (!jql_advance(parser))
            return false;
    }
    if (is_is) {
        *ret = has_not ? JQL_IS_NOT : JQL_IS;
        return true;
    }
    if (jql_is_now(parser, "in")) {
        *ret = is_was ? has_not ? JQL_WAS_NOT_IN : JQL_WAS_IN : JQL_NOT_IN;
        return jql_advance(parser);
    }
    if (is_was) {
        *ret = has_not ? JQL_WAS_NOT : JQL_WAS;
        return true;
    }
    return jql_fail_expecting(parser, "'IN'");
}

static bool fail_operator(struct jql_parser *parser)
{
    if (parser->now.kind == JQL_T_END)
        return fail(parser->err, ERR_INVALID,
            "Error in the JQL Query: Expecting operator before the end of the query. The valid "
            "operators are " OPERATORS ".");
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in the JQL Query: Expecting operator but got '%.*s'. The valid operators "
        "are " OPERATORS ".",
        JQL_NOW(parser));
}

static bool parse_operator(struct jql_parser *parser, enum jql_operator *ret)
{
    static const struct {
        const char *word;
        enum jql_operator op;
    } simple[] = { { "=", JQL_EQUALS }, { "!=", JQL_NOT_EQUALS }, { "<", JQL_LESS },
        { ">", JQL_GREATER }, { "<=", JQL_LESS_EQUALS }, { ">=", JQL_GREATER_EQUALS },
        { "~", JQL_LIKE }, { "!~", JQL_NOT_LIKE }, { "in", JQL_IN }, { "changed", JQL_CHANGED } };

    for (size_t i = 0; i < countof(simple); i++) {
        if (jql_is_now(parser, simple[i].word)) {
            *ret = simple[i].op;
            return jql_advance(parser);
        }
    }
    if (jql_is_now(parser, "not") || jql_is_now(parser, "is") || jql_is_now(parser, "was"))
        return parse_word_operator(parser, ret);
    return fail_operator(parser);
}

static const char *predicate_word(const struct jql_parser *parser, bool is_changed)
{
    static const char *const words[] = { "after", "before", "on", "during", "by", "from", "to" };

    for (size_t i = 0; i < (is_changed ? countof(words) : 5); i++)
        if (jql_is_now(parser, words[i]))
            return words[i];
    return NULL;
}

static bool parse_predicates(struct jql_parser *parser, struct jql_node *term)
{
    const char *word;

    while ((word = predicate_word(parser, term->op == JQL_CHANGED))) {
        struct jql_predicate predicate = { .word = word };

        if (!jql_advance(parser))
            return false;
        bool works = jql_parse_operand(parser, true, &predicate.operand);

        term->predicates =
            xreallocarray(term->predicates, term->n_predicates + 1, sizeof *term->predicates);
        term->predicates[term->n_predicates++] = predicate;
        if (!works)
            return false;
    }
    return true;
}

static bool fail_kind(struct jql_parser *parser, size_t at, const struct jql_node *term)
{
    if (term->op == JQL_IS || term->op == JQL_IS_NOT)
        return jql_fail_at(parser->err, parser->lexer.text, at,
            "Error in the JQL Query: Expecting 'EMPTY' or 'NULL' behind the operator '%s'.",
            jql_operator_text(term->op));
    return jql_fail_at(parser->err, parser->lexer.text, at,
        "Operator '%s' does not support the %s value '%s%s%s' for field '%s'.",
        jql_operator_text(term->op), term->operand.kind == JQL_EMPTY ? "empty" : "non-list",
        term->operand.is_quoted ? "\"" : "", term->operand.text ? term->operand.text : "EMPTY",
        term->operand.is_quoted ? "\"" : "", term->field);
}

/* Which operands an operator takes. */
static bool check_kind(struct jql_parser *parser, size_t at, const struct jql_node *term)
{
    enum jql_operand_kind kind = term->operand.kind;
    bool fits = kind != JQL_LIST;

    if (term->op == JQL_IN || term->op == JQL_NOT_IN || term->op == JQL_WAS_IN ||
        term->op == JQL_WAS_NOT_IN)
        fits = kind == JQL_LIST || kind == JQL_FUNCTION;
    else if (term->op == JQL_IS || term->op == JQL_IS_NOT)
        fits = kind == JQL_EMPTY;
    else if (term->op >= JQL_LESS && term->op <= JQL_GREATER_EQUALS)
        fits = kind == JQL_VALUE || kind == JQL_FUNCTION;
    return fits || fail_kind(parser, at, term);
}

/* Nothing else may stand there, and what is no operand at all is told of as such. */
static bool check_behind_is(struct jql_parser *parser, const struct jql_node *term)
{
    if ((term->op != JQL_IS && term->op != JQL_IS_NOT) || jql_is_now(parser, "empty") ||
        jql_is_now(parser, "null") || !jql_is_text(&parser->now))
        return true;
    return fail_kind(parser, parser->now.at, term);
}

bool jql_parse_term(struct jql_parser *parser, struct jql_node *term)
{
    if (!jql_one_more(parser) ||
        !jql_parse_field(parser, &term->field, &term->is_custom_field, &term->custom_field) ||
        !parse_operator(parser, &term->op))
        return false;
    if (term->op != JQL_CHANGED) {
        size_t at = parser->now.at;
        bool may_list = term->op == JQL_IN || term->op == JQL_NOT_IN || term->op == JQL_WAS_IN ||
                        term->op == JQL_WAS_NOT_IN;

        if (!check_behind_is(parser, term) ||
            !jql_parse_operand(parser, may_list, &term->operand) || !check_kind(parser, at, term))
            return false;
    }
    return term->op < JQL_WAS || parse_predicates(parser, term);
}
