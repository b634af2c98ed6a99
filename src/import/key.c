/* import/key: see the header. */
#include "import/key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>

#include "base/secret.h"
#include "import/pbe.h"
#include "x509/der.h"

static const char *const taken[] = { "RSA", "RSA-PSS", "EC", "ED25519", "ED448", "DSA" };

/* PKCS#8, straight into memory of the secret's own. */
static struct secret *encode(const PKCS8_PRIV_KEY_INFO *info)
{
    int size = i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    struct secret *secret = size > 0 ? secret_new_zeroed((size_t)size) : NULL;
    uint8_t *at = secret ? secret_bytes(secret) : NULL;

    if (secret && i2d_PKCS8_PRIV_KEY_INFO(info, &at) != size) {
        secret_free(secret);
        return NULL;
    }
    return secret;
}

bool key_add(struct reading *reading, EVP_PKEY *key, struct err *err)
{
    bool is_taken = false;

    for (size_t i = 0; i < countof(taken); i++)
        is_taken |= EVP_PKEY_is_a(key, taken[i]);
    if (!is_taken)
        return reading_fail(reading, IMPORT_UNSUPPORTED, err,
            "unsupported kind of key: %s; RSA, ECDSA, EdDSA and DSA are supported",
            EVP_PKEY_get0_type_name(key));
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    struct secret *pkcs8 = info ? encode(info) : NULL;
    uint8_t *spki = NULL;
    int size = i2d_PUBKEY(key, &spki);
    bool ok = false;

    if (!pkcs8 || size <= 0) {
        secret_free(pkcs8);
        (void)reading_fail(reading, IMPORT_MALFORMED, err, "the private key is malformed");
    } else {
        ok = found_add_key(reading->found, reading->part, pkcs8, span_of(spki, (size_t)size), err);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    OPENSSL_free(spki);
    return ok;
}

/* How EC keys are written. */
struct spelling {
    char curve[32];
    char point[32];
};

static void spell(EVP_PKEY *key, const struct spelling *as)
{
    (void)EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, as->curve);
    (void)EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
        as->point);
}

static bool spelling_of(const EVP_PKEY *key, struct spelling *ret)
{
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, ret->curve,
               sizeof ret->curve, NULL) == 1 &&
           EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
               ret->point, sizeof ret->point, NULL) == 1;
}

/* `key` as its certificate has it, if it is its certificate and has it otherwise. */
static bool respell(struct found_key *found, EVP_PKEY *key, const struct found_cert *cert)
{
    const uint8_t *at = cert->der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)cert->der.size);
    EVP_PKEY *public = x509 ? X509_get0_pubkey(x509) : NULL;
    struct spelling as;
    bool is_its = public && EVP_PKEY_eq(public, key) == 1 && spelling_of(public, &as);

    if (is_its)
        spell(key, &as);
    PKCS8_PRIV_KEY_INFO *info = is_its ? EVP_PKEY2PKCS8(key) : NULL;
    struct secret *pkcs8 = info ? encode(info) : NULL;
    uint8_t *spki = NULL;
    int size = pkcs8 ? i2d_PUBKEY(key, &spki) : -1;

    if (size > 0) {
        secret_free(found->pkcs8);
        found->pkcs8 = take(&pkcs8);
        buf_clear(&found->spki);
        buf_add(&found->spki, spki, (size_t)size);
    }
    secret_free(pkcs8);
    PKCS8_PRIV_KEY_INFO_free(info);
    OPENSSL_free(spki);
    X509_free(x509);
    return is_its;
}

void key_fit_certs(struct found *found)
{
    for (size_t i = 0; i < found->n_keys; i++) {
        struct span pkcs8 = secret_span(found->keys[i].pkcs8);
        const uint8_t *at = pkcs8.data;
        EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)pkcs8.size);
        bool is_done = !key || !EVP_PKEY_is_a(key, "EC");

        for (size_t k = 0; !is_done && k < found->n_certs; k++)
            is_done = respell(&found->keys[i], key, &found->certs[k]);
        EVP_PKEY_free(key);
    }
    ERR_clear_error();
}

bool key_add_info(struct reading *reading, const PKCS8_PRIV_KEY_INFO *info, struct err *err)
{
    EVP_PKEY *key = EVP_PKCS82PKEY(info);
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *object = NULL;
    char name[96];

    if (key) {
        bool ok = key_add(reading, key, err);

        EVP_PKEY_free(key);
        return ok;
    }
    if (PKCS8_pkey_get0(&object, NULL, NULL, &algorithm, info) != 1 || !algorithm)
        return reading_fail(reading, IMPORT_MALFORMED, err, "the private key is malformed");
    int nid = OBJ_obj2nid(object);

    if (nid == NID_rsaEncryption || nid == NID_X9_62_id_ecPublicKey || nid == NID_ED25519)
        return reading_fail(reading, IMPORT_MALFORMED, err,
            "the private key is malformed, or of a curve that is not supported");
    return reading_fail(reading, IMPORT_UNSUPPORTED, err, "unsupported kind of key: %s",
        pbe_name(algorithm, name));
}

/*
 * Version 2 (RFC 5958) has the public half behind the rest, which OpenSSL did not know: `ret` is
 * the same as version 1, without it. The length is in BER, nobody else sees it.
 */
