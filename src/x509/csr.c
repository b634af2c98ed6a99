/* x509/csr: see the header. */
#include "x509/csr.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/err.h"
#include "x509/cert_struct.h"
#include "x509/der.h"
#include "x509/memo.h"
#include "x509/name.h"
#include "x509/pem.h"
#include "x509/pubkey.h"

static const char *const pem_labels[] = { "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", NULL };

struct csr {
    struct memo_part part; /* shared by those who parsed the same bytes */
    X509_REQ *request;
    EVP_PKEY *pkey; /* NULL: of a kind OpenSSL cannot use */
    struct buf der;
    char *subject;
    char *common_name;
    struct csr_field *fields; /* they own their texts */
    size_t n_fields;
    char signature_hash[32];
    struct key_facts key;
    int64_t rsa_exponent;
    struct buf sans; /* the content of the subjectAltName asked for */
    size_t n_sans;
    bool has_whole_sans;
    bool wants_ca;
    bool is_signed;
    bool has_unknown_signature;
};

static char *taken_text(struct buf *text)
{
    name_cut(text, CERT_NAME_MAX);
    return buf_take_text(text);
}

static void read_names(struct csr *csr)
{
    const X509_NAME *const name = X509_REQ_get_subject_name(csr->request);

    csr->subject = name_text(name, CERT_NAME_MAX);
    csr->common_name = name_attribute_text(name, NID_commonName, CERT_NAME_MAX);
}

static void read_fields(struct csr *csr)
{
    const X509_NAME *const name = X509_REQ_get_subject_name(csr->request);
    const size_t n = (size_t)X509_NAME_entry_count(name);

    csr->fields = xcalloc(n ? n : 1, sizeof *csr->fields);
    for (; csr->n_fields < n; csr->n_fields++) {
        struct csr_field *const field = &csr->fields[csr->n_fields];
        autodone(buf) struct buf type = BUF_INIT(256);
        autodone(buf) struct buf value = BUF_INIT(4 * CSR_MAX_BYTES);

        (void)name_write_nth(name, csr->n_fields, &type, &value, &field->is_text);
        field->name = taken_text(&type);
        field->value = taken_text(&value);
    }
}

/* Extensions asked for, which grant nothing by being there. */
static void read_constraints(struct csr *csr, const STACK_OF(X509_EXTENSION) * extensions)
{
    BASIC_CONSTRAINTS *const constraints =
        X509V3_get_d2i(extensions, NID_basic_constraints, NULL, NULL);

    csr->wants_ca = constraints && constraints->ca;
    BASIC_CONSTRAINTS_free(constraints);
}

static size_t count_sans(const STACK_OF(X509_EXTENSION) * extensions)
{
    size_t n = 0;

    for (int at = -1; (at = X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, at)) >= 0;)
        n++;
    return n;
}

/*
 * How many lists of names there are in all attributes and their values. Extensions stand in one of
 * two attributes, RFC 2985's and Microsoft's older one; of several OpenSSL reads the first, and
 * another program may read another.
 */
static size_t count_all_sans(const X509_REQ *request)
{
    size_t n = 0;

    for (int i = 0; i < X509_REQ_get_attr_count(request); i++) {
        X509_ATTRIBUTE *const attribute = X509_REQ_get_attr(request, i);
        const int nid = OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute));

        if (nid != NID_ext_req && nid != NID_ms_ext_req)
            continue;
        for (int k = 0; k < X509_ATTRIBUTE_count(attribute); k++) {
            const ASN1_TYPE *const value = X509_ATTRIBUTE_get0_type(attribute, k);
            STACK_OF(X509_EXTENSION) *const extensions =
                value ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_EXTENSIONS), value) : NULL;

            n += count_sans(extensions);
            sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
        }
    }
    return n;
}

