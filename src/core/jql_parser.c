/*
 * core/jql_parser: see the header. Tokens, limits and messages, and what stands on its own in a
 * query: the name of a field, an operand.
 */
#include "core/jql_parser.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"

/* ---- tokens ---- */

bool jql_advance(struct jql_parser *parser)
{
    return jql_lex(&parser->lexer, &parser->now, parser->err);
}

bool jql_is_now(const struct jql_parser *parser, const char *word)
{
    return jql_token_is(&parser->now, word);
}

bool jql_is_either(const struct jql_parser *parser, const char *word, const char *mark)
{
    return jql_is_now(parser, word) || jql_is_now(parser, mark);
}

bool jql_is_text(const struct jql_token *token)
{
    return token->kind == JQL_T_WORD || token->kind == JQL_T_NUMBER || token->kind == JQL_T_QUOTED;
}

int jql_shown(const struct jql_parser *parser)
{
    return (int)(parser->now.raw.size < 60 ? parser->now.raw.size : 60);
}

bool jql_fail_reserved(struct jql_parser *parser)
{
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in the JQL Query: '%.*s' is a reserved JQL word. You must surround it in quotation "
        "marks to use it in a query.",
        JQL_NOW(parser));
}

bool jql_fail_expecting(struct jql_parser *parser, const char *what)
{
    if (parser->now.kind == JQL_T_END)
        return fail(parser->err, ERR_INVALID,
            "Error in the JQL Query: Expecting %s before the end of the query.", what);
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in the JQL Query: Expecting %s but got '%.*s'.", what, JQL_NOW(parser));
}

bool jql_expect(struct jql_parser *parser, const char *mark, const char *what)
{
    return jql_is_now(parser, mark) ? jql_advance(parser) : jql_fail_expecting(parser, what);
}

bool jql_deeper(struct jql_parser *parser)
{
    if (++parser->depth > JQL_DEPTH_MAX)
        return fail(parser->err, ERR_LIMIT, "the JQL query is nested deeper than %d",
            JQL_DEPTH_MAX);
    return true;
}

bool jql_one_more(struct jql_parser *parser)
{
    if (++parser->n_parts > JQL_PARTS_MAX)
        return fail(parser->err, ERR_LIMIT, "the JQL query has more than %d terms and values",
            JQL_PARTS_MAX);
    return true;
}

/* ---- fields ---- */

static bool fail_field(struct jql_parser *parser)
{
    if (parser->now.kind == JQL_T_RESERVED)
        return jql_fail_reserved(parser);
    if (parser->now.kind == JQL_T_END)
        return fail(parser->err, ERR_INVALID,
            "Error in the JQL Query: Expecting a field name at the end of the query.");
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in the JQL Query: Expecting a field name but got '%.*s'. You must surround '%.*s' "
        "in quotation marks to use it as a field name.",
        JQL_NOW(parser), JQL_NOW(parser));
}

static bool parse_custom_field(struct jql_parser *parser, int64_t *ret)
{
    if (!jql_advance(parser) || !jql_expect(parser, "[", "'['"))
        return false;
    if (parser->now.kind != JQL_T_NUMBER || parser->now.raw.data[0] == '-')
        return jql_fail_expecting(parser, "the number of a custom field");
    if (!parse_i64(parser->now.raw, 0, INT64_MAX, ret, NULL))
        *ret = 0; /* there is none with such a number */
    return jql_advance(parser) && jql_expect(parser, "]", "']'");
}

/* "[name].path" behind a field. */
static bool parse_property(struct jql_parser *parser, struct buf *name)
{
    while (jql_is_now(parser, "[")) {
        if (!jql_advance(parser))
            return false;
        if (!jql_is_text(&parser->now))
            return jql_fail_expecting(parser, "the name of a property");
        autofree(str) char *value = jql_token_value(&parser->now);

        buf_addf(name, "[%s]", value);
        if (!jql_advance(parser) || !jql_expect(parser, "]", "']'"))
            return false;
        while (jql_is_text(&parser->now)) {
            autofree(str) char *path = jql_token_value(&parser->now);

            buf_add_text(name, path);
            if (!jql_advance(parser))
                return false;
        }
    }
    return true;
}

