/* See testing_pem.h. */
#include "testing_pem.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/rand.h"

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ASSERT(extension && X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
}

static void take_pem(BIO *bio, struct buf *pem)
{
    char *bytes;
    long size = BIO_get_mem_data(bio, &bytes);

    buf_add(pem, bytes, (size_t)size);
    ASSERT(buf_ok(pem) && size > 0);
    BIO_free(bio);
}

void testing_make_cert(const char *common_name, struct buf *cert_pem, struct buf *key_pem)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());

    ASSERT(key && cert && cert_bio && key_bio);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), rand_below(UINT32_MAX) + 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
        (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_set_pubkey(cert, key);
    add_extension(cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
    ASSERT(X509_sign(cert, key, EVP_sha256()) > 0);
    ASSERT(PEM_write_bio_X509(cert_bio, cert) == 1);
    ASSERT(PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    take_pem(cert_bio, cert_pem);
    take_pem(key_bio, key_pem);
    X509_free(cert);
    EVP_PKEY_free(key);
}
