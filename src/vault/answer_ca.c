/*
 * vault/answer_ca: see the header.
 *
 * Every request that uses a key opens a seal of the purpose "ca" and acts by what is in it; nothing
 * that the server says can widen that.
 */
#include "vault/answer_ca.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "vault/answer.h"
#include "vault/ca_cache.h"
#include "vault/ca_issue.h"
#include "vault/ca_lists.h"
#include "vault/ca_seal.h"
#include "vault/hsm.h"
#include "vault/keys.h"
#include "vault/protocol.h"
#include "vault/seal.h"

#define CERT_MAX (64u << 10)

static bool check_purpose(const struct vault_binding *binding, struct err *err)
{
    if (binding->purpose == VAULT_CA)
        return true;
    return fail(err, ERR_DENIED, "that is not what a key for \"%s\" is for",
        vault_purpose_name(binding->purpose));
}

/* ---- making one ---- */

struct making {
    struct vault_ca_new new;
    struct vault_csr subject;
    char texts[VAULT_SUBJECT_TEXTS][VAULT_TEXT_MAX];
    struct ca_names names;
    char token_label[HSM_LABEL_SIZE];
    char token_key[HSM_LABEL_SIZE];
};

static void read_new(struct frame_reader *r, struct making *ret)
{
    ret->new.is_in_token = frame_read_bool(r);
    frame_read_text_to(r, ret->token_label, sizeof ret->token_label);
    frame_read_text_to(r, ret->token_key, sizeof ret->token_key);
    vault_read_subject(r, ret->texts, &ret->subject);
    ret->new.subject = &ret->subject;
    ca_names_read(r, &ret->names);
    ret->new.is_root = frame_read_bool(r);
    ret->new.serial = frame_read_bytes(r);
    ret->new.not_before = frame_read_i64(r);
    ret->new.not_after = frame_read_i64(r);
}

/* What was made, or found. */
struct made {
    EVP_PKEY *key;
    struct secret *pkcs8; /* NULL: it lies in the token */
    struct buf ref;       /* what then names it */
    struct buf spki;
};

static void made_done(struct made *made)
{
    EVP_PKEY_free(made->key);
    secret_free(made->pkcs8);
    buf_done(&made->ref);
    buf_done(&made->spki);
}
DEFINE_AUTODONE(made);

static struct ca_key key_of(const struct made *made)
{
    return (struct ca_key){ made->pkcs8 == NULL,
        made->pkcs8 ? secret_span(made->pkcs8) : buf_span(&made->ref) };
}

static bool make_in_token(struct hsm *hsm, const struct making *making, struct made *ret,
    struct err *err)
{
    struct hsm_ref ref;
    const enum vault_algorithm algorithm = making->new.algorithm;
    bool ok = making->token_key[0]
                  ? hsm_take(hsm, making->token_key, &ref, &ret->spki, err)
                  : hsm_make(hsm, algorithm, making->token_label, &ref, &ret->spki, err);

    if (!ok)
        return false;
    ca_key_put_ref(&ret->ref, &ref, buf_span(&ret->spki));
    ret->key = hsm_key_new(hsm, &ref, buf_span(&ret->spki), err);
    if (!ret->key)
        return false;
    return keys_is_a(ret->key, algorithm) ||
           fail(err, ERR_INVALID, "the key \"%s\" in the token is not %s", ref.label,
               vault_algorithm_name(algorithm));
}

static bool make_key(struct hsm *hsm, const struct making *making, struct made *ret,
    struct err *err)
{
    if (making->new.is_in_token)
        return make_in_token(hsm, making, ret, err);
    if (!keys_make(making->new.algorithm, &ret->pkcs8, &ret->spki, err))
        return false;
    ret->key = keys_decode(secret_span(ret->pkcs8), err);
    return ret->key != NULL;
}

/* What the key says of itself: the root's certificate, or a request. */
static bool build(const struct making *making, EVP_PKEY *key, struct buf *der, struct err *err)
{
    return making->new.is_root ? ca_issue_root(key, &making->new, &making->names, der, err)
                               : ca_issue_request(key, &making->new, &making->names, der, err);
}

static bool seal_ca(const struct vault *vault, const struct vault_binding *binding,
    struct span clear, struct buf *out, struct err *err)
{
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);

    if (!seal_close(&vault->ring, binding, clear, &sealed, err))
        return false;
    frame_put_bytes(out, buf_span(&sealed));
    return true;
}

