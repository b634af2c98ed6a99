/* x509/key: what can be said of a public key, be it in a certificate or in a request. */
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "x509/cert_struct.h"

static enum cert_key kind_of(int nid)
{
    switch (nid) {
    case NID_rsaEncryption:
    case NID_rsassaPss:
    case NID_rsa:
        return CERT_KEY_RSA;
    case NID_X9_62_id_ecPublicKey:
        return CERT_KEY_EC;
    case NID_ED25519:
        return CERT_KEY_ED25519;
    case NID_ED448:
        return CERT_KEY_ED448;
    case NID_dsa:
    case NID_dsa_2:
        return CERT_KEY_DSA;
    default:
        return CERT_KEY_OTHER;
    }
}

static void read_curve(const EVP_PKEY *pkey, struct key_facts *ret)
{
    char group[64] = "";
    size_t n = 0;

    if (ret->kind != CERT_KEY_EC || !EVP_PKEY_get_group_name(pkey, group, sizeof group, &n))
        return;
    const int nid = OBJ_txt2nid(group);
    const char *const nist = nid != NID_undef ? EC_curve_nid2nist(nid) : NULL;

    span_copy_text(span_text(nist ? nist : group), ret->curve, sizeof ret->curve);
}

void key_facts_read(X509_PUBKEY *pubkey, const EVP_PKEY *pkey, struct key_facts *ret)
{
    static const char *const words[] = {
        [CERT_KEY_RSA] = "rsa",
        [CERT_KEY_EC] = "ec",
        [CERT_KEY_ED25519] = "ed25519",
        [CERT_KEY_ED448] = "ed448",
        [CERT_KEY_DSA] = "dsa",
        [CERT_KEY_OTHER] = NULL,
    };
    ASN1_OBJECT *algorithm = NULL;
    unsigned char *spki = NULL;
    const int n = i2d_X509_PUBKEY(pubkey, &spki);

    X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, pubkey);
    *ret = (struct key_facts){ .kind = kind_of(OBJ_obj2nid(algorithm)) };
    if (words[ret->kind])
        span_copy_text(span_text(words[ret->kind]), ret->algorithm, sizeof ret->algorithm);
    else
        OBJ_obj2txt(ret->algorithm, sizeof ret->algorithm, algorithm, 0);
    if (pkey) {
        ret->bits = EVP_PKEY_get_bits(pkey);
        read_curve(pkey, ret);
    }
    if (n > 0)
        EVP_Digest(spki, (size_t)n, ret->spki_sha256, NULL, EVP_sha256(), NULL);
    OPENSSL_free(spki);
}

const char *key_slot(const struct key_facts *key)
{
    return key->kind == CERT_KEY_RSA ? "rsa" : key->kind == CERT_KEY_EC ? "ecdsa" : "other";
}
