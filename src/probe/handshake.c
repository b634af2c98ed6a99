/*
 * probe/handshake: OpenSSL on a non-blocking socket.
 *
 * OpenSSL's own verification is switched off (it would run even where its verdict is ignored) and
 * done by probe/trust, which remembers. The Certificate message is kept as it came on the wire, so
 * that what is stored is what was sent, byte for byte, and is there even when OpenSSL cannot parse
 * it. A server that breaks off because we show no certificate of our own has shown us its: that
 * counts as seen.
 */
#include "probe/handshake.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/err.h"
#include "probe/certlist.h"
#include "probe/crypto.h"
#include "probe/trust.h"

#define MESSAGE_CERTIFICATE 11

struct handshake_setup {
    struct crypto *crypto;
    SSL_CTX *contexts[N_OFFERS];
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
};

struct handshake {
    struct handshake_setup *setup;
    SSL *ssl;
    uint8_t *certificate_message;
    size_t certificate_size;
    bool was_asked_for_ours;
    enum probe_error error;
    unsigned long code; /* OpenSSL's, of the failure */
    int syscall_errno;
    bool is_too_large;
};

#define RSA_ALGORITHMS                                                                             \
    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:rsa_pss_pss_sha256:"              \
    "rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1"
/* TLS 1.3, in browsers' order: what a server that leaves the choice to its client uses for them,
 * and half the hashing of OpenSSL's own order. */
#define CIPHERSUITES                                                                               \
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"                  \
    "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
#define EC_ALGORITHMS "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:ECDSA+SHA1"

static const struct {
    const char *ciphers; /* TLS 1.2 and older */
    const char *algorithms;
} offers[N_OFFERS] = {
    [OFFER_ALL] = { "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0", EC_ALGORITHMS ":" RSA_ALGORITHMS },
    [OFFER_RSA] = { "aRSA:!eNULL:!PSK:!SRP:@SECLEVEL=0", RSA_ALGORITHMS },
    [OFFER_ECDSA] = { "aECDSA:!eNULL:!PSK:!SRP:@SECLEVEL=0", EC_ALGORITHMS },
};

static int accept_any_chain(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 1;
}

/* The server asks for our certificate; there is none. */
static int on_asked_for_ours(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
    struct handshake *const stream = SSL_get_app_data(ssl);

    (void)cert;
    (void)key;
    stream->was_asked_for_ours = true;
    return 0;
}

static void on_message(int is_written, int version, int content_type, const void *bytes,
    size_t size, SSL *ssl, void *arg)
{
    struct handshake *const stream = SSL_get_app_data(ssl);

    (void)version;
    (void)arg;
    if (is_written || content_type != SSL3_RT_HANDSHAKE || size < 4 ||
        *(const uint8_t *)bytes != MESSAGE_CERTIFICATE || stream->certificate_message)
        return;
    stream->certificate_message = xmemdup(bytes, size);
    stream->certificate_size = size;
}

static SSL_CTX *context_new(OSSL_LIB_CTX *crypto, enum handshake_offer offer)
{
    char algorithms[512]; /* OpenSSL's macro wants it writable */

    SSL_CTX *const ctx = SSL_CTX_new_ex(crypto, NULL, TLS_client_method());

    if (!ctx)
        return NULL;
    snprintf(algorithms, sizeof(algorithms), "%s", offers[offer].algorithms);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_LEGACY_SERVER_CONNECT |
                                 SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_cert_verify_callback(ctx, accept_any_chain, NULL);
    SSL_CTX_set_client_cert_cb(ctx, on_asked_for_ours);
    SSL_CTX_set_msg_callback(ctx, on_message);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) &&
        SSL_CTX_set_cipher_list(ctx, offers[offer].ciphers) &&
        SSL_CTX_set_ciphersuites(ctx, CIPHERSUITES) && SSL_CTX_set1_sigalgs_list(ctx, algorithms))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

bool handshake_setup_new(struct handshake_setup **ret, struct err *err)
{
    autofree(handshake_setup) struct handshake_setup *setup = xcalloc(1, sizeof(*setup));
    bool is_ok = true;

    if (!crypto_new(&setup->crypto, err))
        return false;
    for (size_t i = 0; i < N_OFFERS; i++) {
        setup->contexts[i] = context_new(crypto_context(setup->crypto), (enum handshake_offer)i);
        is_ok = is_ok && setup->contexts[i];
    }
    setup->sha256 = EVP_MD_fetch(crypto_context(setup->crypto), "SHA256", NULL);
    setup->digest = EVP_MD_CTX_new();
    if (!is_ok || !setup->sha256 || !setup->digest) {
        ERR_clear_error();
        return fail(err, ERR_INTERNAL, "could not set up TLS");
    }
    *ret = take(&setup);
    return true;
}

