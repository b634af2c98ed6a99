/*
 * x509/pubkey: see the header.
 *
 * A library context that has no decoders leaves keys alone. The three usual curves have a key each
 * that others are made from; what is of any other kind goes OpenSSL's way.
 */
#include "x509/pubkey.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>
#include <pthread.h>

#include "x509/sigalg.h"

static struct curve {
    int nid;
    const char *name;
    EVP_PKEY *parameters;
} curves[] = { { NID_X9_62_prime256v1, "prime256v1", NULL }, { NID_secp384r1, "secp384r1", NULL },
    { NID_secp521r1, "secp521r1", NULL } };

/* Neither is ever freed. */
static OSSL_LIB_CTX *without_decoders;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static EVP_PKEY *parameters_of(const char *curve)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *ret = NULL;
    char *name = OPENSSL_strdup(curve);
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
        OSSL_PARAM_construct_end() };

    if (!ctx || !name || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &ret, EVP_PKEY_KEY_PARAMETERS, params) != 1)
        ret = NULL;
    OPENSSL_free(name);
    EVP_PKEY_CTX_free(ctx);
    return ret;
}

static void set_up(void)
{
    without_decoders = OSSL_LIB_CTX_new();
    if (without_decoders && !OSSL_PROVIDER_load(without_decoders, "null")) {
        OSSL_LIB_CTX_free(without_decoders);
        without_decoders = NULL; /* the default one: slower */
    }
    for (size_t i = 0; i < countof(curves); i++)
        curves[i].parameters = parameters_of(curves[i].name);
}

X509_REQ *pubkey_request_parse(struct span der, size_t *ret_size)
{
    const unsigned char *at = der.data;

    (void)pthread_once(&once, set_up);
    sigalg_learn();
    if (der.size == 0)
        return NULL;
    X509_REQ *request = (X509_REQ *)ASN1_item_d2i_ex(NULL, &at, (long)der.size,
        ASN1_ITEM_rptr(X509_REQ), without_decoders, NULL);

    if (request)
        *ret_size = (size_t)(at - der.data);
    return request;
}

bool pubkey_request_is_signed(X509_REQ *request, EVP_PKEY *key)
{
    return X509_REQ_verify_ex(request, key, NULL, NULL) == 1;
}

static const struct curve *curve_of(X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *oid = NULL;
    const void *value = NULL;
    int type = V_ASN1_UNDEF;

    X509_ALGOR_get0(&oid, &type, &value, algorithm);
    if (OBJ_obj2nid(oid) != NID_X9_62_id_ecPublicKey || type != V_ASN1_OBJECT)
        return NULL;
    const int nid = OBJ_obj2nid(value);

    for (size_t i = 0; i < countof(curves); i++)
        if (curves[i].nid == nid && curves[i].parameters)
            return &curves[i];
    return NULL;
}

static EVP_PKEY *decode_any(X509_PUBKEY *pubkey)
{
    unsigned char *spki = NULL;
    const int size = i2d_X509_PUBKEY(pubkey, &spki);
    const unsigned char *at = spki;
    EVP_PKEY *key = size > 0 ? d2i_PUBKEY(NULL, &at, size) : NULL;

    OPENSSL_free(spki);
    return key;
}

EVP_PKEY *pubkey_decode(X509_PUBKEY *pubkey)
{
    const unsigned char *bits = NULL;
    int size = 0;
    X509_ALGOR *algorithm = NULL;

    (void)pthread_once(&once, set_up);
    if (X509_PUBKEY_get0_param(NULL, &bits, &size, &algorithm, pubkey) != 1)
        return NULL;
    const struct curve *const curve = curve_of(algorithm);

    if (!curve)
        return decode_any(pubkey);
    EVP_PKEY *key = EVP_PKEY_dup(curve->parameters);

    if (key && EVP_PKEY_set1_encoded_public_key(key, bits, (size_t)size) == 1)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}
