#include "testing.h"

#include "base/alloc.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "testing_oracle.h"

static struct json *parsed(const char *text)
{
    struct json *json = NULL;
    struct err err = { 0 };

    assert_works(json_parse(span_text(text), &json, &err), &err);
    return json;
}

/* ---- writing ---- */

static void writer_places_commas_and_nesting(void **state)
{
    autodone(buf) struct buf buf = BUF_INIT(4096);
    struct json_out out;
    struct err err = { 0 };

    (void)state;
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_str(&out, "name", "a");
    json_str(&out, "none", NULL);
    json_i64(&out, "n", INT64_MIN);
    json_bool(&out, "yes", true);
    json_begin_array(&out, "list");
    json_i64(&out, NULL, 1);
    json_begin_object(&out, NULL);
    json_end(&out);
    json_begin_array(&out, NULL);
    json_end(&out);
    json_end(&out);
    json_time(&out, "at", 1763703000);
    json_time_or_null(&out, "never", 0);
    json_i64_or_null(&out, "no_id", 0);
    json_i64_or_null(&out, "id", 7);
    json_hex(&out, "hex", SPAN_LITERAL("\x00\xff"));
    json_numbered(&out, "numbered", "C-", -17, "\\\"");
    json_raw(&out, "raw", SPAN_LITERAL("[1,2]"));
    json_raw(&out, "empty", SPAN_EMPTY);
    json_split(&out, "tags", "a;b", ';');
    json_split(&out, "no_tags", "", ';');
    json_end(&out);

    assert_works(json_out_check(&out, &err), &err);
    assert_string_equal(buf_text(&buf),
        "{\"name\":\"a\",\"none\":null,\"n\":-9223372036854775808,\"yes\":true,\"list\":[1,{},[]],"
        "\"at\":\"2025-11-21T05:30:00Z\",\"never\":null,\"no_id\":null,\"id\":7,\"hex\":\"00ff\",\"numbered\":\"C--17\\\"\","
        "\"raw\":[1,2],\"empty\":null,\"tags\":[\"a\",\"b\"],\"no_tags\":[]}");
}

static const struct {
    const char *text;
    size_t size; /* 0: up to the NUL */
    const char *json;
} strings[] = {
    { "plain", 0, "\"plain\"" },
    { "", 0, "\"\"" },
    { "a\"b\\c/d", 0, "\"a\\\"b\\\\c/d\"" },
    { "\b\t\n\f\r\x01\x1f\x7f", 0, "\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\"" },
    { "a\0b", 3, "\"a\\u0000b\"" },
    { "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", 0, "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"" },
    { "bad \xff\xc3", 0, "\"bad \xef\xbf\xbd\xef\xbf\xbd\"" },
    { "\xed\xa0\x80", 0, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    { "</script>\xe2\x80\xa8", 0, "\"</script>\xe2\x80\xa8\"" },
};

static void writer_escapes_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(strings); i++) {
        autodone(buf) struct buf buf = BUF_INIT(4096);
        autofree(json) struct json *json = NULL;
        struct json_out out;
        const struct span text =
            span_of(strings[i].text, strings[i].size ? strings[i].size : strlen(strings[i].text));

        json_out_init(&out, &buf);
        json_str_span(&out, NULL, text);
        assert_string_equal(buf_text(&buf), strings[i].json);
        json = parsed(buf_text(&buf));
        assert_non_null(json);
    }
}

/* `c` at each place of a text that is `size` long. */
static void write_at_each_place(unsigned c, size_t size)
{
    const bool is_plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';

    for (size_t place = 0; place < size; place++) {
        autodone(buf) struct buf buf = BUF_INIT(4096);
        struct json_out out;
        char text[] = "abcdefghijklmnopqrst";

        text[place] = (char)c;
        json_out_init(&out, &buf);
        json_str_span(&out, NULL, span_of(text, size));
        assert_int_equal(buf.size == size + 2 && memcmp(buf.data + 1, text, size) == 0, is_plain);
    }
}

/* Bytes that need an escape are seen wherever they stand in a word, and words around them too. */
static void writer_sees_each_byte_at_each_place(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        for (size_t size = 1; size <= 20; size++)
            write_at_each_place(c, size);
    }
}

