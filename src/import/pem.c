/* import/pem: see the header. */
#include "import/pem.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <string.h>

#include "import/key.h"
#include "import/pfx.h"
#include "x509/pem.h"

/* Somebody's text may have many blocks that are of no use to us. */
#define BLOCKS_MAX 1000

struct block {
    char *label;
    char *header;
    unsigned char *data;
    long size;
};

static void block_done(struct block *block)
{
    OPENSSL_free(block->label);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->data, (size_t)block->size);
}
DEFINE_AUTODONE(block);

static struct span block_span(const struct block *block)
{
    return span_of(block->data, (size_t)block->size);
}

/* ---- certificates ---- */

bool cert_read(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
{
    const uint8_t *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.size);
    bool ok = true;

    *ret_is_one = x509 != NULL;
    if (x509 && at != der.data + der.size)
        ok = reading_fail(reading, IMPORT_MALFORMED, err, "there are bytes behind the certificate");
    else if (x509)
        ok = found_add_cert(reading->found, reading->part, der, err);
    X509_free(x509);
    ERR_clear_error();
    return ok;
}

/* "TRUSTED CERTIFICATE": OpenSSL's own settings stand behind the certificate. */
static bool read_trusted(struct reading *reading, struct span der, bool *ret_is_one,
    struct err *err)
{
    const uint8_t *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.size);

    X509_free(x509);
    ERR_clear_error();
    return cert_read(reading, x509 ? span_of(der.data, (size_t)(at - der.data)) : der, ret_is_one,
        err);
}

static bool add_certs(struct reading *reading, const STACK_OF(X509) * certs, struct err *err)
{
    for (int i = 0; i < sk_X509_num(certs); i++) {
        uint8_t *der = NULL;
        int size = i2d_X509(sk_X509_value(certs, i), &der);
        bool ok = size > 0 &&
                  found_add_cert(reading->found, reading->part, span_of(der, (size_t)size), err);

        OPENSSL_free(der);
        if (size <= 0)
            return reading_fail(reading, IMPORT_MALFORMED, err, "a certificate cannot be read");
        if (!ok)
            return false;
    }
    return true;
}

/* What CMS (RFC 5652) has beyond PKCS#7, as signers that are told by their keys' identifiers. */
static bool cms_read(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
{
    const uint8_t *at = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.size);
    STACK_OF(X509) *certs = NULL;
    bool ok = true;

    *ret_is_one =
        cms && at == der.data + der.size && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed;
    if (*ret_is_one)
        certs = CMS_get1_certs(cms);
    if (certs)
        ok = add_certs(reading, certs, err);
    sk_X509_pop_free(certs, X509_free);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return ok;
}

