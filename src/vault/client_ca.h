/*
 * vault/client_ca: what the vault signs for the built-in certificate authority.
 *
 * With a key of the purpose VAULT_CA goes into the seal what it may be used for: its certificate
 * and the names it is for. The vault puts together itself whatever it signs, and signs certificates
 * for these names alone, never one for another authority, and none that outlives its own.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "vault/client_keys.h"

struct err;

#define VAULT_CA_NAMES_MAX 64 /* permitted, and as many excluded */
#define VAULT_CA_NAME_MAX 255 /* bytes of one */
#define VAULT_CA_URL_MAX 512
#define VAULT_CA_SERIAL_MAX 20 /* bytes (RFC 5280, 4.1.2.2) */
#define VAULT_CA_CSR_MAX (256u << 10)
#define VAULT_CA_CRL_MAX (3u << 20) /* bytes of a CRL */
#define VAULT_OCSP_ITEMS_MAX 16
#define VAULT_OCSP_NONCE_MAX 128 /* RFC 9654, 2.1 */

/* An authority that is to be made. */
struct vault_ca_new {
    enum vault_algorithm algorithm;
    const struct vault_csr *subject; /* its SANs are not looked at */

    /* "dns:example.org" (and all below it), "ip:192.0.2.0/24", "email:example.org" (that host),
     * "uri:www.example.org" (that host; ".example.org": all below it). */
    const char *const *permitted;
    size_t n_permitted;
    const char *const *excluded;
    size_t n_excluded;

    bool is_in_token; /* its key is made in the token that the settings name, and stays there; */
    const char *token_label; /* with this label; */
    const char *token_key;   /* or the one with this label is taken, which is there; NULL: none */

    bool is_root;       /* signs itself, with what follows; else there is a request */
    struct span serial; /* up to VAULT_CA_SERIAL_MAX bytes, the first from 1 to 127 */
    int64_t not_before;
    int64_t not_after;
};

/*
 * Make the key. `der` is the root's certificate, or the request for an intermediate one that
 * somebody else signs (vault_ca_install). ERR_INVALID names the attribute or name that cannot be.
 * A key that was made in a token stays there also when this fails afterwards.
 */
bool vault_ca_make(struct vault_client *client, const struct vault_ca_new *new,
    const struct vault_binding *binding, struct buf *sealed, struct buf *spki, struct buf *der,
    struct err *err) must_check;

/*
 * Seal the certificate that the intermediate was given (DER) into its key: *ret_sealed takes the
 * place of `sealed`. ERR_INVALID: it is none of an authority, or for another key.
 */
bool vault_ca_install(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, struct span cert, struct buf *ret_sealed, struct err *err)
    must_check;

/*
 * Does the key that belongs to the seal sign, and does its certificate, if there is one, verify
 * that? *ret_in_token says where the key lies. ERR_CONFLICT, ERR_UNAVAILABLE: it does not, and why.
 */
bool vault_ca_prove(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, bool *ret_in_token, struct err *err) must_check;

enum vault_ca_usage { VAULT_USE_SERVER = 1, VAULT_USE_CLIENT = 2, VAULT_USE_BOTH = 3 };

/* A certificate that is to be signed: key, subject and alternative names are the request's. */
struct vault_ca_leaf {
    struct span csr;    /* PKCS#10, DER, signed by its own key */
    struct span serial; /* as in struct vault_ca_new */
    int64_t not_before;
    int64_t not_after;
    enum vault_ca_usage usage;
    const char *crl_url;
    const char *ocsp_url;
    const char *issuer_url; /* of the authority's own certificate */
};

/* Appends DER. ERR_INVALID: this request cannot be granted; ERR_DENIED: the authority may not grant
 * it; both say why. */
bool vault_ca_sign(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct vault_ca_leaf *leaf, struct buf *der,
    struct err *err) must_check;

/* A list of revoked certificates; entries are appended with vault_ca_crl_add(). */
struct vault_ca_crl {
    int64_t number;
    int64_t this_at;
    int64_t next_at;
    struct buf entries; /* BUF_INIT(VAULT_CA_CRL_MAX) */
    size_t n_entries;
};

/* `reason` is RFC 5280's number. Past the ceiling the buf remembers it. */
void vault_ca_crl_add(struct vault_ca_crl *crl, struct span serial, int64_t revoked_at,
    uint8_t reason);

bool vault_ca_sign_crl(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct vault_ca_crl *crl, struct buf *der,
    struct err *err) must_check;

enum vault_ocsp_status { VAULT_OCSP_GOOD, VAULT_OCSP_REVOKED, VAULT_OCSP_UNKNOWN };

/* The hash that the asker named the issuer with. */
enum vault_ocsp_hash { VAULT_OCSP_SHA1, VAULT_OCSP_SHA256, VAULT_OCSP_SHA384, VAULT_OCSP_SHA512 };

struct vault_ocsp_item {
    enum vault_ocsp_hash hash;
    struct span serial; /* as in the request */
    enum vault_ocsp_status status;
    int64_t revoked_at;
    uint8_t reason;
};

struct vault_ocsp {
    struct vault_ocsp_item items[VAULT_OCSP_ITEMS_MAX];
    size_t n_items;
    int64_t this_at;
    int64_t next_at;
    struct span nonce; /* empty: none */
};

/* Appends a whole OCSPResponse, signed by the authority itself (RFC 6960, 4.2.2.2). */
bool vault_ca_sign_ocsp(struct vault_client *client, struct span sealed,
    const struct vault_binding *binding, const struct vault_ocsp *ocsp, struct buf *der,
    struct err *err) must_check;
