/* core/jql: what is accepted can be shown; what is not has a message. */
#include "base/err.h"
#include "core/jql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree(jql) struct jql *jql = NULL;
    autodone(buf) struct buf shown = BUF_INIT(16U << 20);
    struct err err = { 0 };

    if (!jql_parse(span_of(data, size), &jql, &err)) {
        ASSERT(!jql && err.msg[0]);
        return 0;
    }
    jql_show(jql, &shown);
    ASSERT(buf_ok(&shown));
    return 0;
}
