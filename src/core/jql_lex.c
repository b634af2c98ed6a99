/*
 * core/jql_lex: see the header.
 *
 * A word goes as far as its characters allow; only then is it asked what it is: a number, a
 * keyword, a reserved word, or just a word.
 */
#include "core/jql_lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"

/* Sorted, for a binary search. */
static const char *const reserved[] = { "abort", "access", "add", "alias", "alter", "any", "as",
    "audit", "avg", "begin", "between", "boolean", "break", "byte", "catch", "cf", "char",
    "character", "check", "checkpoint", "collate", "collation", "column", "commit", "connect",
    "continue", "count", "create", "current", "date", "decimal", "declare", "decrement", "default",
    "defaults", "define", "delete", "delimiter", "difference", "distinct", "divide", "do", "double",
    "drop", "else", "encoding", "end", "equals", "escape", "exclusive", "exec", "execute", "exists",
    "explain", "false", "fetch", "field", "file", "first", "float", "for", "function", "go", "goto",
    "grant", "greater", "group", "having", "identified", "if", "immediate", "increment", "index",
    "initial", "inner", "inout", "input", "insert", "int", "integer", "intersect", "intersection",
    "into", "isempty", "isnull", "join", "last", "left", "less", "like", "limit", "lock", "long",
    "max", "min", "minus", "mode", "modify", "modulo", "more", "multiply", "next", "noaudit",
    "notin", "nowait", "number", "object", "of", "option", "outer", "output", "power", "previous",
    "prior", "privileges", "public", "raise", "raw", "rename", "resource", "return", "returns",
    "revoke", "right", "row", "rowid", "rownum", "rows", "select", "session", "set", "share",
    "size", "sqrt", "start", "strict", "string", "subtract", "sum", "synonym", "table", "then",
    "trans", "transaction", "trigger", "true", "uid", "union", "unique", "update", "user",
    "validate", "values", "view", "when", "whenever", "where", "while", "with" };

static const char *const keywords[] = { "in", "is", "and", "or", "not", "empty", "null", "was",
    "changed", "before", "after", "from", "to", "on", "during", "order", "by", "asc", "desc" };

#undef jql_fail_at
bool jql_fail_at(struct err *err, struct span text, size_t at, const char *format, ...)
{
    char message[360];
    size_t line = 1;
    size_t character = 1;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    for (size_t i = 0; i < at && i < text.size; i++) {
        if (text.data[i] == '\n') {
            line++;
            character = 1;
        } else if ((text.data[i] & 0xC0) != 0x80) {
            character++;
        }
    }
    return fail(err, ERR_INVALID, "%s (line %zu, character %zu)", message, line, character);
}
#define jql_fail_at(...)                                                                           \
    ({                                                                                             \
        jql_fail_at(__VA_ARGS__);                                                                  \
        false;                                                                                     \
    })

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes of the character at `at` that may stand in a bare word; 0: none may. */
static size_t bare_character(struct span text, size_t at)
{
    uint8_t c = text.data[at];
    size_t n;

    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
        strchr("-._:`", c ? c : ' '))
        return 1;
    if (c < 0x80)
        return 0;
    n = parse_utf8_sequence(text, at);
    /* The C1 controls are U+0080 to U+009F. */
    return n == 2 && c == 0xC2 && text.data[at + 1] < 0xA0 ? 0 : n;
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Bytes of the escape at `at`, which is a backslash; 0: there is no such escape. */
static size_t escape(struct span text, size_t at)
{
    uint8_t c = at + 1 < text.size ? text.data[at + 1] : 0;

    if (c && strchr("\\\"'ntr ", c))
        return 2;
    if (c != 'u' || text.size - at < 6)
        return 0;
    for (size_t i = at + 2; i < at + 6; i++)
        if (!is_hex(text.data[i]))
            return 0;
    return 6;
}

