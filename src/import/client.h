/*
 * import/client: the server's way to have an upload parsed.
 *
 * Files with certificates and private keys are parsed by a process of their own, started for one
 * upload and gone after it: it has no network, no files, no master key. Certificates come back as
 * they are; private keys come back encrypted for the vault (vault/parcel), with their public
 * halves.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;
struct import_client;

#define IMPORT_UPLOAD_MAX (4u << 20)
#define IMPORT_CERTS_MAX 200
#define IMPORT_KEYS_MAX 32
#define IMPORT_PASSWORD_MAX 1024
#define IMPORT_PUBLIC_SIZE 32

/* What may be uploaded together. Each part may be in any form, and hold any number of both. */
enum import_part { IMPORT_FILE, IMPORT_KEY, IMPORT_CHAIN, N_IMPORT_PARTS };

struct import_upload {
    struct span parts[N_IMPORT_PARTS];     /* empty: not there */
    struct span password;                  /* UTF-8; empty: none, which is tried as such */
    struct span key_password;              /* of IMPORT_KEY; empty: the same as `password` */
    uint8_t vault_key[IMPORT_PUBLIC_SIZE]; /* what keys are encrypted with */
};

struct import_cert {
    enum import_part part;
    struct buf der;
};

struct import_key {
    enum import_part part;
    struct buf spki;   /* SubjectPublicKeyInfo, DER; also the parcel's `aad` */
    struct buf parcel; /* for the vault */
};

struct import_result {
    struct import_cert *certs;
    size_t n_certs;
    struct import_key *keys;
    size_t n_keys;
};

void import_result_done(struct import_result *result);

/* Why nothing came of an upload, in one word; err has the sentence. */
enum import_fault {
    IMPORT_FAULT_NONE,
    IMPORT_MALFORMED,       /* it is nothing we read, or it is damaged */
    IMPORT_PASSWORD_NEEDED, /* it is encrypted and no password was given */
    IMPORT_WRONG_PASSWORD,
    IMPORT_UNSUPPORTED, /* encrypted or made in a way we cannot read */
    IMPORT_TOO_COSTLY,  /* its key derivation would take too long */
    N_IMPORT_FAULTS,
};

/* Where a fault lies: "file", "key", "chain"; for passwords "password", "key_password". */
const char *import_fault_field(enum import_fault fault, enum import_part part,
    bool has_key_password);

struct import_refusal {
    enum import_fault fault; /* IMPORT_FAULT_NONE: it was not the upload's fault */
    enum import_part part;
};

struct import_client_conf {
    /*
     * Asks the supervisor for a process, whose socket is to be handed to import_client_offer() soon
     * after. Called from any thread, one at a time.
     */
    bool (*ask)(void *arg, struct err *err);
    void *arg;
    int64_t start_timeout_ms; /* 0: 15 s, from the question to the process */
    int64_t parse_timeout_ms; /* 0: 30 s, from the upload to the answer */
};

struct import_client *import_client_new(const struct import_client_conf *conf) must_check;
void import_client_free(struct import_client *client);

/* Takes the socket of a new process; -1: there can be none now. From any thread. */
void import_client_offer(struct import_client *client, int fd);

/* Whoever waits for a process gets none. */
void import_client_stop(struct import_client *client);

/*
 * Have an upload parsed. Blocks, so never inside a transaction. ERR_INVALID and ERR_LIMIT come with
 * *ret_refusal filled in; ERR_UNAVAILABLE: no process could be had, or it died or took too long.
 */
bool import_parse(struct import_client *client, const struct import_upload *upload,
    struct import_result *ret, struct import_refusal *ret_refusal, struct err *err) must_check;

DEFINE_AUTOFREE(import_client);
DEFINE_AUTODONE(import_result);
