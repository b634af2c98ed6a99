/*
 * vault/hsm_answer: see the header.
 *
 * Whatever the token says no to, its session is closed and the request tried once more with a new
 * one: a token that was pulled and put back is found again that way.
 */
#include "vault/hsm_answer.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/frame.h"
#include "vault/hsm.h"
#include "vault/hsm_wire.h"
#include "vault/pkcs11.h"

#define ATTRIBUTE_MAX 1024
#define SIGNATURE_MAX 1024

/* One module in a process. */
struct holder {
    struct pkcs11 p;
    struct pkcs11_where where;
    int pin_fd;
    struct hsm_ref last; /* whose handle is in `key`; nothing where is_found is false */
    CK_OBJECT_HANDLE key;
    bool is_found;
};

/* What makes an elliptic curve in a token: DER of its name. */
static const uint8_t p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const uint8_t p384[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22 };

static const struct recipe {
    CK_MECHANISM_TYPE mechanism;
    CK_ULONG bits; /* RSA */
    struct span curve;
} recipes[] = {
    [VAULT_RSA_2048] = { CKM_RSA_PKCS_KEY_PAIR_GEN, 2048, { NULL, 0 } },
    [VAULT_RSA_3072] = { CKM_RSA_PKCS_KEY_PAIR_GEN, 3072, { NULL, 0 } },
    [VAULT_RSA_4096] = { CKM_RSA_PKCS_KEY_PAIR_GEN, 4096, { NULL, 0 } },
    [VAULT_P256] = { CKM_EC_KEY_PAIR_GEN, 0, { p256, sizeof p256 } },
    [VAULT_P384] = { CKM_EC_KEY_PAIR_GEN, 0, { p384, sizeof p384 } },
};

/* ---- finding ---- */

static bool is_named(const struct hsm_ref *a, const struct hsm_ref *b)
{
    return a->id_size == b->id_size && memcmp(a->id, b->id, a->id_size) == 0 &&
           strcmp(a->label, b->label) == 0;
}

/* ERR_CONFLICT: there is none, or more than one. */
static bool find(struct holder *h, CK_OBJECT_CLASS class, const struct hsm_ref *ref,
    CK_OBJECT_HANDLE *ret, struct err *err)
{
    struct hsm_ref name = *ref;
    CK_ATTRIBUTE attributes[3] = { { CKA_CLASS, &class, sizeof class } };
    CK_OBJECT_HANDLE found[2];
    size_t n_attributes = 1, n = 0;

    if (name.label[0])
        attributes[n_attributes++] = (CK_ATTRIBUTE){ CKA_LABEL, name.label, strlen(name.label) };
    if (name.id_size > 0)
        attributes[n_attributes++] = (CK_ATTRIBUTE){ CKA_ID, name.id, name.id_size };
    if (!pkcs11_find(&h->p, attributes, n_attributes, found, countof(found), &n, err))
        return false;
    if (n == 0)
        return fail(err, ERR_CONFLICT, "the token %s has no %s key \"%s\"%s%s", h->p.serial,
            class == CKO_PRIVATE_KEY ? "private" : "public", name.label,
            ref->serial[0] ? ": it is the key of token " : "", ref->serial);
    if (n > 1)
        return fail(err, ERR_CONFLICT, "the token %s has several keys \"%s\"", h->p.serial,
            name.label);
    *ret = found[0];
    return true;
}

/* ---- the public half ---- */

/* ret->pValue is a buffer of ATTRIBUTE_MAX bytes. */
static bool get(struct holder *h, CK_OBJECT_HANDLE key, CK_ATTRIBUTE *ret, struct err *err)
{
    ret->ulValueLen = ATTRIBUTE_MAX;
    CK_RV rv = h->p.call->C_GetAttributeValue(h->p.session, key, ret, 1);

    if (rv == CKR_OK && ret->ulValueLen <= ATTRIBUTE_MAX)
        return true;
    return pkcs11_fail(err, rv, "could not read the public key");
}

static bool put_spki(EVP_PKEY *key, struct buf *spki)
{
    uint8_t *der = NULL;
    int size = key ? i2d_PUBKEY(key, &der) : -1;

    if (size > 0)
        buf_add(spki, der, (size_t)size);
    OPENSSL_free(der);
    return size > 0;
}

