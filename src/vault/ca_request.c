/* vault/ca_request: see the header. */
#include "vault/ca_request.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/parse.h"
#include "x509/name.h"
#include "x509/pubkey.h"

#define SUBJECT_ENTRIES_MAX 32
#define RSA_BITS_LEAST 2048
#define RSA_BITS_MOST 16384

void ca_request_done(struct ca_request *request)
{
    X509_REQ_free(request->request);
    EVP_PKEY_free(request->key);
    GENERAL_NAMES_free(request->sans);
}

/* ---- the key ---- */

static bool is_named_curve(const EVP_PKEY *key)
{
    static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
    char name[64] = "";
    size_t n = 0;

    if (EVP_PKEY_get_group_name(key, name, sizeof name, &n) != 1)
        return false;
    for (size_t i = 0; i < countof(curves); i++)
        if (span_is(span_text(name), curves[i]))
            return true;
    return false;
}

static bool check_key(const struct ca_seal *seal, const EVP_PKEY *key, struct err *err)
{
    int bits = EVP_PKEY_get_bits(key);

    if (EVP_PKEY_eq(key, seal->key) == 1)
        return fail(err, ERR_INVALID, "the request is for the authority's own key");
    if (EVP_PKEY_is_a(key, "RSA"))
        return (bits >= RSA_BITS_LEAST && bits <= RSA_BITS_MOST) ||
               fail(err, ERR_INVALID, "an RSA key of %d bits is not between %d and %d", bits,
                   RSA_BITS_LEAST, RSA_BITS_MOST);
    if (EVP_PKEY_is_a(key, "EC"))
        return is_named_curve(key) ||
               fail(err, ERR_INVALID, "the key is on none of the curves P-256, P-384 and P-521");
    return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ||
           fail(err, ERR_INVALID, "the key is none of RSA, ECDSA and EdDSA");
}

/* ---- the subject ---- */

/* Text, as a person would read it: no NUL, nothing that moves a cursor. */
static bool is_plain_text(const ASN1_STRING *value)
{
    unsigned char *utf8 = NULL;
    int size = ASN1_STRING_to_UTF8(&utf8, value);
    bool ok = size > 0 && parse_is_utf8(span_of(utf8, (size_t)size));

    for (int i = 0; ok && i < size; i++)
        ok = utf8[i] >= ' ' && utf8[i] != 0x7F;
    OPENSSL_free(utf8);
    return ok;
}

static bool check_subject(const struct ca_seal *seal, const X509_NAME *name, struct err *err)
{
    int n = X509_NAME_entry_count(name);

    if (n > SUBJECT_ENTRIES_MAX)
        return fail(err, ERR_INVALID, "the subject has more than %d parts", SUBJECT_ENTRIES_MAX);
    for (int i = 0; i < n; i++)
        if (!is_plain_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i))))
            return fail(err, ERR_INVALID, "part %d of the subject is empty, or no plain text",
                i + 1);
    if (X509_NAME_cmp(name, X509_get_subject_name(seal->cert)) == 0)
        return fail(err, ERR_INVALID, "the request has the authority's own subject");
    return true;
}

/* ---- alternative names ---- */

static bool is_printable(struct span s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] <= ' ' || s.data[i] >= 0x7F)
            return false;
    return s.size > 0;
}

static bool is_mail_address(struct span s)
{
    size_t at = span_find_char(s, '@');

    return is_printable(s) && at != SIZE_MAX && at > 0 &&
           name_is_host(span_slice(s, at + 1, SIZE_MAX)) &&
           span_find_char(span_slice(s, at + 1, SIZE_MAX), '*') == SIZE_MAX;
}

static bool check_name(const GENERAL_NAME *name, int number, struct err *err)
{
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    struct span s = SPAN_EMPTY;

    if (type == GEN_DNS || type == GEN_EMAIL || type == GEN_URI || type == GEN_IPADD)
        s = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    switch (type) {
    case GEN_DNS:
        return name_is_host(s) ||
               fail(err, ERR_INVALID, "alternative name %d is not a host's name", number);
    case GEN_IPADD:
        return s.size == 4 || s.size == 16 ||
               fail(err, ERR_INVALID, "alternative name %d is not an IP address", number);
    case GEN_EMAIL:
        return is_mail_address(s) ||
               fail(err, ERR_INVALID, "alternative name %d is not a mail address", number);
    case GEN_URI:
        return (is_printable(s) && span_find_char(s, ':') != SIZE_MAX) ||
               fail(err, ERR_INVALID, "alternative name %d is not a URI", number);
    default:
        return fail(err, ERR_INVALID,
            "alternative name %d is neither host, IP address, mail address nor URI", number);
    }
}

