/* import/read: see the header. */
#include "import/read.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "codec/utf16.h"
#include "import/key.h"
#include "import/pem.h"
#include "import/pfx.h"
#include "import/reading.h"
#include "x509/der.h"
#include "x509/pem.h"

void read_prepare(void)
{
    static bool is_done;

    if (is_done)
        return;
    is_done = true;
    (void)OSSL_PROVIDER_load(NULL, "default"); /* asking for another one drops it otherwise */
    (void)OSSL_PROVIDER_load(NULL, "legacy");
    ERR_clear_error();
}

/* What people take for certificates, by the bytes it begins with. */
static const struct {
    const char *begins;
    size_t size;
    const char *is;
} strangers[] = {
    { "PK\3\4", 4, "a ZIP archive: unpack it first" },
    { "\x1f\x8b", 2, "a gzip archive: unpack it first" },
    { "BZh", 3, "a bzip2 archive: unpack it first" },
    { "\xFE\xED\xFE\xED", 4,
        "a Java key store (JKS): \"keytool -importkeystore -deststoretype PKCS12\" converts it" },
    { "\xCE\xCE\xCE\xCE", 4,
        "a Java key store (JCEKS): \"keytool -importkeystore -deststoretype PKCS12\" converts it" },
    { "PuTTY-User-Key-File", 19, "a PuTTY key" },
    { "ssh-", 4, "a public key for SSH" },
    { "%PDF", 4, "a PDF document" },
};

static bool is_request(struct span der)
{
    const uint8_t *at = der.data;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.size);

    X509_REQ_free(request);
    ERR_clear_error();
    return request != NULL;
}

/* SEQUENCE { SEQUENCE { [0] { INTEGER 2 }, …: a certificate of version 3. */
static bool looks_like_certificate(struct span der)
{
    struct span whole, content, version;

    return der_expect(&der, DER_SEQUENCE, &whole) && der_expect(&whole, DER_SEQUENCE, &content) &&
           der_expect(&content, DER_CONTEXT_CONSTRUCTED(0), &version) &&
           span_equal(version, SPAN_LITERAL("\x02\x01\x02"));
}

static bool refuse(struct reading *reading, struct span bytes, struct err *err)
{
    for (size_t i = 0; i < countof(strangers); i++)
        if (span_equal(span_slice(bytes, 0, strangers[i].size),
                span_of(strangers[i].begins, strangers[i].size)))
            return reading_fail(reading, IMPORT_MALFORMED, err, "this is %s", strangers[i].is);
    if (is_request(bytes))
        return reading_fail(reading, IMPORT_MALFORMED, err,
            "this is a certificate request, no certificate");
    if (looks_like_certificate(bytes))
        return reading_fail(reading, IMPORT_MALFORMED, err, "the certificate is malformed");
    return reading_fail(reading, IMPORT_MALFORMED, err,
        "this is neither PKCS#12, PKCS#7, a certificate nor a private key, in PEM or DER");
}

typedef bool (
    *form_reader)(struct reading *reading, struct span bytes, bool *ret_is_one, struct err *err);

/* The likeliest first; none takes what is another's. */
static const form_reader forms[] = { pem_read, pfx_read, cert_read, pkcs7_read, key_add_der };

/* There is nothing in a part for which it could have been given. */
static bool fail_empty(struct reading *reading, const char *missing, struct err *err)
{
    return reading_fail(reading, IMPORT_MALFORMED, err, "there is %s in it%s%s", missing,
        reading->passed_over ? ", only " : "", reading->passed_over ? reading->passed_over : "");
}

static bool read_forms(struct reading *reading, struct span bytes, bool *ret_is_one,
    struct err *err)
{
    size_t before = reading->found->n_certs + reading->found->n_keys;

    *ret_is_one = true;
    for (size_t i = 0; i < countof(forms); i++) {
        bool is_one = false;

        if (!forms[i](reading, bytes, &is_one, err))
            return false;
        if (!is_one)
            continue;
        if (reading->found->n_certs + reading->found->n_keys > before || reading->part != 0)
            return true;
        return fail_empty(reading, "neither a certificate nor a private key", err);
    }
    *ret_is_one = false;
    return true;
}

/* As PowerShell's ">" and old editors of Windows write what is text: the same in UTF-8. */
static struct span without_utf16(struct span bytes, struct buf *text)
{
    if (!utf16_is_marked(bytes))
        return bytes;
    struct utf16 utf16 = utf16_begin(bytes);

    utf16_add(&utf16, span_slice(bytes, UTF16_MARK_SIZE, SIZE_MAX), text);
    utf16_end(&utf16, text);
    return buf_span(text);
}

static bool read_part(struct reading *reading, struct span sent, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(UTF16_GROWTH(sent.size));
    const struct span bytes = without_utf16(sent, &text);
    autodone(buf) struct buf decoded = BUF_INIT_SECRET(bytes.size + 1);
    bool is_one = false;

    if (!read_forms(reading, bytes, &is_one, err))
        return false;
    /* Encoded once more, as in the secrets of Kubernetes and of build servers. */
    if (!is_one && pem_is_bare(bytes, &decoded) &&
        !read_forms(reading, buf_span(&decoded), &is_one, err))
        return false;
    return is_one || refuse(reading, bytes, err);
}

/* A key's file without a key would be dropped without a word, and the record have none. */
static bool read_wanted(struct reading *reading, struct span bytes, struct err *err)
{
    const struct found *found = reading->found;

    if (!read_part(reading, bytes, err))
        return false;
    if (reading->part == IMPORT_KEY && found->n_keys == 0)
        return fail_empty(reading, "no private key", err);
    if (reading->part == IMPORT_CHAIN && !found->has_certs[IMPORT_CHAIN])
        return fail_empty(reading, "no certificate", err);
    return true;
}

bool read_upload(const struct import_upload *upload, int64_t iterations, struct found *found,
    struct import_refusal *ret_refusal, struct err *err)
{
    for (int i = 0; i < N_IMPORT_PARTS; i++) {
        enum import_part part = (enum import_part)i;
        struct span password = part == IMPORT_KEY && upload->key_password.size > 0
                                   ? upload->key_password
                                   : upload->password;
        autodone(reading) struct reading reading = { 0 };

        if (upload->parts[i].size == 0)
            continue;
        reading_init(&reading, found, part, password, iterations);
        bool ok = read_wanted(&reading, upload->parts[i], err);

        iterations = reading.iterations_left;
        if (ok)
            continue;
        *ret_refusal =
            (struct import_refusal){ reading.fault ? reading.fault : IMPORT_MALFORMED, part };
        return false;
    }
    key_fit_certs(found);
    return true;
}
