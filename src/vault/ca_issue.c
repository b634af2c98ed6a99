/*
 * vault/ca_issue: see the header. What is taken from a stranger's request is in ca_request.c.
 */
#include "vault/ca_issue.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "vault/ca_request.h"
#include "vault/csr.h"
#include "vault/keys.h"
#include "x509/name.h"

/* Bits of a KeyUsage, most significant first (RFC 5280, 4.2.1.3). */
enum {
    BIT_DIGITAL_SIGNATURE = 0,
    BIT_KEY_ENCIPHERMENT = 2,
    BIT_KEY_CERT_SIGN = 5,
    BIT_CRL_SIGN = 6,
};

bool ca_set_time(ASN1_TIME *time, int64_t at)
{
    struct civil c = clock_to_civil(at);
    char text[32];

    if (at < 0 || c.year > 9999)
        return false;
    (void)snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02dZ", c.year, c.month, c.day, c.hour,
        c.minute, c.second);
    return ASN1_TIME_set_string_X509(time, text) == 1;
}

bool ca_set_serial(ASN1_INTEGER *serial, struct span bytes)
{
    BIGNUM *number;
    bool ok;

    if (bytes.size == 0 || bytes.size > VAULT_CA_SERIAL_MAX || bytes.data[0] == 0 ||
        bytes.data[0] > 0x7F)
        return false;
    number = BN_bin2bn(bytes.data, (int)bytes.size, NULL);
    ok = number && BN_to_ASN1_INTEGER(number, serial) != NULL;
    BN_free(number);
    return ok;
}

/* ---- extensions, collected in a list that goes into a certificate or a request ---- */

static bool add(STACK_OF(X509_EXTENSION) * *list, int nid, void *value, bool is_critical)
{
    return X509V3_add1_i2d(list, nid, value, is_critical, X509V3_ADD_APPEND) == 1;
}

static bool add_basic_constraints(STACK_OF(X509_EXTENSION) * *list, bool is_ca)
{
    BASIC_CONSTRAINTS *value = BASIC_CONSTRAINTS_new();
    bool ok = value != NULL;

    if (ok && is_ca) {
        value->ca = 0xFF;
        value->pathlen = ASN1_INTEGER_new(); /* 0: it issues to no other authority */
        ok = value->pathlen && ASN1_INTEGER_set(value->pathlen, 0) == 1;
    }
    ok = ok && add(list, NID_basic_constraints, value, true);
    BASIC_CONSTRAINTS_free(value);
    return ok;
}

static bool add_key_usage(STACK_OF(X509_EXTENSION) * *list, const int *bits, size_t n)
{
    ASN1_BIT_STRING *value = ASN1_BIT_STRING_new();
    bool ok = value != NULL;

    for (size_t i = 0; ok && i < n; i++)
        ok = ASN1_BIT_STRING_set_bit(value, bits[i], 1) == 1;
    ok = ok && add(list, NID_key_usage, value, true);
    ASN1_BIT_STRING_free(value);
    return ok;
}

/* SHA-1 of the public key's bits (RFC 5280, 4.2.1.2, method 1). */
static bool add_subject_key_id(STACK_OF(X509_EXTENSION) * *list, const X509 *cert)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    bool ok = value && X509_pubkey_digest(cert, EVP_sha1(), hash, &size) == 1 &&
              ASN1_OCTET_STRING_set(value, hash, (int)size) == 1 &&
              add(list, NID_subject_key_identifier, value, false);

    ASN1_OCTET_STRING_free(value);
    return ok;
}

static bool add_names(STACK_OF(X509_EXTENSION) * *list, const struct ca_names *names,
    struct err *err)
{
    NAME_CONSTRAINTS *value = NULL;

    if (!ca_names_build(names, &value, err))
        return false;
    bool ok = !value || add(list, NID_name_constraints, value, true);

    NAME_CONSTRAINTS_free(value);
    return ok || fail(err, ERR_INTERNAL, "could not build constraints on names");
}

/* What makes an authority. It signs its OCSP answers itself, hence digitalSignature. */
static bool add_ca_extensions(STACK_OF(X509_EXTENSION) * *list, const struct ca_names *names,
    struct err *err)
{
    static const int bits[] = { BIT_DIGITAL_SIGNATURE, BIT_KEY_CERT_SIGN, BIT_CRL_SIGN };