static bool bad_escape(struct span text, size_t at, struct err *err)
{
    size_t n = at + 1 < text.size ? parse_utf8_sequence(text, at + 1) : 0;

    return jql_fail_at(err, text, at,
        "Error in the JQL Query: '\\%.*s' is an illegal JQL escape sequence. The valid escape "
        "sequences are \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX.",
        (int)n, n ? (const char *)text.data + at + 1 : "");
}

static bool bad_character(struct span text, size_t at, struct err *err)
{
    size_t n = parse_utf8_sequence(text, at);
    uint8_t c = text.data[at];

    if (c < ' ' || n != 1)
        return jql_fail_at(err, text, at,
            "Error in the JQL Query: The character with the code %u is no character of a query.",
            (unsigned)c);
    return jql_fail_at(err, text, at,
        "Error in JQL Query: The character '%c' is a reserved JQL character. You must enclose it "
        "in a string or use the escape '\\u%04x' instead.",
        c, (unsigned)c);
}

static bool lex_word(struct jql_lexer *lexer, struct err *err)
{
    while (lexer->at < lexer->text.size) {
        bool is_escape = lexer->text.data[lexer->at] == '\\';
        size_t n =
            is_escape ? escape(lexer->text, lexer->at) : bare_character(lexer->text, lexer->at);

        if (is_escape && n == 0)
            return bad_escape(lexer->text, lexer->at, err);
        if (n == 0)
            break;
        lexer->at += n;
    }
    return true;
}

static bool lex_quoted(struct jql_lexer *lexer, struct err *err)
{
    struct span text = lexer->text;
    size_t begin = lexer->at++;
    uint8_t mark = text.data[begin];

    while (lexer->at < text.size && text.data[lexer->at] != mark) {
        uint8_t c = text.data[lexer->at];
        size_t n = c == '\\' ? escape(text, lexer->at) : parse_utf8_sequence(text, lexer->at);

        if (c == '\\' && n == 0)
            return bad_escape(text, lexer->at, err);
        if (n == 0 || (c < ' ' && c != '\n' && c != '\r') || c == 0x7F ||
            (c == 0xC2 && text.data[lexer->at + 1] < 0xA0))
            return bad_character(text, lexer->at, err);
        lexer->at += n;
    }
    if (lexer->at >= text.size)
        return jql_fail_at(err, text, begin,
            "Error in the JQL Query: The quoted string '%.*s' has not been completed.",
            (int)(text.size - begin - 1 < 100 ? text.size - begin - 1 : 100),
            (const char *)text.data + begin + 1);
    lexer->at++;
    return true;
}

static size_t lex_mark(struct span rest)
{
    static const char *const marks[] = { "<=", ">=", "!=", "!~", "&&", "||", "(", ")", ",", "[",
        "]", "!", "<", ">", "=", "~", "&", "|" };

    for (size_t i = 0; i < countof(marks); i++)
        if (span_starts_with(rest, marks[i]))
            return strlen(marks[i]);
    return 0;
}

static bool is_number(struct span raw)
{
    size_t i = raw.size > 1 && raw.data[0] == '-';

    for (; i < raw.size; i++)
        if (raw.data[i] < '0' || raw.data[i] > '9')
            return false;
    return true;
}

static enum jql_token_kind word_kind(struct span raw)
{
    size_t low = 0;
    size_t high = countof(reserved);

    if (is_number(raw))
        return JQL_T_NUMBER;
    for (size_t i = 0; i < countof(keywords); i++)
        if (span_is_nocase(raw, keywords[i]))
            return JQL_T_KEYWORD;
    if (raw.size > 12)
        return JQL_T_WORD;
    char lower[16] = { 0 };

    for (size_t i = 0; i < raw.size; i++)
        lower[i] = (char)(raw.data[i] >= 'A' && raw.data[i] <= 'Z' ? raw.data[i] - 'A' + 'a'
                                                                   : raw.data[i]);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(lower, reserved[middle]);