static bool make(struct vault *vault, const struct making *making,
    const struct vault_binding *binding, struct buf *out, struct err *err)
{
    autodone(buf) struct buf clear = BUF_INIT_SECRET(VAULT_SECRET_MAX);
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX);
    autodone(made) struct made made = { .ref = BUF_INIT(CERT_MAX), .spki = BUF_INIT(CERT_MAX) };

    (void)pthread_mutex_unlock(&vault->lock);
    bool works = make_key(vault->hsm, making, &made, err) && build(making, made.key, &der, err);

    (void)pthread_mutex_lock(&vault->lock);
    const struct ca_key key = key_of(&made);

    if (!works ||
        !ca_seal_write(&making->names, making->new.is_root,
            making->new.is_root ? buf_span(&der) : SPAN_EMPTY, &key, &clear, err) ||
        !seal_ca(vault, binding, buf_span(&clear), out, err))
        return false;
    frame_put_bytes(out, buf_span(&made.spki));
    frame_put_bytes(out, buf_span(&der));
    return true;
}

bool answer_ca_make(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
{
    struct making making = { 0 };
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    uint8_t algorithm = frame_read_u8(r);

    vault_read_binding(r, &binding, row);
    read_new(r, &making);
    bool ok = frame_reader_end(r, err) && check_purpose(&binding, err) &&
              (algorithm <= VAULT_ED25519 || fail(err, ERR_INVALID, "unknown kind of key"));

    making.new.algorithm = ok ? (enum vault_algorithm)algorithm : VAULT_P256;
    ok = ok && make(vault, &making, &binding, out, err);
    ca_names_done(&making.names);
    return ok;
}

/* ---- using one ---- */

/* The start of every request that uses a key; `seal` is the cache's. */
struct opened {
    struct vault_binding binding;
    char row[VAULT_ROW_MAX + 1];
    const struct ca_seal *seal;
};

static bool open_ca(struct vault *vault, struct frame_reader *r, struct opened *ret,
    struct err *err)
{
    struct span sealed = frame_read_bytes(r);

    vault_read_binding(r, &ret->binding, ret->row);
    if (r->failed)
        return frame_reader_end(r, err);
    return check_purpose(&ret->binding, err) &&
           ca_cache_open(&vault->cas, &vault->ring, &ret->binding, sealed, &ret->seal, err);
}

static bool need_cert(const struct opened *opened, struct err *err)
{
    return opened->seal->cert ||
           fail(err, ERR_CONFLICT, "the authority has no certificate yet, and signs nothing");
}

bool answer_ca_install(struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    struct opened opened = { 0 };
    autodone(buf) struct buf clear = BUF_INIT_SECRET(VAULT_SECRET_MAX);

    if (!open_ca(vault, r, &opened, err))
        return false;
    struct span der = frame_read_bytes(r);
    const uint8_t *at = der.data;

    if (!frame_reader_end(r, err))
        return false;
    if (opened.seal->is_root)
        return fail(err, ERR_CONFLICT, "a root signs itself and takes no other certificate");
    X509 *cert = der.size > 0 && der.size <= CERT_MAX ? d2i_X509(NULL, &at, (long)der.size) : NULL;
    bool ok = cert && at == der.data + der.size
                  ? ca_issue_check(opened.seal, cert, err)
                  : fail(err, ERR_INVALID, "the certificate is malformed");

    X509_free(cert);
    return ok &&
           ca_seal_write(&opened.seal->names, false, der, &opened.seal->sealed_key, &clear, err) &&
           seal_ca(vault, &opened.binding, buf_span(&clear), out, err);
}

/* Nothing that could be taken for a certificate, list or answer: those begin with a SEQUENCE. */
static bool prove(const struct ca_seal *seal, struct err *err)
{
    uint8_t message[64] = "certdesk proof of possession 1";
    uint8_t signature[1024];
    size_t size = sizeof signature;
    const EVP_MD *md = keys_digest(seal->key);
    EVP_PKEY *public_key = seal->cert ? X509_get0_pubkey(seal->cert) : seal->key;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_MD_CTX *check = EVP_MD_CTX_new();

    rand_bytes(message + 32, sizeof message - 32);
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, seal->key) == 1 &&
              EVP_DigestSign(ctx, signature, &size, message, sizeof message) == 1;

    if (!ok)
        (void)keys_fail_to_sign(seal->key, "a proof", err);
    else if (!check || !public_key ||
             EVP_DigestVerifyInit(check, NULL, md, NULL, public_key) != 1 ||
             EVP_DigestVerify(check, signature, size, message, sizeof message) != 1)
        ok = fail(err, ERR_CONFLICT, "the key is not that of the authority's certificate");
    EVP_MD_CTX_free(ctx);
    EVP_MD_CTX_free(check);
    return ok;
}

