/*
 * vault/process: the only address space with the master key.
 *
 * It speaks to the server on one socket and to nobody else, is locked into its key directory until
 * the key is loaded, and out of it afterwards; cannot be dumped or debugged; and keeps no state, so
 * killing it costs the request under way.
 */
#pragma once

#include "base/base.h"

/*
 * Serve `fd` until its other end closes. `key_dir_fd` is where the master key is kept;
 * `passphrase_fd` is -1 unless it is derived from a passphrase. `recovery_key` is the public one
 * that backups are encrypted to, "" without one. Returns the exit status: 0, or 78 where the vault
 * cannot work here, which standard error explains.
 */
int vault_process_main(int fd, int key_dir_fd, int passphrase_fd, const char *recovery_key);