static bool check_names(const GENERAL_NAMES *names, struct err *err)
{
    int n = sk_GENERAL_NAME_num(names);

    if (n > VAULT_SANS_MAX)
        return fail(err, ERR_LIMIT, "more than %d alternative names", VAULT_SANS_MAX);
    for (int i = 0; i < n; i++)
        if (!check_name(sk_GENERAL_NAME_value(names, i), i + 1, err))
            return false;
    return true;
}

/* The one extension that is taken over, and the one that is refused aloud. */
static bool read_extensions(const STACK_OF(X509_EXTENSION) * list, GENERAL_NAMES **ret,
    struct err *err)
{
    int n_sans = 0;
    bool is_ca = false;

    for (int i = 0; i < sk_X509_EXTENSION_num(list); i++) {
        X509_EXTENSION *extension = sk_X509_EXTENSION_value(list, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));

        if (nid == NID_subject_alt_name && n_sans++ == 0)
            *ret = X509V3_EXT_d2i(extension);
        if (nid == NID_basic_constraints) {
            BASIC_CONSTRAINTS *value = X509V3_EXT_d2i(extension);

            is_ca |= !value || value->ca;
            BASIC_CONSTRAINTS_free(value);
        }
    }
    if (is_ca)
        return fail(err, ERR_INVALID,
            "the request asks for the certificate of an authority, which is not issued");
    if (n_sans > 1)
        return fail(err, ERR_INVALID, "the request has its alternative names twice");
    if (n_sans == 1 && !*ret)
        return fail(err, ERR_INVALID, "the alternative names are malformed");
    return true;
}

/* The name of a server that a request has in its CN alone, as they did in the old days. */
static bool name_from_subject(const X509_NAME *subject, GENERAL_NAMES *sans)
{
    int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    uint8_t address[16];
    size_t size;

    if (place < 0)
        return true;
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place));
    struct span s = span_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));

    size = name_parse_address(s, address);
    if (size == 0 && !name_is_host(s))
        return true;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(size ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

    if (!name || !value ||
        ASN1_STRING_set(value, size ? address : s.data, (int)(size ? size : s.size)) != 1) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, size ? GEN_IPADD : GEN_DNS, value);
    if (sk_GENERAL_NAME_push(sans, name) > 0)
        return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool read_names(const struct vault_ca_leaf *leaf, struct ca_request *ret, struct err *err)
{
    const X509_NAME *subject = X509_REQ_get_subject_name(ret->request);
    STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(ret->request);
    bool ok = read_extensions(list, &ret->sans, err);

    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    if (!ok)
        return false;
    if (!ret->sans)
        ret->sans = GENERAL_NAMES_new();
    if (!ret->sans)
        return fail(err, ERR_INTERNAL, "could not read a request");
    if (!check_names(ret->sans, err))
        return false;
    if (sk_GENERAL_NAME_num(ret->sans) == 0 && leaf->usage & VAULT_USE_SERVER) {
        if (!name_from_subject(subject, ret->sans))
            return fail(err, ERR_INTERNAL, "could not read a request");
        if (sk_GENERAL_NAME_num(ret->sans) == 0)
            return fail(err, ERR_INVALID, "the request names no server");
    }
    return sk_GENERAL_NAME_num(ret->sans) > 0 || X509_NAME_entry_count(subject) > 0 ||
           fail(err, ERR_INVALID, "the request names nobody");
}

bool ca_request_read(const struct ca_seal *seal, const struct vault_ca_leaf *leaf,
    struct ca_request *ret, struct err *err)
{
    size_t size = 0;

    ret->request = pubkey_request_parse(leaf->csr, &size);
    if (!ret->request || size != leaf->csr.size)
        return fail(err, ERR_INVALID, "the request is malformed");
    ret->key = pubkey_decode(X509_REQ_get_X509_PUBKEY(ret->request));
    if (!ret->key)
        return fail(err, ERR_INVALID, "the request has no key that can be used");
    return check_key(seal, ret->key, err) &&
           (pubkey_request_is_signed(ret->request, ret->key) ||
               fail(err, ERR_INVALID, "the request is not signed by its own key")) &&
           check_subject(seal, X509_REQ_get_subject_name(ret->request), err) &&
           read_names(leaf, ret, err);
}
