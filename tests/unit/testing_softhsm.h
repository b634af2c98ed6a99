/*
 * testing_softhsm: a token in software (SoftHSM 2), in a directory of its own.
 *
 * Its label is "test", its PIN 87654321.
 */
#pragma once

#include "testing.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/subprocess.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"

/* A token in a directory of its own; false where there is no SoftHSM here. */
static inline bool make_token(const char *dir)
{
    autofree(str) char *conf = xasprintf("%s/softhsm2.conf", dir);
    autofree(str) char *text = xasprintf("directories.tokendir = %s\n", dir);
    char words[][20] = { "softhsm2-util", "--init-token", "--free", "--label", "test", "--so-pin",
        "12345678", "--pin", "87654321" };
    char *argv[countof(words) + 1] = { NULL };
    struct subprocess_conf util = { .path = "/usr/bin/softhsm2-util",
        .argv = argv,
        .env = environ };
    int status = -1;
    pid_t pid;
    struct err err = { 0 };

    if (access(MODULE, R_OK) != 0)
        return false;
    assert_works(fs_write_atomic(conf, span_text(text), 0600, &err), &err);
    assert_int_equal(setenv("SOFTHSM2_CONF", conf, 1), 0);
    for (size_t i = 0; i < countof(words); i++)
        argv[i] = words[i];
    util.env = environ;
    assert_works(subprocess_spawn(&util, &pid, &err), &err);
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static inline int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static inline void remove_token(const char *dir)
{
    assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}
