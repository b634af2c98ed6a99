/*
 * x509/cert_ext: what the extensions of a certificate say, read from their DER in place.
 *
 * OpenSSL would make an object of each name: 60,000 of them in a certificate from a stranger are to
 * cost nothing. What is malformed is as if it were not there; x509/chain judges it.
 */
#include <arpa/inet.h>
#include <openssl/objects.h>

#include "x509/cert_struct.h"
#include "x509/der.h"
#include "x509/name.h"

#define URI_TAG DER_CONTEXT(6)

/* ---- at the parse ---- */

/* The content of the extension's outermost element with this tag; empty where it is missing or
 * another. */
static struct span extension(const struct cert *cert, int nid, uint8_t tag, bool *is_there)
{
    const int place = X509_get_ext_by_NID(cert->x509, nid, -1);
    struct span content = SPAN_EMPTY;

    *is_there = false;
    if (place < 0)
        return SPAN_EMPTY;
    const ASN1_OCTET_STRING *const value = X509_EXTENSION_get_data(X509_get_ext(cert->x509, place));
    struct span rest = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));

    *is_there = der_expect(&rest, tag, &content);
    return *is_there ? content : SPAN_EMPTY;
}

static void read_basic_constraints(struct cert *cert)
{
    bool is_there = false;
    struct span rest = extension(cert, NID_basic_constraints, DER_SEQUENCE, &is_there);
    struct span content;

    cert->path_length = -1;
    if (der_expect(&rest, DER_BOOLEAN, &content)) /* before version 3 there are no extensions */
        cert->is_ca = content.size == 1 && content.data[0] != 0 &&
                      X509_get_version(cert->x509) == X509_VERSION_3;
    if (der_expect(&rest, DER_INTEGER, &content) && !der_small_integer(content, &cert->path_length))
        cert->path_length = -1;
}

/* A BIT STRING: the number of unused bits, then bits from the left (X.690, 8.6). */
static void read_key_usage(struct cert *cert)
{
    const struct span bits = extension(cert, NID_key_usage, 0x03, &cert->has_key_usage);

    for (size_t bit = 0; bit < N_CERT_USES; bit++) {
        const size_t at = 1 + bit / 8;

        if (at < bits.size && (bits.data[at] & (0x80U >> bit % 8)) != 0)
            cert->key_usage |= 1U << bit;
    }
}

void cert_read_extensions(struct cert *cert)
{
    bool is_there = false;
    struct cert_san san;
    size_t position = 0;

    read_basic_constraints(cert);
    read_key_usage(cert);
    cert->sans = extension(cert, NID_subject_alt_name, DER_SEQUENCE, &is_there);
    cert->extended_key_usage = extension(cert, NID_ext_key_usage, DER_SEQUENCE, &is_there);
    cert->authority_info = extension(cert, NID_info_access, DER_SEQUENCE, &is_there);
    cert->crl_points = extension(cert, NID_crl_distribution_points, DER_SEQUENCE, &is_there);
    cert->subject_key_id = extension(cert, NID_subject_key_identifier, DER_OCTET_STRING, &is_there);

    struct span rest = extension(cert, NID_authority_key_identifier, DER_SEQUENCE, &is_there);

    if (!der_expect(&rest, DER_CONTEXT(0), &cert->authority_key_id))
        cert->authority_key_id = SPAN_EMPTY;
    while (cert_next_san(cert, &position, &san))
        cert->n_sans++;
}

struct span cert_subject_key_id(const struct cert *cert)
{
    return cert->subject_key_id;
}

struct span cert_authority_key_id(const struct cert *cert)
{
    return cert->authority_key_id;
}

bool cert_key_usage(const struct cert *cert, unsigned *ret)
{
    *ret = cert->key_usage;
    return cert->has_key_usage;
}

const char *cert_key_usage_name(unsigned bit)
{
    static const char *const names[N_CERT_USES] = {
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    };

    for (size_t i = 0; i < N_CERT_USES; i++)
        if (bit == 1U << i)
            return names[i];
    return "";
}

/* ---- texts ---- */

static void oid_text(struct span oid, char *field, size_t field_size)
{
    const unsigned char *p = oid.data;
    ASN1_OBJECT *const object = d2i_ASN1_OBJECT(NULL, &p, (long)oid.size);
    const int nid = object ? OBJ_obj2nid(object) : NID_undef;

    if (nid != NID_undef)
        span_copy_text(span_text(OBJ_nid2sn(nid)), field, field_size);
    else if (!object || OBJ_obj2txt(field, (int)field_size, object, 1) <= 0)
        span_copy_text(SPAN_LITERAL("unreadable"), field, field_size);
    ASN1_OBJECT_free(object);
}

static void clean_text(struct span text, char *field, size_t field_size)
{
    autodone(buf) struct buf clean = BUF_INIT(4 * CERT_MAX_BYTES);

    buf_add_clean(&clean, text);
    name_cut(&clean, field_size - 1);
    span_copy_text(buf_span(&clean), field, field_size);
}

