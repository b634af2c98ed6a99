/*
 * core/jql: see the header.
 *
 * One token is looked ahead; each function reads one rule of the grammar:
 *
 *     query = [ or ] [ ORDER BY sort { "," sort } ]
 *     or    = and { OR and }          and = not { AND not }
 *     not   = NOT not | "(" or ")" | term
 *     term  = field operator operand { predicate }
 */
#include "core/jql.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "core/jql_lex.h"

#define OPERATORS "'=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'"

struct parser {
    struct jql_lexer lexer;
    struct jql_token now; /* not yet consumed */
    int depth;
    size_t n_parts;
    struct err *err;
};

static bool parse_or(struct parser *parser, struct jql_node **ret);
static bool parse_operand(struct parser *parser, bool may_list, struct jql_operand *ret);

const char *jql_operator_text(enum jql_operator op)
{
    static const char *const texts[] = { "=", "!=", "<", ">", "<=", ">=", "~", "!~", "in", "not in",
        "is", "is not", "was", "was not", "was in", "was not in", "changed" };

    return texts[op];
}

/* ---- memory ---- */

static void operand_done(struct jql_operand *operand)
{
    for (size_t i = 0; i < operand->n; i++)
        operand_done(&operand->items[i]);
    free(operand->items);
    free(operand->text);
}

static void node_free(struct jql_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->n; i++)
        node_free(node->children[i]);
    for (size_t i = 0; i < node->n_predicates; i++)
        operand_done(&node->predicates[i].operand);
    free(node->predicates);
    free(node->children);
    operand_done(&node->operand);
    free(node->field);
    free(node);
}

void jql_free(struct jql *jql)
{
    if (!jql)
        return;
    node_free(jql->where);
    for (size_t i = 0; i < jql->n_sorts; i++)
        free(jql->sorts[i].field);
    free(jql->sorts);
    free(jql);
}

static void add_child(struct jql_node *node, struct jql_node *child)
{
    /* Room is doubled at each power of two. */
    if ((node->n & (node->n - 1)) == 0)
        node->children = xreallocarray(node->children, node->n ? 2 * node->n : 1, sizeof(void *));
    node->children[node->n++] = child;
}

static struct jql_operand *add_item(struct jql_operand *operand)
{
    if ((operand->n & (operand->n - 1)) == 0)
        operand->items =
            xreallocarray(operand->items, operand->n ? 2 * operand->n : 1, sizeof *operand->items);
    operand->items[operand->n] = (struct jql_operand){ 0 };
    return &operand->items[operand->n++];
}

/* ---- tokens ---- */

static bool advance(struct parser *parser)
{
    return jql_lex(&parser->lexer, &parser->now, parser->err);
}

static bool is_now(const struct parser *parser, const char *word)
{
    return jql_token_is(&parser->now, word);
}

static bool is_either(const struct parser *parser, const char *word, const char *mark)
{
    return is_now(parser, word) || is_now(parser, mark);
}

static bool is_text(const struct jql_token *token)
{
    return token->kind == JQL_T_WORD || token->kind == JQL_T_NUMBER || token->kind == JQL_T_QUOTED;
}

/* What stands there, for messages. */
static int shown(const struct parser *parser)
{
    return (int)(parser->now.raw.size < 60 ? parser->now.raw.size : 60);
}

#define NOW(parser) shown(parser), (const char *)(parser)->now.raw.data

static bool fail_reserved(struct parser *parser)
{
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in the JQL Query: '%.*s' is a reserved JQL word. You must surround it in quotation "
        "marks to use it in a query.",
        NOW(parser));
}

static bool fail_expecting(struct parser *parser, const char *what)
{
    if (parser->now.kind == JQL_T_END)
        return fail(parser->err, ERR_INVALID,
            "Error in the JQL Query: Expecting %s before the end of the query.", what);
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in the JQL Query: Expecting %s but got '%.*s'.", what, NOW(parser));
}

static bool expect(struct parser *parser, const char *mark, const char *what)
{
    return is_now(parser, mark) ? advance(parser) : fail_expecting(parser, what);
}

static bool deeper(struct parser *parser)
{
    if (++parser->depth > JQL_DEPTH_MAX)
        return fail(parser->err, ERR_LIMIT, "the JQL query is nested deeper than %d",
            JQL_DEPTH_MAX);
    return true;
}

static bool one_more(struct parser *parser)
{
    if (++parser->n_parts > JQL_PARTS_MAX)
        return fail(parser->err, ERR_LIMIT, "the JQL query has more than %d terms and values",
            JQL_PARTS_MAX);
    return true;
}

/* ---- fields ---- */

