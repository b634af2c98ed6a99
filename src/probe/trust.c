/*
 * probe/trust: X509_verify_cert() with a callback that lets everything pass and takes notes.
 *
 * The first complaint would hide the others: a chain that is both expired and from nobody we know
 * is, above all, from nobody we know. So all are collected, and the weightiest is the verdict.
 */
#include "probe/trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"

#define REMEMBERED 4096U
#define REMEMBERED_SECONDS 600

struct memory {
    uint8_t key[32];
    int64_t until; /* 0: empty */
    struct trust_verdict verdict;
};

struct trust {
    X509_STORE *store;
    struct memory *memories; /* REMEMBERED, made when the first is needed; found by the key */
};

/* Complaints in order of weight, the weightiest first. */
enum complaint {
    BAD_SIGNATURE,
    SELF_SIGNED,
    UNTRUSTED_ROOT,
    INCOMPLETE,
    INVALID,
    EXPIRED,
    NOT_YET_VALID,
    N_COMPLAINTS
};

struct notes {
    int codes[N_COMPLAINTS]; /* the first X509_V_ERR_ of each kind; 0: none */
    int depths[N_COMPLAINTS];
};

static const enum probe_chain verdict_of[N_COMPLAINTS] = {
    [BAD_SIGNATURE] = PROBE_CHAIN_BAD_SIGNATURE,
    [SELF_SIGNED] = PROBE_CHAIN_SELF_SIGNED,
    [UNTRUSTED_ROOT] = PROBE_CHAIN_UNTRUSTED_ROOT,
    [INCOMPLETE] = PROBE_CHAIN_INCOMPLETE,
    [INVALID] = PROBE_CHAIN_INVALID,
    [EXPIRED] = PROBE_CHAIN_EXPIRED,
    [NOT_YET_VALID] = PROBE_CHAIN_NOT_YET_VALID,
};

static enum complaint complaint_of(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
        return BAD_SIGNATURE;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return SELF_SIGNED;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return UNTRUSTED_ROOT;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return INCOMPLETE;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return NOT_YET_VALID;
    default:
        return INVALID;
    }
}

static int take_note(int ok, X509_STORE_CTX *ctx)
{
    struct notes *const notes = X509_STORE_CTX_get_app_data(ctx);
    const int code = X509_STORE_CTX_get_error(ctx);

    if (ok)
        return 1;
    const enum complaint complaint = complaint_of(code);
    if (notes->codes[complaint] == 0) {
        notes->codes[complaint] = code;
        notes->depths[complaint] = X509_STORE_CTX_get_error_depth(ctx);
    }
    return 1;
}

/* An ASN1_TIME that is none counts as the end of time: X509_verify_cert() complains of it. */
static int64_t instant_of(const ASN1_TIME *time)
{
    struct tm tm;

    if (!ASN1_TIME_to_tm(time, &tm))
        return INT64_MAX;
    return clock_from_civil(&(struct civil){
        .year = tm.tm_year + 1900,
        .month = tm.tm_mon + 1,
        .day = tm.tm_mday,
        .hour = tm.tm_hour,
        .minute = tm.tm_min,
        .second = tm.tm_sec,
    });
}

/* The earliest end along the path, whose last member, the anchor, does not count. */
static int64_t path_end(const STACK_OF(X509) * path)
{
    const int n = sk_X509_num(path);
    int64_t end = INT64_MAX;

    for (int i = 0; i < n && (i < n - 1 || i == 0); i++) {
        const int64_t at = instant_of(X509_get0_notAfter(sk_X509_value(path, i)));

        end = at < end ? at : end;
    }
    return end;
}

static bool is_anchored(const struct notes *notes)
{
    return notes->codes[BAD_SIGNATURE] == 0 && notes->codes[SELF_SIGNED] == 0 &&
           notes->codes[UNTRUSTED_ROOT] == 0 && notes->codes[INCOMPLETE] == 0;
}

static void judge(const struct notes *notes, X509_STORE_CTX *ctx, struct trust_verdict *ret)
{
    X509 *const leaf = X509_STORE_CTX_get0_cert(ctx);

    ret->chain = PROBE_CHAIN_TRUSTED;
    for (size_t i = 0; i < N_COMPLAINTS && ret->chain == PROBE_CHAIN_TRUSTED; i++) {
        if (notes->codes[i] == 0)
            continue;
        ret->chain = verdict_of[i];
        snprintf(ret->message, sizeof(ret->message), "%s%s",
            X509_verify_cert_error_string(notes->codes[i]),
            notes->depths[i] > 0 ? " (above the leaf)" : "");
    }
    ret->is_complete_path = is_anchored(notes);
    ret->path_expires_at = ret->is_complete_path ? path_end(X509_STORE_CTX_get0_chain(ctx))
                                                 : instant_of(X509_get0_notAfter(leaf));
}