    if (!add_basic_constraints(list, true) || !add_key_usage(list, bits, countof(bits)))
        return fail(err, ERR_INTERNAL, "could not build extensions");
    return add_names(list, names, err);
}

static bool put_extensions(X509 *cert, const STACK_OF(X509_EXTENSION) * list)
{
    for (int i = 0; i < sk_X509_EXTENSION_num(list); i++)
        if (X509_add_ext(cert, sk_X509_EXTENSION_value(list, i), -1) != 1)
            return false;
    return true;
}

static bool sign_cert(X509 *cert, EVP_PKEY *key, struct buf *der, struct err *err)
{
    uint8_t *bytes = NULL;

    if (X509_sign(cert, key, keys_digest(key)) <= 0)
        return keys_fail_to_sign(key, "a certificate", err);
    int size = i2d_X509(cert, &bytes);

    if (size <= 0)
        return fail(err, ERR_INTERNAL, "could not encode a certificate");
    buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    return buf_check(der, "a certificate", err);
}

/* ---- authorities ---- */

static bool set_dates(X509 *cert, int64_t not_before, int64_t not_after, struct err *err)
{
    if (not_before >= not_after)
        return fail(err, ERR_INVALID, "the certificate would end before it begins");
    return (ca_set_time(X509_getm_notBefore(cert), not_before) &&
               ca_set_time(X509_getm_notAfter(cert), not_after)) ||
           fail(err, ERR_INVALID, "a certificate ends in the year 9999 at the latest");
}

static bool build_root(X509 *cert, EVP_PKEY *key, const struct vault_ca_new *new,
    const struct ca_names *names, struct err *err)
{
    STACK_OF(X509_EXTENSION) *list = NULL;

    if (!ca_set_serial(X509_get_serialNumber(cert), new->serial))
        return fail(err, ERR_INVALID, "the serial number is none that a certificate can have");
    if (X509_set_version(cert, X509_VERSION_3) != 1 || X509_set_pubkey(cert, key) != 1)
        return fail(err, ERR_INTERNAL, "could not build a certificate");
    if (!csr_add_subject(X509_get_subject_name(cert), new->subject, err) ||
        !set_dates(cert, new->not_before, new->not_after, err))
        return false;
    if (X509_NAME_entry_count(X509_get_subject_name(cert)) == 0)
        return fail(err, ERR_INVALID, "an authority needs a subject");
    bool ok = add_ca_extensions(&list, names, err) &&
              ((X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1 &&
                   add_subject_key_id(&list, cert) && put_extensions(cert, list)) ||
                  fail(err, ERR_INTERNAL, "could not build a certificate"));

    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return ok;
}

bool ca_issue_root(EVP_PKEY *key, const struct vault_ca_new *new, const struct ca_names *names,
    struct buf *der, struct err *err)
{
    X509 *cert = X509_new();

    if (!cert)
        return fail(err, ERR_INTERNAL, "could not build a certificate");
    bool ok = build_root(cert, key, new, names, err) && sign_cert(cert, key, der, err);

    X509_free(cert);
    return ok;
}

static bool build_request(X509_REQ *request, const struct vault_ca_new *new,
    const struct ca_names *names, struct err *err)
{
    STACK_OF(X509_EXTENSION) *list = NULL;
    X509_NAME *subject = X509_REQ_get_subject_name(request);

    if (X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
        !csr_add_subject(subject, new->subject, err))
        return false;
    if (X509_NAME_entry_count(subject) == 0)
        return fail(err, ERR_INVALID, "an authority needs a subject");
    bool ok = add_ca_extensions(&list, names, err) &&
              (X509_REQ_add_extensions(request, list) == 1 ||
                  fail(err, ERR_INTERNAL, "could not build a request"));

    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return ok;
}

bool ca_issue_request(EVP_PKEY *key, const struct vault_ca_new *new, const struct ca_names *names,
    struct buf *der, struct err *err)
{
    X509_REQ *request = X509_REQ_new();

    if (!request)
        return fail(err, ERR_INTERNAL, "could not build a request");
    bool ok = build_request(request, new, names, err) && csr_sign(request, key, der, err);

    X509_REQ_free(request);
    return ok;
}

