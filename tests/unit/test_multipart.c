/* codec/multipart: forms as browsers, curl and our own command line write them, and what is none.
 */
#include "testing.h"

#include "base/buf.h"
#include "codec/multipart.h"

/* ---- the boundary ---- */

static const struct {
    const char *content_type;
    const char *boundary; /* NULL: refused */
} types[] = {
    { "multipart/form-data; boundary=x", "x" },
    { "Multipart/Form-Data;BOUNDARY=----WebKitFormBoundary7MA4YWxk",
        "----WebKitFormBoundary7MA4YWxk" },
    { "multipart/form-data; charset=utf-8; boundary=\"a b\"", "a b" },
    { "multipart/form-data; boundary=\"a\\\"b\"", NULL }, /* a quote is no bchar */
    { "multipart/form-data ; boundary = x ", "x" },
    { "multipart/form-data; boundary=x; charset=utf-8", "x" },
    { "multipart/form-data; boundary=\"it's:(ok)?\"", "it's:(ok)?" },
    { "multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901234567890",
        "1234567890123456789012345678901234567890123456789012345678901234567890" },
    { "multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901",
        NULL },
    { "multipart/form-data; boundary=\"ends with a blank \"", NULL },
    { "multipart/form-data; boundary=", NULL },
    { "multipart/form-data; boundary=\"cut off", NULL },
    { "multipart/form-data", NULL },
    { "multipart/form-data boundary=x", NULL },
    { "multipart/mixed; boundary=x", NULL },
    { "application/json", NULL },
    { "", NULL },
};

static void the_boundary_is_read_from_the_content_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(types); i++) {
        char boundary[MULTIPART_BOUNDARY_MAX + 1] = "";
        struct err err = { 0 };
        bool works = multipart_boundary(types[i].content_type, boundary, &err);

        if (works != (types[i].boundary != NULL))
            fail_msg("\"%s\": %s", types[i].content_type, works ? "accepted" : err.msg);
        if (works)
            assert_string_equal(boundary, types[i].boundary);
        else
            assert_int_equal(err.kind, ERR_INVALID);
    }
}

/* ---- parts ---- */

static void assert_part(const struct multipart_part *part, const char *name, const char *content)
{
    assert_non_null(part);
    assert_string_equal(part->name, name);
    assert_true(span_is(part->content, content));
}

static void a_form_has_its_parts(void **state)
{
    static const char body[] =
        "--x\r\n"
        "Content-Disposition: form-data; name=\"file\"; filename=\"a b.pfx\"\r\n"
        "Content-Type: application/x-pkcs12\r\n"
        "\r\n"
        "one\r\n--y\r\n\r--x\r\n-- x\r\n two\r\n"
        "--x \t\r\n"
        "content-disposition:form-data;name=tags\r\n"
        "\r\n"
        "web\r\n"
        "--x\r\n"
        "Content-Disposition: form-data; name=\"tags\"\r\n"
        "\r\n"
        "\r\n"
        "--x--\r\nwhat follows is nobody's";
    autodone(multipart) struct multipart form = { 0 };
    size_t position = 0;
    struct err err = { 0 };

    (void)state;
    assert_works(multipart_parse(SPAN_LITERAL(body), "x", &form, &err), &err);
    assert_int_equal(form.n_parts, 3);
    assert_part(&form.parts[0], "file", "one\r\n--y\r\n\r--x\r\n-- x\r\n two");
    assert_string_equal(form.parts[0].filename, "a b.pfx");
    assert_true(form.parts[0].has_filename && !form.parts[1].has_filename);
    assert_part(multipart_next(&form, "tags", &position), "tags", "web");
    assert_part(multipart_next(&form, "tags", &position), "tags", "");
    assert_null(multipart_next(&form, "tags", &position));
    position = 0;
    assert_null(multipart_next(&form, "nothing", &position));
}

static void a_part_without_content_is_empty(void **state)
{
    static const char body[] = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n--x--";
    autodone(multipart) struct multipart form = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_works(multipart_parse(SPAN_LITERAL(body), "x", &form, &err), &err);
    assert_part(&form.parts[0], "a", "");
    multipart_done(&form);
    assert_works(multipart_parse(SPAN_LITERAL("--x--\r\n"), "x", &form, &err), &err);
    assert_int_equal(form.n_parts, 0);
}

