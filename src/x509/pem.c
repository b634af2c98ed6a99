/* x509/pem: see the header. Reading is OpenSSL's, which knows what people do to such files. */
#include "x509/pem.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/err.h"

#define BYTES_A_LINE 48

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
    bool is_match = false;

    buf_clear(der);
    *found = false;
    if (rest->size == 0)
        return true;
    if (rest->size > INT_MAX)
        return fail(err, ERR_LIMIT, "the PEM text is larger than %d bytes", INT_MAX);

    BIO *const bio = BIO_new_mem_buf(rest->data, (int)rest->size);
    bool is_done = false;

    *found = true;
    do
        is_done = !read_block(bio, labels, der, &is_match, found, err);
    while (!is_done && !is_match && *found);

    const size_t left = BIO_ctrl_pending(bio);

    BIO_free(bio);
    *rest = span_slice(*rest, rest->size - left, left);
    return !is_done;
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