static EVP_PKEY *key_of(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool read_rsa(struct holder *h, CK_OBJECT_HANDLE key, struct buf *spki, struct err *err)
{
    uint8_t n[ATTRIBUTE_MAX], e[ATTRIBUTE_MAX];
    CK_ATTRIBUTE modulus = { CKA_MODULUS, n, sizeof n };
    CK_ATTRIBUTE exponent = { CKA_PUBLIC_EXPONENT, e, sizeof e };

    if (!get(h, key, &modulus, err) || !get(h, key, &exponent, err))
        return false;
    BIGNUM *bn = BN_bin2bn(n, (int)modulus.ulValueLen, NULL);
    BIGNUM *be = BN_bin2bn(e, (int)exponent.ulValueLen, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    bool ok = bn && be && build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn) &&
              OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, be) &&
              (params = OSSL_PARAM_BLD_to_param(build));
    EVP_PKEY *made = ok ? key_of("RSA", params) : NULL;

    ok = made && put_spki(made, spki);
    EVP_PKEY_free(made);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(bn);
    BN_free(be);
    return ok || fail(err, ERR_CONFLICT, "the token gave no public key that makes sense");
}

/* Within an OCTET STRING, as the standard has it; some modules leave that out. */
static struct span bare_point(const CK_ATTRIBUTE *point)
{
    struct span s = span_of(point->pValue, point->ulValueLen);

    return s.size > 2 && s.data[0] == 0x04 && s.data[1] == s.size - 2 ? span_slice(s, 2, SIZE_MAX)
                                                                      : s;
}

static bool read_ec(struct holder *h, CK_OBJECT_HANDLE key, struct buf *spki, struct err *err)
{
    uint8_t curve[ATTRIBUTE_MAX], bytes[ATTRIBUTE_MAX];
    CK_ATTRIBUTE params = { CKA_EC_PARAMS, curve, sizeof curve };
    CK_ATTRIBUTE point = { CKA_EC_POINT, bytes, sizeof bytes };
    char p256_name[] = "P-256", p384_name[] = "P-384";

    if (!get(h, key, &params, err) || !get(h, key, &point, err))
        return false;
    struct span name = span_of(curve, params.ulValueLen);
    bool is_p256 = span_equal(name, span_of(p256, sizeof p256));

    if (!is_p256 && !span_equal(name, span_of(p384, sizeof p384)))
        return fail(err, ERR_INVALID,
            "the key in the token is on none of the curves P-256 and P-384");
    struct span bare = bare_point(&point);
    OSSL_PARAM list[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
            is_p256 ? p256_name : p384_name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)bare.data,
            bare.size),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *made = key_of("EC", list);
    bool ok = made && put_spki(made, spki);

    EVP_PKEY_free(made);
    return ok || fail(err, ERR_CONFLICT, "the token gave no public key that makes sense");
}

static bool read_public(struct holder *h, CK_OBJECT_HANDLE key, struct buf *spki, struct err *err)
{
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE attribute = { CKA_KEY_TYPE, &type, sizeof type };
    CK_RV rv = h->p.call->C_GetAttributeValue(h->p.session, key, &attribute, 1);

    if (rv != CKR_OK)
        return pkcs11_fail(err, rv, "could not read the public key");
    if (type == CKK_RSA)
        return read_rsa(h, key, spki, err);
    return type == CKK_EC ? read_ec(h, key, spki, err)
                          : fail(err, ERR_INVALID, "the key in the token is neither RSA nor EC");
}

/* ---- what is asked ---- */