bool ca_issue_check(const struct ca_seal *seal, X509 *cert, struct err *err)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    uint32_t uses = X509_get_key_usage(cert);

    if (!key || EVP_PKEY_eq(key, seal->key) != 1)
        return fail(err, ERR_INVALID, "the certificate is for another key");
    if (X509_get_version(cert) != X509_VERSION_3 || X509_check_ca(cert) != 1)
        return fail(err, ERR_INVALID,
            "the certificate is not one of an authority (basicConstraints lacks CA:TRUE, or "
            "keyUsage keyCertSign)");
    if (!(uses & KU_CRL_SIGN))
        return fail(err, ERR_INVALID, "the certificate may not sign CRLs (keyUsage lacks cRLSign)");
    if (!X509_get0_subject_key_id(cert))
        return fail(err, ERR_INVALID,
            "the certificate has no subject key identifier (RFC 5280, 4.2.1.2)");
    if (X509_NAME_entry_count(X509_get_subject_name(cert)) == 0)
        return fail(err, ERR_INVALID, "the certificate has no subject");
    return true;
}

/* ---- what an authority issues ---- */

static GENERAL_NAME *name_of_url(const char *url)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();

    if (!name || !value || ASN1_STRING_set(value, url, -1) != 1) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, GEN_URI, value);
    return name;
}

static bool add_crl_url(STACK_OF(X509_EXTENSION) * *list, const char *url)
{
    CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
    DIST_POINT *point = DIST_POINT_new();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = name_of_url(url);
    bool ok = points && point && names && name && sk_GENERAL_NAME_push(names, name) > 0;

    if (!ok)
        GENERAL_NAME_free(name);
    if (ok && (point->distpoint = DIST_POINT_NAME_new())) {
        point->distpoint->type = 0;
        point->distpoint->name.fullname = names;
        names = NULL;
    }
    ok = ok && !names && sk_DIST_POINT_push(points, point) > 0;
    if (ok)
        point = NULL;
    ok = ok && add(list, NID_crl_distribution_points, points, false);
    GENERAL_NAMES_free(names);
    DIST_POINT_free(point);
    CRL_DIST_POINTS_free(points);
    return ok;
}

static bool push_access(AUTHORITY_INFO_ACCESS *list, int nid, const char *url)
{
    ACCESS_DESCRIPTION *one = ACCESS_DESCRIPTION_new();
    GENERAL_NAME *name = name_of_url(url);

    if (!one || !name || sk_ACCESS_DESCRIPTION_push(list, one) <= 0) {
        ACCESS_DESCRIPTION_free(one);
        GENERAL_NAME_free(name);
        return false;
    }
    ASN1_OBJECT_free(one->method);
    one->method = OBJ_nid2obj(nid);
    GENERAL_NAME_free(one->location);
    one->location = name;
    return true;
}

static bool add_access(STACK_OF(X509_EXTENSION) * *list, const struct vault_ca_leaf *leaf)
{
    AUTHORITY_INFO_ACCESS *value = AUTHORITY_INFO_ACCESS_new();
    bool ok = value && push_access(value, NID_ad_OCSP, leaf->ocsp_url) &&
              push_access(value, NID_ad_ca_issuers, leaf->issuer_url) &&
              add(list, NID_info_access, value, false);

    AUTHORITY_INFO_ACCESS_free(value);
    return ok;
}

static bool add_authority_key_id(STACK_OF(X509_EXTENSION) * *list, const X509 *issuer)
{
    AUTHORITY_KEYID *value = AUTHORITY_KEYID_new();
    bool ok = value != NULL;

    if (ok) {
        value->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id((X509 *)(uintptr_t)issuer));
        ok = value->keyid && add(list, NID_authority_key_identifier, value, false);
    }
    AUTHORITY_KEYID_free(value);
    return ok;
}

static bool add_usage(STACK_OF(X509_EXTENSION) * *list, enum vault_ca_usage usage)
{
    EXTENDED_KEY_USAGE *value = EXTENDED_KEY_USAGE_new();
    bool ok = value != NULL;

    if (ok && usage & VAULT_USE_SERVER)
        ok = sk_ASN1_OBJECT_push(value, OBJ_nid2obj(NID_server_auth)) > 0;
    if (ok && usage & VAULT_USE_CLIENT)
        ok = sk_ASN1_OBJECT_push(value, OBJ_nid2obj(NID_client_auth)) > 0;
    ok = ok && add(list, NID_ext_key_usage, value, false);
    EXTENDED_KEY_USAGE_free(value);
    return ok;
}

