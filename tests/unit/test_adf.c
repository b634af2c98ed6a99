#include "testing.h"

#include "codec/adf.h"
#include "codec/json.h"

/* F20: what people write, and the document that it makes. Reading it gives the text again. */
static const struct {
    const char *text;
    const char *content;
} both_ways[] = {
    { "", "" },
    { "hi", "{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}" },
    { "one\n\ntwo", "{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"one\"}]},"
                    "{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"two\"}]}" },
    { "one\ntwo", "{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"one\"},"
                  "{\"type\":\"hardBreak\"},{\"type\":\"text\",\"text\":\"two\"}]}" },
    { "## Why\n\n----",
        "{\"type\":\"heading\",\"attrs\":{\"level\":2},\"content\":[{\"type\":\"text\",\"text\":"
        "\"Why\"}]},{\"type\":\"rule\"}" },
    { "- a\n- b\n  1. c",
        "{\"type\":\"bulletList\",\"content\":[{\"type\":\"listItem\",\"content\":[{\"type\":"
        "\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}]},{\"type\":\"listItem\","
        "\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"b\"}]},"
        "{\"type\":\"orderedList\",\"content\":[{\"type\":\"listItem\",\"content\":[{\"type\":"
        "\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"c\"}]}]}]}]}]}" },
    { "```sh\na\n\nb\n```",
        "{\"type\":\"codeBlock\",\"attrs\":{\"language\":\"sh\"},\"content\":[{\"type\":\"text\","
        "\"text\":\"a\\n\\nb\"}]}" },
    { "-----BEGIN X-----\nAA==\n-----END X-----",
        "{\"type\":\"codeBlock\",\"content\":[{\"type\":\"text\",\"text\":\"-----BEGIN "
        "X-----\\nAA==\\n-----END X-----\"}]}" },
    { "see https://a.example/x.",
        "{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"see \"},{\"type\":"
        "\"text\",\"text\":\"https://a.example/x\",\"marks\":[{\"type\":\"link\",\"attrs\":{"
        "\"href\":\"https://a.example/x\"}}]},{\"type\":\"text\",\"text\":\".\"}]}" },
};

static void texts_are_documents_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(both_ways); i++) {
        autodone(buf) struct buf document = BUF_INIT(65536);
        autodone(buf) struct buf expected = BUF_INIT(65536);
        autodone(buf) struct buf text = BUF_INIT(65536);
        autofree(json) struct json *json = NULL;
        struct json_out out;
        struct err err = { 0 };

        json_out_init(&out, &document);
        adf_write(&out, NULL, span_text(both_ways[i].text));
        buf_addf(&expected, "{\"type\":\"doc\",\"version\":1,\"content\":[%s]}",
            both_ways[i].content);
        assert_string_equal(buf_text(&document), buf_text(&expected));
        assert_works(json_parse(buf_span(&document), &json, &err), &err);
        assert_works(adf_to_text(json, &text, &err), &err);
        assert_string_equal(buf_text(&text), both_ways[i].text);
    }
}

#define DOC(content) "{\"type\":\"doc\",\"version\":1,\"content\":[" content "]}"
#define PARAGRAPH(content) DOC("{\"type\":\"paragraph\",\"content\":[" content "]}")

/* What other clients send, and the text that is left of it. */
static const struct {
    const char *document;
    const char *text;
} read_only[] = {
    { PARAGRAPH("{\"type\":\"mention\",\"attrs\":{\"id\":\"1\",\"text\":\"@ann\"}},"
                "{\"type\":\"emoji\",\"attrs\":{\"shortName\":\":smile:\"}}"),
        "@ann:smile:" },
    { PARAGRAPH("{\"type\":\"text\",\"text\":\"here\",\"marks\":[{\"type\":\"strong\"},{\"type\":"
                "\"link\",\"attrs\":{\"href\":\"https://a.example\"}}]}"),
        "here (https://a.example)" },
    { DOC("{\"type\":\"panel\",\"attrs\":{\"panelType\":\"info\"},\"content\":[{\"type\":"
          "\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"note\"}]}]}"),
        "note" },
    { DOC("{\"type\":\"table\",\"content\":[{\"type\":\"tableRow\",\"content\":[{\"type\":"
          "\"tableHeader\",\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\","
          "\"text\":\"a\"}]}]},{\"type\":\"tableCell\",\"content\":[{\"type\":\"paragraph\","
          "\"content\":[]}]}]}]}"),
        "| a |  |" },
    { DOC("{\"type\":\"somethingNew\",\"content\":[{\"type\":\"text\",\"text\":\"kept\"}]}"),
        "kept" },
    { DOC("{\"type\":\"mediaSingle\",\"content\":[{\"type\":\"media\",\"attrs\":{\"id\":\"1\"}}]}"),
        "" },
};