static bool generate(struct holder *h, const struct recipe *recipe, struct hsm_ref *ref,
    CK_OBJECT_HANDLE *ret_public, struct err *err)
{
    CK_MECHANISM mechanism = { recipe->mechanism, NULL, 0 };
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG bits = recipe->bits;
    uint8_t exponent[] = { 1, 0, 1 };
    uint8_t curve[16];
    CK_ATTRIBUTE public[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_VERIFY, &yes, sizeof yes },
        { CKA_LABEL, ref->label, strlen(ref->label) }, { CKA_ID, ref->id, ref->id_size },
        { CKA_MODULUS_BITS, &bits, sizeof bits },
        { CKA_PUBLIC_EXPONENT, exponent, sizeof exponent } };
    CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_PRIVATE, &yes, sizeof yes },
        { CKA_SENSITIVE, &yes, sizeof yes }, { CKA_EXTRACTABLE, &no, sizeof no },
        { CKA_SIGN, &yes, sizeof yes }, { CKA_LABEL, ref->label, strlen(ref->label) },
        { CKA_ID, ref->id, ref->id_size } };
    size_t n_public = countof(public);
    CK_OBJECT_HANDLE made;

    if (recipe->curve.size > 0) {
        memcpy(curve, recipe->curve.data, recipe->curve.size);
        public[4] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, curve, recipe->curve.size };
        n_public = 5;
    }
    CK_RV rv = h->p.call->C_GenerateKeyPair(h->p.session, &mechanism, public, n_public, private,
        countof(private), ret_public, &made);

    return rv == CKR_OK || pkcs11_fail(err, rv, "could not make a key in the token");
}

static void put_made(struct buf *out, const struct holder *h, const struct hsm_ref *ref,
    const struct buf *spki)
{
    frame_put_text(out, h->p.serial);
    frame_put_bytes(out, span_of(ref->id, ref->id_size));
    frame_put_bytes(out, buf_span(spki));
}

static bool make(struct holder *h, struct frame_reader *r, struct buf *out, struct err *err)
{
    autodone(buf) struct buf spki = BUF_INIT(4096);
    struct hsm_ref ref = { 0 };
    CK_OBJECT_HANDLE public_key;
    uint8_t algorithm = frame_read_u8(r);

    hsm_id_read(r, &ref);
    frame_read_text_to(r, ref.label, sizeof ref.label);
    if (!frame_reader_end(r, err))
        return false;
    if (algorithm >= countof(recipes))
        return fail(err, ERR_INVALID, "a token keeps no keys of this kind");
    if (!generate(h, &recipes[algorithm], &ref, &public_key, err) ||
        !read_public(h, public_key, &spki, err))
        return false;
    put_made(out, h, &ref, &spki);
    return true;
}

/* The id that the key has, by which it is found beside others of its name. */
static bool read_key_id(struct holder *h, CK_OBJECT_HANDLE key, struct hsm_ref *ret,
    struct err *err)
{
    uint8_t id[ATTRIBUTE_MAX];
    CK_ATTRIBUTE attribute = { CKA_ID, id, sizeof id };

    if (!get(h, key, &attribute, err))
        return false;
    if (attribute.ulValueLen > sizeof ret->id)
        return fail(err, ERR_INVALID, "the id (CKA_ID) of the key \"%s\" is too long", ret->label);
    ret->id_size = attribute.ulValueLen;
    memcpy(ret->id, id, ret->id_size);
    return true;
}

static bool take_one(struct holder *h, struct frame_reader *r, struct buf *out, struct err *err)
{
    autodone(buf) struct buf spki = BUF_INIT(4096);
    struct hsm_ref ref = { 0 };
    CK_OBJECT_HANDLE private_key, public_key;

    frame_read_text_to(r, ref.label, sizeof ref.label);
    if (!frame_reader_end(r, err))
        return false;
    if (!ref.label[0] || !span_equal(span_text(ref.label), h->where.key))
        return fail(err, ERR_DENIED,
            "the key \"%s\" in the token is not one that the setting ca.pkcs11_key names",
            ref.label);
    if (!find(h, CKO_PRIVATE_KEY, &ref, &private_key, err) ||
        !read_key_id(h, private_key, &ref, err) ||
        !find(h, CKO_PUBLIC_KEY, &ref, &public_key, err) || !read_public(h, public_key, &spki, err))
        return false;
    put_made(out, h, &ref, &spki);
    return true;
}

/* The handle is kept: looking for it takes about as long as a signature. */
static bool find_private(struct holder *h, const struct hsm_ref *ref, struct err *err)
{
    if (h->is_found && is_named(&h->last, ref))
        return true;
    h->is_found = find(h, CKO_PRIVATE_KEY, ref, &h->key, err);
    h->last = *ref;
    return h->is_found;
}

