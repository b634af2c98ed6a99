/*
 * import/pfx: see the header. The MAC is in pfx_mac.c.
 *
 * OpenSSL takes the structure apart; what goes through which key derivation, and what it costs, is
 * looked at here before it is computed.
 */
#include "import/pfx.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>

#include "import/key.h"
#include "import/pbe.h"
#include "import/pfx_mac.h"

/* SafeContents in SafeContents: nobody writes even one level. */
#define DEPTH_MAX 4

static bool add_bags(struct reading *reading, const STACK_OF(PKCS12_SAFEBAG) * bags, int depth,
    struct err *err);

static bool malformed(struct reading *reading, const char *what, struct err *err)
{
    ERR_clear_error();
    return reading_fail(reading, IMPORT_MALFORMED, err, "the PKCS#12 file is malformed: %s", what);
}

static bool add_cert(struct reading *reading, const PKCS12_SAFEBAG *bag, struct err *err)
{
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
        return true;
    X509 *x509 = PKCS12_SAFEBAG_get1_cert(bag);
    uint8_t *der = NULL;
    int size = x509 ? i2d_X509(x509, &der) : -1;
    bool ok = size > 0
                  ? found_add_cert(reading->found, reading->part, span_of(der, (size_t)size), err)
                  : malformed(reading, "a certificate cannot be read", err);

    OPENSSL_free(der);
    X509_free(x509);
    return ok;
}

static bool add_bag(struct reading *reading, const PKCS12_SAFEBAG *bag, int depth, struct err *err)
{
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_certBag:
        return add_cert(reading, bag, err);
    case NID_keyBag:
        return key_add_info(reading, PKCS12_SAFEBAG_get0_p8inf(bag), err);
    case NID_pkcs8ShroudedKeyBag:
        return key_add_encrypted(reading, PKCS12_SAFEBAG_get0_pkcs8(bag), err);
    case NID_safeContentsBag:
        if (depth == DEPTH_MAX)
            return malformed(reading, "it is nested too deep", err);
        return add_bags(reading, PKCS12_SAFEBAG_get0_safes(bag), depth + 1, err);
    default:
        return true;
    }
}

static bool add_bags(struct reading *reading, const STACK_OF(PKCS12_SAFEBAG) * bags, int depth,
    struct err *err)
{
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++)
        if (!add_bag(reading, sk_PKCS12_SAFEBAG_value(bags, i), depth, err))
            return false;
    return true;
}

static void free_bags(STACK_OF(PKCS12_SAFEBAG) * bags)
{
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static bool add_encrypted(struct reading *reading, PKCS7 *safe, struct err *err)
{
    const PKCS7_ENCRYPT *encrypted = safe->d.encrypted;
    int64_t iterations = 0;

    if (!encrypted || !encrypted->enc_data || !encrypted->enc_data->algorithm ||
        !encrypted->enc_data->enc_data)
        return malformed(reading, "an encrypted part is empty", err);
    if (!pbe_examine(reading, encrypted->enc_data->algorithm, &iterations, err))
        return false;
    for (size_t i = 0; i < reading->n_passwords; i++) {
        const struct reading_password *password = &reading->passwords[i];

        if (!reading_spend(reading, iterations, err))
            return false;
        STACK_OF(PKCS12_SAFEBAG) *bags =
            PKCS12_unpack_p7encdata(safe, password->text, password->size);

        if (!bags)
            continue;
        bool ok = add_bags(reading, bags, 0, err);

        free_bags(bags);
        return ok;
    }
    return reading_fail_password(reading, err);
}

static bool add_safe(struct reading *reading, PKCS7 *safe, struct err *err)
{
    if (PKCS7_type_is_encrypted(safe))
        return add_encrypted(reading, safe, err);
    if (PKCS7_type_is_enveloped(safe))
        return reading_fail(reading, IMPORT_UNSUPPORTED, err,
            "unsupported encryption: with a public key instead of a password");
    if (!PKCS7_type_is_data(safe))
        return malformed(reading, "a part is of an unknown kind", err);
    STACK_OF(PKCS12_SAFEBAG) *bags = PKCS12_unpack_p7data(safe);

    if (!bags)
        return malformed(reading, "a part cannot be read", err);
    bool ok = add_bags(reading, bags, 0, err);

    free_bags(bags);
    return ok;
}

static bool add_safes(struct reading *reading, const PKCS12 *pfx, struct err *err)
{
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(pfx);
    bool ok = safes != NULL || malformed(reading, "its content cannot be read", err);

    for (int i = 0; ok && i < sk_PKCS7_num(safes); i++)
        ok = add_safe(reading, sk_PKCS7_value(safes, i), err);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return ok;
}

/*
 * SEQUENCE { INTEGER 3, ContentInfo, … }: then faults inside it are told as such. Also where the
 * file is cut off, so the length's bytes are passed over and not looked at.
 */
static bool looks_like_one(struct span bytes)
{
    static const uint8_t version[] = { 0x02, 0x01, 0x03, 0x30 };
    size_t n_length = bytes.size > 1 && bytes.data[1] > 0x80 ? bytes.data[1] & 0x7FU : 0;

    return bytes.size > 2 && bytes.data[0] == 0x30 && n_length <= 4 &&
           span_equal(span_slice(bytes, 2 + n_length, sizeof version),
               span_of(version, sizeof version));
}

static bool read_whole(struct reading *reading, const PKCS12 *pfx, struct err *err)
{
    bool ok = pfx_check_mac(reading, pfx, err) && add_safes(reading, pfx, err);

    ERR_clear_error();
    return ok;
}

bool pfx_read(struct reading *reading, struct span bytes, bool *ret_is_one, struct err *err)
{
    const uint8_t *at = bytes.data;

    *ret_is_one = looks_like_one(bytes);
    if (!*ret_is_one)
        return true;
    PKCS12 *pfx = d2i_PKCS12(NULL, &at, (long)bytes.size);
    bool ok = pfx ? at == bytes.data + bytes.size
                        ? read_whole(reading, pfx, err)
                        : malformed(reading, "there are bytes behind its end", err)
                  : malformed(reading, "it is cut off or damaged", err);

    PKCS12_free(pfx);
    return ok;
}
