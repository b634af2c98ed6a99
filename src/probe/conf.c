/* probe/conf: see the header. */
#include "probe/conf.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

/* RFC 7617, 2: a colon ends the user, and neither has control characters. */
static bool is_credential(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return text.size <= PROBE_CREDENTIAL_MAX && span_find_char(text, ':') != SIZE_MAX;
}

bool probe_credential_read(const char *path, struct buf *ret, struct err *err)
{
    struct buf whole = BUF_INIT_SECRET(2 * PROBE_CREDENTIAL_MAX);
    bool works = fs_read(path, &whole, err);

    if (works) {
        struct span text = buf_span(&whole);

        while (
            text.size > 0 && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == '\r'))
            text = span_slice(text, 0, text.size - 1);
        works = is_credential(text) ||
                fail(err, ERR_INVALID, "%s does not hold one line \"user:password\"", path);
        if (works)
            buf_add_span(ret, text);
    }
    buf_done(&whole);
    return works;
}