        if (order == 0)
            return JQL_T_RESERVED;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return JQL_T_WORD;
}

bool jql_lex(struct jql_lexer *lexer, struct jql_token *ret, struct err *err)
{
    struct span text = lexer->text;
    struct jql_token token = { .kind = JQL_T_END };

    while (lexer->at < text.size && is_blank(text.data[lexer->at]))
        lexer->at++;
    token.at = lexer->at;
    if (lexer->at < text.size) {
        uint8_t c = text.data[lexer->at];
        size_t n = lex_mark(span_slice(text, lexer->at, SIZE_MAX));

        if (n) {
            token.kind = JQL_T_MARK;
            lexer->at += n;
        } else if (c == '"' || c == '\'') {
            token.kind = JQL_T_QUOTED;
            if (!lex_quoted(lexer, err))
                return false;
        } else {
            if (!lex_word(lexer, err))
                return false;
            if (lexer->at == token.at)
                return bad_character(text, token.at, err);
            token.kind = word_kind(span_slice(text, token.at, lexer->at - token.at));
        }
    }
    token.raw = span_slice(text, token.at, lexer->at - token.at);
    *ret = token;
    return true;
}

bool jql_token_is(const struct jql_token *token, const char *word)
{
    return (token->kind == JQL_T_MARK || token->kind == JQL_T_KEYWORD) &&
           span_is_nocase(token->raw, word);
}

static unsigned hex_value(struct span four)
{
    unsigned value = 0;

    for (size_t i = 0; i < 4; i++) {
        uint8_t c = four.data[i];

        value = value * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

/* What no character is becomes U+FFFD, halves of pairs included. */
static void add_code(struct buf *out, unsigned code)
{
    if (code == 0 || (code >= 0xD800 && code <= 0xDFFF))
        code = 0xFFFD;
    if (code < 0x80) {
        buf_add_char(out, (char)code);
    } else if (code < 0x800) {
        buf_add_u8(out, (uint8_t)(0xC0 | code >> 6));
        buf_add_u8(out, (uint8_t)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        buf_add_u8(out, (uint8_t)(0xE0 | code >> 12));
        buf_add_u8(out, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
        buf_add_u8(out, (uint8_t)(0x80 | (code & 0x3F)));
    } else {
        buf_add_u8(out, (uint8_t)(0xF0 | code >> 18));
        buf_add_u8(out, (uint8_t)(0x80 | (code >> 12 & 0x3F)));
        buf_add_u8(out, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
        buf_add_u8(out, (uint8_t)(0x80 | (code & 0x3F)));
    }
}

/* The escape at `at`, and of a pair its second half, too. Returns how many bytes that was. */
static size_t add_escape(struct span raw, size_t at, struct buf *out)
{
    uint8_t c = raw.data[at + 1];

    if (c != 'u') {
        buf_add_char(out, c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : (char)c);
        return 2;
    }
    unsigned code = hex_value(span_slice(raw, at + 2, 4));

    if (code >= 0xD800 && code <= 0xDBFF && raw.size - at >= 12 && raw.data[at + 6] == '\\' &&
        raw.data[at + 7] == 'u') {
        unsigned low = hex_value(span_slice(raw, at + 8, 4));

        if (low >= 0xDC00 && low <= 0xDFFF) {
            add_code(out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
            return 12;
        }
    }
    add_code(out, code);
    return 6;
}

char *jql_token_value(const struct jql_token *token)
{
    autodone(buf) struct buf out = BUF_INIT(3 * token->raw.size + 1);
    struct span raw =
        token->kind == JQL_T_QUOTED ? span_slice(token->raw, 1, token->raw.size - 2) : token->raw;

    for (size_t i = 0; i < raw.size;) {
        if (raw.data[i] == '\\') {
            i += add_escape(raw, i, &out);
        } else {
            buf_add_char(&out, (char)raw.data[i]);
            i++;
        }
    }
    return buf_take_text(&out);
}