bool jql_parse_field(struct jql_parser *parser, char **ret, bool *ret_custom, int64_t *ret_number)
{
    autodone(buf) struct buf name = BUF_INIT(4 * JQL_TEXT_MAX);
    bool may_have_property = true;

    if (parser->now.kind == JQL_T_RESERVED && span_is_nocase(parser->now.raw, "cf")) {
        int64_t number = 0;

        if (!parse_custom_field(parser, &number))
            return false;
        buf_addf(&name, "cf[%" PRId64 "]", number);
        *ret_custom = true;
        *ret_number = number;
    } else {
        if (!jql_is_text(&parser->now))
            return fail_field(parser);
        may_have_property = parser->now.kind != JQL_T_NUMBER;
        autofree(str) char *value = jql_token_value(&parser->now);

        buf_add_text(&name, value);
        if (!jql_advance(parser))
            return false;
    }
    if (may_have_property && !parse_property(parser, &name))
        return false;
    *ret = buf_take_text(&name);
    return true;
}

/* ---- operands ---- */

void jql_operand_done(struct jql_operand *operand)
{
    for (size_t i = 0; i < operand->n; i++)
        jql_operand_done(&operand->items[i]);
    free(operand->items);
    free(operand->text);
}

static struct jql_operand *add_item(struct jql_operand *operand)
{
    if ((operand->n & (operand->n - 1)) == 0)
        operand->items =
            xreallocarray(operand->items, operand->n ? 2 * operand->n : 1, sizeof *operand->items);
    operand->items[operand->n] = (struct jql_operand){ 0 };
    return &operand->items[operand->n++];
}

static bool fail_operand(struct jql_parser *parser)
{
    if (parser->now.kind == JQL_T_RESERVED && !span_is_nocase(parser->now.raw, "cf"))
        return jql_fail_reserved(parser);
    if (parser->now.kind == JQL_T_END)
        return fail(parser->err, ERR_INVALID,
            "Error in the JQL Query: Expecting either a value, list or function before the end of "
            "the query.");
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in JQL Query: Expecting either a value, list or function but got '%.*s'. You must "
        "surround '%.*s' in quotation marks to use it as a value.",
        JQL_NOW(parser), JQL_NOW(parser));
}

/* The arguments of a function; "(" is there. */
static bool parse_arguments(struct jql_parser *parser, struct jql_operand *function)
{
    if (!jql_advance(parser))
        return false;
    if (jql_is_now(parser, ")"))
        return jql_advance(parser);
    for (;;) {
        if (!jql_is_text(&parser->now))
            return jql_fail_expecting(parser, "an argument");
        if (!jql_one_more(parser))
            return false;
        struct jql_operand *item = add_item(function);

        item->kind = JQL_VALUE;
        item->text = jql_token_value(&parser->now);
        if (!jql_advance(parser))
            return false;
        if (!jql_is_now(parser, ","))
            return jql_expect(parser, ")", "')'");
        if (!jql_advance(parser))
            return false;
    }
}

/* "(" is there. */
static bool parse_list(struct jql_parser *parser, struct jql_operand *ret)
{
    ret->kind = JQL_LIST;
    if (!jql_deeper(parser) || !jql_advance(parser))
        return false;
    for (;;) {
        struct jql_operand item = { 0 };
        bool works = jql_parse_operand(parser, true, &item);

        *add_item(ret) = item;
        if (!works)
            return false;
        if (!jql_is_now(parser, ","))
            break;
        if (!jql_advance(parser))
            return false;
    }
    parser->depth--;
    return jql_expect(parser, ")", "')'");
}

/* What is made is the caller's to release, also after a failure. */
bool jql_parse_operand(struct jql_parser *parser, bool may_list, struct jql_operand *ret)
{
    if (!jql_one_more(parser))
        return false;
    if (may_list && jql_is_now(parser, "("))
        return parse_list(parser, ret);
    if (jql_is_either(parser, "empty", "null")) {
        ret->kind = JQL_EMPTY;
        return jql_advance(parser);
    }
    if (!jql_is_text(&parser->now))
        return fail_operand(parser);
    ret->kind = JQL_VALUE;
    ret->is_quoted = parser->now.kind == JQL_T_QUOTED;
    ret->text = jql_token_value(&parser->now);
    if (!jql_advance(parser))
        return false;
    if (!jql_is_now(parser, "("))
        return true;
    ret->kind = JQL_FUNCTION;
    return parse_arguments(parser, ret);
}