static void read_sans(struct csr *csr)
{
    STACK_OF(X509_EXTENSION) *const extensions = X509_REQ_get_extensions(csr->request);
    const int place = X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, -1);
    struct cert_san san;
    size_t position = 0;
    struct span content;

    csr->has_whole_sans = true;
    read_constraints(csr, extensions);
    if (place >= 0) {
        const ASN1_OCTET_STRING *const value =
            X509_EXTENSION_get_data(X509v3_get_ext(extensions, place));
        struct span rest = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));

        csr->has_whole_sans = der_expect(&rest, DER_SEQUENCE, &content) && rest.size == 0;
        if (csr->has_whole_sans)
            buf_add_span(&csr->sans, content);
    }
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    while (csr_next_san(csr, &position, &san))
        csr->n_sans++;
    csr->has_whole_sans = csr->has_whole_sans && position == csr->sans.size &&
                          count_all_sans(csr->request) == (place >= 0 ? 1 : 0);
}

/* RFC 4055, 3.1: SHA-1 where the parameters do not say. */
static int pss_hash(const X509_ALGOR *algorithm)
{
    RSA_PSS_PARAMS *const params =
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter);
    const ASN1_OBJECT *oid = NULL;
    int hash = NID_sha1;

    if (params && params->hashAlgorithm) {
        X509_ALGOR_get0(&oid, NULL, NULL, params->hashAlgorithm);
        hash = OBJ_obj2nid(oid);
    }
    RSA_PSS_PARAMS_free(params);
    return hash;
}

