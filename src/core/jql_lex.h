/* core/jql_lex: the words of a JQL query. For core/jql alone. */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

enum jql_token_kind {
    JQL_T_END,
    JQL_T_MARK,   /* ( ) , [ ] ! < > <= >= = != ~ !~ & && | || */
    JQL_T_WORD,   /* a bare word that is no keyword */
    JQL_T_NUMBER, /* digits, perhaps with a "-" before them */
    JQL_T_QUOTED,
    JQL_T_KEYWORD,  /* and, or, in, empty, …: `text` has it in lower case */
    JQL_T_RESERVED, /* a word that means something to SQL, and must be quoted */
};

struct jql_token {
    enum jql_token_kind kind;
    struct span raw; /* as it stands in the query */
    size_t at;       /* where */
};

struct jql_lexer {
    struct span text;
    size_t at;
};

/* The next token. ERR_INVALID: no such character, an unfinished string, an unknown escape. */
bool jql_lex(struct jql_lexer *lexer, struct jql_token *ret, struct err *err) must_check;

/* Is it that mark or keyword? */
bool jql_token_is(const struct jql_token *token, const char *word);

/* What a word, number or quoted string means, without quotes and escapes. The caller frees. */
char *jql_token_value(const struct jql_token *token) must_check;

/* fail() with the message in Jira's form: `prefix` and where `at` is. */
bool jql_fail_at(struct err *err, struct span text, size_t at, const char *format, ...)
    printf_like(4, 5);
#define jql_fail_at(...)                                                                           \
    ({                                                                                             \
        jql_fail_at(__VA_ARGS__);                                                                  \
        false;                                                                                     \
    })
