/*
 * daemon/datadir: the directory in which everything lies that must not be lost.
 *
 * DIR/db/ the SQLite file, DIR/vault/ the master key, DIR/tmp/ bodies of requests under way,
 * DIR/lock. All of it belongs to the user that runs the server, and to nobody else.
 */
#pragma once

#include "base/base.h"

struct err;

struct datadir {
    char *path;     /* absolute, symbolic links resolved */
    int lock_fd;    /* -1: not locked */
    int key_dir_fd; /* DIR/vault */
};

/*
 * Make what is missing, and lock it. ERR_CONFLICT: another server is using it. ERR_DENIED: others
 * may enter it. It waits a moment for a server that is just ending.
 */
bool datadir_open(const char *path, struct datadir *ret, struct err *err) must_check;
void datadir_done(struct datadir *dir);

DEFINE_AUTODONE(datadir);