static void verify(const struct trust *trust, X509 *leaf, STACK_OF(X509) * sent, int64_t now,
    struct trust_verdict *ret)
{
    struct notes notes = { 0 };
    X509_STORE_CTX *const ctx = X509_STORE_CTX_new();

    *ret = (struct trust_verdict){ .chain = PROBE_CHAIN_INVALID };
    if (ctx && X509_STORE_CTX_init(ctx, trust->store, leaf, sent)) {
        X509_STORE_CTX_set_app_data(ctx, &notes);
        X509_STORE_CTX_set_verify_cb(ctx, take_note);
        X509_STORE_CTX_set_time(ctx, 0, now);
        if (X509_verify_cert(ctx) < 0 && notes.codes[INVALID] == 0)
            notes.codes[INVALID] = X509_V_ERR_UNSPECIFIED;
        judge(&notes, ctx, ret);
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
}

void trust_judge(struct trust *trust, const uint8_t key[static 32], X509 *leaf,
    STACK_OF(X509) * sent, int64_t now, struct trust_verdict *ret)
{
    if (!trust->memories)
        trust->memories = xcalloc(REMEMBERED, sizeof(trust->memories[0]));
    struct memory *const memory =
        &trust->memories[((size_t)key[0] | (size_t)key[1] << 8) % REMEMBERED];

    if (now >= memory->until || now < memory->until - REMEMBERED_SECONDS ||
        memcmp(memory->key, key, sizeof(memory->key)) != 0) {
        verify(trust, leaf, sent, now, &memory->verdict);
        memcpy(memory->key, key, sizeof(memory->key));
        memory->until = now + REMEMBERED_SECONDS;
        /* A path that ends meanwhile is judged anew when it has. */
        if (memory->verdict.path_expires_at > now &&
            memory->verdict.path_expires_at < memory->until)
            memory->until = memory->verdict.path_expires_at;
    }
    *ret = memory->verdict;
}

static bool add_pem(X509_STORE *store, struct span pem, struct err *err)
{
    if (pem.size == 0)
        return true;
    if (pem.size > INT32_MAX)
        return fail(err, ERR_LIMIT, "the trust bundles are too large");

    BIO *const bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    X509 *cert = NULL;
    bool is_ok = bio != NULL;
    while (is_ok && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        is_ok = X509_STORE_add_cert(store, cert) == 1;
        X509_free(cert);
    }
    const unsigned long code = ERR_peek_last_error();
    const bool is_end =
        ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    BIO_free(bio);
    ERR_clear_error();
    return (is_ok && is_end) ||
           fail(err, ERR_INVALID, "a trust bundle holds something that is not a certificate");
}

static bool add_system(X509_STORE *store, const char *dir)
{
    X509_LOOKUP *const by_dir = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    const char *const file = getenv(X509_get_default_cert_file_env());

    if (!dir)
        dir = getenv(X509_get_default_cert_dir_env());
    else if (!dir[0])
        return true;
    if (!by_dir ||
        !X509_LOOKUP_add_dir(by_dir, dir ? dir : X509_get_default_cert_dir(), X509_FILETYPE_PEM))
        return false;
    return !file || X509_STORE_load_file(store, file) == 1;
}

bool trust_new(const char *system_dir, struct span pem, struct trust **ret, struct err *err)
{
    autofree(trust) struct trust *trust = xcalloc(1, sizeof(*trust));

    trust->store = X509_STORE_new();
    ASSERT(trust->store);
    if (!add_system(trust->store, system_dir)) {
        ERR_clear_error();
        return fail(err, ERR_UNAVAILABLE, "could not set up the system's trust store");
    }
    if (!add_pem(trust->store, pem, err))
        return false;
    X509_VERIFY_PARAM *const param = X509_STORE_get0_param(trust->store);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_auth_level(param, 1); /* no MD5 and SHA-1 signatures, no 512-bit keys */
    X509_VERIFY_PARAM_set_depth(param, PROBE_CHAIN_MAX);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    *ret = take(&trust);
    return true;
}

void trust_free(struct trust *trust)
{
    if (!trust)
        return;
    X509_STORE_free(trust->store);
    free(trust->memories);
    free(trust);
}
