/*
 * import/pbe: see the header.
 *
 * Whether a cipher is there is asked of OpenSSL by fetching it: the old ones are there only if its
 * legacy provider could be loaded.
 */
#include "import/pbe.h"

#include <openssl/evp.h>
#include <openssl/objects.h>

/* What scrypt may fill (RFC 7914, 5): OpenSSL's own limit, which it does not tell from a wrong
 * password. */
#define SCRYPT_BYTES_MAX (32 << 20)

const char *pbe_name(const X509_ALGOR *algorithm, char field[static 96])
{
    const ASN1_OBJECT *object;

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    int nid = OBJ_obj2nid(object);

    if (nid != NID_undef)
        (void)snprintf(field, 96, "%s", OBJ_nid2ln(nid));
    else if (OBJ_obj2txt(field, 96, object, 1) <= 0)
        (void)snprintf(field, 96, "unknown");
    return field;
}

static bool unsupported(struct reading *reading, const char *name, struct err *err)
{
    return reading_fail(reading, IMPORT_UNSUPPORTED, err, "unsupported encryption: %s", name);
}

static bool malformed(struct reading *reading, struct err *err)
{
    return reading_fail(reading, IMPORT_MALFORMED, err,
        "its encryption's parameters are malformed");
}

static int nid_of(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object;

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    return OBJ_obj2nid(object);
}

/* The DER of the parameters, or NULL. */
static const ASN1_STRING *parameters_of(const X509_ALGOR *algorithm)
{
    const void *value;
    int type;

    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    return type == V_ASN1_SEQUENCE ? value : NULL;
}

static bool has_cipher(int nid)
{
    const char *name = nid == NID_undef ? NULL : OBJ_nid2sn(nid);
    EVP_CIPHER *cipher = name ? EVP_CIPHER_fetch(NULL, name, NULL) : NULL;

    EVP_CIPHER_free(cipher);
    return cipher != NULL;
}

/*
 * Ciphers that authenticate, as GCM, are fetched as well, but PBES2 has no place for their tag that
 * OpenSSL knew (RFC 8018, B.2): it would be said that the password is wrong.
 */
static bool is_aead(int nid)
{
    const EVP_CIPHER *cipher = EVP_get_cipherbynid(nid);

    return cipher && (EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER) != 0;
}

static bool has_digest(int nid)
{
    const char *name = nid == NID_undef ? NULL : OBJ_nid2sn(nid);
    EVP_MD *digest = name ? EVP_MD_fetch(NULL, name, NULL) : NULL;

    EVP_MD_free(digest);
    return digest != NULL;
}

/* At least 1, and at most what an int64 holds. */
static bool positive(const ASN1_INTEGER *number, int64_t *ret)
{
    return number && ASN1_INTEGER_get_int64(ret, number) == 1 && *ret > 0;
}

bool pbkdf2_read(struct reading *reading, const X509_ALGOR *algorithm, struct pbkdf2 *ret,
    struct err *err)
{
    const ASN1_STRING *der = parameters_of(algorithm);
    const uint8_t *at = der ? ASN1_STRING_get0_data(der) : NULL;
    PBKDF2PARAM *p = der ? d2i_PBKDF2PARAM(NULL, &at, ASN1_STRING_length(der)) : NULL;
    struct pbkdf2 found = { .owned = p };
    int digest = NID_sha1;
    char name[96];

    if (!p || p->salt->type != V_ASN1_OCTET_STRING || !positive(p->iter, &found.iterations) ||
        (p->keylength && !positive(p->keylength, &found.key_size))) {
        PBKDF2PARAM_free(p);
        return malformed(reading, err);
    }
    if (p->prf && EVP_PBE_find(EVP_PBE_TYPE_PRF, nid_of(p->prf), NULL, &digest, NULL) != 1)
        digest = NID_undef;
    found.digest = has_digest(digest) ? EVP_get_digestbynid(digest) : NULL;
    if (!found.digest) {
        (void)unsupported(reading, p->prf ? pbe_name(p->prf, name) : "hmacWithSHA1", err);
        PBKDF2PARAM_free(p);
        return false;
    }
    found.salt =
        span_of(p->salt->value.octet_string->data, (size_t)p->salt->value.octet_string->length);
    *ret = found;
    return true;
}

void pbkdf2_done(struct pbkdf2 *pbkdf2)
{
    PBKDF2PARAM_free(pbkdf2->owned);
    pbkdf2->owned = NULL;
}