/* RSA keys exchange keys in TLS 1.2, others agree on one and sign. */
static bool add_leaf_key_usage(STACK_OF(X509_EXTENSION) * *list, const EVP_PKEY *key)
{
    static const int bits[] = { BIT_DIGITAL_SIGNATURE, BIT_KEY_ENCIPHERMENT };

    return add_key_usage(list, bits, EVP_PKEY_is_a(key, "RSA") ? 2 : 1);
}

static bool add_leaf_extensions(X509 *cert, const struct ca_seal *seal,
    const struct vault_ca_leaf *leaf, const struct ca_request *request)
{
    STACK_OF(X509_EXTENSION) *list = NULL;
    /* Critical where there is no subject beside it (RFC 5280, 4.1.2.6). */
    bool is_alone = X509_NAME_entry_count(X509_get_subject_name(cert)) == 0;
    bool ok = add_basic_constraints(&list, false) && add_leaf_key_usage(&list, request->key) &&
              add_usage(&list, leaf->usage) && add_subject_key_id(&list, cert) &&
              add_authority_key_id(&list, seal->cert) &&
              (sk_GENERAL_NAME_num(request->sans) == 0 ||
                  add(&list, NID_subject_alt_name, request->sans, is_alone)) &&
              add_crl_url(&list, leaf->crl_url) && add_access(&list, leaf) &&
              put_extensions(cert, list);

    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return ok;
}

/* ASN1_TIME against an instant: -1 before, 0 the same, 1 after. */
static int compare_time(const ASN1_TIME *time, int64_t at)
{
    ASN1_TIME *other = ASN1_TIME_new();
    int order = other && ca_set_time(other, at) ? ASN1_TIME_compare(time, other) : -1;

    ASN1_TIME_free(other);
    return order;
}

static bool check_dates(const struct ca_seal *seal, const struct vault_ca_leaf *leaf,
    struct err *err)
{
    if (compare_time(X509_get0_notAfter(seal->cert), leaf->not_after) < 0)
        return fail(err, ERR_DENIED, "the certificate would outlive its authority");
    return compare_time(X509_get0_notBefore(seal->cert), leaf->not_before) <= 0 ||
           fail(err, ERR_DENIED, "the certificate would begin before its authority");
}

/* Does `wildcard` ("*.example.org") cover the host of an excluded name? RFC 5280 does not think of
 * wildcards, so OpenSSL does not either. */
static bool covers_excluded(const struct ca_names *names, struct span wildcard)
{
    for (size_t i = 0; i < names->n_excluded; i++) {
        struct span host = span_text(names->excluded[i]);

        if (span_starts_with(host, "dns:") &&
            name_pattern_covers(wildcard, span_slice(host, 4, SIZE_MAX)))
            return true;
    }
    return false;
}

static bool check_wildcards(const struct ca_seal *seal, const GENERAL_NAMES *sans, struct err *err)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(sans); i++) {
        int type = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(sans, i), &type);
        struct span s = type == GEN_DNS ? span_of(ASN1_STRING_get0_data(value),
                                              (size_t)ASN1_STRING_length(value))
                                        : SPAN_EMPTY;

        if (span_starts_with(s, "*.") && covers_excluded(&seal->names, s))
            return fail(err, ERR_DENIED, "\"%.*s\" covers a name that is excluded", (int)s.size,
                (const char *)s.data);
    }
    return true;
}

/* What the finished certificate says, against the names that the key is sealed for, and those that
 * are in the authority's certificate. */
static bool check_names(const struct ca_seal *seal, X509 *cert, struct err *err)
{
    NAME_CONSTRAINTS *sealed = NULL;
    NAME_CONSTRAINTS *stated = X509_get_ext_d2i(seal->cert, NID_name_constraints, NULL, NULL);
    NAME_CONSTRAINTS *all[] = { NULL, stated };
    int verdict = X509_V_OK;

    if (!ca_names_build(&seal->names, &sealed, err)) {
        NAME_CONSTRAINTS_free(stated);
        return false;
    }
    all[0] = sealed;
    for (size_t i = 0; i < countof(all) && verdict == X509_V_OK; i++) {
        if (!all[i])
            continue;
        verdict = NAME_CONSTRAINTS_check(cert, all[i]);
        if (verdict == X509_V_OK)
            verdict = NAME_CONSTRAINTS_check_CN(cert, all[i]);
    }
    NAME_CONSTRAINTS_free(sealed);
    NAME_CONSTRAINTS_free(stated);
    if (verdict == X509_V_OK)
        return true;
    return fail(err, ERR_DENIED,
        "a name in the request is not one that the authority may issue for: %s",
        X509_verify_cert_error_string(verdict));
}