static bool fail_field(struct parser *parser)
{
    if (parser->now.kind == JQL_T_RESERVED)
        return fail_reserved(parser);
    if (parser->now.kind == JQL_T_END)
        return fail(parser->err, ERR_INVALID,
            "Error in the JQL Query: Expecting a field name at the end of the query.");
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in the JQL Query: Expecting a field name but got '%.*s'. You must surround '%.*s' "
        "in quotation marks to use it as a field name.",
        NOW(parser), NOW(parser));
}

static bool parse_custom_field(struct parser *parser, int64_t *ret)
{
    if (!advance(parser) || !expect(parser, "[", "'['"))
        return false;
    if (parser->now.kind != JQL_T_NUMBER || parser->now.raw.data[0] == '-')
        return fail_expecting(parser, "the number of a custom field");
    if (!parse_i64(parser->now.raw, 0, INT64_MAX, ret, NULL))
        *ret = 0; /* there is none with such a number */
    return advance(parser) && expect(parser, "]", "']'");
}

/* "[name].path" behind a field. */
static bool parse_property(struct parser *parser, struct buf *name)
{
    while (is_now(parser, "[")) {
        if (!advance(parser))
            return false;
        if (!is_text(&parser->now))
            return fail_expecting(parser, "the name of a property");
        autofree(str) char *value = jql_token_value(&parser->now);

        buf_addf(name, "[%s]", value);
        if (!advance(parser) || !expect(parser, "]", "']'"))
            return false;
        while (is_text(&parser->now)) {
            autofree(str) char *path = jql_token_value(&parser->now);

            buf_add_text(name, path);
            if (!advance(parser))
                return false;
        }
    }
    return true;
}

static bool parse_field(struct parser *parser, char **ret, bool *ret_custom, int64_t *ret_number)
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
        if (!is_text(&parser->now))
            return fail_field(parser);
        may_have_property = parser->now.kind != JQL_T_NUMBER;
        autofree(str) char *value = jql_token_value(&parser->now);

        buf_add_text(&name, value);
        if (!advance(parser))
            return false;
    }
    if (may_have_property && !parse_property(parser, &name))
        return false;
    *ret = buf_take_text(&name);
    return true;
}

/* ---- operands ---- */

static bool fail_operand(struct parser *parser)
{
    if (parser->now.kind == JQL_T_RESERVED && !span_is_nocase(parser->now.raw, "cf"))
        return fail_reserved(parser);
    if (parser->now.kind == JQL_T_END)
        return fail(parser->err, ERR_INVALID,
            "Error in the JQL Query: Expecting either a value, list or function before the end of "
            "the query.");
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in JQL Query: Expecting either a value, list or function but got '%.*s'. You must "
        "surround '%.*s' in quotation marks to use it as a value.",
        NOW(parser), NOW(parser));
}

/* The arguments of a function; "(" is there. */
static bool parse_arguments(struct parser *parser, struct jql_operand *function)
{
    if (!advance(parser))
        return false;
    if (is_now(parser, ")"))
        return advance(parser);
    for (;;) {
        if (!is_text(&parser->now))
            return fail_expecting(parser, "an argument");
        if (!one_more(parser))
            return false;
        struct jql_operand *item = add_item(function);

        item->kind = JQL_VALUE;
        item->text = jql_token_value(&parser->now);
        if (!advance(parser))
            return false;
        if (!is_now(parser, ","))
            return expect(parser, ")", "')'");
        if (!advance(parser))
            return false;
    }
}

/* "(" is there. */
static bool parse_list(struct parser *parser, struct jql_operand *ret)
{
    ret->kind = JQL_LIST;
    if (!deeper(parser) || !advance(parser))
        return false;
    for (;;) {
        struct jql_operand item = { 0 };
        bool works = parse_operand(parser, true, &item);

        *add_item(ret) = item;
        if (!works)
            return false;
        if (!is_now(parser, ","))
            break;
        if (!advance(parser))
            return false;
    }
    parser->depth--;
    return expect(parser, ")", "')'");
}

/* What is made is the caller's to release, also after a failure. */
static bool parse_operand(struct parser *parser, bool may_list, struct jql_operand *ret)
{
    if (!one_more(parser))
        return false;
    if (may_list && is_now(parser, "("))
        return parse_list(parser, ret);
    if (is_either(parser, "empty", "null")) {
        ret->kind = JQL_EMPTY;
        return advance(parser);
    }
    if (!is_text(&parser->now))
        return fail_operand(parser);
    ret->kind = JQL_VALUE;
    ret->is_quoted = parser->now.kind == JQL_T_QUOTED;
    ret->text = jql_token_value(&parser->now);
    if (!advance(parser))
        return false;
    if (!is_now(parser, "("))
        return true;
    ret->kind = JQL_FUNCTION;
    return parse_arguments(parser, ret);
}

