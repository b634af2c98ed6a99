/*
 * vault/answer_ca: what a server that was taken over asks of an authority's key.
 *
 * The first byte of an input says what is asked, the rest is the request behind the seal and its
 * binding, which are those of an authority that was made before: with a certificate, and with names
 * that it is for. Requests of strangers are signed again with a key of ours, so that what is behind
 * the signature is reached. Whatever comes out must be what that authority may sign.
 */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>

#include "known_vault.h"
#include "vault/client_ca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 2023-11-14; the root's life around it. */
#define NOW INT64_C(1700000000)
#define LIFE INT64_C(100000000)

static struct {
    pthread_once_t once;
    struct vault vault;
    struct ledger ledger;
    EVP_PKEY *strangers; /* key */
    X509 *root;
    struct buf sealed;       /* the root */
    struct buf intermediate; /* one that awaits its certificate */
} all = { .once = PTHREAD_ONCE_INIT };

static const struct vault_binding authority = { VAULT_CA, "ca/1" };

/* One request; `out` keeps the answer. True: it was granted. */
static bool ask(enum vault_request type, struct span payload, struct buf *out,
    struct frame_reader *ret)
{
    const struct frame request = { 1, (uint16_t)type, payload };
    const struct frame answer = known_vault_ask(&all.vault, &request, out);

    *ret = frame_reader_of(answer.payload);
    return answer.type == VAULT_DONE;
}

static X509 *read_cert(struct span der)
{
    const uint8_t *at = der.data;
    X509 *cert = d2i_X509(NULL, &at, (long)der.size);

    ASSERT(cert && at == der.data + der.size);
    return cert;
}

static void make_authority(bool is_root, struct buf *sealed)
{
    static const struct vault_csr subject = { .common_name = "Fuzzed" };
    static const uint8_t serial[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf out = BUF_INIT(VAULT_FRAME_MAX + FRAME_HEADER_SIZE);
    struct frame_reader r;

    buf_add_u8(&payload, VAULT_P256);
    vault_put_binding(&payload, &authority);
    frame_put_bool(&payload, false);
    frame_put_text(&payload, "");
    frame_put_text(&payload, "");
    vault_put_subject(&payload, &subject);
    buf_add_u32(&payload, 2);
    frame_put_text(&payload, "dns:example.org");
    frame_put_text(&payload, "email:example.org");
    buf_add_u32(&payload, 2);
    frame_put_text(&payload, "dns:secret.example.org");
    frame_put_text(&payload, "ip:10.0.0.0/8");
    frame_put_bool(&payload, is_root);
    frame_put_bytes(&payload, span_of(serial, sizeof serial));
    frame_put_i64(&payload, NOW - LIFE);
    frame_put_i64(&payload, NOW + LIFE);
    ASSERT(ask(VAULT_CA_MAKE, buf_span(&payload), &out, &r));
    buf_init(sealed, VAULT_SEALED_MAX);
    buf_add_span(sealed, frame_read_bytes(&r));
    (void)frame_read_bytes(&r);
    if (is_root)
        all.root = read_cert(frame_read_bytes(&r));
}

static void set_up(void)
{
    autodone(buf) struct buf out = BUF_INIT(VAULT_FRAME_MAX + FRAME_HEADER_SIZE);
    struct frame_reader r;

    ledger_init(&all.ledger, -1);
    vault_init(&all.vault, known_sources, &known_access, &all.ledger);
    ASSERT(ask(VAULT_UNLOCK, SPAN_LITERAL("\1\0"), &out, &r));
    all.strangers = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    make_authority(true, &all.sealed);
    make_authority(false, &all.intermediate);
}

/* ---- what may come out ---- */

static bool is_before(const ASN1_TIME *a, const ASN1_TIME *b)
{
    return ASN1_TIME_compare(a, b) <= 0;
}

/* Nothing that a verifier would take for another authority, or for a name that is not permitted. */
static void check_leaf(struct frame_reader *r)
{
    X509 *cert = read_cert(frame_read_bytes(r));
    NAME_CONSTRAINTS *names = X509_get_ext_d2i(all.root, NID_name_constraints, NULL, NULL);

    ASSERT(X509_check_ca(cert) == 0 && !(X509_get_extension_flags(cert) & EXFLAG_CA));
    ASSERT(!(X509_get_key_usage(cert) & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)));
    ASSERT((X509_get_extended_key_usage(cert) & ~(uint32_t)(XKU_SSL_SERVER | XKU_SSL_CLIENT)) == 0);
    ASSERT(X509_verify(cert, X509_get0_pubkey(all.root)) == 1);
    ASSERT(X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(all.root)) == 0);
    ASSERT(X509_NAME_cmp(X509_get_subject_name(cert), X509_get_subject_name(all.root)) != 0);
    ASSERT(is_before(X509_get0_notBefore(all.root), X509_get0_notBefore(cert)));
    ASSERT(is_before(X509_get0_notAfter(cert), X509_get0_notAfter(all.root)));
    ASSERT(names && NAME_CONSTRAINTS_check(cert, names) == X509_V_OK);
    ASSERT(X509_get_ext_by_NID(cert, NID_name_constraints, -1) < 0);
    NAME_CONSTRAINTS_free(names);
    X509_free(cert);
}

