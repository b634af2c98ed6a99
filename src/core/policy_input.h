/*
 * core/policy_input: what somebody asks to have issued, as core/policy looks at it.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "x509/cert.h"

struct csr;
struct err;

/* Keys that a profile can allow. */
enum policy_key {
    POLICY_RSA_2048,
    POLICY_RSA_3072,
    POLICY_RSA_4096,
    POLICY_RSA_8192,
    POLICY_EC_P256,
    POLICY_EC_P384,
    POLICY_EC_P521,
    POLICY_ED25519,
    POLICY_ED448,
    N_POLICY_KEYS, /* also: none of them */
};

/* "rsa-2048", "ec-p256", "ed25519", …: as vault/client names those that the server can make. */
const char *policy_key_name(enum policy_key key);
bool policy_key_from_name(const char *name, enum policy_key *ret);

/* One name asked for: its bytes as a certificate would hold them. */
struct policy_name {
    enum cert_san_kind kind;
    struct span value;
};

/* One field of the subject; there may be several of a kind. */
struct policy_field {
    const char *name;   /* "O", "emailAddress"; an OID for what has no short name */
    struct span value;  /* UTF-8 */
    bool is_unreadable; /* its value is no text; the value is empty */
};

#define POLICY_INPUT_NAMES_MAX 2000
#define POLICY_INPUT_FIELDS_MAX 100

/*
 * Filled in by one of the functions below; tables of tests fill it in by hand. Names and fields
 * beyond the maxima are only counted: that many are refused anyway.
 */
struct policy_input {
    bool is_csr;         /* there is a request; else the server makes key and request */
    bool is_server_key;  /* of a request: its key is in the vault, as the caller says */
    enum policy_key key; /* N_POLICY_KEYS: none that can be allowed, as `key_text` says */
    char key_text[80];   /* for people: "RSA with 1024 bits" */
    bool is_weak_key;    /* as key_fault says */
    char key_fault[120]; /* "its public exponent is 3" */

    bool is_signed;             /* with is_csr, as all of these */
    bool has_unknown_signature; /* not signed: the algorithm is none that we can verify */
    char hash[32];         /* that it is signed with: "sha1"; "" where the algorithm has its own */
    bool wants_to_be_ca;   /* it asks for basicConstraints with CA:TRUE */
    bool has_broken_names; /* its list of names is malformed */

    struct policy_name *names;
    size_t n_names; /* in `names` */
    size_t n_more_names;
    struct policy_field *fields;
    size_t n_fields;
    size_t n_more_fields;

    void *kept; /* what names and fields borrow from; owned */
};

/* `csr` is borrowed and must outlive *ret. */
void policy_input_from_csr(const struct csr *csr, struct policy_input *ret);

/*
 * What the server is to make: `names` is JSON, {"subject": {"CN": …, "O": …}, "sans": [{"type":
 * "dns", "value": …}]} as certificate_request.names and csr.sans keep it. ERR_INVALID if it is no
 * such thing.
 */
bool policy_input_from_names(const char *names, enum policy_key key, struct policy_input *ret,
    struct err *err) must_check;
void policy_input_done(struct policy_input *input);

DEFINE_AUTODONE(policy_input);
