/* codec/multipart: a Content-Type, a line break, a body: both from strangers. */
#include "base/alloc.h"
#include "base/err.h"
#include "codec/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autodone(multipart) struct multipart form = { 0 };
    struct span rest = span_of(data, size), line;
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    struct err err = { 0 };

    if (!span_split(&rest, '\n', &line))
        return 0;
    autofree(str) char *content_type = span_dup(line);

    if (!multipart_boundary(content_type, boundary, &err))
        return 0;
    if (!multipart_parse(rest, boundary, &form, &err)) {
        ASSERT(err.msg[0] && form.n_parts == 0);
        return 0;
    }
    for (size_t i = 0; i < form.n_parts; i++) {
        const struct multipart_part *part = &form.parts[i];

        ASSERT(part->name[0]);
        ASSERT(part->content.size == 0 ||
               (part->content.data >= rest.data &&
                   part->content.data + part->content.size <= rest.data + rest.size));
    }
    return 0;
}
