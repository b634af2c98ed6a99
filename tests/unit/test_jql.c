#include "testing.h"

#include "base/fs.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "core/jql.h"

/* Of what is told to be wrong here, the parser tells a place before ours or behind it: it takes a
 * string with a bad escape for no string at all, looks for the list behind the word that is none,
 * and stops at what stands before a character that it cannot read, or before a bracket. */
static const struct {
    const char *says;
    int sign; /* of our place less the parser's */
} elsewhere[] = {
    { "is an illegal JQL escape sequence", 1 },
    { "is a reserved JQL character", 1 },
    { "has not been completed", 1 },
    { "is no character of a query", 1 },
    { "Expecting the name of a property", 1 },
    { "does not support the non-list value", -1 },
};

/* "… (line 1, character 9)", or 0 where there is no place: what is missing at the end. */
static int64_t place_in(const char *message)
{
    const char *place = strstr(message, "(line ");
    int line = 0;
    int character = 0;

    if (!place || sscanf(place, "(line %d, character %d)", &line, &character) != 2)
        return 0;
    return line * INT64_C(1000000) + character;
}

static void check_place(const struct err *err, const struct json *at, size_t number,
    const char *query)
{
    int64_t ours = place_in(err->msg);
    int64_t theirs = json_as_i64(json_list_item(at, 0), 0) * INT64_C(1000000) +
                     json_as_i64(json_list_item(at, 1), 0);

    if (!ours || ours == theirs)
        return;
    for (size_t i = 0; i < countof(elsewhere); i++)
        if (strstr(err->msg, elsewhere[i].says) && (ours > theirs) == (elsewhere[i].sign > 0))
            return;
    fail_msg("line %zu: %s: %s, but the parser refuses at line %d, character %d", number, query,
        err->msg, (int)(theirs / 1000000), (int)(theirs % 1000000));
}

/* F20: the table is what Atlassian's own parser says (tests/jql/oracle.cjs). */
static void check_line(struct span line, size_t number, size_t *n_accepted, size_t *n_refused)
{
    autofree(json) struct json *row = NULL;
    autofree(jql) struct jql *jql = NULL;
    autodone(buf) struct buf shown = BUF_INIT(1 << 20);
    struct err err = { 0 };

    assert_works(json_parse(line, &row, &err), &err);
    const char *query = json_as_text(json_member(row, "query"));
    const char *tree = json_as_text(json_member(row, "tree"));
    bool works = jql_parse(span_text(query), &jql, &err);

    if (works != (tree != NULL))
        fail_msg("line %zu: %s: %s, but the parser says %s", number, query,
            works ? "accepted" : err.msg, tree ? tree : "no");
    *(works ? n_accepted : n_refused) += 1;
    if (!works) {
        assert_true(err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
        check_place(&err, json_member(row, "at"), number, query);
        return;
    }
    jql_show(jql, &shown);
    if (strcmp(buf_text(&shown), tree) != 0)
        fail_msg("line %zu: %s:\n%s\nbut the parser says\n%s", number, query, buf_text(&shown),
            tree);
}

static void jql_is_read_as_its_makers_read_it(void **state)
{
    (void)state;
    autodone(buf) struct buf text = BUF_INIT(4 << 20);
    struct err err = { 0 };
    struct span line;
    size_t number = 0;
    size_t n_accepted = 0;
    size_t n_refused = 0;

    const char *path = getenv("CERTDESK_JQL_ORACLE"); /* another one */

    assert_works(fs_read(path ? path : "tests/jql/oracle.jsonl", &text, &err), &err);
    struct span rest = buf_span(&text);

    while (span_split(&rest, '\n', &line))
        if (line.size > 0)
            check_line(line, ++number, &n_accepted, &n_refused);
    assert_true(n_accepted > 200);
    assert_true(n_refused > 200);
}

/* The sentences are Jira's, and so are the positions. */
static const struct {
    const char *query;
    const char *says;
} refused[] = {
    { "invalid query",
        "Error in the JQL Query: Expecting operator but got 'query'. The valid operators are '=', "
        "'!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'. (line 1, "
        "character 9)" },
    { "issue = CF",
        "Error in JQL Query: Expecting either a value, list or function but got 'CF'. You must "
        "surround 'CF' in quotation marks to use it as a value. (line 1, character 9)" },
    { "issue = SET",
        "Error in the JQL Query: 'SET' is a reserved JQL word. You must surround it in quotation "
        "marks to use it in a query. (line 1, character 9)" },
    { "assignee = firstlast10@example.com",
        "Error in JQL Query: The character '@' is a reserved JQL character. You must enclose it in "
        "a string or use the escape '\\u0040' instead. (line 1, character 23)" },
    { "(project = CERT", "Error in the JQL Query: Expecting ')' before the end of the query." },
    { "project = CERT status = Open",
        "Error in the JQL Query: Expecting either 'OR' or 'AND' but got 'status'. (line 1, "
        "character 16)" },
    { "project = CERT AND\n  status = 'Open",
        "Error in the JQL Query: The quoted string 'Open' has not been completed. (line 2, "
        "character 12)" },
    { "\xc3\xa4 = \"\xc3\xbc\" AND",
        "Error in the JQL Query: Expecting a field name at the end of the query." },
    { "\xc3\xa4 = \"\xc3\xbc\" \xe2\x82\xac",
        "Error in the JQL Query: Expecting either 'OR' or 'AND' but got '\xe2\x82\xac'. (line 1, "
        "character 9)" },
    { "summary in \"test\"",
        "Operator 'in' does not support the non-list value '\"test\"' for field 'summary'. (line "
        "1, character 12)" },
    { "a = \"\\y\"",
        "Error in the JQL Query: '\\y' is an illegal JQL escape sequence. The valid escape "
        "sequences are \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX. (line 1, character 6)" },
};

static void errors_say_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        autofree(jql) struct jql *jql = NULL;
        struct err err = { 0 };

        assert_fails(jql_parse(span_text(refused[i].query), &jql, &err), &err, ERR_INVALID);
        assert_string_equal(err.msg, refused[i].says);
    }
}

static void repeat(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_text(out, text);
}

static void bombs_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *part;
        size_t n;
        const char *after;
        const char *says;
    } bombs[] = {
        { "", "(", 16000, "", "deeper" },
        { "", "!", 16000, "a=1", "deeper" },
        { "", "not ", 8000, "a=1", "deeper" },
        { "a in ", "(", 16000, "", "deeper" },
        { "a in (1", ",1", 5000, ")", "more than" },
        { "a=1", " or a=1", 4000, "", "more than" },
        { "a = f(1", ",1", 5000, ")", "more than" },
        { "order by a", ",a", 8000, "", "more than" },
        { "a = \"", "x", 40000, "\"", "longer than" },
    };

    for (size_t i = 0; i < countof(bombs); i++) {
        autodone(buf) struct buf text = BUF_INIT(1 << 20);
        autofree(jql) struct jql *jql = NULL;
        struct err err = { 0 };

        repeat(&text, bombs[i].before, 1);
        repeat(&text, bombs[i].part, bombs[i].n);
        repeat(&text, bombs[i].after, 1);
        assert_fails(jql_parse(buf_span(&text), &jql, &err), &err, ERR_LIMIT);
        assert_contains(err.msg, bombs[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jql_is_read_as_its_makers_read_it),
        cmocka_unit_test(errors_say_where),
        cmocka_unit_test(bombs_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
