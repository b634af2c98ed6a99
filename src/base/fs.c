/* base/fs: see the header. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/rand.h"

void fd_close(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

bool fs_read(const char *path, struct buf *buf, struct err *err)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return fail_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID,
            "could not open \"%s\"", path);
    return fs_read_rest(fd, path, buf, err);
}

bool fs_read_rest(int fd, const char *name, struct buf *buf, struct err *err)
{
    uint8_t chunk[16384];

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, ERR_INTERNAL, "could not read \"%s\"", name);
        if (n == 0)
            break;
        buf_add(buf, chunk, (size_t)n);
        if (!buf_ok(buf))
            break;
    }
    if (buf->is_secret)
        explicit_bzero(chunk, sizeof chunk);
    return buf_check(buf, name, err);
}

bool fs_write_all(int fd, struct span content, struct err *err)
{
    while (content.size > 0) {
        ssize_t n = write(fd, content.data, content.size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not write");
        content = span_slice(content, (size_t)n, SIZE_MAX);
    }
    return true;
}

static bool sync_parent(const char *path, struct err *err)
{
    autofree(str) char *copy = xstrdup(path);
    autoclose int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not flush the directory of \"%s\"", path);
    return true;
}

static bool write_flushed(const char *path, struct span content, mode_t mode, struct err *err)
{
    autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not create \"%s\"", path);
    if (fchmod(fd, mode) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not set the mode of \"%s\"", path);
    if (!fs_write_all(fd, content, err))
        return err_wrap(err, "\"%s\"", path);
    if (fsync(fd) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not flush \"%s\"", path);
    return true;
}

static char *temporary_name(const char *path)
{
    uint64_t number;

    rand_bytes(&number, sizeof number);
    return xasprintf("%s.tmp-%016" PRIx64, path, number);
}

bool fs_write_atomic(const char *path, struct span content, mode_t mode, struct err *err)
{
    autofree(str) char *temporary = temporary_name(path);

    if (!write_flushed(temporary, content, mode, err)) {
        (void)unlink(temporary);
        return false;
    }
    if (rename(temporary, path) != 0) {
        fail_errno(err, ERR_UNAVAILABLE, "could not replace \"%s\"", path);
        (void)unlink(temporary);
        return false;
    }
    return sync_parent(path, err);
}

bool fs_create_new(const char *path, struct span content, mode_t mode, struct err *err)
{
    autofree(str) char *temporary = temporary_name(path);

    if (!write_flushed(temporary, content, mode, err)) {
        (void)unlink(temporary);
        return false;
    }
    int linked = link(temporary, path);
    int number = errno;

    (void)unlink(temporary);
    errno = number;
    if (linked != 0)
        return fail_errno(err, number == EEXIST ? ERR_CONFLICT : ERR_UNAVAILABLE,
            "could not create \"%s\"", path);
    return sync_parent(path, err);
}

bool fs_make_dirs(const char *path, mode_t mode, struct err *err)
{
    autofree(str) char *copy = xstrdup(path);

    for (char *p = copy + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST)
            return fail_errno(err, ERR_UNAVAILABLE, "could not create the directory \"%s\"", copy);
        *p = '/';
    }
    if (mkdir(copy, mode) != 0 && errno != EEXIST)
        return fail_errno(err, ERR_UNAVAILABLE, "could not create the directory \"%s\"", path);
    return true;
}

bool fs_lock(const char *path, int *ret_fd, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not open \"%s\"", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            fail(err, ERR_CONFLICT, "\"%s\" is locked by another process", path);
        else
            fail_errno(err, ERR_UNAVAILABLE, "could not lock \"%s\"", path);
        fd_close(fd);
        return false;
    }
    *ret_fd = fd;
    return true;
}

bool fs_open_temporary(const char *directory, int *ret_fd, struct err *err)
{
    autofree(str) char *name = NULL;
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

    if (fd < 0) {
        name = xasprintf("%s/certdesk-XXXXXX", directory);
        fd = mkostemp(name, O_CLOEXEC); /* for file systems without O_TMPFILE */
        if (fd < 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not make a temporary file");
        (void)unlink(name);
    }
    *ret_fd = fd;
    return true;
}

bool fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
