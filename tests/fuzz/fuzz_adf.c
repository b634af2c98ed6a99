/*
 * codec/adf: any JSON is a document or is refused; any text makes a document that reads back, and
 * whose text makes the same document again.
 */
#include "base/err.h"
#include "base/parse.h"
#include "codec/adf.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(struct span text, struct buf *document, struct buf *again)
{
    autofree(json) struct json *json = NULL;
    struct json_out out;
    struct err err = { 0 };

    json_out_init(&out, document);
    adf_write(&out, NULL, text);
    ASSERT(json_parse_within(buf_span(document), SIZE_MAX, JSON_MAX_DEPTH, &json, &err));
    if (!adf_to_text(json, again, &err))
        ASSERT(err.kind == ERR_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    autofree(json) struct json *json = NULL;
    autodone(buf) struct buf document = BUF_INIT(64U << 20);
    autodone(buf) struct buf text = BUF_INIT(1U << 20);
    struct err err = { 0 };

    if (json_parse(input, &json, &err) && !adf_to_text(json, &text, &err))
        ASSERT(err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
    if (size > 65536 || !parse_is_utf8(input))
        return 0;
    buf_clear(&text);
    write_and_read(input, &document, &text);
    return 0;
}