static void bytes_are_kept_as_they_are(void **state)
{
    autodone(buf) struct buf body = BUF_INIT(4096);
    autodone(buf) struct buf content = BUF_INIT(4096);
    autodone(multipart) struct multipart form = { 0 };
    struct err err = { 0 };

    (void)state;
    for (int i = 0; i < 512; i++)
        buf_add_u8(&content, (uint8_t)(i * 7));
    buf_add_text(&body, "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n");
    buf_add_span(&body, buf_span(&content));
    buf_add_text(&body, "\r\n--x--\r\n");
    assert_works(multipart_parse(buf_span(&body), "x", &form, &err), &err);
    assert_true(span_equal(form.parts[0].content, buf_span(&content)));
}

#define HEAD "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n"

static const struct {
    const char *body;
    enum err_kind kind;
    const char *says;
} refused[] = {
    { "", ERR_INVALID, "does not begin with the boundary" },
    { "preamble\r\n--x--", ERR_INVALID, "does not begin with the boundary" },
    { "--y--", ERR_INVALID, "does not begin with the boundary" },
    { "--x", ERR_INVALID, "cut off" },
    { "--x-", ERR_INVALID, "cut off" },
    { "--x\r\n", ERR_INVALID, "cut off" },
    { "--xy\r\n\r\n\r\n--xy--", ERR_INVALID, "byte 3" },
    { "--x--y", ERR_INVALID, "byte 5" },
    { HEAD, ERR_INVALID, "cut off" },
    { HEAD "\r\n", ERR_INVALID, "cut off" },
    { HEAD "\r\ncontent", ERR_INVALID, "closing boundary" },
    { HEAD "\r\ncontent\r\n--x", ERR_INVALID, "cut off" },
    { HEAD "\r\na\r\n--xx\r\n--x--", ERR_INVALID, "behind the boundary at byte" },
    { HEAD "\r\ncontent\n--x--", ERR_INVALID, "closing boundary" },
    { "--x\r\nContent-Type: text/plain\r\n\r\n\r\n--x--", ERR_INVALID, "byte 5 has no name" },
    { "--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--", ERR_INVALID, "malformed" },
    { "--x\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--x--", ERR_INVALID,
        "malformed" },
    { "--x\r\nContent-Disposition: form-data; name=\"a\r\n\r\n\r\n--x--", ERR_INVALID,
        "malformed" },
    { "--x\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n\r\n--x--", ERR_INVALID,
        "malformed" },
    { "--x\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n\r\n--x--", ERR_INVALID,
        "malformed" },
    { "--x\r\nContent-Disposition: form-data; name=\"\xFF\"\r\n\r\n\r\n--x--", ERR_INVALID,
        "malformed" },
    { HEAD "Content-Transfer-Encoding: base64\r\n\r\n\r\n--x--", ERR_INVALID, "encoded" },
    { HEAD "no field\r\n\r\n\r\n--x--", ERR_INVALID, "no field" },
    { HEAD " folded: line\r\n\r\n\r\n--x--", ERR_INVALID, "no field" },
    { HEAD "a: b\nc: d\r\n\r\n\r\n--x--", ERR_INVALID, "no field" },
};

static void what_is_no_form_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        struct multipart form = { 0 };
        struct err err = { 0 };

        if (multipart_parse(span_text(refused[i].body), "x", &form, &err))
            fail_msg("accepted: %s", refused[i].body);
        assert_int_equal(err.kind, refused[i].kind);
        assert_contains(err.msg, refused[i].says);
        assert_null(form.parts);
    }
}

static void there_are_limits_and_they_are_named(void **state)
{
    autodone(buf) struct buf many = BUF_INIT(1U << 20);
    autodone(buf) struct buf wide = BUF_INIT(1U << 20);
    struct multipart form = { 0 };
    struct err err = { 0 };

    (void)state;
    for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
        buf_add_text(&many, HEAD "\r\n\r\n");
    buf_add_text(&many, "--x--");
    assert_fails(multipart_parse(buf_span(&many), "x", &form, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "512");
    buf_add_text(&wide, HEAD "X: ");
    for (int i = 0; i < MULTIPART_HEAD_MAX; i++)
        buf_add_char(&wide, 'a');
    buf_add_text(&wide, "\r\n\r\n\r\n--x--");
    assert_fails(multipart_parse(buf_span(&wide), "x", &form, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "4096");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_boundary_is_read_from_the_content_type),
        cmocka_unit_test(a_form_has_its_parts),
        cmocka_unit_test(a_part_without_content_is_empty),
        cmocka_unit_test(bytes_are_kept_as_they_are),
        cmocka_unit_test(what_is_no_form_is_refused),
        cmocka_unit_test(there_are_limits_and_they_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
