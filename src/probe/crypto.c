/*
 * probe/crypto: a provider that hands out what the default provider offers, less what cannot occur
 * in a handshake.
 *
 * A provider is made known by a function without a context, and asked with the default provider's
 * own context, which its algorithms need. So what it leans on is static: loaded once, never let go,
 * the same for every context. It is made by one thread at a time.
 */
#include "probe/crypto.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "base/alloc.h"
#include "base/err.h"

#define NAME "certdesk-tls"
#define ALGORITHMS_MAX 64U

static OSSL_PROVIDER *whole; /* the default one */

struct crypto {
    OSSL_LIB_CTX *context;
    OSSL_PROVIDER *provider;
};

struct selection {
    const char *structure; /* in a decoder's properties; NULL: any */
    const char *names[20]; /* beginnings, up to NULL */
    OSSL_ALGORITHM list[ALGORITHMS_MAX];
    bool is_made;
};

/*
 * By operation; what is not here is handed out whole. With every certificate OpenSSL walks through
 * all that was ever made of any operation, so the rest is worth leaving out, too.
 */
static struct selection selections[] = {
    [OSSL_OP_DECODER] = { .structure = "structure=SubjectPublicKeyInfo",
        .names = { "RSA", "EC", "ED25519", "ED448", "ML-DSA", "SLH-DSA" } },
    [OSSL_OP_KEYMGMT] = { .names = { "RSA", "EC", "ED25519", "ED448", "ML-DSA", "SLH-DSA", "X25519",
                              "X448", "DH:", "HMAC", "ML-KEM", "SecP" } },
    [OSSL_OP_CIPHER] = { .names = { "AES-128-GCM", "AES-256-GCM", "AES-128-CCM", "AES-256-CCM",
                             "AES-128-CBC", "AES-256-CBC", "AES-256-CTR", "ChaCha20-Poly1305",
                             "DES-EDE3-CBC", "CAMELLIA-128-CBC", "CAMELLIA-256-CBC", "ARIA-128-GCM",
                             "ARIA-256-GCM" } },
    [OSSL_OP_DIGEST] = { .names = { "SHA", "MD5" } },
    [OSSL_OP_MAC] = { .names = { "HMAC" } },
    [OSSL_OP_KDF] = { .names = { "HKDF", "TLS13-KDF", "TLS1-PRF" } },
    [OSSL_OP_KEYEXCH] = { .names = { "DH", "ECDH", "X25519", "X448" } },
    [OSSL_OP_SIGNATURE] = { .names = { "RSA", "ECDSA", "ED25519", "ED448", "ML-DSA", "SLH-DSA",
                                "HMAC" } },
};

static bool begins_with_one(const char *text, const char *const *beginnings)
{
    for (; *beginnings; beginnings++)
        if (strncmp(text, *beginnings, strlen(*beginnings)) == 0)
            return true;
    return false;
}

static bool is_wanted(const struct selection *selection, const OSSL_ALGORITHM *algorithm)
{
    const char *const properties = algorithm->property_definition;

    if (selection->structure &&
        !(strstr(properties, "input=der") && strstr(properties, selection->structure)))
        return false;
    return begins_with_one(algorithm->algorithm_names, selection->names);
}

static const OSSL_ALGORITHM *select_from(struct selection *selection, const OSSL_ALGORITHM *all)
{
    size_t n = 0;

    for (; !selection->is_made && all && all->algorithm_names && n < ALGORITHMS_MAX - 1; all++)
        if (is_wanted(selection, all))
            selection->list[n++] = *all; /* and zeros behind the last */
    selection->is_made = true;           /* it is asked for with every certificate */
    return selection->list;
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
    const OSSL_ALGORITHM *const all = OSSL_PROVIDER_query_operation(whole, operation, no_cache);

    (void)context;
    if (operation > 0 && (size_t)operation < countof(selections) && selections[operation].names[0])
        return select_from(&selections[operation], all);
    return all;
}

static int get_params(void *context, OSSL_PARAM params[])
{
    OSSL_PARAM *const status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);

    (void)context;
    return !status || OSSL_PARAM_set_int(status, 1);
}

/* Which groups there are for a key exchange, for one. */
static int get_capabilities(void *context, const char *capability, OSSL_CALLBACK *callback,
    void *arg)
{
    (void)context;
    return OSSL_PROVIDER_get_capabilities(whole, capability, callback, arg);
}

static void tear_down(void *context)
{
    (void)context; /* it is the default provider's */
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
    void **context)
{
    static const OSSL_DISPATCH functions[] = {
        { OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
        { OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params },
        { OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities },
        { OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))tear_down },
        { 0, NULL },
    };

    (void)handle;
    (void)in;
    *out = functions;
    *context = OSSL_PROVIDER_get0_provider_ctx(whole);
    return 1;
}

bool crypto_new(struct crypto **ret, struct err *err)
{
    autofree(crypto) struct crypto *crypto = xcalloc(1, sizeof(*crypto));

    if (!whole)
        whole = OSSL_PROVIDER_load(NULL, "default");
    crypto->context = OSSL_LIB_CTX_new();
    if (whole && crypto->context && OSSL_PROVIDER_add_builtin(crypto->context, NAME, init))
        crypto->provider = OSSL_PROVIDER_load(crypto->context, NAME);
    if (!crypto->provider) {
        ERR_clear_error();
        return fail(err, ERR_INTERNAL, "could not set up cryptography");
    }
    *ret = take(&crypto);
    return true;
}

void crypto_free(struct crypto *crypto)
{
    if (!crypto)
        return;
    if (crypto->provider)
        OSSL_PROVIDER_unload(crypto->provider);
    OSSL_LIB_CTX_free(crypto->context);
    free(crypto);
}

OSSL_LIB_CTX *crypto_context(const struct crypto *crypto)
{
    return crypto->context;
}
