/* core/jql_show: a JQL tree as text, in which two parsers can be compared. */
#include "core/jql.h"

/* Quotation marks and backslashes as in JSON. */
static void show_text(struct buf *out, const char *text)
{
    buf_add_char(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_add_char(out, '\\');
        if (*c == '\n')
            buf_add_text(out, "\\n");
        else if (*c == '\r')
            buf_add_text(out, "\\r");
        else if (*c == '\t')
            buf_add_text(out, "\\t");
        else
            buf_add_char(out, *c);
    }
    buf_add_char(out, '"');
}

static void show_operand(struct buf *out, const struct jql_operand *operand)
{
    if (operand->kind == JQL_EMPTY) {
        buf_add_text(out, "empty");
        return;
    }
    if (operand->kind == JQL_VALUE) {
        show_text(out, operand->text);
        return;
    }
    buf_add_text(out, operand->kind == JQL_LIST ? "(list" : "(call ");
    if (operand->kind == JQL_FUNCTION)
        show_text(out, operand->text);
    for (size_t i = 0; i < operand->n; i++) {
        buf_add_char(out, ' ');
        show_operand(out, &operand->items[i]);
    }
    buf_add_char(out, ')');
}

static void show_term(struct buf *out, const struct jql_node *term)
{
    buf_addf(out, "(%s ", jql_operator_text(term->op));
    show_text(out, term->field);
    if (term->operand.kind != JQL_NO_OPERAND) {
        buf_add_char(out, ' ');
        show_operand(out, &term->operand);
    }
    for (size_t i = 0; i < term->n_predicates; i++) {
        buf_addf(out, " %s ", term->predicates[i].word);
        show_operand(out, &term->predicates[i].operand);
    }
    buf_add_char(out, ')');
}

static void show_node(struct buf *out, const struct jql_node *node)
{
    static const char *const names[] = { [JQL_AND] = "and", [JQL_OR] = "or", [JQL_NOT] = "not" };

    if (node->kind == JQL_TERM) {
        show_term(out, node);
        return;
    }
    buf_addf(out, "(%s", names[node->kind]);
    for (size_t i = 0; i < node->n; i++) {
        buf_add_char(out, ' ');
        show_node(out, node->children[i]);
    }
    buf_add_char(out, ')');
}

void jql_show(const struct jql *jql, struct buf *out)
{
    static const char *const directions[] = { "-", "asc", "desc" };

    if (jql->where)
        show_node(out, jql->where);
    for (size_t i = 0; i < jql->n_sorts; i++) {
        buf_add_text(out, out->size ? " (sort " : "(sort ");
        show_text(out, jql->sorts[i].field);
        buf_addf(out, " %s)", directions[jql->sorts[i].direction]);
    }
}