void handshake_setup_free(struct handshake_setup *setup)
{
    if (!setup)
        return;
    for (size_t i = 0; i < N_OFFERS; i++)
        SSL_CTX_free(setup->contexts[i]);
    EVP_MD_free(setup->sha256);
    EVP_MD_CTX_free(setup->digest);
    crypto_free(setup->crypto);
    free(setup);
}

struct handshake *handshake_new(struct handshake_setup *setup, int fd,
    const struct handshake_plan *plan)
{
    struct handshake *const stream = xcalloc(1, sizeof(*stream));
    char sni[PROBE_HOST_MAX + 1]; /* OpenSSL's macro wants it writable */

    snprintf(sni, sizeof(sni), "%s", plan->sni ? plan->sni : "");
    stream->setup = setup;
    stream->ssl = SSL_new(setup->contexts[plan->offer]);
    ASSERT(stream->ssl);
    SSL_set_app_data(stream->ssl, stream);
    SSL_set_max_cert_list(stream->ssl, (long)plan->max_chain_bytes);
    const bool is_ready = SSL_set_fd(stream->ssl, fd) == 1;
    ASSERT(is_ready);
    if (sni[0] && !SSL_set_tlsext_host_name(stream->ssl, sni))
        ERR_clear_error();
    SSL_set_connect_state(stream->ssl);
    return stream;
}

void handshake_free(struct handshake *stream)
{
    if (!stream)
        return;
    SSL_free(stream->ssl);
    free(stream->certificate_message);
    free(stream);
}

static bool is_ssl(unsigned long code)
{
    return ERR_GET_LIB(code) == ERR_LIB_SSL;
}

/* Is it something a certificate is to blame for? */
static bool is_about_certificate(unsigned long code)
{
    static const int reasons[] = { SSL_R_CERT_LENGTH_MISMATCH, SSL_R_EXCESSIVE_MESSAGE_SIZE,
        SSL_R_UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS, SSL_R_UNKNOWN_CERTIFICATE_TYPE };

    if (ERR_GET_LIB(code) == ERR_LIB_ASN1 || ERR_GET_LIB(code) == ERR_LIB_X509)
        return true;
    for (size_t i = 0; i < countof(reasons); i++)
        if (is_ssl(code) && ERR_GET_REASON(code) == reasons[i])
            return true;
    return false;
}

/* Is it what OpenSSL says to bytes that are no TLS records? */
static bool is_about_records(unsigned long code)
{
    static const int reasons[] = { SSL_R_WRONG_VERSION_NUMBER, SSL_R_PACKET_LENGTH_TOO_LONG,
        SSL_R_BAD_RECORD_TYPE, SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_DATA_LENGTH_TOO_LONG,
        SSL_R_ENCRYPTED_LENGTH_TOO_LONG, SSL_R_RECORD_TOO_SMALL };

    for (size_t i = 0; i < countof(reasons); i++)
        if (is_ssl(code) && ERR_GET_REASON(code) == reasons[i])
            return true;
    return false;
}

static enum probe_error error_of(unsigned long code)
{
    if (is_about_records(code))
        return PROBE_NOT_TLS;
    if (is_ssl(code) && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return PROBE_CLOSED;
    return PROBE_TLS_ALERT;
}

static void note_failure(struct handshake *stream, int what)
{
    bool blames_certificate = false;
    unsigned long code;

    stream->syscall_errno = what == SSL_ERROR_SYSCALL ? errno : 0;
    stream->error = PROBE_CLOSED;
    while ((code = ERR_get_error()) != 0) {
        if (stream->code == 0 || (!is_ssl(stream->code) && is_ssl(code))) {
            stream->code = code;
            stream->error = error_of(code);
        }
        blames_certificate = blames_certificate || is_about_certificate(code);
        stream->is_too_large =
            stream->is_too_large ||
            (is_ssl(code) && ERR_GET_REASON(code) == SSL_R_EXCESSIVE_MESSAGE_SIZE);
    }
    if (blames_certificate)
        stream->error = PROBE_CERTIFICATE_UNREADABLE;
}

enum handshake_step handshake_step(struct handshake *stream)
{
    ERR_clear_error();
    errno = 0;
    const int rc = SSL_do_handshake(stream->ssl);
    if (rc == 1)
        return HANDSHAKE_DONE;

