/*
 * core/rows_version: X.509 certificates as rows, and the part they play in a record.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "codec/digest.h"
#include "core/rows.h"

/* The slots: for which kind of key a server sends it. */
#define SLOT_RSA "rsa"
#define SLOT_ECDSA "ecdsa"
#define SLOT_OTHER "other"

/* One X.509 certificate, without its DER (store_version_der). Immutable. */
struct version_row {
    int64_t id;
    uint8_t sha256[SHA256_SIZE];
    char *slot;
    char *serial; /* lower-case hex */
    char *subject;
    char *issuer;
    char *name; /* the CN, else the first SAN */
    char *sans; /* JSON list of {type, value}; the first hundred */
    int64_t n_sans;
    int64_t not_before;
    int64_t not_after;
    char *key_algorithm;
    int64_t key_size;
    char *signature_algorithm;
    uint8_t spki_sha256[SHA256_SIZE];
    bool is_ca;
    bool is_self_signed;
    bool is_staging;
    int64_t created_at;
};
DECLARE_ROWS(version);

/*
 * What the store must be told of a certificate to keep it. Everything is borrowed for the call;
 * texts are clean UTF-8 without NUL, already cut to a sane length by whoever parsed it.
 */
struct version_facts {
    struct span der;
    uint8_t sha256[SHA256_SIZE];
    uint8_t spki_sha256[SHA256_SIZE];
    const char *slot;
    const char *serial;
    const char *subject;
    const char *issuer;
    const char *name;
    const char *sans;  /* JSON list of {type, value} */
    const char *names; /* to be found by: CN and SANs, separated by newlines */
    int64_t n_sans;
    int64_t not_before;
    int64_t not_after;
    const char *key_algorithm;
    int64_t key_size;
    const char *signature_algorithm;
    bool is_ca;
    bool is_self_signed;
    bool is_staging;
};

enum version_role { VERSION_CURRENT, VERSION_STAGED, VERSION_SUPERSEDED };
enum version_origin { VERSION_SEEN, VERSION_IMPORTED, VERSION_ISSUED, VERSION_CONFIRMED };

const char *version_role_name(enum version_role role);
const char *version_origin_name(enum version_origin origin);

/* False where `name` is no such word; *ret is then unchanged. */
bool version_role_from_name(const char *name, enum version_role *ret);
bool version_origin_from_name(const char *name, enum version_origin *ret);

/* A version in a record. Its id is the number in "C-1042". */
struct record_version_row {
    int64_t id;
    int64_t certificate_id;
    int64_t version_id;
    char *slot;
    enum version_role role;
    enum version_origin origin;
    char *ca_certificate_id; /* NULL: its CA told us none */
    int64_t chain_id;
    char *chain_status;
    int64_t path_expires_at;
    int64_t sealed_key_id; /* 0: we do not have its key */
    int64_t since_at;      /* as of when it has this role */
    int64_t created_at;
    struct version_row *version; /* the certificate itself */
};
DECLARE_ROWS(record_version);