static bool to_version_1(struct span der, struct buf *ret)
{
    struct span whole, content;

    if (!der_expect(&der, DER_SEQUENCE, &whole) || der.size > 0 ||
        !der_expect(&whole, DER_INTEGER, &content) || !span_equal(content, SPAN_LITERAL("\1")))
        return false;
    struct span rest = whole;

    if (!der_expect(&rest, DER_SEQUENCE, &content) ||
        !der_expect(&rest, DER_OCTET_STRING, &content))
        return false;
    (void)der_expect(&rest, DER_CONTEXT_CONSTRUCTED(0), &content);
    struct span kept = span_slice(whole, 0, whole.size - rest.size);

    if (!der_expect(&rest, DER_CONTEXT(1), &content) || rest.size > 0)
        return false;
    buf_add_span(ret, SPAN_LITERAL("\x30\x84"));
    buf_add_u32(ret, (uint32_t)kept.size + 3);
    buf_add_span(ret, span_of("\x02\x01\x00", 3));
    buf_add_span(ret, kept);
    return buf_ok(ret);
}

/* NULL: it is none. *ret_size: how much of it. */
static PKCS8_PRIV_KEY_INFO *parse_info(struct span der, size_t *ret_size)
{
    autodone(buf) struct buf first = BUF_INIT_SECRET(der.size + 16);
    const uint8_t *at = der.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.size);

    *ret_size = info ? (size_t)(at - der.data) : der.size;
    if (info || !to_version_1(der, &first))
        return info;
    at = first.data;
    return d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)first.size);
}

static PKCS8_PRIV_KEY_INFO *decrypt(const X509_SIG *encrypted,
    const struct reading_password *password)
{
    const X509_ALGOR *algorithm;
    const ASN1_OCTET_STRING *value;
    uint8_t *clear = NULL;
    int size = 0;
    size_t ignored;

    X509_SIG_get0(encrypted, &algorithm, &value);
    if (!PKCS12_pbe_crypt(algorithm, password->text, password->size, ASN1_STRING_get0_data(value),
            ASN1_STRING_length(value), &clear, &size, 0))
        return NULL;
    PKCS8_PRIV_KEY_INFO *info = parse_info(span_of(clear, (size_t)size), &ignored);

    OPENSSL_clear_free(clear, (size_t)size);
    return info;
}

bool key_add_encrypted(struct reading *reading, const X509_SIG *encrypted, struct err *err)
{
    const X509_ALGOR *algorithm;
    int64_t iterations = 0;

    X509_SIG_get0(encrypted, &algorithm, NULL);
    if (!pbe_examine(reading, algorithm, &iterations, err))
        return false;
    for (size_t i = 0; i < reading->n_passwords; i++) {
        const struct reading_password *password = &reading->passwords[i];

        if (!reading_spend(reading, iterations, err))
            return false;
        PKCS8_PRIV_KEY_INFO *info = decrypt(encrypted, password);

        if (!info)
            continue;
        bool ok = key_add_info(reading, info, err);

        PKCS8_PRIV_KEY_INFO_free(info);
        return ok;
    }
    if (reading->is_password_right)
        return reading_fail(reading, IMPORT_WRONG_PASSWORD, err,
            "wrong password: it opens the file, but a private key in it has another one");
    return reading_fail_password(reading, err);
}

static bool add_plain(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
{
    size_t size;
    PKCS8_PRIV_KEY_INFO *info = parse_info(der, &size);
    bool ok = true;

    if (info && size == der.size) {
        *ret_is_one = true;
        ok = key_add_info(reading, info, err);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    return ok;
}

static bool add_sealed(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
{
    const uint8_t *at = der.data;
    X509_SIG *encrypted = d2i_X509_SIG(NULL, &at, (long)der.size);
    bool ok = true;

    if (encrypted && at == der.data + der.size) {
        *ret_is_one = true;
        ok = key_add_encrypted(reading, encrypted, err);
    }
    X509_SIG_free(encrypted);
    return ok;
}

/* PKCS#1 and SEC 1, which say nothing of what they are. */
static bool add_bare(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
{
    static const int kinds[] = { EVP_PKEY_RSA, EVP_PKEY_EC, EVP_PKEY_DSA };

    for (size_t i = 0; i < countof(kinds); i++) {
        const uint8_t *at = der.data;
        EVP_PKEY *key = d2i_PrivateKey(kinds[i], NULL, &at, (long)der.size);
        bool ok = true;

        if (key && at == der.data + der.size) {
            *ret_is_one = true;
            ok = key_add(reading, key, err);
        }
        EVP_PKEY_free(key);
        if (*ret_is_one)
            return ok;
    }
    return true;
}

bool key_add_der(struct reading *reading, struct span der, bool *ret_is_one, struct err *err)
{
    *ret_is_one = false;
    bool ok = add_plain(reading, der, ret_is_one, err);

    if (!*ret_is_one)
        ok = add_sealed(reading, der, ret_is_one, err);
    if (!*ret_is_one)
        ok = add_bare(reading, der, ret_is_one, err);
    ERR_clear_error();
    return ok;
}
