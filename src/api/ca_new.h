/*
 * api/ca_new: what a certificate authority is to be, as it comes in.
 */
#pragma once

#include "api/api.h"
#include "vault/client_ca.h"

struct ca_names_text {
    char *items[VAULT_CA_NAMES_MAX]; /* "dns:example.org", … */
    size_t n;
};

struct ca_wish {
    const char *name; /* borrowed from the body, like all of these */
    const char *description;
    bool is_root;
    enum vault_algorithm algorithm;
    bool is_in_token;      /* where its key lies */
    const char *token_key; /* one that is there already; "": a new one */
    struct vault_csr subject;
    int64_t lifetime_seconds;
    char public_url[VAULT_CA_URL_MAX];
    struct ca_names_text permitted;
    struct ca_names_text excluded;
};

/* Read the body; ERR_INVALID with problems. The caller calls ca_wish_done() in any case. */
bool ca_wish_read(struct api_call *call, struct ca_wish *ret, struct err *err) must_check;
void ca_wish_done(struct ca_wish *wish);

/* Do the settings name a token? The label of the key pair that may be taken from it is appended to
 * `ret_key`, nothing where there is none. */
bool ca_new_has_token(struct api_call *call, struct buf *ret_key);

/* {"permitted": [], "excluded": []}, for the database. */
void ca_wish_write_names(const struct ca_wish *wish, struct buf *out);

/* "public_url", made sure of and without a "/" at its end; problems stay with the decoder. False
 * where there is none. */
bool ca_new_read_url(struct json_in *in, char ret[static VAULT_CA_URL_MAX]);