    const int what = SSL_get_error(stream->ssl, rc);
    if (what == SSL_ERROR_WANT_READ)
        return HANDSHAKE_READ;
    if (what == SSL_ERROR_WANT_WRITE)
        return HANDSHAKE_WRITE;
    note_failure(stream, what);
    /* It did what we wanted of it: it showed its certificate, and proved to have the key. */
    if (stream->error == PROBE_TLS_ALERT && stream->was_asked_for_ours &&
        SSL_get0_peer_certificate(stream->ssl)) {
        stream->error = PROBE_OK;
        return HANDSHAKE_DONE;
    }
    return HANDSHAKE_FAILED;
}

enum probe_error handshake_error(const struct handshake *stream, char message[static 160])
{
    const int reason = ERR_GET_REASON(stream->code);
    const char *const text = ERR_reason_error_string(stream->code);

    if (is_ssl(stream->code) && reason >= SSL_AD_REASON_OFFSET) {
        const int alert = reason - SSL_AD_REASON_OFFSET;

        snprintf(message, 160, "the server sent the alert \"%s\" (%d)",
            SSL_alert_desc_string_long(alert), alert);
    } else if (stream->is_too_large) {
        snprintf(message, 160, "the chain is larger than %u bytes", HANDSHAKE_CHAIN_LARGE);
    } else if (stream->error == PROBE_CERTIFICATE_UNREADABLE) {
        snprintf(message, 160, "the certificate cannot be read: %s", text ? text : "malformed");
    } else if (stream->error == PROBE_CLOSED) {
        snprintf(message, 160, "the server %s the connection during the handshake",
            stream->syscall_errno == ECONNRESET ? "reset" : "closed");
    } else if (is_about_records(stream->code)) {
        snprintf(message, 160, "the server does not speak TLS");
    } else {
        snprintf(message, 160, "the TLS handshake failed: %s", text ? text : "malformed");
    }
    return stream->error;
}

bool handshake_is_too_large(const struct handshake *stream)
{
    return stream->is_too_large;
}

static enum probe_slot slot_of(X509 *leaf)
{
    const EVP_PKEY *const key = X509_get0_pubkey(leaf);
    const int type = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;

    if (type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS)
        return PROBE_SLOT_RSA;
    return type == EVP_PKEY_EC ? PROBE_SLOT_ECDSA : PROBE_SLOT_OTHER;
}

static bool covers(X509 *leaf, const struct handshake_expectation *expected)
{
    const unsigned flags =
        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

    if (expected->addr)
        return X509_check_ip(leaf, expected->addr->bytes, expected->addr->n_bytes, 0) == 1;
    return X509_check_host(leaf, expected->name, 0, flags, NULL) == 1;
}

/* The key exchange's group, by its name in TLS (RFC 8446, 4.2.7). */
static void name_group(SSL *ssl, char *field, size_t size)
{
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
    const char *const name = SSL_get0_group_name(ssl);

    snprintf(field, size, "%s", name ? name : "");
#else
    EVP_PKEY *key = NULL;
    size_t used = 0;

    field[0] = '\0';
    if (!SSL_get_peer_tmp_key(ssl, &key))
        return;
    const char *const type = EVP_PKEY_get0_type_name(key);
    if (!EVP_PKEY_get_group_name(key, field, size, &used) && type)
        snprintf(field, size, EVP_PKEY_is_a(key, "DH") ? "%s-%d" : "%s", type,
            EVP_PKEY_get_bits(key));
    EVP_PKEY_free(key);
#endif
    if (strcmp(field, "prime256v1") == 0)
        snprintf(field, size, "secp256r1");
}

static void digest(const struct handshake_setup *setup, struct span bytes, uint8_t ret[static 32])
{
    const bool is_done = EVP_DigestInit_ex2(setup->digest, setup->sha256, NULL) &&
                         EVP_DigestUpdate(setup->digest, bytes.data, bytes.size) &&
                         EVP_DigestFinal_ex(setup->digest, ret, NULL);
    ASSERT(is_done);
}

static bool unreadable(struct probe_sight *sight, const char *why)
{
    sight->error = PROBE_CERTIFICATE_UNREADABLE;
    snprintf(sight->message, sizeof(sight->message), "%s", why);
    return false;
}

/* List what was sent, and name the chain as a whole. False, with the sight's error set, if it is
 * not a list of certificates within the limits. */
static bool list_certs(const struct handshake *stream, struct probe_result *result,
    struct probe_sight *sight, uint8_t chain_key[static 32])
{
    const struct span message = span_of(stream->certificate_message, stream->certificate_size);
    uint8_t hashes[PROBE_CHAIN_MAX][32];
    struct certlist list;
    const enum certlist_verdict verdict =
        certlist_parse(message, SSL_version(stream->ssl) >= TLS1_3_VERSION, &list);

