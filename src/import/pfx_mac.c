/*
 * import/pfx_mac: see the header.
 *
 * PBMAC1 is not known to OpenSSL before 3.4, so it is computed here (RFC 9579): PBKDF2 of the
 * password's UTF-8, and HMAC over what authSafe holds. The key must be given its length, and not a
 * short one: else anybody could forge it (section 9).
 */
#include "import/pfx_mac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>

#include "base/secret.h"
#include "import/pbe.h"
#include "x509/der.h"

#define PBMAC1_OID "1.2.840.113549.1.5.14"
#define PBMAC1_KEY_MIN 20
#define PBMAC1_KEY_MAX 64

struct mac {
    const ASN1_OCTET_STRING *value;
    const X509_ALGOR *algorithm;
    int64_t iterations;
};

static bool malformed(struct reading *reading, struct err *err)
{
    return reading_fail(reading, IMPORT_MALFORMED, err,
        "the PKCS#12 file is malformed: its MAC's parameters make no sense");
}

static bool unsupported(struct reading *reading, const X509_ALGOR *algorithm, struct err *err)
{
    char name[96];

    return reading_fail(reading, IMPORT_UNSUPPORTED, err, "unsupported MAC: %s",
        pbe_name(algorithm, name));
}

static bool check_classic(struct reading *reading, const PKCS12 *pfx, const struct mac *mac,
    struct err *err)
{
    const ASN1_OBJECT *object;
    /* The functions of PKCS12_verify_mac's time take the file as theirs, and change nothing. */
    PKCS12 *own = (PKCS12 *)(uintptr_t)pfx;

    X509_ALGOR_get0(&object, NULL, NULL, mac->algorithm);
    int nid = OBJ_obj2nid(object);
    EVP_MD *digest = nid == NID_undef ? NULL : EVP_MD_fetch(NULL, OBJ_nid2sn(nid), NULL);

    EVP_MD_free(digest);
    if (!digest)
        return unsupported(reading, mac->algorithm, err);
    for (size_t i = 0; i < reading->n_passwords; i++) {
        const struct reading_password *password = &reading->passwords[i];

        if (!reading_spend(reading, mac->iterations, err))
            return false;
        if (PKCS12_verify_mac(own, password->text, password->size) != 1)
            continue;
        reading_put_first(reading, i);
        return true;
    }
    return reading_fail_password(reading, err);
}

/* PBMAC1-params: how the key is derived, and the MAC (RFC 8018, A.5). */
struct pbmac1 {
    struct pbkdf2 pbkdf2;
    const EVP_MD *digest;
};

static X509_ALGOR *next_algorithm(const uint8_t **at, const uint8_t *end)
{
    return *at < end ? d2i_X509_ALGOR(NULL, at, end - *at) : NULL;
}

static const EVP_MD *hmac_digest(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object;
    int digest = NID_undef;

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    if (EVP_PBE_find(EVP_PBE_TYPE_PRF, OBJ_obj2nid(object), NULL, &digest, NULL) != 1)
        return NULL;
    return EVP_get_digestbynid(digest);
}

static bool read_pbmac1_parts(struct reading *reading, const X509_ALGOR *kdf,
    const X509_ALGOR *hmac, struct pbmac1 *ret, struct err *err)
{
    const ASN1_OBJECT *object;

    if (!kdf || !hmac)
        return malformed(reading, err);
    X509_ALGOR_get0(&object, NULL, NULL, kdf);
    if (OBJ_obj2nid(object) != NID_id_pbkdf2)
        return unsupported(reading, kdf, err);
    ret->digest = hmac_digest(hmac);
    if (!ret->digest)
        return unsupported(reading, hmac, err);
    if (!pbkdf2_read(reading, kdf, &ret->pbkdf2, err))
        return false;
    if (ret->pbkdf2.key_size < PBMAC1_KEY_MIN || ret->pbkdf2.key_size > PBMAC1_KEY_MAX)
        return malformed(reading, err);
    return true;
}

static bool read_pbmac1(struct reading *reading, const struct mac *mac, struct pbmac1 *ret,
    struct err *err)
{
    const void *value;
    int type;

    X509_ALGOR_get0(NULL, &type, &value, mac->algorithm);
    if (type != V_ASN1_SEQUENCE)
        return malformed(reading, err);
    struct span der = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    struct span content;

