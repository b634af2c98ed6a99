/*
 * net/tls_server: see the headers tls_server.h and tls_stream.h.
 *
 * OpenSSL works on the socket itself, so that what it reads is not copied once more; its buffers
 * are released while a connection is idle, and wiped.
 */
#include "net/tls_server.h"

#include <pthread.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/alloc.h"
#include "base/err.h"
#include "net/tls_stream.h"

struct tls_server {
    pthread_mutex_t lock; /* ctx */
    SSL_CTX *ctx;
};

struct tls_stream {
    SSL *ssl;
};

static bool fail_openssl(struct err *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    char text[256];

    ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    (void)fail(err, ERR_INVALID, "%s", what);
    return err_detail(err, "%s", text);
}

/* A key that is encrypted would make OpenSSL ask on the terminal. The type is OpenSSL's. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static int no_passphrase(char *field, int size, int writing, void *arg)
{
    (void)field;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static bool use_chain(SSL_CTX *ctx, struct span chain_pem, struct err *err)
{
    BIO *bio = BIO_new_mem_buf(chain_pem.data, (int)chain_pem.size);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    bool works = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

    X509_free(cert);
    while (works && (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
        works = SSL_CTX_add1_chain_cert(ctx, cert) == 1;
        X509_free(cert);
    }
    BIO_free(bio);
    if (!works)
        return fail_openssl(err, "the server's certificate cannot be read");
    ERR_clear_error(); /* the end of the text is an error to OpenSSL */
    return true;
}

static bool use_key(SSL_CTX *ctx, struct span key_pem, struct err *err)
{
    BIO *bio = BIO_new_mem_buf(key_pem.data, (int)key_pem.size);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    bool is_read = key != NULL;
    bool fits = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

    EVP_PKEY_free(key);
    BIO_free(bio);
    if (!is_read)
        return fail_openssl(err, "the server's private key cannot be read");
    if (!fits)
        return fail_openssl(err, "the server's private key does not belong to its certificate");
    return true;
}

/* HTTP/1.1 is all we speak; a client that offers nothing of it goes on without ALPN. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
    const unsigned char *in, unsigned in_size, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool make_ctx(struct span chain_pem, struct span key_pem, SSL_CTX **ret, struct err *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx)
        return fail_openssl(err, "could not set up TLS");
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT |
                                       SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"certdesk", 8);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets serve */
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    if (SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
        SSL_CTX_free(ctx);
        return fail_openssl(err, "could not set up TLS");
    }
    if (!use_chain(ctx, chain_pem, err) || !use_key(ctx, key_pem, err)) {
        SSL_CTX_free(ctx);
        return false;
    }
    *ret = ctx;
    return true;
}

bool tls_server_new(struct span chain_pem, struct span key_pem, struct tls_server **ret,
    struct err *err)
{
    struct tls_server *tls;
    SSL_CTX *ctx = NULL;

    if (!make_ctx(chain_pem, key_pem, &ctx, err))
        return false;
    tls = xcalloc(1, sizeof *tls);
    pthread_mutex_init(&tls->lock, NULL);
    tls->ctx = ctx;
    *ret = tls;
    return true;
}

bool tls_server_swap(struct tls_server *tls, struct span chain_pem, struct span key_pem,
    struct err *err)
{
    SSL_CTX *ctx = NULL, *before;

    if (!make_ctx(chain_pem, key_pem, &ctx, err))
        return false;
    pthread_mutex_lock(&tls->lock);
    before = tls->ctx;
    tls->ctx = ctx;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(before); /* connections under way hold on to it */
    return true;
}

void tls_server_free(struct tls_server *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->ctx);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

struct tls_stream *tls_stream_new(struct tls_server *tls, int fd)
{
    struct tls_stream *stream = xcalloc(1, sizeof *stream);

    pthread_mutex_lock(&tls->lock);
    stream->ssl = SSL_new(tls->ctx);
    pthread_mutex_unlock(&tls->lock);
    if (stream->ssl && SSL_set_fd(stream->ssl, fd) == 1)
        SSL_set_accept_state(stream->ssl);
    return stream;
}

void tls_stream_free(struct tls_stream *stream)
{
    if (!stream)
        return;
    SSL_free(stream->ssl);
    free(stream);
}

static enum io_result result_of(const struct tls_stream *stream, int result)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_NONE:
        return IO_DONE;
    case SSL_ERROR_WANT_READ:
        return IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return IO_END;
    default:
        return IO_FAILED;
    }
}

enum io_result tls_stream_handshake(struct tls_stream *stream)
{
    if (!stream->ssl)
        return IO_FAILED;
    ERR_clear_error();
    return result_of(stream, SSL_do_handshake(stream->ssl));
}

enum io_result tls_stream_read(struct tls_stream *stream, void *field, size_t size, size_t *ret_n)
{
    ERR_clear_error();
    return result_of(stream, SSL_read_ex(stream->ssl, field, size, ret_n));
}

enum io_result tls_stream_write(struct tls_stream *stream, const void *bytes, size_t size,
    size_t *ret_n)
{
    ERR_clear_error();
    return result_of(stream, SSL_write_ex(stream->ssl, bytes, size, ret_n));
}

bool tls_stream_has_buffered(const struct tls_stream *stream)
{
    return SSL_has_pending(stream->ssl) == 1;
}

void tls_stream_end_writing(struct tls_stream *stream)
{
    ERR_clear_error();
    if (SSL_is_init_finished(stream->ssl))
        (void)SSL_shutdown(stream->ssl);
}
