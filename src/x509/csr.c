/* x509/csr: see the header. */
#include "x509/csr.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/err.h"
#include "x509/cert_struct.h"
#include "x509/der.h"
#include "x509/name.h"
#include "x509/pem.h"

static const char *const pem_labels[] = { "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", NULL };

struct csr {
    X509_REQ *request;
    struct buf der;
    char *subject;
    char *common_name;
    char signature_algorithm[80];
    struct key_facts key;
    struct buf sans; /* the content of the subjectAltName asked for */
    size_t n_sans;
    bool is_signed;
};

static char *taken_text(struct buf *text)
{
    name_cut(text, CERT_NAME_MAX);
    return buf_take_text(text);
}

static void read_names(struct csr *csr)
{
    const X509_NAME *const name = X509_REQ_get_subject_name(csr->request);
    autodone(buf) struct buf subject = BUF_INIT(4 * CSR_MAX_BYTES);
    autodone(buf) struct buf common_name = BUF_INIT(4 * CSR_MAX_BYTES);

    name_write(name, &subject);
    (void)name_write_attribute(name, NID_commonName, &common_name);
    csr->subject = taken_text(&subject);
    csr->common_name = taken_text(&common_name);
}

static void read_sans(struct csr *csr)
{
    STACK_OF(X509_EXTENSION) *const extensions = X509_REQ_get_extensions(csr->request);
    const int place = X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, -1);
    struct cert_san san;
    size_t position = 0;
    struct span content;

    if (place >= 0) {
        const ASN1_OCTET_STRING *const value =
            X509_EXTENSION_get_data(X509v3_get_ext(extensions, place));
        struct span rest = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));

        if (der_expect(&rest, DER_SEQUENCE, &content))
            buf_add_span(&csr->sans, content);
    }
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    while (csr_next_san(csr, &position, &san))
        csr->n_sans++;
}

static void read_signature(struct csr *csr)
{
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *oid = NULL;
    EVP_PKEY *const key = X509_REQ_get0_pubkey(csr->request);

    X509_REQ_get0_signature(csr->request, NULL, &algorithm);
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    OBJ_obj2txt(csr->signature_algorithm, sizeof csr->signature_algorithm, oid, 0);
    csr->is_signed = key && X509_REQ_verify(csr->request, key) == 1;
}

static bool from_der(struct span der, struct csr **ret, struct err *err)
{
    autofree(csr) struct csr *csr = xcalloc(1, sizeof *csr);
    const unsigned char *end = der.data;

    if (der.size > CSR_MAX_BYTES)
        return fail(err, ERR_LIMIT, "the request is larger than %u bytes", CSR_MAX_BYTES);
    buf_init(&csr->der, CSR_MAX_BYTES);
    buf_init(&csr->sans, CSR_MAX_BYTES);
    csr->request = d2i_X509_REQ(NULL, &end, (long)der.size);
    if (!csr->request) {
        ERR_clear_error();
        return fail(err, ERR_INVALID, "the request is malformed");
    }
    if ((size_t)(end - der.data) != der.size)
        return fail(err, ERR_INVALID, "there are %zu bytes after the request",
            der.size - (size_t)(end - der.data));
    buf_add_span(&csr->der, der);
    read_names(csr);
    read_sans(csr);
    read_signature(csr);
    key_facts_read(X509_REQ_get_X509_PUBKEY(csr->request), &csr->key);
    ERR_clear_error();
    *ret = take(&csr);
    return true;
}

bool csr_from_any(struct span bytes, struct csr **ret, struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(CSR_MAX_BYTES);
    bool found = false;

    if (bytes.size > 0 && bytes.data[0] == 0x30)
        return from_der(bytes, ret, err);
    if (bytes.size > 2 * CSR_MAX_BYTES)
        return fail(err, ERR_LIMIT, "the request is larger than %u bytes", CSR_MAX_BYTES);
    if (!pem_next(&bytes, pem_labels, &der, &found, err))
        return false;
    if (!found)
        return fail(err, ERR_INVALID, "there is no certificate request in the PEM text");
    return from_der(buf_span(&der), ret, err);
}

void csr_free(struct csr *csr)
{
    if (!csr)
        return;
    X509_REQ_free(csr->request);
    buf_done(&csr->der);
    buf_done(&csr->sans);
    free(csr->subject);
    free(csr->common_name);
    free(csr);
}

bool csr_is_signed(const struct csr *csr)
{
    return csr->is_signed;
}

struct span csr_der(const struct csr *csr)
{
    return buf_span(&csr->der);
}

void csr_to_pem(const struct csr *csr, struct buf *pem)
{
    pem_write(csr_der(csr), "CERTIFICATE REQUEST", pem);
}

const char *csr_subject(const struct csr *csr)
{
    return csr->subject;
}

const char *csr_common_name(const struct csr *csr)
{
    return csr->common_name;
}

const char *csr_signature_algorithm(const struct csr *csr)
{
    return csr->signature_algorithm;
}

enum cert_key csr_key(const struct csr *csr)
{
    return csr->key.kind;
}

const char *csr_key_algorithm(const struct csr *csr)
{
    return csr->key.algorithm;
}

int csr_key_bits(const struct csr *csr)
{
    return csr->key.bits;
}

const char *csr_key_curve(const struct csr *csr)
{
    return csr->key.curve;
}

const uint8_t *csr_spki_sha256(const struct csr *csr)
{
    return csr->key.spki_sha256;
}

size_t csr_n_sans(const struct csr *csr)
{
    return csr->n_sans;
}

bool csr_next_san(const struct csr *csr, size_t *position, struct cert_san *ret)
{
    return sans_next(buf_span(&csr->sans), position, ret);
}
