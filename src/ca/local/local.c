/* ca/local/local: see the header. The driver; lists and OCSP are in crl.c and ocsp.c. */
#include "ca/local/local.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "codec/hex.h"
#include "codec/json_in.h"
#include "db/db.h"
#include "store/ca.h"
#include "store/local_ca.h"
#include "vault/client_ca.h"
#include "x509/chain.h"

#define TIMEOUT_MS 30000
#define CERT_MAX (64u << 10)
#define PEM_MAX (1u << 20)

struct local {
    struct ca base;
    struct local_ca ca;
    struct vault_client *vault;
    struct db *db;
};

void local_ca_url(const char *public_url, const char *name, enum local_place place,
    char ret[static LOCAL_URL_SIZE])
{
    static const struct {
        const char *folder;
        const char *ending;
    } places[] = {
        [LOCAL_CRL] = { "pki", ".crl" },
        [LOCAL_OCSP] = { "ocsp", "" },
        [LOCAL_CERT] = { "pki", ".crt" },
    };

    (void)snprintf(ret, LOCAL_URL_SIZE, "%s/%s/%s%s", public_url, places[place].folder, name,
        places[place].ending);
}

void local_ca_serial(uint8_t ret[static LOCAL_SERIAL_BYTES])
{
    rand_bytes(ret, LOCAL_SERIAL_BYTES);
    ret[0] = (uint8_t)((ret[0] & 0x7F) | 0x10);
}

void local_ca_done(struct local_ca *ca)
{
    ca_row_free(ca->row);
    local_ca_row_free(ca->own);
    sealed_key_row_done(&ca->key);
    *ca = (struct local_ca){ 0 };
}

bool local_ca_load(struct db *db, int64_t id, struct local_ca *ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autodone(local_ca) struct local_ca ca = { 0 };

    sealed_key_row_init(&ca.key);
    if (!tx_begin(db, TX_READ, &tx, err) || !store_ca_get(tx, id, &ca.row, err) ||
        !store_local_ca_get(tx, id, &ca.own, err) ||
        !store_sealed_key_get(tx, ca.own->sealed_key_id, &ca.key, err))
        return false;
    if (ca.own->state != LOCAL_CA_ACTIVE)
        return fail(err, ERR_CONFLICT,
            "the certificate authority %s awaits its certificate: somebody must sign its request",
            ca.row->name);
    *ret = ca;
    ca = (struct local_ca){ 0 };
    return true;
}

static bool local_check(const char *settings, struct err *err)
{
    return strcmp(settings, "{}") == 0 ||
           fail(err, ERR_INVALID,
               "the built-in certificate authority has no settings of this kind");
}

static bool local_open(struct db *db, const struct ca_row *row, const struct ca_services *services,
    struct ca **ret, struct err *err)
{
    struct local_ca ca;

    if (!local_ca_load(db, row->id, &ca, err))
        return false;
    struct local *local = xcalloc(1, sizeof *local);

    local->base = (struct ca){ .ops = &local_ca_ops, .id = row->id, .timeout_ms = TIMEOUT_MS };
    local->ca = ca;
    local->vault = services->vault;
    local->db = db;
    *ret = &local->base;
    return true;
}

static void local_close(struct ca *ca)
{
    struct local *local = (struct local *)ca;

    local_ca_done(&local->ca);
    free(local);
}

/* Before the first certificate with it is signed, the public URL becomes what it will stay. */
static bool fix_url(struct local *local, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (local->ca.own->is_url_fixed)
        return true;
    if (!tx_begin(local->db, TX_WRITE, &tx, err) ||
        !store_local_ca_fix_url(tx, local->base.id, local->ca.own->public_url, err) ||
        !tx_commit(take(&tx), err))
        return false;
    local->ca.own->is_url_fixed = true;
    return true;
}

static bool local_plan(struct ca *ca, int64_t lifetime_seconds, int64_t now,
    char ret_serial[static CA_SERIAL_SIZE], int64_t *ret_not_before, int64_t *ret_not_after,
    struct err *err)
{
    struct local *local = (struct local *)ca;
    const struct local_ca_row *own = local->ca.own;
    const char *name = local->ca.row->name;
    uint8_t serial[LOCAL_SERIAL_BYTES];
    char end[CLOCK_RFC3339_SIZE];
    int64_t begin = now - LOCAL_BACKDATE_SECONDS;

