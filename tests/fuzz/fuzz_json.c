/* codec/json: what is accepted can be written and read again, and reading it as anything does no
 * harm. */
#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_everything(const struct json *json)
{
    static const char *const words[] = { "a", NULL, "b" };
    autodone(json_problems) struct json_problems problems = { 0 };
    struct json_in in;
    struct json_in part;
    struct err err = { 0 };

    json_in_init(&in, json, &problems);
    (void)json_in_text(&in, "text", 1, 9);
    (void)json_in_i64(&in, "number", -5, 5);
    (void)json_in_bool(&in, "bool");
    (void)json_in_time_opt(&in, "time", 0);
    (void)json_in_enum(&in, "word", words, countof(words));
    for (size_t i = json_in_array(&in, "list", 9); i > 0; i--) {
        (void)json_in_item_text(&in, "list", i - 1, 0, 9);
        (void)json_in_item_object(&in, "list", i - 1, &part);
        (void)json_in_i64_opt(&part, "number", 0, 9, 1);
        json_in_leave(&part);
    }
    (void)!json_in_end(&in, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree(json) struct json *json = NULL;
    autofree(json) struct json *again = NULL;
    autodone(buf) struct buf text = BUF_INIT(16U << 20);
    struct json_out out;
    struct err err = { 0 };

    json_out_init(&out, &text);
    json_str_span(&out, NULL, span_of(data, size));
    ASSERT(json_parse_within(buf_span(&text), SIZE_MAX, 1, &again, &err));
    json_free(take(&again));
    if (!json_parse(span_of(data, size), &json, &err))
        return 0;
    read_as_everything(json);
    buf_clear(&text);
    json_write(json, &text);
    ASSERT(json_parse_within(buf_span(&text), SIZE_MAX, JSON_MAX_DEPTH, &again, &err));
    return 0;
}
