/*
 * x509/pem: see the header.
 *
 * What a block means is OpenSSL's to read, encryption of old among it; here it is only found and
 * laid out in lines. A block with a header (a colon tells) keeps its lines, for they mean
 * something.
 */
#include "x509/pem.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/err.h"
#include "codec/base64.h"

#define BYTES_A_LINE 48
#define CHARS_A_LINE (BYTES_A_LINE / 3 * 4)
#define LABEL_MAX 80
#define DASHES "-----"
#define BEGIN "-----BEGIN "
#define END "-----END "

/* ---- blocks in what may be no lines ---- */

/* How many bytes at the beginning of `s` are no part of base64, but of what carried it? */
static size_t noise_size(struct span s)
{
    static const char *const noise[] = { " ", "\t", "\r", "\n", "\\r", "\\n", "\xC2\xA0",
        "\xE2\x80\x8B", "\xEF\xBB\xBF" }; /* the last ones: invisible blanks of web pages */

    if (s.size == 0 || (s.data[0] > ' ' && s.data[0] < 0x80 && s.data[0] != '\\'))
        return 0;
    for (size_t i = 0; i < countof(noise); i++)
        if (span_starts_with(s, noise[i]))
            return strlen(noise[i]);
    return 0;
}

/* 0, or the size of what ends a line here; CR and LF together end one. */
static size_t line_end_size(struct span s)
{
    static const char *const ends[] = { "\r\n", "\\r\\n", "\n", "\r", "\\n", "\\r" };

    for (size_t i = 0; i < countof(ends); i++)
        if (span_starts_with(s, ends[i]))
            return strlen(ends[i]);
    return 0;
}

static bool is_indent(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '>';
}

static bool begins_line(struct span text, size_t at)
{
    while (at > 0 && is_indent(text.data[at - 1]))
        at--;
    return at == 0 || text.data[at - 1] == '\n' || text.data[at - 1] == '\r';
}

/* Base64 in lines of 64, without what is none: whether the rest is base64 is seen when decoded. */
static void add_data(struct span body, struct buf *block)
{
    bool is_at_start = true;
    size_t column = 0;

    while (body.size > 0) {
        const size_t noise = noise_size(body);

        if (noise > 0 && line_end_size(body) > 0)
            is_at_start = true;
        if (noise > 0 || (is_at_start && body.data[0] == '>')) {
            body = span_slice(body, noise > 0 ? noise : 1, SIZE_MAX);
            continue;
        }
        is_at_start = false;
        buf_add_char(block, (char)body.data[0]);
        if (++column % CHARS_A_LINE == 0)
            buf_add_char(block, '\n');
        body = span_slice(body, 1, SIZE_MAX);
    }
    if (column % CHARS_A_LINE != 0)
        buf_add_char(block, '\n');
}

static struct span next_line(struct span *body)
{
    size_t n = 0;

    while (n < body->size && line_end_size(span_slice(*body, n, SIZE_MAX)) == 0)
        n++;
    struct span line = span_slice(*body, 0, n);

    *body = span_slice(*body, n, SIZE_MAX);
    *body = span_slice(*body, line_end_size(*body), SIZE_MAX);
    while (line.size > 0 && is_indent(line.data[0]))
        line = span_slice(line, 1, SIZE_MAX);
    return span_trim(line);
}

/* Line by line, without what stands before and behind them, and without empty ones at the ends. */
static void add_lines(struct span body, struct buf *block)
{
    const size_t before = block->size;
    bool is_behind_empty = false;

    while (body.size > 0) {
        const struct span line = next_line(&body);

        if (line.size > 0 && is_behind_empty && block->size > before)
            buf_add_char(block, '\n');
        is_behind_empty = line.size == 0;
        if (line.size == 0)
            continue;
        buf_add_span(block, line);
        buf_add_char(block, '\n');
    }
}

static void add_body(struct span body, struct buf *block)
{
    if (span_find_char(body, ':') != SIZE_MAX)
        add_lines(body, block);
    else
        add_data(body, block);
}

/* Up to the dashes that end BEGIN's or END's line: SIZE_MAX where they do not. */
static size_t label_size(struct span after)
{
    const struct span near = span_slice(after, 0, LABEL_MAX);
    const size_t size = span_find(near, SPAN_LITERAL(DASHES));

    return size == SIZE_MAX || span_find_char(span_slice(near, 0, size), '\n') != SIZE_MAX
               ? SIZE_MAX
               : size;
}

/* `text` begins behind BEGIN's dashes. Returns how much of it the block takes. */
static size_t add_rest(struct span text, size_t end, struct buf *block)
{
    const struct span after = span_slice(text, end + strlen(END), SIZE_MAX);
    const size_t size = label_size(after);

    add_body(span_slice(text, 0, end), block);
    if (size == SIZE_MAX)
        return end;
    buf_add_text(block, END);
    buf_add_span(block, span_slice(after, 0, size));
    buf_add_text(block, DASHES "\n");
    return end + strlen(END) + size + strlen(DASHES);
}