static bool sign(struct holder *h, struct frame_reader *r, struct buf *out, struct err *err)
{
    struct hsm_ref ref = { 0 };
    uint8_t bytes[ATTRIBUTE_MAX], signature[SIGNATURE_MAX];
    CK_ULONG size = sizeof signature;

    hsm_ref_read(r, &ref);
    CK_MECHANISM mechanism = { frame_read_bool(r) ? CKM_RSA_PKCS : CKM_ECDSA, NULL, 0 };
    struct span digest = frame_read_bytes(r);

    if (!frame_reader_end(r, err))
        return false;
    if (digest.size == 0 || digest.size > sizeof bytes || (!ref.label[0] && ref.id_size == 0))
        return fail(err, ERR_INVALID, "that is nothing that a token signs");
    if (!find_private(h, &ref, err))
        return false;
    memcpy(bytes, digest.data, digest.size);
    CK_RV rv = h->p.call->C_SignInit(h->p.session, &mechanism, h->key);

    if (rv == CKR_OK)
        rv = h->p.call->C_Sign(h->p.session, bytes, digest.size, signature, &size);
    if (rv != CKR_OK)
        return pkcs11_fail(err, rv, "could not sign");
    frame_put_bytes(out, span_of(signature, size));
    return true;
}

static bool run_open(struct holder *h, const struct frame *request, struct buf *out,
    struct err *err)
{
    struct frame_reader r = frame_reader_of(request->payload);

    switch ((enum hsm_request)request->type) {
    case HSM_MAKE:
        return make(h, &r, out, err);
    case HSM_TAKE:
        return take_one(h, &r, out, err);
    case HSM_SIGN:
        return sign(h, &r, out, err);
    }
    return fail(err, ERR_INVALID, "unknown request to the token");
}

static bool run_once(struct holder *h, const struct frame *request, struct buf *out,
    struct err *err)
{
    if (!pkcs11_open(&h->p, &h->where, h->pin_fd, err)) {
        if (err->kind == ERR_INVALID) /* the module, not what was asked */
            err->kind = ERR_CONFLICT;
        return false;
    }
    if (run_open(h, request, out, err))
        return true;
    /* A key that is gone may be back in the next session. */
    if (err->kind == ERR_UNAVAILABLE || err->kind == ERR_CONFLICT) {
        h->is_found = false;
        pkcs11_close(&h->p);
    }
    return false;
}

/* A session that was good for long may have ended without anybody having been told. */
static bool run(struct holder *h, const struct frame *request, struct buf *out, struct err *err)
{
    bool was_open = h->p.is_open;

    if (run_once(h, request, out, err))
        return true;
    if (!was_open || h->p.is_open || request->type != HSM_SIGN)
        return false;
    err_clear(err);
    return run_once(h, request, out, err);
}

static void answer(struct holder *h, const struct frame *request, struct buf *out)
{
    struct err err = { 0 };
    size_t begun = frame_begin(out, request->request, HSM_DONE);

    if (run(h, request, out, &err)) {
        frame_end(out, begun);
        return;
    }
    buf_clear(out);
    begun = frame_begin(out, request->request, HSM_FAILED);
    frame_put_err(out, &err);
    frame_end(out, begun);
}

int hsm_answer_all(int fd, const char *where, int pin_fd)
{
    static struct holder holder;
    autodone(buf) struct buf in = BUF_INIT(HSM_FRAME_MAX);
    autodone(buf) struct buf out = BUF_INIT(HSM_FRAME_MAX + FRAME_HEADER_SIZE);
    struct frame request;
    struct err err = { 0 };

    holder.pin_fd = pin_fd;
    if (!pkcs11_where_read(where, &holder.where, &err))
        return 1;
    for (;;) {
        buf_clear(&in);
        buf_clear(&out);
        if (!frame_receive(fd, -1, &in, &request, NULL, NULL, &err))
            return 0;
        answer(&holder, &request, &out);
        if (!frame_send_bytes(fd, buf_span(&out), &err))
            return 0;
    }
}