static void check_list(struct frame_reader *r)
{
    struct span der = frame_read_bytes(r);
    const uint8_t *at = der.data;
    X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)der.size);

    ASSERT(list && at == der.data + der.size);
    ASSERT(X509_CRL_verify(list, X509_get0_pubkey(all.root)) == 1);
    ASSERT(X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) < 0);
    X509_CRL_free(list);
}

/* ---- what is asked ---- */

/* A stranger's request with a key of ours in it, signed; as it was where it is none. */
static void sign_again(struct span csr, struct buf *ret)
{
    const uint8_t *at = csr.data;
    X509_REQ *request = csr.size > 0 ? d2i_X509_REQ(NULL, &at, (long)csr.size) : NULL;
    uint8_t *der = NULL;
    int size = -1;

    if (request && X509_REQ_set_pubkey(request, all.strangers) == 1 &&
        X509_REQ_sign(request, all.strangers, EVP_sha256()) > 0)
        size = i2d_X509_REQ(request, &der);
    buf_add_span(ret, size > 0 ? span_of(der, (size_t)size) : csr);
    OPENSSL_free(der);
    X509_REQ_free(request);
}

/* A request for a certificate that lacks nothing but what a stranger adds. */
static void put_leaf(struct buf *payload, struct span input)
{
    static const uint8_t serial[8] = { 9, 2, 3, 4, 5, 6, 7, 8 };
    autodone(buf) struct buf csr = BUF_INIT(VAULT_FRAME_MAX / 2);
    uint8_t usage = input.size > 0 ? input.data[0] % 4 : 0;

    sign_again(span_slice(input, 1, SIZE_MAX), &csr);
    frame_put_bytes(payload, buf_span(&csr));
    frame_put_bytes(payload, span_of(serial, sizeof serial));
    frame_put_i64(payload, NOW);
    frame_put_i64(payload, NOW + LIFE / 2);
    buf_add_u8(payload, usage);
    frame_put_text(payload, "http://pki.example.org/pki/a.crl");
    frame_put_text(payload, "http://pki.example.org/ocsp/a");
    frame_put_text(payload, "http://pki.example.org/pki/a.crt");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum vault_request types[] = { VAULT_CA_SIGN, VAULT_CA_SIGN, VAULT_CA_SIGN_CRL,
        VAULT_CA_SIGN_OCSP, VAULT_CA_INSTALL, VAULT_CA_PROVE, VAULT_CA_MAKE };
    autodone(buf) struct buf payload = BUF_INIT(VAULT_FRAME_MAX);
    autodone(buf) struct buf out = BUF_INIT(VAULT_FRAME_MAX + FRAME_HEADER_SIZE);
    struct frame_reader r;

    (void)pthread_once(&all.once, set_up);
    if (size == 0)
        return 0;
    size_t which = data[0] % countof(types);
    struct span input = span_of(data + 1, size - 1);

    if (types[which] != VAULT_CA_MAKE) {
        bool is_new = types[which] == VAULT_CA_INSTALL;

        frame_put_bytes(&payload, buf_span(is_new ? &all.intermediate : &all.sealed));
        vault_put_binding(&payload, &authority);
    } else if (known_vault_is_slow(input)) {
        return 0;
    }
    if (which == 0)
        put_leaf(&payload, input);
    else
        buf_add_span(&payload, input);
    if (payload.size < VAULT_FRAME_MAX && ask(types[which], buf_span(&payload), &out, &r)) {
        if (types[which] == VAULT_CA_SIGN)
            check_leaf(&r);
        if (types[which] == VAULT_CA_SIGN_CRL)
            check_list(&r);
    }
    ERR_clear_error();
    return 0;
}