bool pkcs7_read(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
{
    const uint8_t *at = der.data;
    PKCS7 *pkcs7 = d2i_PKCS7(NULL, &at, (long)der.size);
    bool ok = true;

    *ret_is_one = pkcs7 != NULL;
    if (!pkcs7)
        return cms_read(reading, der, ret_is_one, err);
    if (at != der.data + der.size)
        ok = reading_fail(reading, IMPORT_MALFORMED, err, "there are bytes behind the PKCS#7 file");
    else if (!PKCS7_type_is_signed(pkcs7) || !pkcs7->d.sign)
        ok = reading_fail(reading, IMPORT_UNSUPPORTED, err,
            "the PKCS#7 file holds no certificates, but something encrypted or else");
    else
        ok = add_certs(reading, pkcs7->d.sign->cert, err);
    PKCS7_free(pkcs7);
    ERR_clear_error();
    return ok;
}

/* ---- old encryption ---- */

/* What OpenSSL asks for the password. */
static int give_password(char *field, int field_size, int is_writing, void *arg)
{
    const struct reading_password *password = arg;

    (void)is_writing;
    if (password->size > field_size)
        return -1;
    if (password->size > 0)
        memcpy(field, password->text, (size_t)password->size);
    return password->size;
}

/* Decrypted into `ret`, a copy; false, and nothing, if this password does not. */
static bool decrypt_old(const struct block *block, EVP_CIPHER_INFO *cipher,
    const struct reading_password *password, struct block *ret)
{
    struct reading_password given = *password;

    ret->data = OPENSSL_memdup(block->data, (size_t)block->size);
    ret->size = block->size;
    if (ret->data && PEM_do_header(cipher, ret->data, &ret->size, give_password, &given) == 1)
        return true;
    OPENSSL_clear_free(ret->data, (size_t)block->size);
    ret->data = NULL;
    return false;
}

/*
 * One iteration of MD5 (EVP_BytesToKey): costs nothing, and is worth little. Garbage may pass the
 * padding's check, so a password is right if what comes out is a key.
 */
static bool read_old(struct reading *reading, struct block *block, struct err *err)
{
    EVP_CIPHER_INFO cipher;
    bool is_one = false;

    if (PEM_get_EVP_CIPHER_INFO(block->header, &cipher) != 1)
        return reading_fail(reading, IMPORT_UNSUPPORTED, err,
            "unsupported encryption of a PEM block: %s",
            ERR_reason_error_string(ERR_peek_last_error()));
    EVP_CIPHER *fetched = EVP_CIPHER_fetch(NULL, EVP_CIPHER_get0_name(cipher.cipher), NULL);

    EVP_CIPHER_free(fetched);
    if (!fetched)
        return reading_fail(reading, IMPORT_UNSUPPORTED, err, "unsupported encryption: %s",
            EVP_CIPHER_get0_name(cipher.cipher));
    for (size_t i = 0; reading->is_password_given && i < reading->n_passwords; i++) {
        autodone(block) struct block clear = { 0 };

        if (!decrypt_old(block, &cipher, &reading->passwords[i], &clear))
            continue;
        bool ok = key_add_der(reading, block_span(&clear), &is_one, err);

        if (is_one)
            return ok;
    }
    return reading_fail_password(reading, err);
}

/* ---- blocks ---- */

static bool read_key(struct reading *reading, struct block *block, struct err *err)
{
    bool is_one = false;

    if (block->header[0] && strstr(block->header, "ENCRYPTED"))
        return read_old(reading, block, err);
    bool ok = key_add_der(reading, block_span(block), &is_one, err);

    return is_one ? ok
                  : reading_fail(reading, IMPORT_MALFORMED, err,
                        "the private key in the PEM text is malformed");
}

static bool read_cert(struct reading *reading, struct block *block, struct err *err)
{
    bool is_one = false;
    bool ok = strcmp(block->label, "TRUSTED CERTIFICATE") == 0
                  ? read_trusted(reading, block_span(block), &is_one, err)
                  : cert_read(reading, block_span(block), &is_one, err);

    /* Microsoft's certificate services write whole chains under this label. */
    if (!is_one)
        ok = pkcs7_read(reading, block_span(block), &is_one, err);
    return is_one ? ok
                  : reading_fail(reading, IMPORT_MALFORMED, err,
                        "the certificate in the PEM text is malformed");
}

static bool read_pkcs7(struct reading *reading, struct block *block, struct err *err)
{
    bool is_one = false;
    bool ok = pkcs7_read(reading, block_span(block), &is_one, err);

    return is_one ? ok
                  : reading_fail(reading, IMPORT_MALFORMED, err,
                        "the PKCS#7 block in the PEM text is malformed");
}

/* As GnuTLS' certtool writes PKCS#12 when it is not told otherwise. */
static bool read_pfx(struct reading *reading, struct block *block, struct err *err)
{
    bool is_one = false;
    bool ok = pfx_read(reading, block_span(block), &is_one, err);

    return is_one ? ok
                  : reading_fail(reading, IMPORT_MALFORMED, err,
                        "the PKCS#12 block in the PEM text is malformed");
}

static bool refuse_openssh(struct reading *reading, struct block *block, struct err *err)
{
    (void)block;
    return reading_fail(reading, IMPORT_UNSUPPORTED, err,
        "a key in OpenSSH's own form; \"ssh-keygen -p -m PKCS8 -f FILE\" rewrites it");
}

static const struct {
    const char *label;
    bool (*read)(struct reading *reading, struct block *block, struct err *err);
} readers[] = {
    { "CERTIFICATE", read_cert },
    { "X509 CERTIFICATE", read_cert },
    { "TRUSTED CERTIFICATE", read_cert },
    { "CERTIFICATE CHAIN", read_cert },
    { "PKCS7", read_pkcs7 },
    { "PKCS #7 SIGNED DATA", read_pkcs7 },
    { "CMS", read_pkcs7 },
    { "PKCS12", read_pfx },
    { "PRIVATE KEY", read_key },
    { "ENCRYPTED PRIVATE KEY", read_key },
    { "RSA PRIVATE KEY", read_key },
    { "EC PRIVATE KEY", read_key },
    { "DSA PRIVATE KEY", read_key },
    { "ANY PRIVATE KEY", read_key },
    { "OPENSSH PRIVATE KEY", refuse_openssh },
};

/* What is no fault, and may be all there is. */
static const struct {
    const char *label;
    const char *is;
} passed_over[] = {
    { "PUBLIC KEY", "a public key" },
    { "RSA PUBLIC KEY", "a public key" },
    { "CERTIFICATE REQUEST", "a certificate request" },
    { "NEW CERTIFICATE REQUEST", "a certificate request" },
    { "X509 CRL", "a list of revoked certificates" },
    { "EC PARAMETERS", "the parameters of a key" },
};

static bool read_block(struct reading *reading, struct block *block, struct err *err)
{
    for (size_t i = 0; i < countof(readers); i++)
        if (strcmp(block->label, readers[i].label) == 0)
            return readers[i].read(reading, block, err);
    for (size_t i = 0; i < countof(passed_over); i++)
        if (strcmp(block->label, passed_over[i].label) == 0)
            reading->passed_over = passed_over[i].is;
    return true;
}

/* PEM_read_bio() failed: is it a fault, or no block at all? */
static bool end_blocks(struct reading *reading, struct err *err)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);

    ERR_clear_error();
    if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
        return true;
    if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_BAD_END_LINE)
        return reading_fail(reading, IMPORT_MALFORMED, err, "a PEM block ends early");
    return reading_fail(reading, IMPORT_MALFORMED, err, "a PEM block is malformed: %s",
        reason ? reason : "unknown fault");
}

static bool read_next(struct reading *reading, struct span text, struct err *err)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    autodone(block) struct block block = { 0 };
    int is_read = PEM_read_bio(bio, &block.label, &block.header, &block.data, &block.size);

    BIO_free(bio);
    return is_read == 1 ? read_block(reading, &block, err) : end_blocks(reading, err);
}

bool pem_read(struct reading *reading, struct span text, bool *ret_is_one, struct err *err)
{
    autodone(buf) struct buf block = BUF_INIT_SECRET(PEM_BLOCK_MAX(text.size));
    size_t n = 0;

    *ret_is_one = false;
    while (pem_next_block(&text, &block)) {
        *ret_is_one = true;
        if (!read_next(reading, buf_span(&block), err))
            return false;
        if (++n < BLOCKS_MAX)
            continue;
        reading->fault = IMPORT_MALFORMED;
        return fail(err, ERR_LIMIT, "there are more than %d PEM blocks", BLOCKS_MAX);
    }
    return true;
}