    clock_rfc3339(own->not_after, end);
    if (now >= own->not_after)
        return fail(err, ERR_CONFLICT, "the certificate authority %s has expired at %s", name, end);
    if (now < own->not_before)
        return fail(err, ERR_CONFLICT, "the certificate authority %s is not valid yet", name);
    if (lifetime_seconds > own->not_after - now)
        return fail(err, ERR_CONFLICT,
            "a certificate for %" PRId64 " days would outlive the certificate authority %s, which "
            "ends at %s",
            lifetime_seconds / SECONDS_PER_DAY, name, end);
    if (!fix_url(local, err))
        return false;
    local_ca_serial(serial);
    hex_encode(span_of(serial, sizeof serial), ret_serial, CA_SERIAL_SIZE);
    *ret_not_before = begin > own->not_before ? begin : own->not_before;
    *ret_not_after = now + lifetime_seconds;
    return true;
}

/* The leaf, and what a server sends with it: everything above but the root. */
static bool write_chain(const struct local *local, struct span leaf, struct buf *pem,
    struct err *err)
{
    autofree(cert) struct cert *cert = NULL;
    autofree(cert) struct cert *issuer = NULL;

    if (!cert_from_der(leaf, &cert, err) ||
        !cert_from_der(buf_span(&local->ca.own->certificate), &issuer, err))
        return false;
    cert_to_pem(cert, pem);
    if (!local->ca.own->is_root) {
        cert_to_pem(issuer, pem);
        buf_add_text(pem, local->ca.own->chain_pem);
    }
    return buf_check(pem, "a chain", err);
}

static bool read_usage(const char *usage, enum vault_ca_usage *ret, struct err *err)
{
    static const struct {
        const char *name;
        enum vault_ca_usage usage;
    } usages[] = { { "server", VAULT_USE_SERVER }, { "client", VAULT_USE_CLIENT },
        { "both", VAULT_USE_BOTH } };

    for (size_t i = 0; i < countof(usages); i++) {
        if (strcmp(usage, usages[i].name) == 0) {
            *ret = usages[i].usage;
            return true;
        }
    }
    return fail(err, ERR_INVALID, "\"%s\" is no usage of a certificate", usage);
}

static bool sign(const struct local *local, const struct ca_order *order, struct buf *der,
    struct err *err)
{
    const char *name = local->ca.row->name;
    const char *base = local->ca.own->public_url;
    struct vault_binding binding = sealed_key_binding(&local->ca.key);
    uint8_t serial[VAULT_CA_SERIAL_MAX];
    size_t n = strlen(order->serial) / 2;
    char crl[LOCAL_URL_SIZE], ocsp[LOCAL_URL_SIZE], cert[LOCAL_URL_SIZE];
    struct vault_ca_leaf leaf = { .csr = order->csr,
        .serial = span_of(serial, n),
        .not_before = order->not_before,
        .not_after = order->not_after,
        .crl_url = crl,
        .ocsp_url = ocsp,
        .issuer_url = cert };

    if (n == 0 || n > sizeof serial || !hex_decode(span_text(order->serial), serial, n, err))
        return fail(err, ERR_INTERNAL, "the order has no serial number that can be used");
    local_ca_url(base, name, LOCAL_CRL, crl);
    local_ca_url(base, name, LOCAL_OCSP, ocsp);
    local_ca_url(base, name, LOCAL_CERT, cert);
    return read_usage(order->usage, &leaf.usage, err) &&
           vault_ca_sign(local->vault, buf_span(&local->ca.key.blob), &binding, &leaf, der, err);
}

static bool local_submit(struct ca *ca, const struct ca_order *order, struct ca_answer *answer,
    struct err *err)
{
    struct local *local = (struct local *)ca;
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX);

    if (sign(local, order, &der, err)) {
        answer->verdict = CA_ISSUED;
        buf_clear(&answer->chain_pem);
        return write_chain(local, buf_span(&der), &answer->chain_pem, err);
    }
    if (err->kind != ERR_INVALID && err->kind != ERR_DENIED && err->kind != ERR_LIMIT)
        return false;
    answer->verdict = CA_REJECTED;
    span_copy_text(span_text(err->msg), answer->reason, sizeof answer->reason);
    err_clear(err);
    return true;
}

/* The row says it, in the transaction of who calls; the next CRL and OCSP answer tell of it. */
static bool local_revoke(struct ca *ca, const struct ca_cert *cert, enum ca_reason reason,
    const char *comment, struct err *err)
{
    (void)ca;
    (void)cert;
    (void)reason;
    (void)comment;
    (void)err;
    return true;
}

const struct ca_ops local_ca_ops = {
    .type = "local",
    .forgets = true,
    .check = local_check,
    .open = local_open,
    .close = local_close,
    .plan = local_plan,
    .submit = local_submit,
    .poll = NULL,
    .revoke = local_revoke,
    .job_after_revoke = "crl",
};
