/* deploy/file: see the header. */
#include "deploy/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"

/* One name for each file, so that a run that died leaves at most one behind, and the next finds it.
 */
static char *temporary_name(const char *path)
{
    autofree(str) char *one = xstrdup(path);
    autofree(str) char *two = xstrdup(path);

    return xasprintf("%s/.%s.certdesk-new", dirname(one), basename(two));
}

/* As readable as the old one, and no more. */
static bool take_after(int fd, const char *path, struct err *err)
{
    struct stat old;
    mode_t mode = 0600;

    if (lstat(path, &old) == 0) {
        if (!S_ISREG(old.st_mode))
            return fail(err, ERR_CONFLICT, "\"%s\" is no plain file", path);
        /* Without the group of the old one its group's right to read means nothing. */
        if (fchown(fd, (uid_t)-1, old.st_gid) == 0)
            mode = old.st_mode & 0660;
        if (geteuid() == 0 && fchown(fd, old.st_uid, (gid_t)-1) != 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not set the owner of \"%s\"", path);
    }
    if (fchmod(fd, mode | 0600) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not set the mode of \"%s\"", path);
    return true;
}

bool staged_file_write(struct staged_file *file, const char *path, struct span content,
    struct err *err)
{
    autofree(str) char *temporary = temporary_name(path);
    autoclose int fd = -1;

    if (unlink(temporary) != 0 && errno != ENOENT)
        return fail_errno(err, ERR_UNAVAILABLE, "could not remove \"%s\"", temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not create \"%s\"", temporary);
    file->path = xstrdup(path);
    file->temporary = take(&temporary);
    if (!take_after(fd, path, err))
        return false;
    if (!fs_write_all(fd, content, err))
        return err_wrap(err, "\"%s\"", file->temporary);
    if (fsync(fd) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not flush \"%s\"", file->temporary);
    return true;
}

bool staged_file_install(struct staged_file *file, struct err *err)
{
    autofree(str) char *copy = xstrdup(file->path);

    if (rename(file->temporary, file->path) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not replace \"%s\"", file->path);
    free(take(&file->temporary));
    autoclose int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not flush the directory of \"%s\"",
            file->path);
    return true;
}

void staged_file_done(struct staged_file *file)
{
    if (file->temporary)
        (void)unlink(file->temporary);
    free(file->path);
    free(file->temporary);
}
