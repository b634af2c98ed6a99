/* deploy/haproxy/answer: what something at HAProxy's socket may say. */
#include <string.h>

#include "base/parse.h"
#include "deploy/haproxy/answer.h"

#define PIECE 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_serial(const char *text)
{
    return strspn(text, "0123456789abcdef") == strlen(text) && strlen(text) % 2 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span text = span_of(data, size);
    struct span rest = text;
    struct deploy_current now;
    struct answer_name name;
    char said[ANSWER_SAID_MAX];
    size_t n = 0;

    (void)!answer_read_cert(text, &now);
    ASSERT(is_serial(now.serial));
    ASSERT(parse_is_utf8(span_text(now.name)));
    ASSERT(now.is_there == (now.serial[0] || now.has_sha1));
    while (answer_next_name(&rest, &name)) {
        ASSERT(name.name.size <= size);
        n++;
    }
    ASSERT(n <= size + 1);
    ASSERT(answer_transaction(text).size <= size);
    (void)answer_has_line(text, "Success!");
    answer_said(text, SPAN_EMPTY, said);
    ASSERT(parse_is_utf8(span_text(said)));
    /* Whatever is said back of what was sent, no long piece of it is shown. */
    answer_said(text, text, said);
    for (size_t i = 0; i + PIECE <= size; i++)
        ASSERT(memchr(data + i, ' ', PIECE) || !memmem(said, strlen(said), data + i, PIECE));
    return 0;
}