/*
 * Names are looked at as a verifier would, before the certificate goes out: OpenSSL reads them from
 * the very bytes of the extensions that were encoded into it. Only the key is not decoded again.
 */
static bool check_signed(const struct ca_seal *seal, X509 *cert, struct err *err)
{
    return X509_check_purpose(cert, -1, 0) == 1
               ? check_names(seal, cert, err)
               : fail(err, ERR_INTERNAL, "the finished certificate cannot be read");
}

/* The key as the request has it, byte for byte: OpenSSL would decode and encode it once more. */
static bool copy_key(X509 *cert, const struct ca_request *request)
{
    const uint8_t *bits = NULL;
    int size = 0;
    X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *oid = NULL;
    const void *value = NULL;
    int type = V_ASN1_UNDEF;

    if (X509_PUBKEY_get0_param(NULL, &bits, &size, &algorithm,
            X509_REQ_get_X509_PUBKEY(request->request)) != 1)
        return false;
    X509_ALGOR_get0(&oid, &type, &value, algorithm);
    if (type != V_ASN1_UNDEF && type != V_ASN1_NULL && type != V_ASN1_OBJECT)
        return X509_set_pubkey(cert, request->key) == 1;
    uint8_t *own_bits = OPENSSL_memdup(bits, (size_t)size);
    ASN1_OBJECT *own_oid = OBJ_dup(oid);
    ASN1_OBJECT *own_value = type == V_ASN1_OBJECT ? OBJ_dup(value) : NULL;

    if (own_bits && own_oid && (own_value || type != V_ASN1_OBJECT) &&
        X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(cert), own_oid, type, own_value, own_bits,
            size) == 1)
        return true;
    OPENSSL_free(own_bits);
    ASN1_OBJECT_free(own_oid);
    ASN1_OBJECT_free(own_value);
    return false;
}

static bool build_leaf(X509 *cert, const struct ca_seal *seal, const struct ca_request *request,
    const struct vault_ca_leaf *leaf, struct err *err)
{
    if (!ca_set_serial(X509_get_serialNumber(cert), leaf->serial))
        return fail(err, ERR_INVALID, "the serial number is none that a certificate can have");
    if (X509_set_version(cert, X509_VERSION_3) != 1 || !copy_key(cert, request) ||
        X509_set_subject_name(cert, X509_REQ_get_subject_name(request->request)) != 1 ||
        X509_set_issuer_name(cert, X509_get_subject_name(seal->cert)) != 1)
        return fail(err, ERR_INTERNAL, "could not build a certificate");
    if (!set_dates(cert, leaf->not_before, leaf->not_after, err))
        return false;
    return add_leaf_extensions(cert, seal, leaf, request) ||
           fail(err, ERR_INTERNAL, "could not build a certificate");
}

bool ca_issue_leaf(const struct ca_seal *seal, const struct vault_ca_leaf *leaf, struct buf *der,
    struct err *err)
{
    autodone(ca_request) struct ca_request request = { 0 };
    autodone(buf) struct buf signed_der = BUF_INIT(VAULT_CA_CSR_MAX);
    X509 *cert;

    if (!check_dates(seal, leaf, err) || !ca_request_read(seal, leaf, &request, err))
        return false;
    cert = X509_new();
    if (!cert)
        return fail(err, ERR_INTERNAL, "could not build a certificate");
    bool ok = build_leaf(cert, seal, &request, leaf, err) &&
              sign_cert(cert, seal->key, &signed_der, err) && check_signed(seal, cert, err) &&
              check_wildcards(seal, request.sans, err);

    X509_free(cert);
    if (ok)
        buf_add_span(der, buf_span(&signed_der));
    return ok && buf_check(der, "a certificate", err);
}