static const struct {
    const char *values[3];
    size_t n;
} member_lists[] = {
    { { NULL }, 0 },
    { { "a.example" }, 1 },
    { { "a.example", "", "*.b.example" }, 3 },
    { { "\",\"value\":\"no", "\\", "\\\"" }, 3 },
    { { "gr\xc3\xbc\xc3\x9f", "value", "line\nbreak" }, 3 },
};

static void members_are_found_in_what_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(member_lists); i++) {
        autodone(buf) struct buf list = BUF_INIT(4096);
        autodone(buf) struct buf one = BUF_INIT(4096);
        struct json_out out;
        struct span rest;
        struct span found;

        json_out_init(&out, &list);
        json_begin_array(&out, NULL);
        for (size_t j = 0; j < member_lists[i].n; j++) {
            json_begin_object(&out, NULL);
            json_str(&out, "type", "value");
            json_str(&out, "value", member_lists[i].values[j]);
            json_end(&out);
        }
        json_end(&out);
        rest = buf_span(&list);
        for (size_t j = 0; j < member_lists[i].n; j++) {
            buf_clear(&one);
            json_out_init(&out, &one);
            json_str(&out, NULL, member_lists[i].values[j]);
            assert_true(json_next_member(&rest, "value", &found));
            assert_true(span_equal(found, buf_span(&one)));
        }
        assert_false(json_next_member(&rest, "value", &found));
    }
}

static void a_member_may_stand_apart_from_its_name(void **state)
{
    struct span rest = SPAN_LITERAL("[{\"value\": null}, {\"value\": 1}, {\"value\": \"a\"}]");
    struct span found;

    (void)state;
    assert_true(json_next_member(&rest, "value", &found));
    assert_true(span_is(found, "\"a\""));
    assert_false(json_next_member(&rest, "value", &found));
}

static void a_member_that_is_cut_is_none(void **state)
{
    struct span rest = SPAN_LITERAL("[{\"value\":\"a\\\"");
    struct span found;

    (void)state;
    assert_false(json_next_member(&rest, "value", &found));
}

static void writer_remembers_the_ceiling(void **state)
{
    autodone(buf) struct buf buf = BUF_INIT(8);
    struct json_out out;
    struct err err = { 0 };

    (void)state;
    json_out_init(&out, &buf);
    json_begin_array(&out, NULL);
    json_str(&out, NULL, "far too long");
    json_i64(&out, NULL, 1);
    json_end(&out);
    assert_fails(json_out_check(&out, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "8 bytes");
}

static void value_is_written_back_as_it_was(void **state)
{
    autodone(buf) struct buf buf = BUF_INIT(4096);
    autofree(json) struct json *json =
        parsed("{\"z\":[1,null,true,-2.5],\"a\":{\"b\":\"\\u00fc\"}}");
    struct json_out out;

    (void)state;
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_value(&out, "v", json);
    json_value(&out, "w", NULL);
    json_end(&out);
    assert_string_equal(buf_text(&buf),
        "{\"v\":{\"z\":[1,null,true,-2.5],\"a\":{\"b\":\"\xc3\xbc\"}},\"w\":null}");
}

/* ---- parsing ---- */

static const struct {
    const char *text;
    enum err_kind kind;
    const char *says;
} refused[] = {
    { "", ERR_INVALID, "line 1" },
    { "{\n\"a\": 1,\n}", ERR_INVALID, "line 3" },
    { "{\"a\":1,\"a\":2}", ERR_INVALID, "duplicate" },
    { "[1] x", ERR_INVALID, "end of file expected" },
    { "{\"a\":99999999999999999999}", ERR_INVALID, "too big" },
    { "[\"\xff\"]", ERR_INVALID, "line 1" },
    { "{\"\\u0000\":1}", ERR_INVALID, "line 1" },
    { "[\"\\ud800\"]", ERR_INVALID, "line 1" },
};

static void parser_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        autofree(json) struct json *json = NULL;
        struct err err = { 0 };

        assert_fails(json_parse(span_text(refused[i].text), &json, &err), &err, refused[i].kind);
        assert_contains(err.msg, refused[i].says);
        assert_null(json);
    }
}

