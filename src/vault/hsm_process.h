/*
 * vault/hsm_process: the process in which a token's module runs.
 *
 * It signs digests for the vault that started it and has nothing else: no keys but those that the
 * token keeps, no database, no way into the data directory. The module is somebody else's code and
 * may crash or hang: it runs in a child, which is killed when it takes too long, and started again
 * for the next request.
 */
#pragma once

#include "base/base.h"

struct hsm_process_conf {
    int fd;             /* the vault */
    int pin_fd;         /* where the PIN is read from */
    const char *where;  /* "MODULE\nTOKEN\nLABEL OF THE KEY THAT MAY BE TAKEN" */
    const char *hidden; /* a directory that stays out of reach; NULL: none */
};

/* Serve until the vault closes. Returns the exit status. */
int hsm_process_main(const struct hsm_process_conf *conf);
