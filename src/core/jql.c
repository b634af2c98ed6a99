/*
 * core/jql: see the header.
 *
 * The tree; what it is of is in core/jql_parser (tokens, fields, operands) and core/jql_term. The
 * grammar:
 *
 *     query = [ or ] [ ORDER BY sort { "," sort } ]
 *     or    = and { OR and }          and = not { AND not }
 *     not   = NOT not | "(" or ")" | term
 *     term  = field operator operand { predicate }
 */
#include "core/jql.h"

#include "base/alloc.h"
#include "base/err.h"
#include "core/jql_parser.h"

static bool parse_or(struct jql_parser *parser, struct jql_node **ret);

const char *jql_operator_text(enum jql_operator op)
{
    static const char *const texts[] = { "=", "!=", "<", ">", "<=", ">=", "~", "!~", "in", "not in",
        "is", "is not", "was", "was not", "was in", "was not in", "changed" };

    return texts[op];
}

/* ---- memory ---- */

static void node_free(struct jql_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->n; i++)
        node_free(node->children[i]);
    for (size_t i = 0; i < node->n_predicates; i++)
        jql_operand_done(&node->predicates[i].operand);
    free(node->predicates);
    free(node->children);
    jql_operand_done(&node->operand);
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

/* ---- the tree ---- */

static bool parse_term(struct jql_parser *parser, struct jql_node **ret)
{
    struct jql_node *term = xcalloc(1, sizeof *term);

    term->kind = JQL_TERM;
    if (!jql_parse_term(parser, term)) {
        node_free(term);
        return false;
    }
    *ret = term;
    return true;
}

static bool parse_not(struct jql_parser *parser, struct jql_node **ret)
{
    if (jql_is_either(parser, "not", "!")) {
        struct jql_node *child = NULL;

        if (!jql_deeper(parser) || !jql_advance(parser) || !parse_not(parser, &child))
            return false;
        parser->depth--;
        *ret = xcalloc(1, sizeof **ret);
        (*ret)->kind = JQL_NOT;
        add_child(*ret, child);
        return true;
    }
    if (!jql_is_now(parser, "("))
        return parse_term(parser, ret);
    struct jql_node *inner = NULL;

    if (!jql_deeper(parser) || !jql_advance(parser) || !parse_or(parser, &inner))
        return false;
    parser->depth--;
    if (!jql_expect(parser, ")", "')'")) {
        node_free(inner);
        return false;
    }
    *ret = inner;
    return true;
}

static bool is_joint(const struct jql_parser *parser, enum jql_kind kind)
{
    if (kind == JQL_AND)
        return jql_is_now(parser, "and") || jql_is_now(parser, "&") || jql_is_now(parser, "&&");
    return jql_is_now(parser, "or") || jql_is_now(parser, "|") || jql_is_now(parser, "||");
}

static bool parse_and(struct jql_parser *parser, struct jql_node **ret);

/* One or more of what binds tighter. One stands for itself. */
static bool parse_row(struct jql_parser *parser, enum jql_kind kind, struct jql_node **ret)
{
    bool (*parse_part)(struct jql_parser *, struct jql_node **) =
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

        if (!jql_advance(parser) || !parse_part(parser, &part)) {
            node_free(row);
            return false;
        }
        add_child(row, part);
    }
    *ret = row;
    return true;
}

static bool parse_and(struct jql_parser *parser, struct jql_node **ret)
{
    return parse_row(parser, JQL_AND, ret);
}

static bool parse_or(struct jql_parser *parser, struct jql_node **ret)
{
    return parse_row(parser, JQL_OR, ret);
}

static bool parse_sorts(struct jql_parser *parser, struct jql *jql)
{
    if (!jql_advance(parser) || !jql_expect(parser, "by", "'BY'"))
        return false;
    for (;;) {
        struct jql_sort sort = { 0 };

        if (!jql_one_more(parser) ||
            !jql_parse_field(parser, &sort.field, &sort.is_custom_field, &sort.custom_field))
            return false;
        if (jql_is_either(parser, "asc", "desc"))
            sort.direction = jql_is_now(parser, "asc") ? JQL_ASC : JQL_DESC;
        jql->sorts = xreallocarray(jql->sorts, jql->n_sorts + 1, sizeof *jql->sorts);
        jql->sorts[jql->n_sorts++] = sort;
        if (sort.direction != JQL_UNSAID && !jql_advance(parser))
            return false;
        if (!jql_is_now(parser, ","))
            return true;
        if (!jql_advance(parser))
            return false;
    }
}

static bool parse_query(struct jql_parser *parser, struct jql *jql)
{
    if (!jql_advance(parser))
        return false;
    if (parser->now.kind != JQL_T_END && !jql_is_now(parser, "order") &&
        !parse_or(parser, &jql->where))
        return false;
    if (jql_is_now(parser, "order") && !parse_sorts(parser, jql))
        return false;
    if (parser->now.kind == JQL_T_END)
        return true;
    if (parser->now.kind == JQL_T_RESERVED)
        return jql_fail_reserved(parser);
    return jql_fail_expecting(parser, jql->n_sorts ? "','" : "either 'OR' or 'AND'");
}

bool jql_parse(struct span text, struct jql **ret, struct err *err)
{
    autofree(jql) struct jql *jql = xcalloc(1, sizeof *jql);
    struct jql_parser parser = { .lexer = { .text = text }, .err = err };

    if (text.size > JQL_TEXT_MAX)
        return fail(err, ERR_LIMIT, "the JQL query is longer than %d bytes", JQL_TEXT_MAX);
    if (!parse_query(&parser, jql))
        return false;
    *ret = take(&jql);
    return true;
}