/* ---- terms ---- */

/* Behind "not", "is", "was": the second and third word of an operator. */
static bool parse_word_operator(struct parser *parser, enum jql_operator *ret)
{
    bool is_was = is_now(parser, "was");
    bool is_is = is_now(parser, "is");
    bool has_not = is_now(parser, "not");

    if (!advance(parser))
        return false;
    if ((is_is || is_was) && is_now(parser, "not")) {
        has_not = true;
        if (!advance(parser))
            return false;
    }
    if (is_is) {
        *ret = has_not ? JQL_IS_NOT : JQL_IS;
        return true;
    }
    if (is_now(parser, "in")) {
        *ret = is_was ? has_not ? JQL_WAS_NOT_IN : JQL_WAS_IN : JQL_NOT_IN;
        return advance(parser);
    }
    if (is_was) {
        *ret = has_not ? JQL_WAS_NOT : JQL_WAS;
        return true;
    }
    return fail_expecting(parser, "'IN'");
}

static bool fail_operator(struct parser *parser)
{
    if (parser->now.kind == JQL_T_END)
        return fail(parser->err, ERR_INVALID,
            "Error in the JQL Query: Expecting operator before the end of the query. The valid "
            "operators are " OPERATORS ".");
    return jql_fail_at(parser->err, parser->lexer.text, parser->now.at,
        "Error in the JQL Query: Expecting operator but got '%.*s'. The valid operators "
        "are " OPERATORS ".",
        NOW(parser));
}

static bool parse_operator(struct parser *parser, enum jql_operator *ret)
{
    static const struct {
        const char *word;
        enum jql_operator op;
    } simple[] = { { "=", JQL_EQUALS }, { "!=", JQL_NOT_EQUALS }, { "<", JQL_LESS },
        { ">", JQL_GREATER }, { "<=", JQL_LESS_EQUALS }, { ">=", JQL_GREATER_EQUALS },
        { "~", JQL_LIKE }, { "!~", JQL_NOT_LIKE }, { "in", JQL_IN }, { "changed", JQL_CHANGED } };

    for (size_t i = 0; i < countof(simple); i++) {
        if (is_now(parser, simple[i].word)) {
            *ret = simple[i].op;
            return advance(parser);
        }
    }
    if (is_now(parser, "not") || is_now(parser, "is") || is_now(parser, "was"))
        return parse_word_operator(parser, ret);
    return fail_operator(parser);
}

static const char *predicate_word(const struct parser *parser, bool is_changed)
{
    static const char *const words[] = { "after", "before", "on", "during", "by", "from", "to" };

    for (size_t i = 0; i < (is_changed ? countof(words) : 5); i++)
        if (is_now(parser, words[i]))
            return words[i];
    return NULL;
}

static bool parse_predicates(struct parser *parser, struct jql_node *term)
{
    const char *word;

    while ((word = predicate_word(parser, term->op == JQL_CHANGED))) {
        struct jql_predicate predicate = { .word = word };

        if (!advance(parser))
            return false;
        bool works = parse_operand(parser, true, &predicate.operand);

        term->predicates =
            xreallocarray(term->predicates, term->n_predicates + 1, sizeof *term->predicates);
        term->predicates[term->n_predicates++] = predicate;
        if (!works)
            return false;
    }
    return true;
}

static bool fail_kind(struct parser *parser, size_t at, const struct jql_node *term)
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
static bool check_kind(struct parser *parser, size_t at, const struct jql_node *term)
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
static bool check_behind_is(struct parser *parser, const struct jql_node *term)
{
    if ((term->op != JQL_IS && term->op != JQL_IS_NOT) || is_now(parser, "empty") ||
        is_now(parser, "null") || !is_text(&parser->now))
        return true;
    return fail_kind(parser, parser->now.at, term);
}

static bool parse_term_into(struct parser *parser, struct jql_node *term)
{
    if (!one_more(parser) ||
        !parse_field(parser, &term->field, &term->is_custom_field, &term->custom_field) ||
        !parse_operator(parser, &term->op))
        return false;
    if (term->op != JQL_CHANGED) {
        size_t at = parser->now.at;
        bool may_list = term->op == JQL_IN || term->op == JQL_NOT_IN || term->op == JQL_WAS_IN ||
                        term->op == JQL_WAS_NOT_IN;

        if (!check_behind_is(parser, term) || !parse_operand(parser, may_list, &term->operand) ||
            !check_kind(parser, at, term))
            return false;
    }
    return term->op < JQL_WAS || parse_predicates(parser, term);
}

