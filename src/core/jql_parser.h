/*
 * core/jql_parser: what the files that parse JQL share: a query that is being read, token by token.
 *
 * One token is looked ahead; each function reads one rule of the grammar, which is at the top of
 * core/jql. Whatever returns false has filled in the error.
 */
#pragma once

#include "core/jql.h"
#include "core/jql_lex.h"

struct err;

struct jql_parser {
    struct jql_lexer lexer;
    struct jql_token now; /* not yet consumed */
    int depth;
    size_t n_parts;
    struct err *err;
};

/* The next token. */
bool jql_advance(struct jql_parser *parser) must_check;

/* Is it this word, or this mark? Is it what a name or a value may be? */
bool jql_is_now(const struct jql_parser *parser, const char *word);
bool jql_is_either(const struct jql_parser *parser, const char *word, const char *mark);
bool jql_is_text(const struct jql_token *token);

/* Pass over `mark`, which must be there; `what` names it in the message. */
bool jql_expect(struct jql_parser *parser, const char *mark, const char *what) must_check;

/* Limits: one level deeper, one more term or value. */
bool jql_deeper(struct jql_parser *parser) must_check;
bool jql_one_more(struct jql_parser *parser) must_check;

/* What was expected, and what stands there instead; a reserved word in a place where it cannot be.
 */
bool jql_fail_expecting(struct jql_parser *parser, const char *what);
bool jql_fail_reserved(struct jql_parser *parser);

/* The token as it was written, cut for messages: arguments of "%.*s". */
#define JQL_NOW(parser) jql_shown(parser), (const char *)(parser)->now.raw.data
int jql_shown(const struct jql_parser *parser);

/* The name of a field; the caller frees *ret. */
bool jql_parse_field(struct jql_parser *parser, char **ret, bool *ret_custom, int64_t *ret_number)
    must_check;

/* A value, a list or a function. What is made is the caller's to release with jql_operand_done(),
 * also after a failure. */
bool jql_parse_operand(struct jql_parser *parser, bool may_list, struct jql_operand *ret)
    must_check;
void jql_operand_done(struct jql_operand *operand);

/* field operator operand { predicate }, into a node that is the caller's also after a failure. */
bool jql_parse_term(struct jql_parser *parser, struct jql_node *term) must_check;