    if (!der_expect(&der, DER_SEQUENCE, &content) || der.size > 0)
        return malformed(reading, err);
    const uint8_t *at = content.data, *end = content.data + content.size;
    X509_ALGOR *kdf = next_algorithm(&at, end);
    X509_ALGOR *hmac = kdf ? next_algorithm(&at, end) : NULL;
    bool ok = at == end ? read_pbmac1_parts(reading, kdf, hmac, ret, err) : malformed(reading, err);

    X509_ALGOR_free(kdf);
    X509_ALGOR_free(hmac);
    return ok;
}

/*
 * What authSafe's OCTET STRING holds. There is no function that tells, and BER may have it in
 * pieces: written anew, it is DER. `*owned` is the caller's to free with OPENSSL_free().
 */
static bool content_of(const PKCS12 *pfx, uint8_t **owned, struct span *ret)
{
    int size = i2d_PKCS12(pfx, owned);
    struct span rest = size > 0 ? span_of(*owned, (size_t)size) : SPAN_EMPTY;
    struct span whole, version, info, oid, explicit;

    return der_expect(&rest, DER_SEQUENCE, &whole) && der_expect(&whole, DER_INTEGER, &version) &&
           der_expect(&whole, DER_SEQUENCE, &info) && der_expect(&info, DER_OID, &oid) &&
           der_expect(&info, DER_CONTEXT_CONSTRUCTED(0), &explicit) &&
           der_expect(&explicit, DER_OCTET_STRING, ret);
}

static bool matches(const struct pbmac1 *pbmac1, const struct reading_password *password,
    struct span content, const ASN1_OCTET_STRING *expected)
{
    uint8_t key[PBMAC1_KEY_MAX], computed[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const struct pbkdf2 *p = &pbmac1->pbkdf2;
    int key_size = (int)p->key_size;
    bool ok = PKCS5_PBKDF2_HMAC(password->text ? password->text : "", password->size, p->salt.data,
                  (int)p->salt.size, (int)p->iterations, p->digest, key_size, key) == 1 &&
              HMAC(pbmac1->digest, key, key_size, content.data, content.size, computed, &size);

    secret_wipe(key, sizeof key);
    return ok && secret_equal(span_of(computed, size), span_of(ASN1_STRING_get0_data(expected),
                                                           (size_t)ASN1_STRING_length(expected)));
}

static bool try_pbmac1(struct reading *reading, const struct pbmac1 *pbmac1, struct span content,
    const struct mac *mac, struct err *err)
{
    for (size_t i = 0; i < reading->n_passwords; i++) {
        if (!reading_spend(reading, pbmac1->pbkdf2.iterations, err))
            return false;
        if (!matches(pbmac1, &reading->passwords[i], content, mac->value))
            continue;
        reading_put_first(reading, i);
        return true;
    }
    return reading_fail_password(reading, err);
}

static bool check_pbmac1(struct reading *reading, const PKCS12 *pfx, const struct mac *mac,
    struct err *err)
{
    struct pbmac1 pbmac1 = { 0 };
    uint8_t *owned = NULL;
    struct span content = SPAN_EMPTY;
    bool ok = read_pbmac1(reading, mac, &pbmac1, err);

    if (ok && ASN1_STRING_length(mac->value) != EVP_MD_get_size(pbmac1.digest))
        ok = malformed(reading, err); /* cut short, it is easier to guess */
    if (ok && !content_of(pfx, &owned, &content))
        ok = malformed(reading, err);
    ok = ok && try_pbmac1(reading, &pbmac1, content, mac, err);
    OPENSSL_free(owned);
    pbkdf2_done(&pbmac1.pbkdf2);
    return ok;
}

static bool is_pbmac1(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object;
    char oid[64];

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    return OBJ_obj2txt(oid, sizeof oid, object, 1) > 0 && span_is(span_text(oid), PBMAC1_OID);
}

bool pfx_check_mac(struct reading *reading, const PKCS12 *pfx, struct err *err)
{
    const ASN1_INTEGER *iterations = NULL;
    const ASN1_OCTET_STRING *salt = NULL;
    struct mac mac = { .iterations = 1 };

    if (PKCS12_mac_present(pfx) != 1)
        return true;
    PKCS12_get0_mac(&mac.value, &mac.algorithm, &salt, &iterations, pfx);
    if (!mac.value || !mac.algorithm || !salt)
        return malformed(reading, err);
    if (is_pbmac1(mac.algorithm))
        return check_pbmac1(reading, pfx, &mac, err);
    if (iterations &&
        (ASN1_INTEGER_get_int64(&mac.iterations, iterations) != 1 || mac.iterations < 1))
        return malformed(reading, err);
    return check_classic(reading, pfx, &mac, err);
}
