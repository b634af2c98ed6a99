/*
 * daemon/restore: certdesk restore.
 *
 * Not in cli/, because it is the start of an installation: it makes the data directory, starts a
 * vault, has it make a master key, and fills the database. No server runs meanwhile.
 */
#pragma once

#define RESTORE_ARGUMENTS                                                                          \
    "--recovery-key FILE [--signer KEY] [--check] [--config FILE] [--data DIR] [--database URL] "  \
    "BACKUP"

/* argv[0] is the word. Returns the exit status. */
int restore_run(int argc, char **argv);