bool pem_next_block(struct span *rest, struct buf *block)
{
    for (size_t at = 0; (at = span_find(*rest, SPAN_LITERAL(BEGIN))) != SIZE_MAX;) {
        const struct span after = span_slice(*rest, at + strlen(BEGIN), SIZE_MAX);
        const size_t size = label_size(after);
        const struct span text = span_slice(after, size + strlen(DASHES), SIZE_MAX);
        const size_t next = size == SIZE_MAX ? 0 : span_find(text, SPAN_LITERAL(BEGIN));
        const size_t end = span_find(span_slice(text, 0, next), SPAN_LITERAL(END));

        /* Words about a block, in a sentence, are none. */
        if (size == SIZE_MAX || (end == SIZE_MAX && !begins_line(*rest, at))) {
            *rest = after;
            continue;
        }
        buf_clear(block);
        buf_add_text(block, BEGIN);
        buf_add_span(block, span_slice(after, 0, size));
        buf_add_text(block, DASHES "\n");
        if (end != SIZE_MAX) {
            *rest = span_slice(text, add_rest(text, end, block), SIZE_MAX);
            return true;
        }
        add_body(span_slice(text, 0, next), block);
        *rest = span_slice(text, next, SIZE_MAX);
        return true;
    }
    *rest = SPAN_EMPTY;
    return false;
}

bool pem_is_bare(struct span text, struct buf *bytes)
{
    autodone(buf) struct buf packed = BUF_INIT_SECRET(text.size + 1);
    struct err ignored = { 0 };

    buf_clear(bytes);
    while (text.size > 0) {
        const size_t noise = noise_size(text);

        if (noise == 0 && (text.data[0] < '+' || text.data[0] > 'z'))
            return false; /* so a large file of another kind costs nothing */
        if (noise == 0)
            buf_add_char(&packed, (char)text.data[0]);
        text = span_slice(text, noise > 0 ? noise : 1, SIZE_MAX);
    }
    return packed.size > 0 && base64_decode(buf_span(&packed), bytes, &ignored) && buf_ok(bytes);
}

/* ---- what is in them ---- */

static bool is_one_of(const char *label, const char *const *labels)
{
    for (; *labels; labels++)
        if (strcmp(label, *labels) == 0)
            return true;
    return false;
}

/* PEM_read_bio() failed: was it the end, or a fault? */
static bool explain(bool *found, struct err *err)
{
    const unsigned long code = ERR_peek_last_error();
    const char *const reason = ERR_reason_error_string(code);

    ERR_clear_error();
    *found = false;
    if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
        return true;
    if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_BAD_END_LINE)
        return fail(err, ERR_INVALID, "a PEM block ends early");
    return fail(err, ERR_INVALID, "a PEM block is malformed: %s",
        reason ? reason : "unknown fault");
}

/* *is_match: the block has one of the labels. */
static bool read_block(BIO *bio, const char *const *labels, struct buf *der, bool *is_match,
    bool *found, struct err *err)
{
    char *label = NULL;
    char *header = NULL;
    unsigned char *data = NULL;
    long size = 0;

    *is_match = false;
    if (PEM_read_bio(bio, &label, &header, &data, &size) != 1)
        return explain(found, err);
    *is_match = is_one_of(label, labels);
    if (*is_match)
        buf_add(der, data, (size_t)size);
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, (size_t)size);
    return buf_check(der, "a PEM block", err);
}

bool pem_next(struct span *rest, const char *const *labels, struct buf *der, bool *found,
    struct err *err)
{
    autodone(buf) struct buf block = BUF_INIT_SECRET(PEM_BLOCK_MAX(rest->size));
    bool is_match = false;
    bool ok = true;

    buf_clear(der);
    *found = false;
    if (rest->size > INT_MAX / 2)
        return fail(err, ERR_LIMIT, "the PEM text is larger than %d bytes", INT_MAX / 2);
    while (ok && !is_match && pem_next_block(rest, &block)) {
        BIO *const bio = BIO_new_mem_buf(block.data, (int)block.size);

        *found = true;
        ok = read_block(bio, labels, der, &is_match, found, err);
        BIO_free(bio);
    }
    *found = ok && is_match;
    return ok;
}

void pem_write(struct span der, const char *label, struct buf *pem)
{
    unsigned char line[BYTES_A_LINE / 3 * 4 + 1];

    buf_addf(pem, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < der.size; at += BYTES_A_LINE) {
        const struct span part = span_slice(der, at, BYTES_A_LINE);

        buf_add(pem, line, (size_t)EVP_EncodeBlock(line, part.data, (int)part.size));
        buf_add_char(pem, '\n');
    }
    buf_addf(pem, "-----END %s-----\n", label);
}