static bool parse_term(struct parser *parser, struct jql_node **ret)
{
    struct jql_node *term = xcalloc(1, sizeof *term);

    term->kind = JQL_TERM;
    if (!parse_term_into(parser, term)) {
        node_free(term);
        return false;
    }
    *ret = term;
    return true;
}

/* ---- the tree ---- */

static bool parse_not(struct parser *parser, struct jql_node **ret)
{
    if (is_either(parser, "not", "!")) {
        struct jql_node *child = NULL;

        if (!deeper(parser) || !advance(parser) || !parse_not(parser, &child))
            return false;
        parser->depth--;
        *ret = xcalloc(1, sizeof **ret);
        (*ret)->kind = JQL_NOT;
        add_child(*ret, child);
        return true;
    }
    if (!is_now(parser, "("))
        return parse_term(parser, ret);
    struct jql_node *inner = NULL;

    if (!deeper(parser) || !advance(parser) || !parse_or(parser, &inner))
        return false;
    parser->depth--;
    if (!expect(parser, ")", "')'")) {
        node_free(inner);
        return false;
    }
    *ret = inner;
    return true;
}

static bool is_joint(const struct parser *parser, enum jql_kind kind)
{
    if (kind == JQL_AND)
        return is_now(parser, "and") || is_now(parser, "&") || is_now(parser, "&&");
    return is_now(parser, "or") || is_now(parser, "|") || is_now(parser, "||");
}

static bool parse_and(struct parser *parser, struct jql_node **ret);

/* One or more of what binds tighter. One stands for itself. */
static bool parse_row(struct parser *parser, enum jql_kind kind, struct jql_node **ret)
{
    bool (*parse_part)(struct parser *, struct jql_node **) =
        kind == JQL_AND ? parse_not : parse_and;
    struct jql_node *first = NULL;

    if (!parse_part(parser, &first))
        return false;
    if (!is_joint(parser, kind)) {
        *ret = first;
        return true;
    }
    struct jql_node *row = xcalloc(1, sizeof *row);

    row->kind = kind;
    add_child(row, first);
    while (is_joint(parser, kind)) {
        struct jql_node *part = NULL;

        if (!advance(parser) || !parse_part(parser, &part)) {
            node_free(row);
            return false;
        }
        add_child(row, part);
    }
    *ret = row;
    return true;
}

static bool parse_and(struct parser *parser, struct jql_node **ret)
{
    return parse_row(parser, JQL_AND, ret);
}

static bool parse_or(struct parser *parser, struct jql_node **ret)
{
    return parse_row(parser, JQL_OR, ret);
}

static bool parse_sorts(struct parser *parser, struct jql *jql)
{
    if (!advance(parser) || !expect(parser, "by", "'BY'"))
        return false;
    for (;;) {
        struct jql_sort sort = { 0 };

        if (!one_more(parser) ||
            !parse_field(parser, &sort.field, &sort.is_custom_field, &sort.custom_field))
            return false;
        if (is_either(parser, "asc", "desc"))
            sort.direction = is_now(parser, "asc") ? JQL_ASC : JQL_DESC;
        jql->sorts = xreallocarray(jql->sorts, jql->n_sorts + 1, sizeof *jql->sorts);
        jql->sorts[jql->n_sorts++] = sort;
        if (sort.direction != JQL_UNSAID && !advance(parser))
            return false;
        if (!is_now(parser, ","))
            return true;
        if (!advance(parser))
            return false;
    }
}

static bool parse_query(struct parser *parser, struct jql *jql)
{
    if (!advance(parser))
        return false;
    if (parser->now.kind != JQL_T_END && !is_now(parser, "order") && !parse_or(parser, &jql->where))
        return false;
    if (is_now(parser, "order") && !parse_sorts(parser, jql))
        return false;
    if (parser->now.kind == JQL_T_END)
        return true;
    if (parser->now.kind == JQL_T_RESERVED)
        return fail_reserved(parser);
    return fail_expecting(parser, jql->n_sorts ? "','" : "either 'OR' or 'AND'");
}

bool jql_parse(struct span text, struct jql **ret, struct err *err)
{
    autofree(jql) struct jql *jql = xcalloc(1, sizeof *jql);
    struct parser parser = { .lexer = { .text = text }, .err = err };

    if (text.size > JQL_TEXT_MAX)
        return fail(err, ERR_LIMIT, "the JQL query is longer than %d bytes", JQL_TEXT_MAX);
    if (!parse_query(&parser, jql))
        return false;
    *ret = take(&jql);
    return true;
}