/* extKeyUsage: a list of OIDs, each with its tag in `ret`. */
static bool nth_purpose(struct span rest, size_t n, struct span *ret)
{
    struct span content;

    for (;; n--) {
        const struct span begin = rest;

        if (!der_expect(&rest, DER_OID, &content))
            return false;
        if (n > 0)
            continue;
        *ret = span_slice(begin, 0, begin.size - rest.size);
        return true;
    }
}

/* authorityInfoAccess: a list of method and place; only places that are URLs count. */
static bool nth_access_url(struct span rest, int method, size_t n, struct span *ret)
{
    struct span entry;

    while (der_expect(&rest, DER_SEQUENCE, &entry)) {
        const struct span begin = entry;
        struct span content;

        if (!der_expect(&entry, DER_OID, &content))
            continue;
        const unsigned char *p = begin.data;
        ASN1_OBJECT *const object = d2i_ASN1_OBJECT(NULL, &p, (long)(begin.size - entry.size));
        const bool is_method = object && OBJ_obj2nid(object) == method;

        ASN1_OBJECT_free(object);
        if (is_method && der_expect(&entry, URI_TAG, ret) && n-- == 0)
            return true;
    }
    return false;
}

/* cRLDistributionPoints: a list of points, each [0] { [0] { GeneralNames } }. */
static bool nth_crl_url(struct span rest, size_t n, struct span *ret)
{
    struct span point;
    struct span name;
    struct span full;
    uint8_t tag = 0;

    while (der_expect(&rest, DER_SEQUENCE, &point)) {
        if (!der_expect(&point, DER_CONTEXT_CONSTRUCTED(0), &name) ||
            !der_expect(&name, DER_CONTEXT_CONSTRUCTED(0), &full))
            continue;
        while (der_next(&full, &tag, ret))
            if (tag == URI_TAG && n-- == 0)
                return true;
    }
    return false;
}

bool cert_text(const struct cert *cert, enum cert_texts kind, size_t i, char *field,
    size_t field_size)
{
    struct span text = SPAN_EMPTY;
    bool is_there = false;

    switch (kind) {
    case CERT_EXTENDED_KEY_USAGE:
        if (!nth_purpose(cert->extended_key_usage, i, &text))
            return false;
        oid_text(text, field, field_size);
        return true;
    case CERT_OCSP_URL:
        is_there = nth_access_url(cert->authority_info, NID_ad_OCSP, i, &text);
        break;
    case CERT_ISSUER_URL:
        is_there = nth_access_url(cert->authority_info, NID_ad_ca_issuers, i, &text);
        break;
    case CERT_CRL_URL:
        is_there = nth_crl_url(cert->crl_points, i, &text);
        break;
    }
    if (is_there)
        clean_text(text, field, field_size);
    return is_there;
}

/* ---- subjectAltName ---- */

size_t cert_n_sans(const struct cert *cert)
{
    return cert->n_sans;
}

bool sans_next(struct span sans, size_t *position, struct cert_san *ret)
{
    struct span rest = span_slice(sans, *position, SIZE_MAX);
    uint8_t tag = 0;

    if (!der_next(&rest, &tag, &ret->value))
        return false;
    *position = sans.size - rest.size;
    ret->kind = tag == DER_CONTEXT(1)   ? CERT_SAN_EMAIL
                : tag == DER_CONTEXT(2) ? CERT_SAN_DNS
                : tag == DER_CONTEXT(6) ? CERT_SAN_URI
                : tag == DER_CONTEXT(7) ? CERT_SAN_IP
                                        : CERT_SAN_OTHER;
    return true;
}

bool cert_next_san(const struct cert *cert, size_t *position, struct cert_san *ret)
{
    return sans_next(cert->sans, position, ret);
}

const char *cert_san_kind_name(enum cert_san_kind kind)
{
    static const char *const names[] = {
        [CERT_SAN_DNS] = "dns",
        [CERT_SAN_IP] = "ip",
        [CERT_SAN_EMAIL] = "email",
        [CERT_SAN_URI] = "uri",
        [CERT_SAN_OTHER] = "other",
    };

    return names[kind];
}

static void hex_text(struct span bytes, char field[static CERT_SAN_TEXT_MAX])
{
    autodone(buf) struct buf text = BUF_INIT(CERT_SAN_TEXT_MAX + 8);

    buf_add_char(&text, '#');
    for (size_t i = 0; i < bytes.size && text.size < CERT_SAN_TEXT_MAX; i++)
        buf_addf(&text, "%02x", bytes.data[i]);
    name_cut(&text, CERT_SAN_TEXT_MAX - 1);
    span_copy_text(buf_span(&text), field, CERT_SAN_TEXT_MAX);
}

const char *cert_san_text(const struct cert_san *san, char field[static CERT_SAN_TEXT_MAX])
{
    if (san->kind == CERT_SAN_IP && san->value.size == 4)
        inet_ntop(AF_INET, san->value.data, field, CERT_SAN_TEXT_MAX);
    else if (san->kind == CERT_SAN_IP && san->value.size == 16)
        inet_ntop(AF_INET6, san->value.data, field, CERT_SAN_TEXT_MAX);
    else if (san->kind == CERT_SAN_IP || san->kind == CERT_SAN_OTHER)
        hex_text(san->value, field);
    else
        clean_text(san->value, field, CERT_SAN_TEXT_MAX);
    return field;
}
