/*
 * daemon/children: the processes under the supervisor: how they are started, and when again.
 *
 * A child that died is started at once; one that keeps dying waits longer and longer, up to
 * CHILD_WAIT_MAX_MS, until it has lived CHILD_SETTLED_MS.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"
#include "base/log.h"

struct err;

/* Those before CHILD_IMPORTER are there always; importers come and go, one for each upload. A
 * token's process is the vault's own child, which it starts where the settings name a token. */
enum child_role {
    CHILD_SERVER,
    CHILD_PROBER,
    CHILD_VAULT,
    CHILD_IMPORTER,
    CHILD_TOKEN,
    CHILD_ROLES
};

#define CHILDREN_KEPT CHILD_IMPORTER

#define CHILD_WAIT_FIRST_MS 50
#define CHILD_WAIT_MAX_MS 2000
#define CHILD_SETTLED_MS 10000

struct child {
    enum child_role role;
    pid_t pid;             /* 0: not running */
    int64_t started_at_ms; /* clock_mono_ms() */
    int64_t start_at_ms;   /* not running: when to start it */
    int n_short_lives;     /* in a row */
};

/* What a child is given; -1 for a descriptor it does not get. */
struct child_start {
    int channel_fd;
    int key_dir_fd;
    int passphrase_fd;
    int lock_fd;
    int old_passphrase_fd;
    int pin_fd;
    int ca_pin_fd;
    enum log_level level;
    char *variable; /* one more for its environment, NAME=VALUE; NULL: none */
};

/* "server", "prober", "vault", "importer", "token". */
const char *child_role_name(enum child_role role);

bool child_start(struct child *child, const struct child_start *with, int64_t now_ms,
    struct err *err) must_check;

/*
 * It ended (or could not be started): set when it is to be started again. In order, it ended
 * because the server is ending, which is about to be seen.
 */
void child_ended(struct child *child, bool in_order, int64_t now_ms);