bool answer_ca_prove(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
{
    struct opened opened = { 0 };

    if (!open_ca(vault, r, &opened, err) || !frame_reader_end(r, err) || !prove(opened.seal, err))
        return false;
    frame_put_bool(out, opened.seal->sealed_key.is_in_token);
    return true;
}

/* http or https, printable, as it will stand in a certificate. */
static bool is_url(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p >= 0x7F)
            return false;
    return span_starts_with(span_text(text), "http://") ||
           span_starts_with(span_text(text), "https://");
}

bool answer_ca_sign(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
{
    struct opened opened = { 0 };
    autodone(buf) struct buf der = BUF_INIT(VAULT_FRAME_MAX / 2);
    char urls[3][VAULT_CA_URL_MAX + 1];
    struct vault_ca_leaf leaf;

    if (!open_ca(vault, r, &opened, err) || !need_cert(&opened, err))
        return false;
    leaf.csr = frame_read_bytes(r);
    leaf.serial = frame_read_bytes(r);
    leaf.not_before = frame_read_i64(r);
    leaf.not_after = frame_read_i64(r);
    uint8_t usage = frame_read_u8(r);

    for (size_t i = 0; i < countof(urls); i++)
        frame_read_text_to(r, urls[i], sizeof urls[i]);
    if (!frame_reader_end(r, err))
        return false;
    if (usage < VAULT_USE_SERVER || usage > VAULT_USE_BOTH || leaf.csr.size > VAULT_CA_CSR_MAX ||
        !is_url(urls[0]) || !is_url(urls[1]) || !is_url(urls[2]))
        return fail(err, ERR_INVALID, "that is no certificate that could be issued");
    leaf.usage = (enum vault_ca_usage)usage;
    leaf.crl_url = urls[0];
    leaf.ocsp_url = urls[1];
    leaf.issuer_url = urls[2];
    if (!ca_issue_leaf(opened.seal, &leaf, &der, err))
        return false;
    frame_put_bytes(out, buf_span(&der));
    return true;
}

bool answer_ca_sign_crl(struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    struct opened opened = { 0 };
    autodone(buf) struct buf der = BUF_INIT(VAULT_FRAME_MAX - 1024);
    struct vault_ca_crl crl = { .entries = BUF_INIT(VAULT_CA_CRL_MAX) };

    if (!open_ca(vault, r, &opened, err) || !need_cert(&opened, err))
        return false;
    crl.number = frame_read_i64(r);
    crl.this_at = frame_read_i64(r);
    crl.next_at = frame_read_i64(r);
    crl.n_entries = frame_read_u32(r);
    buf_add_span(&crl.entries, frame_read_bytes(r));
    bool ok = frame_reader_end(r, err) && buf_check(&crl.entries, "a CRL", err) &&
              ca_lists_crl(opened.seal, &crl, &der, err);

    buf_done(&crl.entries);
    if (!ok)
        return false;
    frame_put_bytes(out, buf_span(&der));
    return true;
}

static void read_items(struct frame_reader *r, struct vault_ocsp *ret)
{
    size_t n = frame_read_count(r, 15);

    if (n > VAULT_OCSP_ITEMS_MAX)
        r->failed = true;
    for (size_t i = 0; i < n && !r->failed; i++) {
        struct vault_ocsp_item *item = &ret->items[ret->n_items++];
        uint8_t hash = frame_read_u8(r);

        item->serial = frame_read_bytes(r);
        uint8_t status = frame_read_u8(r);

        item->revoked_at = frame_read_i64(r);
        item->reason = frame_read_u8(r);
        if (hash > VAULT_OCSP_SHA512 || status > VAULT_OCSP_UNKNOWN)
            r->failed = true;
        item->hash = r->failed ? VAULT_OCSP_SHA1 : (enum vault_ocsp_hash)hash;
        item->status = r->failed ? VAULT_OCSP_UNKNOWN : (enum vault_ocsp_status)status;
    }
}

bool answer_ca_sign_ocsp(struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err)
{
    struct opened opened = { 0 };
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX);
    struct vault_ocsp ocsp = { 0 };

    if (!open_ca(vault, r, &opened, err) || !need_cert(&opened, err))
        return false;
    ocsp.this_at = frame_read_i64(r);
    ocsp.next_at = frame_read_i64(r);
    ocsp.nonce = frame_read_bytes(r);
    read_items(r, &ocsp);
    if (!frame_reader_end(r, err))
        return false;
    if (ocsp.nonce.size > VAULT_OCSP_NONCE_MAX)
        return fail(err, ERR_LIMIT, "the nonce is longer than %d bytes", VAULT_OCSP_NONCE_MAX);
    if (!ca_lists_ocsp(opened.seal, &ocsp, &der, err))
        return false;
    frame_put_bytes(out, buf_span(&der));
    return true;
}