/* scrypt is charged by the blocks it mixes, which cost about as much as an iteration each. */
static bool examine_scrypt(struct reading *reading, const X509_ALGOR *algorithm, int64_t *ret,
    struct err *err)
{
    const ASN1_STRING *der = parameters_of(algorithm);
    const uint8_t *at = der ? ASN1_STRING_get0_data(der) : NULL;
    SCRYPT_PARAMS *p = der ? d2i_SCRYPT_PARAMS(NULL, &at, ASN1_STRING_length(der)) : NULL;
    int64_t cost = 0, blocks = 0, parallel = 0, all;
    bool ok = p && positive(p->costParameter, &cost) && positive(p->blockSize, &blocks) &&
              positive(p->parallelizationParameter, &parallel);

    SCRYPT_PARAMS_free(p);
    if (!ok)
        return malformed(reading, err);
    if (__builtin_mul_overflow(cost, blocks, &all) || __builtin_mul_overflow(all, parallel, &all))
        all = INT64_MAX;
    int64_t rows = SCRYPT_BYTES_MAX / 128 / blocks; /* N of the table, 2 of work, p of the blocks */

    if (cost >= rows || parallel >= rows || cost + parallel + 2 > rows)
        return reading_fail(reading, IMPORT_TOO_COSTLY, err,
            "its key derivation takes more than %d MiB of memory", SCRYPT_BYTES_MAX >> 20);
    *ret = all;
    return true;
}

static bool examine_pbes2_parts(struct reading *reading, const PBE2PARAM *pbes2, int64_t *ret,
    struct err *err)
{
    autodone(pbkdf2) struct pbkdf2 pbkdf2 = { 0 };
    char name[96];

    if (!has_cipher(nid_of(pbes2->encryption)) || is_aead(nid_of(pbes2->encryption)))
        return unsupported(reading, pbe_name(pbes2->encryption, name), err);
    if (nid_of(pbes2->keyfunc) == NID_id_scrypt)
        return examine_scrypt(reading, pbes2->keyfunc, ret, err);
    if (nid_of(pbes2->keyfunc) != NID_id_pbkdf2)
        return unsupported(reading, pbe_name(pbes2->keyfunc, name), err);
    if (!pbkdf2_read(reading, pbes2->keyfunc, &pbkdf2, err))
        return false;
    *ret = pbkdf2.iterations;
    return true;
}

static bool examine_pbes2(struct reading *reading, const X509_ALGOR *algorithm, int64_t *ret,
    struct err *err)
{
    const ASN1_STRING *der = parameters_of(algorithm);
    const uint8_t *at = der ? ASN1_STRING_get0_data(der) : NULL;
    PBE2PARAM *pbes2 = der ? d2i_PBE2PARAM(NULL, &at, ASN1_STRING_length(der)) : NULL;
    bool ok = pbes2 ? examine_pbes2_parts(reading, pbes2, ret, err) : malformed(reading, err);

    PBE2PARAM_free(pbes2);
    return ok;
}

/* PKCS#5's and PKCS#12's first schemes: salt and iterations. */
static bool examine_pbes1(struct reading *reading, const X509_ALGOR *algorithm, int64_t *ret,
    struct err *err)
{
    const ASN1_STRING *der = parameters_of(algorithm);
    const uint8_t *at = der ? ASN1_STRING_get0_data(der) : NULL;
    PBEPARAM *p = der ? d2i_PBEPARAM(NULL, &at, ASN1_STRING_length(der)) : NULL;
    /* Left out it would be 1, but nothing says that it may be. */
    bool ok = p && positive(p->iter, ret);

    PBEPARAM_free(p);
    return ok || malformed(reading, err);
}

bool pbe_examine(struct reading *reading, const X509_ALGOR *algorithm, int64_t *ret_iterations,
    struct err *err)
{
    int nid = nid_of(algorithm), cipher = NID_undef, digest = NID_undef;
    char name[96];

    if (nid == NID_pbes2)
        return examine_pbes2(reading, algorithm, ret_iterations, err);
    if (nid == NID_undef || EVP_PBE_find(EVP_PBE_TYPE_OUTER, nid, &cipher, &digest, NULL) != 1 ||
        !has_cipher(cipher) || !has_digest(digest))
        return unsupported(reading, pbe_name(algorithm, name), err);
    return examine_pbes1(reading, algorithm, ret_iterations, err);
}