static void read_hash(struct csr *csr, const X509_ALGOR *algorithm, int nid)
{
    int hash = NID_undef;

    csr->has_unknown_signature = !OBJ_find_sigid_algs(nid, &hash, NULL);
    if (nid == NID_rsassaPss)
        hash = pss_hash(algorithm);
    if (hash != NID_undef)
        span_copy_text(span_text(OBJ_nid2sn(hash)), csr->signature_hash,
            sizeof csr->signature_hash);
    for (char *c = csr->signature_hash; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
}

static void read_exponent(struct csr *csr)
{
    BIGNUM *e = NULL;

    if (!csr->pkey || csr->key.kind != CERT_KEY_RSA || !EVP_PKEY_get_bn_param(csr->pkey, "e", &e))
        return;
    csr->rsa_exponent =
        BN_num_bits(e) < 63 ? (int64_t)BN_get_word(e) : INT64_MAX - (BN_is_odd(e) ? 0 : 1);
    BN_free(e);
}

static void read_signature(struct csr *csr)
{
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *oid = NULL;

    X509_REQ_get0_signature(csr->request, NULL, &algorithm);
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    read_hash(csr, algorithm, OBJ_obj2nid(oid));
    csr->is_signed = csr->pkey && pubkey_request_is_signed(csr->request, csr->pkey);
}

/*
 * Keys that OpenSSL computes with, and no certificate may have (RFC 5480, 2.1.1) or hardly anything
 * that reads certificates takes: they are none of the kinds that can be asked for.
 */
static void set_apart(struct csr *csr)
{
    ASN1_OBJECT *oid = NULL;
    X509_ALGOR *algorithm = NULL;
    int parameters = V_ASN1_UNDEF;

    X509_PUBKEY_get0_param(&oid, NULL, NULL, &algorithm, X509_REQ_get_X509_PUBKEY(csr->request));
    X509_ALGOR_get0(NULL, &parameters, NULL, algorithm);
    const char *const is = OBJ_obj2nid(oid) == NID_rsassaPss ? "RSA-PSS"
                           : csr->key.kind == CERT_KEY_EC && parameters != V_ASN1_OBJECT
                               ? "EC with explicit parameters"
                               : NULL;

    if (!is)
        return;
    csr->key.kind = CERT_KEY_OTHER;
    csr->key.curve[0] = '\0';
    span_copy_text(span_text(is), csr->key.algorithm, sizeof csr->key.algorithm);
}

static void drop(struct memo_part *part)
{
    csr_free((struct csr *)part);
}

static struct memo latest = MEMO_INIT(drop);

static bool parse(struct span der, struct csr **ret, struct err *err)
{
    autofree(csr) struct csr *csr = xcalloc(1, sizeof *csr);
    size_t size = 0;

    atomic_init(&csr->part.n_users, 1);
    buf_init(&csr->der, CSR_MAX_BYTES);
    buf_init(&csr->sans, CSR_MAX_BYTES);
    csr->request = pubkey_request_parse(der, &size);
    if (!csr->request) {
        ERR_clear_error();
        return fail(err, ERR_INVALID, "the request is malformed");
    }
    if (size != der.size)
        return fail(err, ERR_INVALID, "there are %zu bytes after the request", der.size - size);
    csr->pkey = pubkey_decode(X509_REQ_get_X509_PUBKEY(csr->request));
    buf_add_span(&csr->der, der);
    read_names(csr);
    read_fields(csr);
    read_sans(csr);
    read_signature(csr);
    key_facts_read(X509_REQ_get_X509_PUBKEY(csr->request), csr->pkey, &csr->key);
    set_apart(csr);
    read_exponent(csr);
    ERR_clear_error();
    *ret = take(&csr);
    return true;
}

static bool from_der(struct span der, struct csr **ret, struct err *err)
{
    uint8_t sha256[SHA256_SIZE];
    struct memo_part *known;

    if (der.size > CSR_MAX_BYTES)
        return fail(err, ERR_LIMIT, "the request is larger than %u bytes", CSR_MAX_BYTES);
    digest_sha256(der, sha256);
    known = memo_find(&latest, sha256);
    if (known) {
        *ret = (struct csr *)known;
        return true;
    }
    if (!parse(der, ret, err))
        return false;
    memo_keep(&latest, sha256, &(*ret)->part, der.size);
    return true;
}

/* People paste what they have at hand. */
static bool refuse(struct span text, struct err *err)
{
    static const struct {
        const char *mark;
        const char *is;
    } others[] = {
        { "PRIVATE KEY-----", "a private key, which is to be given to nobody" },
        { "-----BEGIN CERTIFICATE-----", "a certificate" },
        { "PUBLIC KEY-----", "a public key" },
    };

    for (size_t i = 0; i < countof(others); i++)
        if (span_find(text, span_text(others[i].mark)) != SIZE_MAX)
            return fail(err, ERR_INVALID, "there is no certificate request in the PEM text, but %s",
                others[i].is);
    return fail(err, ERR_INVALID, "there is no certificate request in the PEM text");
}

bool csr_from_any(struct span bytes, struct csr **ret, struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(CSR_MAX_BYTES);
    bool found = false;

    if (bytes.size > 0 && bytes.data[0] == 0x30)
        return from_der(bytes, ret, err);
    if (bytes.size > 2 * CSR_MAX_BYTES)
        return fail(err, ERR_LIMIT, "the request is larger than %u bytes", CSR_MAX_BYTES);
    struct span rest = bytes;

    if (!pem_next(&rest, pem_labels, &der, &found, err))
        return false;
    if (!found && pem_is_bare(bytes, &der)) /* what is left of it in a field for one line */
        return from_der(buf_span(&der), ret, err);
    if (!found)
        return refuse(bytes, err);
    return from_der(buf_span(&der), ret, err);
}

void csr_free(struct csr *csr)
{
    if (!csr || !memo_part_release(&csr->part))
        return;
    X509_REQ_free(csr->request);
    EVP_PKEY_free(csr->pkey);
    buf_done(&csr->der);
    buf_done(&csr->sans);
    for (size_t i = 0; i < csr->n_fields; i++) {
        free((char *)(uintptr_t)csr->fields[i].name);
        free((char *)(uintptr_t)csr->fields[i].value);
    }
    free(csr->fields);
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

bool csr_has_unknown_signature(const struct csr *csr)
{
    return csr->has_unknown_signature;
}

const char *csr_signature_hash(const struct csr *csr)
{
    return csr->signature_hash;
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

int64_t csr_rsa_exponent(const struct csr *csr)
{
    return csr->rsa_exponent;
}

bool csr_wants_ca(const struct csr *csr)
{
    return csr->wants_ca;
}

size_t csr_n_fields(const struct csr *csr)
{
    return csr->n_fields;
}

const struct csr_field *csr_field(const struct csr *csr, size_t i)
{
    ASSERT(i < csr->n_fields);
    return &csr->fields[i];
}

size_t csr_n_sans(const struct csr *csr)
{
    return csr->n_sans;
}

bool csr_next_san(const struct csr *csr, size_t *position, struct cert_san *ret)
{
    return sans_next(buf_span(&csr->sans), position, ret);
}

bool csr_sans_are_whole(const struct csr *csr)
{
    return csr->has_whole_sans;
}