static void parser_keeps_its_limits(void **state)
{
    autodone(buf) struct buf deep = BUF_INIT(1 << 20);
    autofree(json) struct json *json = NULL;
    struct err err = { 0 };
    char *const large = xmalloc(JSON_MAX_BYTES + 1);

    (void)state;
    memset(large, ' ', JSON_MAX_BYTES + 1);
    assert_fails(json_parse(span_of(large, JSON_MAX_BYTES + 1), &json, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "1048576 bytes");
    free(large);

    for (int i = 0; i < JSON_MAX_DEPTH; i++)
        buf_add_char(&deep, '[');
    buf_add_text(&deep, "\"]]]{{{ \\\" [[[\"");
    for (int i = 0; i < JSON_MAX_DEPTH; i++)
        buf_add_char(&deep, ']');
    assert_works(json_parse(buf_span(&deep), &json, &err), &err);
    json_free(take(&json));

    buf_clear(&deep);
    for (int i = 0; i < 100000; i++)
        buf_add_char(&deep, i % 2 ? '{' : '[');
    assert_fails(json_parse(buf_span(&deep), &json, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "64 levels");
}

/* What y_ asks for and we refuse on purpose: a key said twice, and U+0000 in a key. */
static const char *const refused_on_purpose[] = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
};

static bool is_refused_on_purpose(const char *name)
{
    for (size_t i = 0; i < countof(refused_on_purpose); i++)
        if (strcmp(name, refused_on_purpose[i]) == 0)
            return true;
    return false;
}

static void check_verdict(const char *name, bool is_accepted)
{
    if (name[0] == 'y' && is_accepted == is_refused_on_purpose(name))
        fail_msg("%s was %s", name, is_accepted ? "accepted" : "refused");
    if (name[0] == 'n' && is_accepted)
        fail_msg("%s was accepted", name);
}

static void parser_agrees_with_the_test_suite(void **state)
{
    char path[ORACLE_PATH_SIZE];
    struct dirent **entries;

    (void)state;
    oracle_need("json/test_parsing");
    const int n =
        scandir(oracle_path("json/test_parsing", path), &entries, oracle_is_file, alphasort);

    assert_true(n > 300);
    for (int i = 0; i < n; i++) {
        char name[512];
        autofree(json) struct json *json = NULL;
        struct err err = { 0 };

        (void)snprintf(name, sizeof name, "json/test_parsing/%s", entries[i]->d_name);
        autodone(buf) struct buf text = oracle_file(name);

        check_verdict(entries[i]->d_name, json_parse(buf_span(&text), &json, &err));
        free(entries[i]);
    }
    free(entries);
}

/* ---- reading ---- */

static void decoder_reads_what_is_there(void **state)
{
    static const char *const colours[] = { "red", NULL, "blue" };
    autofree(json) struct json *json = parsed(
        "{\"name\":\"gr\\u00fc\\u00df\",\"port\":443,\"on\":true,\"at\":\"2025-11-21T05:30:00Z\","
        "\"colour\":\"blue\",\"endpoints\":[{\"host\":\"a\"},{\"host\":\"b\"}],\"ids\":[3,4],"
        "\"tags\":[\"x\"],\"share\":{\"users\":[]},\"nothing\":null,\"any\":[1]}");
    autodone(json_problems) struct json_problems problems = { 0 };
    struct json_in in;
    struct json_in part;
    struct err err = { 0 };

    (void)state;
    json_in_init(&in, json, &problems);
    assert_string_equal(json_in_text(&in, "name", 4, 4), "gr\xc3\xbc\xc3\x9f");
    assert_int_equal(json_in_i64(&in, "port", 1, 65535), 443);
    assert_true(json_in_bool(&in, "on"));
    assert_int_equal(json_in_time_opt(&in, "at", 0), 1763703000);
    assert_int_equal(json_in_enum(&in, "colour", colours, countof(colours)), 2);
    assert_int_equal(json_in_array(&in, "endpoints", 10), 2);
    assert_true(json_in_item_object(&in, "endpoints", 1, &part));
    assert_string_equal(json_in_text(&part, "host", 1, 10), "b");
    json_in_leave(&part);
    assert_int_equal(json_in_array_opt(&in, "ids", 2), 2);
    assert_int_equal(json_in_item_i64(&in, "ids", 1, 0, 9), 4);
    assert_int_equal(json_in_array(&in, "tags", 1), 1);
    assert_string_equal(json_in_item_text(&in, "tags", 0, 1, 9), "x");
    assert_true(json_in_object(&in, "share", &part));
    assert_int_equal(json_in_array(&part, "users", 1), 0);
    json_in_leave(&part);
    assert_true(json_in_has(&in, "nothing"));
    assert_true(json_in_is_null(&in, "nothing"));
    assert_false(json_in_has(&in, "absent"));
    assert_string_equal(json_in_text_opt(&in, "nothing", 1, 9, "else"), "else");
    assert_int_equal(json_in_i64_opt(&in, "absent", 1, 9, 42), 42);
    assert_true(json_in_bool_opt(&in, "absent", true));
    assert_int_equal(json_in_time_opt(&in, "absent", 5), 5);
    assert_int_equal(json_in_enum_opt(&in, "absent", colours, countof(colours), -1), -1);
    assert_false(json_in_object_opt(&in, "absent", &part));
    assert_int_equal(json_list_size(json_in_value(&in, "any")), 1);
    assert_works(json_in_end(&in, &err), &err);
    assert_int_equal(problems.n, 0);
}

static void decoder_collects_every_problem_with_its_path(void **state)
{
    static const char *const colours[] = { "red", NULL, "blue" };
    static const struct {
        const char *field;
        const char *message;
    } expected[] = {
        { "name", "is required" },
        { "empty", "must not be empty" },
        { "long", "has 4 characters; 3 are allowed" },
        { "short", "has 1 characters and needs at least 2" },
        { "nul", "holds the character U+0000" },
        { "number", "must be a text" },
        { "text", "must be a whole number" },
        { "bool", "must be true or false" },
        { "at", NULL },
        { "colour", "must be one of: red, blue" },
        { "list", "must be a list" },
        { "many", "has 3 entries; 2 are allowed" },
        { "object", "must be an object" },
        { "endpoints[1].port", "70000 is not between 1 and 65535" },
        { "endpoints[1].prot", "there is no such field here" },
        { "endpoints[2]", "must be an object" },
        { "endpoints", "too many of them: 3" },
        { "surplus", "there is no such field here" },
    };
    autofree(json) struct json *json = parsed(
        "{\"empty\":\"\",\"long\":\"\\u00fcber\",\"short\":\"a\",\"nul\":\"a\\u0000\",\"number\":1,"
        "\"text\":1.5,\"bool\":0,\"at\":\"yesterday\",\"colour\":\"green\",\"list\":{},"
        "\"many\":[1,2,3],\"object\":[],\"endpoints\":[{\"port\":1},{\"port\":70000,\"prot\":1},7],"
        "\"surplus\":1}");
    autodone(json_problems) struct json_problems problems = { 0 };
    struct json_in in;
    struct json_in part;
    struct err err = { 0 };

    (void)state;
    json_in_init(&in, json, &problems);
    assert_string_equal(json_in_text(&in, "name", 1, 9), "");
    assert_string_equal(json_in_text(&in, "empty", 1, 9), "");
    assert_string_equal(json_in_text(&in, "long", 1, 3), "");
    assert_string_equal(json_in_text(&in, "short", 2, 3), "");
    assert_string_equal(json_in_text(&in, "nul", 1, 9), "");
    assert_string_equal(json_in_text_opt(&in, "number", 1, 9, "else"), "else");
    assert_int_equal(json_in_i64(&in, "text", 3, 9), 3);
    assert_false(json_in_bool(&in, "bool"));
    assert_int_equal(json_in_time_opt(&in, "at", 0), 0);
    assert_int_equal(json_in_enum(&in, "colour", colours, countof(colours)), 0);
    assert_int_equal(json_in_array(&in, "list", 9), 0);
    assert_int_equal(json_in_array(&in, "many", 2), 0);
    assert_false(json_in_object(&in, "object", &part));
    assert_string_equal(json_in_text(&part, "inside", 1, 9), "");
    json_in_leave(&part);
    for (size_t i = 0; i < json_in_array(&in, "endpoints", 9); i++) {
        if (!json_in_item_object(&in, "endpoints", i, &part))
            continue;
        (void)json_in_i64(&part, "port", 1, 65535);
        json_in_leave(&part);
    }
    json_in_complain(&in, "endpoints", "too many of them: %d", 3);
    assert_fails(json_in_end(&in, &err), &err, ERR_INVALID);
    assert_string_equal(err.msg, "name: is required");

    assert_int_equal(problems.n, countof(expected));
    for (size_t i = 0; i < problems.n; i++) {
        assert_string_equal(problems.items[i].field, expected[i].field);
        if (expected[i].message)
            assert_string_equal(problems.items[i].message, expected[i].message);
    }
}

static void decoder_complains_once_of_what_is_no_object(void **state)
{
    autofree(json) struct json *json = parsed("[1]");
    const struct json *const inputs[] = { json, NULL };

    (void)state;
    for (size_t i = 0; i < countof(inputs); i++) {
        autodone(json_problems) struct json_problems problems = { 0 };
        struct json_in in;
        struct err err = { 0 };

        json_in_init(&in, inputs[i], &problems);
        assert_string_equal(json_in_text(&in, "name", 1, 9), "");
        assert_fails(json_in_end(&in, &err), &err, ERR_INVALID);
        assert_string_equal(err.msg, "a JSON object is needed");
        assert_int_equal(problems.n, 1);
    }
}

static void decoder_stops_gathering_at_its_cap(void **state)
{
    autodone(buf) struct buf text = BUF_INIT(4096);
    autofree(json) struct json *json = NULL;
    autodone(json_problems) struct json_problems problems = { 0 };
    struct json_in in;
    struct err err = { 0 };

    (void)state;
    buf_add_text(&text, "{\"a\":1");
    for (int i = 0; i < 100; i++)
        buf_addf(&text, ",\"m%d\":1", i);
    buf_add_text(&text, "}");
    json = parsed(buf_text(&text));
    json_in_init(&in, json, &problems);
    assert_int_equal(json_in_i64(&in, "a", 0, 1), 1);
    assert_fails(json_in_end(&in, &err), &err, ERR_INVALID);
    assert_int_equal(problems.n, JSON_PROBLEMS_MAX);
    assert_int_equal(problems.n_left_out, 100 - JSON_PROBLEMS_MAX);
}

static void stored_lists_are_read(void **state)
{
    autofree(json) struct json *json = parsed("[{\"type\":\"dns\"},\"a\",5,\"b\\u0000\"]");

    (void)state;
    assert_int_equal(json_list_size(json), 4);
    assert_string_equal(json_as_text(json_member(json_list_item(json, 0), "type")), "dns");
    assert_null(json_member(json_list_item(json, 0), "value"));
    assert_string_equal(json_as_text(json_list_item(json, 1)), "a");
    assert_int_equal(json_as_i64(json_list_item(json, 2), -1), 5);
    assert_int_equal(json_as_i64(json_list_item(json, 1), -1), -1);
    assert_null(json_as_text(json_list_item(json, 2)));
    assert_null(json_as_text(json_list_item(json, 3)));
    assert_null(json_list_item(json, 4));
    assert_int_equal(json_list_size(NULL), 0);
    assert_null(json_as_text(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_places_commas_and_nesting),
        cmocka_unit_test(writer_escapes_strings),
        cmocka_unit_test(writer_sees_each_byte_at_each_place),
        cmocka_unit_test(members_are_found_in_what_was_written),
        cmocka_unit_test(a_member_may_stand_apart_from_its_name),
        cmocka_unit_test(a_member_that_is_cut_is_none),
        cmocka_unit_test(writer_remembers_the_ceiling),
        cmocka_unit_test(value_is_written_back_as_it_was),
        cmocka_unit_test(parser_refuses),
        cmocka_unit_test(parser_keeps_its_limits),
        cmocka_unit_test(parser_agrees_with_the_test_suite),
        cmocka_unit_test(decoder_reads_what_is_there),
        cmocka_unit_test(decoder_collects_every_problem_with_its_path),
        cmocka_unit_test(decoder_complains_once_of_what_is_no_object),
        cmocka_unit_test(decoder_stops_gathering_at_its_cap),
        cmocka_unit_test(stored_lists_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
