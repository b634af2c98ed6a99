/* api/import_body: see the header. */
#include "api/import_body.h"

#include <unistd.h>

#include "base/err.h"
#include "net/http.h"
#include "store/import_file.h"

void import_body_init(struct import_body *body, const struct http_request *request)
{
    *body = (struct import_body){ .request = request };
    buf_init(&body->raw, IMPORT_CHUNK_SIZE);
    buf_init(&body->text, IMPORT_CHUNK_SIZE + UTF16_GROWTH(IMPORT_CHUNK_SIZE));
}

void import_body_done(struct import_body *body)
{
    buf_done(&body->raw);
    buf_done(&body->text);
}

static bool is_at_end(const struct import_body *body)
{
    return body->taken == body->request->body_size;
}

/* The next piece of the body in place of what is in `raw`. */
static bool take_piece(struct import_body *body, struct err *err)
{
    const struct http_request *const request = body->request;
    const int64_t left = request->body_size - body->taken;
    const size_t n = (size_t)(left < IMPORT_CHUNK_SIZE ? left : IMPORT_CHUNK_SIZE);
    const int64_t at = body->taken;
    size_t done = 0;

    buf_clear(&body->raw);
    body->taken += (int64_t)n;
    if (request->body_fd == -1) {
        buf_add_span(&body->raw, span_slice(request->body, (size_t)at, n));
        return true;
    }
    uint8_t *field = buf_extend(&body->raw, n);

    while (field && done < n) {
        const ssize_t got = pread(request->body_fd, field + done, n - done, at + (int64_t)done);

        if (got <= 0)
            return fail(err, ERR_INTERNAL, "could not read the body again");
        done += (size_t)got;
    }
    return true;
}

static void add_text(struct import_body *body)
{
    utf16_add(&body->utf16, buf_span(&body->raw), &body->text);
    if (is_at_end(body))
        utf16_end(&body->utf16, &body->text);
}

/* The first piece tells in what the table is written. */
static bool begin(struct import_body *body, struct err *err)
{
    if (!take_piece(body, err))
        return false;
    body->is_utf16 = utf16_is_marked(buf_span(&body->raw));
    if (!body->is_utf16)
        return true;
    body->utf16 = utf16_begin(buf_span(&body->raw));
    buf_drop(&body->raw, UTF16_MARK_SIZE);
    add_text(body);
    return true;
}

static bool make_text(struct import_body *body, struct err *err)
{
    buf_drop(&body->text, body->n_in_text);
    while (body->text.size < (size_t)IMPORT_CHUNK_SIZE && !is_at_end(body)) {
        if (!take_piece(body, err))
            return false;
        add_text(body);
    }
    return true;
}

bool import_body_next(struct import_body *body, struct span *ret, struct err *err)
{
    const bool is_first = body->taken == 0;

    if (is_first && !begin(body, err))
        return false;
    if (body->is_utf16) {
        if (!make_text(body, err))
            return false;
        *ret = span_slice(buf_span(&body->text), 0, (size_t)IMPORT_CHUNK_SIZE);
        body->n_in_text = ret->size;
    } else {
        if (!is_first && !take_piece(body, err))
            return false;
        *ret = buf_span(&body->raw);
    }
    body->given += (int64_t)ret->size;
    return true;
}
