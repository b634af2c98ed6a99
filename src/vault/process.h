/*
 * vault/process: the only address space with the master key.
 *
 * It speaks to the server on one socket and to nobody else, is locked into its key directory until
 * the key is loaded, and out of it afterwards; cannot be dumped or debugged; and keeps no state but
 * a count of what was opened, so killing it costs the request under way.
 */
#pragma once

#include "base/base.h"
#include "vault/master.h"

struct vault_process_conf {
    int fd;         /* the server */
    int key_dir_fd; /* where the master key is kept */
    struct master_access access;
    char recovery_key[256]; /* the public one that backups are encrypted to; "" without one */

    /*
     * Start the process that has the token with authorities' keys (vault/hsm_process), with `fd`
     * as its end of the socket; called once, before anything else. NULL: no token is configured.
     */
    bool (*start_token)(int fd, struct err *err);
};

/*
 * Serve until the other end closes. Returns the exit status: 0, or 78 where the vault cannot work
 * here, which standard error explains.
 */
int vault_process_main(const struct vault_process_conf *conf);
