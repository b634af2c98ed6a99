/* x509/ocsp: see the header. */
#include "x509/ocsp.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <string.h>

#include "base/err.h"
#include "codec/hex.h"
#include "x509/cert_struct.h"
#include "x509/der.h"

static const struct {
    int nid;
    size_t size;
} hashes[] = {
    [OCSP_SHA1] = { NID_sha1, 20 },
    [OCSP_SHA256] = { NID_sha256, 32 },
    [OCSP_SHA384] = { NID_sha384, 48 },
    [OCSP_SHA512] = { NID_sha512, 64 },
};

static bool read_hash(const ASN1_OBJECT *oid, enum ocsp_hash *ret)
{
    int nid = OBJ_obj2nid(oid);

    for (size_t i = 0; i < countof(hashes); i++) {
        if (hashes[i].nid == nid) {
            *ret = (enum ocsp_hash)i;
            return true;
        }
    }
    return false;
}

static bool copy_fixed(const ASN1_OCTET_STRING *from, size_t size, uint8_t *to)
{
    if ((size_t)ASN1_STRING_length(from) != size)
        return false;
    memcpy(to, ASN1_STRING_get0_data(from), size);
    return true;
}

static bool read_item(OCSP_ONEREQ *one, struct ocsp_item *ret)
{
    ASN1_OCTET_STRING *name = NULL, *key = NULL;
    ASN1_OBJECT *oid = NULL;
    ASN1_INTEGER *serial = NULL;

    if (OCSP_id_get0_info(&name, &oid, &key, &serial, OCSP_onereq_get0_id(one)) != 1 ||
        !read_hash(oid, &ret->hash))
        return false;
    ret->hash_size = hashes[ret->hash].size;
    ret->serial_size = (size_t)ASN1_STRING_length(serial);
    if (ASN1_STRING_type(serial) != V_ASN1_INTEGER || ret->serial_size == 0 ||
        ret->serial_size > sizeof ret->serial)
        return false;
    memcpy(ret->serial, ASN1_STRING_get0_data(serial), ret->serial_size);
    return copy_fixed(name, ret->hash_size, ret->name_hash) &&
           copy_fixed(key, ret->hash_size, ret->key_hash);
}

/* An OCTET STRING within the extension's own (RFC 9654, 2.1). */
static bool read_nonce(OCSP_REQUEST *request, struct ocsp_request *ret)
{
    int place = OCSP_REQUEST_get_ext_by_NID(request, NID_id_pkix_OCSP_Nonce, -1);
    struct span content;

    if (place < 0)
        return true;
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(OCSP_REQUEST_get_ext(request, place));
    struct span rest = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));

    if (!der_expect(&rest, DER_OCTET_STRING, &content) || rest.size > 0 || content.size == 0 ||
        content.size > sizeof ret->nonce)
        return false;
    memcpy(ret->nonce, content.data, content.size);
    ret->nonce_size = content.size;
    return true;
}

static bool read_request(OCSP_REQUEST *request, struct ocsp_request *ret, struct err *err)
{
    int n = OCSP_request_onereq_count(request);

    if (n <= 0)
        return fail(err, ERR_INVALID, "the request asks about no certificate");
    if (n > OCSP_ITEMS_MAX)
        return fail(err, ERR_LIMIT, "the request asks about more than %d certificates",
            OCSP_ITEMS_MAX);
    for (int i = 0; i < n; i++)
        if (!read_item(OCSP_request_onereq_get0(request, i), &ret->items[ret->n_items++]))
            return fail(err, ERR_INVALID,
                "certificate %d of the request is named in a way that cannot be understood", i + 1);
    return read_nonce(request, ret) ||
           fail(err, ERR_INVALID, "the nonce is not 1 to %d bytes (RFC 9654, 2.1)", OCSP_NONCE_MAX);
}

bool ocsp_request_parse(struct span der, struct ocsp_request *ret, struct err *err)
{
    const uint8_t *at = der.data;
    OCSP_REQUEST *request;

    *ret = (struct ocsp_request){ 0 };
    if (der.size > OCSP_REQUEST_MAX)
        return fail(err, ERR_LIMIT, "an OCSP request has at most %d bytes", OCSP_REQUEST_MAX);
    request = der.size > 0 ? d2i_OCSP_REQUEST(NULL, &at, (long)der.size) : NULL;
    bool ok = request && at == der.data + der.size
                  ? read_request(request, ret, err)
                  : fail(err, ERR_INVALID, "this is no OCSP request");

    OCSP_REQUEST_free(request);
    ERR_clear_error();
    return ok;
}

bool ocsp_item_is_of(const struct ocsp_item *item, const struct cert *issuer)
{
    const EVP_MD *digest = EVP_get_digestbynid(hashes[item->hash].nid);
    const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(issuer->x509);
    uint8_t hash[EVP_MAX_MD_SIZE];

    return digest && X509_NAME_digest(X509_get_subject_name(issuer->x509), digest, hash, NULL) &&
           memcmp(hash, item->name_hash, item->hash_size) == 0 &&
           EVP_Digest(ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key), hash, NULL,
               digest, NULL) == 1 &&
           memcmp(hash, item->key_hash, item->hash_size) == 0;
}

const char *ocsp_item_serial(const struct ocsp_item *item,
    char field[static 2 * OCSP_SERIAL_MAX + 1])
{
    return hex_encode(span_of(item->serial, item->serial_size), field, 2 * OCSP_SERIAL_MAX + 1);
}

void ocsp_write_refusal(enum ocsp_refusal refusal, struct buf *der)
{
    /* SEQUENCE { ENUMERATED } */
    const uint8_t bytes[] = { 0x30, 0x03, 0x0A, 0x01, (uint8_t)refusal };

    buf_add(der, bytes, sizeof bytes);
}