    for (size_t i = 0; i < list.n; i++) {
        digest(stream->setup, list.ders[i], hashes[i]);
        if (!probe_result_add_cert(result, hashes[i], list.ders[i], &sight->certs[i]))
            return unreadable(sight, "the certificates of all addresses are larger than 8 MiB");
        sight->n_certs++;
    }
    digest(stream->setup, span_of(hashes, list.n * sizeof(hashes[0])), chain_key);
    if (sight->error != PROBE_OK)
        return false;
    if (verdict == CERTLIST_TOO_MANY)
        return unreadable(sight, "the chain has more than 16 certificates");
    if (verdict == CERTLIST_TOO_LARGE)
        return unreadable(sight, "a certificate is larger than 1 MiB");
    return (verdict == CERTLIST_OK && list.n > 0) ||
           unreadable(sight, "the server sent no certificate");
}

static enum probe_chain chain_of(enum chain_status status)
{
    static const enum probe_chain chains[N_CHAIN_STATUS] = {
        [CHAIN_TRUSTED] = PROBE_CHAIN_TRUSTED,
        [CHAIN_NOT_YET_VALID] = PROBE_CHAIN_NOT_YET_VALID,
        [CHAIN_EXPIRED] = PROBE_CHAIN_EXPIRED,
        [CHAIN_INCOMPLETE] = PROBE_CHAIN_INCOMPLETE,
        [CHAIN_SELF_SIGNED] = PROBE_CHAIN_SELF_SIGNED,
        [CHAIN_UNTRUSTED_ROOT] = PROBE_CHAIN_UNTRUSTED_ROOT,
        [CHAIN_BAD_SIGNATURE] = PROBE_CHAIN_BAD_SIGNATURE,
        [CHAIN_INVALID] = PROBE_CHAIN_INVALID,
    };

    return chains[status];
}

void handshake_describe(struct handshake *stream, const struct handshake_expectation *expected,
    struct probe_result *result, struct probe_sight *sight)
{
    SSL *const ssl = stream->ssl;
    X509 *const leaf = SSL_get0_peer_certificate(ssl);
    struct chain_verdict verdict;
    uint8_t chain_key[32];

    if (!stream->certificate_message) {
        if (sight->error == PROBE_OK)
            unreadable(sight, "the server sent no certificate");
        return;
    }
    snprintf(sight->protocol, sizeof(sight->protocol), "%s", SSL_get_version(ssl));
    const char *const cipher = SSL_get_cipher_name(ssl);
    snprintf(sight->cipher, sizeof(sight->cipher), "%s", cipher ? cipher : "");
    name_group(ssl, sight->kx_group, sizeof(sight->kx_group));
    if (!list_certs(stream, result, sight, chain_key) || !leaf)
        return;

    sight->slot = slot_of(leaf);
    sight->is_name_ok = covers(leaf, expected);
    trust_judge(expected->trust, chain_key, leaf, SSL_get_peer_cert_chain(ssl), expected->now,
        &verdict);
    sight->chain = chain_of(verdict.status);
    sight->is_complete_path = verdict.is_complete_path;
    sight->path_expires_at = verdict.path_expires_at;
    span_copy_text(span_text(verdict.message), sight->chain_message, sizeof(sight->chain_message));
    ERR_clear_error();
}

void handshake_bye(struct handshake *stream)
{
    if (SSL_is_init_finished(stream->ssl))
        SSL_shutdown(stream->ssl);
    ERR_clear_error();
}
