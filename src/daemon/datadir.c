/* daemon/datadir: see the header. */
#include "daemon/datadir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#define LOCK_WAIT_MS 3000

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    bool empty = true;

    if (!dir)
        return false;
    for (struct dirent *e = readdir(dir); e && empty; e = readdir(dir))
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    (void)closedir(dir);
    return empty;
}

/*
 * A directory that others may enter is made private only while it is empty: it might be somebody's
 * home, given by mistake.
 */
static bool check_private(const char *path, struct err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return fail_errno(err, ERR_INVALID, "could not use the data directory \"%s\"", path);
    if (!S_ISDIR(st.st_mode))
        return fail(err, ERR_INVALID, "the data directory \"%s\" is not a directory", path);
    if ((st.st_mode & 077) == 0)
        return true;
    if (!is_empty(path))
        return fail(err, ERR_DENIED,
            "other users may enter the data directory \"%s\"; it needs mode 0700", path);
    if (chmod(path, 0700) != 0)
        return fail_errno(err, ERR_DENIED, "could not make the data directory \"%s\" private",
            path);
    return true;
}

static bool make_part(const char *root, const char *name, struct err *err)
{
    autofree(str) char *path = xasprintf("%s/%s", root, name);

    return fs_make_dirs(path, 0700, err) && check_private(path, err);
}

/* Who holds it, as it wrote into the file itself. */
static void read_holder(const char *path, char *field, size_t field_size)
{
    autodone(buf) struct buf text = BUF_INIT(32);
    struct err ignored = { 0 };

    field[0] = '\0';
    if (fs_read(path, &text, &ignored))
        span_copy_text(span_trim(buf_span(&text)), field, field_size);
}

static bool lock(const char *root, int *ret_fd, struct err *err)
{
    autofree(str) char *path = xasprintf("%s/lock", root);
    int64_t deadline = clock_mono_ms() + LOCK_WAIT_MS;
    char holder[32];

    while (!fs_lock(path, ret_fd, err)) {
        if (err->kind != ERR_CONFLICT)
            return false;
        if (clock_mono_ms() >= deadline) {
            read_holder(path, holder, sizeof holder);
            return fail(err, ERR_CONFLICT,
                "another server is using the data directory \"%s\"%s%s%s", root,
                holder[0] ? " (process " : "", holder, holder[0] ? ")" : "");
        }
        (void)poll(NULL, 0, 50);
    }
    (void)snprintf(holder, sizeof holder, "%d\n", (int)getpid());
    if (ftruncate(*ret_fd, 0) != 0 || !fs_write_all(*ret_fd, span_text(holder), err))
        return fail_errno(err, ERR_UNAVAILABLE, "could not write \"%s\"", path);
    return true;
}

static bool open_parts(struct datadir *dir, struct err *err)
{
    if (!lock(dir->path, &dir->lock_fd, err))
        return false;
    if (!make_part(dir->path, "db", err) || !make_part(dir->path, "tmp", err) ||
        !make_part(dir->path, "vault", err))
        return false;
    autofree(str) char *keys = xasprintf("%s/vault", dir->path);

    dir->key_dir_fd = open(keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->key_dir_fd < 0)
        return fail_errno(err, ERR_INVALID, "could not open \"%s\"", keys);
    return true;
}

bool datadir_open(const char *path, struct datadir *ret, struct err *err)
{
    autodone(datadir) struct datadir dir = { .lock_fd = -1, .key_dir_fd = -1 };

    if (!fs_make_dirs(path, 0700, err) || !check_private(path, err))
        return false;
    dir.path = realpath(path, NULL);
    if (!dir.path)
        return fail_errno(err, ERR_INVALID, "could not use the data directory \"%s\"", path);
    if (!open_parts(&dir, err))
        return false;
    *ret = dir;
    dir = (struct datadir){ .lock_fd = -1, .key_dir_fd = -1 };
    return true;
}

void datadir_done(struct datadir *dir)
{
    free(dir->path);
    fd_close(dir->lock_fd);
    fd_close(dir->key_dir_fd);
    *dir = (struct datadir){ .lock_fd = -1, .key_dir_fd = -1 };
}
