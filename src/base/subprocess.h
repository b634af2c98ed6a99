/*
 * base/subprocess: start other programs, with nothing in their hands that was not meant for them.
 *
 * A child gets the descriptors of the list and standard error; standard input and output are
 * /dev/null unless listed; everything else is closed. Signals are unblocked and at their
 * defaults. Never through a shell.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"

struct err;

struct subprocess_fd {
    int ours;
    int theirs; /* below SUBPROCESS_FDS_MAX */
};

#define SUBPROCESS_FDS_MAX 16

struct subprocess_conf {
    const char *path; /* absolute; the program */
    char *const *argv;
    char *const *env;
    const struct subprocess_fd *fds;
    size_t n_fds;
};

/* ERR_UNAVAILABLE: the program could not be started. */
bool subprocess_spawn(const struct subprocess_conf *conf, pid_t *ret, struct err *err) must_check;