static void unknown_nodes_keep_their_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(read_only); i++) {
        autodone(buf) struct buf text = BUF_INIT(65536);
        autofree(json) struct json *json = NULL;
        struct err err = { 0 };

        assert_works(json_parse(span_text(read_only[i].document), &json, &err), &err);
        assert_works(adf_to_text(json, &text, &err), &err);
        assert_string_equal(buf_text(&text), read_only[i].text);
    }
}

static const struct {
    const char *document;
    const char *says;
} refused[] = {
    { "\"text\"", "no Atlassian Document" },
    { "[]", "no Atlassian Document" },
    { "{\"type\":\"doc\",\"content\":[]}", "no Atlassian Document" },
    { "{\"type\":\"doc\",\"version\":1}", "no Atlassian Document" },
    { DOC("{}"), "has no type" },
    { DOC("1"), "has no type" },
    { PARAGRAPH("{\"type\":\"text\"}"), "has no text" },
    { PARAGRAPH("{\"type\":\"text\",\"text\":5}"), "has no text" },
};

static void other_json_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        autodone(buf) struct buf text = BUF_INIT(65536);
        autofree(json) struct json *json = NULL;
        struct err err = { 0 };

        assert_works(json_parse(span_text(refused[i].document), &json, &err), &err);
        assert_fails(adf_to_text(json, &text, &err), &err, ERR_INVALID);
        assert_contains(err.msg, refused[i].says);
    }
}

static void repeat(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_text(out, text);
}

static void expect_bomb(const struct buf *document, size_t room, const char *says)
{
    autodone(buf) struct buf text = BUF_INIT(room);
    autofree(json) struct json *json = NULL;
    struct err err = { 0 };

    assert_works(json_parse_within(buf_span(document), 16U << 20, 200, &json, &err), &err);
    assert_fails(adf_to_text(json, &text, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, says);
}

static void bombs_are_refused(void **state)
{
    (void)state;
    autodone(buf) struct buf deep = BUF_INIT(1U << 20);
    autodone(buf) struct buf many = BUF_INIT(4U << 20);

    buf_add_text(&deep, "{\"type\":\"doc\",\"version\":1,\"content\":[");
    repeat(&deep, "{\"type\":\"blockquote\",\"content\":[", 60);
    repeat(&deep, "]}", 61);
    expect_bomb(&deep, 65536, "nested deeper than 24");

    buf_add_text(&many, "{\"type\":\"doc\",\"version\":1,\"content\":[{\"type\":\"rule\"}");
    repeat(&many, ",{\"type\":\"paragraph\"}", 30000);
    buf_add_text(&many, "]}");
    expect_bomb(&many, 65536, "more than 20000 nodes");

    buf_clear(&many);
    buf_add_text(&many, "{\"type\":\"doc\",\"version\":1,\"content\":[{\"type\":\"rule\"}");
    repeat(&many, ",{\"type\":\"text\",\"text\":\"0123456789\"}", 10000);
    buf_add_text(&many, "]}");
    expect_bomb(&many, 65536, "larger than 65536 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_documents_and_back),
        cmocka_unit_test(unknown_nodes_keep_their_text),
        cmocka_unit_test(other_json_is_refused),
        cmocka_unit_test(bombs_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
