/*
 * daemon/vault_start: what a vault is given of the settings: descriptors, and one variable.
 *
 * Opened anew for every vault, so that what was changed meanwhile is seen: a passphrase, a token.
 * The vault itself can open none of it.
 */
#pragma once

#include "base/base.h"
#include "vault/hsm_process.h"
#include "vault/process.h"

struct conf;
struct err;

struct vault_start {
    int passphrase_fd; /* -1 where the settings name none, as the others */
    int old_passphrase_fd;
    int pin_fd;
    int ca_pin_fd;
    char *variable; /* CERTDESK_VAULT=…, for vault_start_read() */
};
#define VAULT_START_NONE                                                                           \
    {                                                                                              \
        -1, -1, -1, -1, NULL                                                                       \
    }

bool vault_start_open(const struct conf *conf, struct vault_start *ret, struct err *err) must_check;
void vault_start_done(struct vault_start *start);

/* In the vault: what it may reach, from its descriptors and the variable. Borrows from the
 * environment. */
void vault_start_read(struct vault_process_conf *ret);

/* In a token's process: the same. Fails where none is configured. */
bool vault_start_read_token(struct hsm_process_conf *ret, struct err *err) must_check;

DEFINE_AUTODONE(vault_start);
