/* x509/pubkey: keys and requests are decoded as OpenSSL itself would. */
#include "testing.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "x509/pubkey.h"

static EVP_PKEY *make_key(const char *kind)
{
    EVP_PKEY *const key =
        strcmp(kind, "RSA") == 0       ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
        : strcmp(kind, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                       : EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);

    assert_non_null(key);
    return key;
}

static const char *const kinds[] = { "P-256", "P-384", "P-521", "secp256k1", "RSA", "ED25519" };

static void a_key_is_the_one_that_openssl_finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(kinds); i++) {
        EVP_PKEY *key = make_key(kinds[i]);
        X509_PUBKEY *pubkey = NULL;

        assert_int_equal(X509_PUBKEY_set(&pubkey, key), 1);
        EVP_PKEY *decoded = pubkey_decode(pubkey);

        assert_non_null(decoded);
        assert_int_equal(EVP_PKEY_eq(decoded, key), 1);
        EVP_PKEY_free(decoded);
        X509_PUBKEY_free(pubkey);
        EVP_PKEY_free(key);
    }
}

static void what_is_no_point_of_the_curve_is_no_key(void **state)
{
    EVP_PKEY *key = make_key("P-256");
    X509_PUBKEY *pubkey = NULL;
    const uint8_t *bits = NULL;
    int size = 0;

    (void)state;
    assert_int_equal(X509_PUBKEY_set(&pubkey, key), 1);
    assert_int_equal(X509_PUBKEY_get0_param(NULL, &bits, &size, NULL, pubkey), 1);
    uint8_t *const other = OPENSSL_memdup(bits, (size_t)size);

    other[size - 1] ^= 1;
    assert_int_equal(X509_PUBKEY_set0_param(pubkey, OBJ_nid2obj(NID_X9_62_id_ecPublicKey),
                         V_ASN1_OBJECT, OBJ_nid2obj(NID_X9_62_prime256v1), other, size),
        1);
    assert_null(pubkey_decode(pubkey));
    X509_PUBKEY_free(pubkey);
    EVP_PKEY_free(key);
}

static unsigned char *make_request(EVP_PKEY *key, const char *kind, size_t *ret_size)
{
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;

    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    assert_true(
        X509_REQ_sign(request, key, strcmp(kind, "ED25519") == 0 ? NULL : EVP_sha256()) > 0);
    *ret_size = (size_t)i2d_X509_REQ(request, &der);
    X509_REQ_free(request);
    return der;
}

static bool is_signed(const unsigned char *der, size_t size)
{
    size_t n = 0;
    X509_REQ *request = pubkey_request_parse(span_of(der, size), &n);

    assert_non_null(request);
    assert_int_equal(n, size);
    EVP_PKEY *key = pubkey_decode(X509_REQ_get_X509_PUBKEY(request));
    const bool is = pubkey_request_is_signed(request, key);

    EVP_PKEY_free(key);
    X509_REQ_free(request);
    return is;
}

static void a_request_is_signed_by_its_key_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(kinds); i++) {
        EVP_PKEY *key = make_key(kinds[i]);
        size_t size;
        unsigned char *der = make_request(key, kinds[i], &size);

        assert_true(is_signed(der, size));
        der[size - 1] ^= 1;
        assert_false(is_signed(der, size));
        OPENSSL_free(der);
        EVP_PKEY_free(key);
    }
}

static void what_is_no_request_is_none(void **state)
{
    size_t n = 0;

    (void)state;
    assert_null(pubkey_request_parse(span_of(NULL, 0), &n));
    assert_null(pubkey_request_parse(span_text("0\x03\x02\x01\x07"), &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_the_one_that_openssl_finds),
        cmocka_unit_test(what_is_no_point_of_the_curve_is_no_key),
        cmocka_unit_test(a_request_is_signed_by_its_key_or_not),
        cmocka_unit_test(what_is_no_request_is_none),
    };
    return cmocka_run_group_tests_name("pubkey", tests, NULL, NULL);
}
