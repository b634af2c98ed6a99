/*
 * base/fs: files, written so that a reader or a power cut never sees half of one.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

/* Append the whole file to `buf`. ERR_NOT_FOUND if it is not there, ERR_LIMIT past the buf's
 * ceiling. */
bool fs_read(const char *path, struct buf *buf, struct err *err) must_check;

/* Append what `fd` still gives, to its end. `name` is what messages call it. */
bool fs_read_rest(int fd, const char *name, struct buf *buf, struct err *err) must_check;

/*
 * Replace or create `path`: written to a temporary name beside it, flushed, renamed, and the
 * directory flushed. `mode` as for open(2), untouched by the umask.
 */
bool fs_write_atomic(const char *path, struct span content, mode_t mode, struct err *err)
    must_check;

/* Like fs_write_atomic(), but ERR_CONFLICT if the file exists already. */
bool fs_create_new(const char *path, struct span content, mode_t mode, struct err *err) must_check;

/* Make `path` and its parents; what exists already is left as it is. */
bool fs_make_dirs(const char *path, mode_t mode, struct err *err) must_check;

/* An exclusive lock on `path`, held until *ret_fd is closed. ERR_CONFLICT if another process has
 * it. */
bool fs_lock(const char *path, int *ret_fd, struct err *err) must_check;

/* A file without a name in `directory`, for reading and writing; gone once it is closed. */
bool fs_open_temporary(const char *directory, int *ret_fd, struct err *err) must_check;

bool fs_exists(const char *path);

/* Write all of it, whatever write(2) takes at once. */
bool fs_write_all(int fd, struct span content, struct err *err) must_check;

/* Close `fd` unless it is negative. */
void fd_close(int fd);

static inline void fd_autoclose(const int *fd)
{
    fd_close(*fd);
}

/* `autoclose int fd = -1;` */
#define autoclose __attribute__((cleanup(fd_autoclose)))
