/*
 * base/sandbox: see the header. This file is the Landlock net; the tables of system calls are in
 * sandbox_calls.c.
 *
 * The kernel's header may be older than the kernel, so what came later is spelled out here.
 */
#include "base/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"

#define VERSION_REFER 2
#define VERSION_TRUNCATE 3
#define VERSION_NET 4
#define VERSION_KNOWN 4

#define FS_TRUNCATE (UINT64_C(1) << 14)
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)

struct ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* since VERSION_NET */
};

#define FILE_READ LANDLOCK_ACCESS_FS_READ_FILE
#define FILE_WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define DIR_READ LANDLOCK_ACCESS_FS_READ_DIR
#define DIR_WRITE                                                                                  \
    (LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                              \
        LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
        LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
#define NEVER (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

/* What is being built. */
struct ruleset {
    int fd;
    uint64_t handled;
    const char *except; /* resolved, or NULL */
};

int sandbox_landlock_version(void)
{
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

    if (version < 1)
        return 0;
    return version < VERSION_KNOWN ? (int)version : VERSION_KNOWN;
}

static uint64_t rights_of(unsigned access, bool is_dir)
{
    uint64_t rights = 0;

    if (access & SANDBOX_READ)
        rights |= FILE_READ | (is_dir ? DIR_READ : 0);
    if (access & SANDBOX_WRITE)
        rights |= FILE_WRITE | (is_dir ? DIR_WRITE : 0);
    if (access & SANDBOX_EXEC)
        rights |= LANDLOCK_ACCESS_FS_EXECUTE;
    return rights;
}

/* What cannot be opened cannot be used either, so leaving it out takes nothing away. */
static bool add_rule(const struct ruleset *set, const char *path, unsigned access, struct err *err)
{
    autoclose int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return true;
    struct landlock_path_beneath_attr rule = {
        .allowed_access = rights_of(access, S_ISDIR(st.st_mode)) & set->handled,
        .parent_fd = fd,
    };

    if (rule.allowed_access == 0)
        return true;
    if (syscall(SYS_landlock_add_rule, set->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        return fail_errno(err, ERR_INTERNAL, "could not allow access to \"%s\"", path);
    return true;
}

/* Is `path` the directory `below` lies in, at whatever depth, or that directory itself? */
static bool is_above(const char *path, const char *below)
{
    size_t n = strlen(path);

    if (strcmp(path, "/") == 0)
        return true;
    return strncmp(path, below, n) == 0 && (below[n] == '/' || below[n] == '\0');
}

/* Landlock can only allow. So all that lies beside the way to `except` is allowed one by one. */
static bool add_path(const struct ruleset *set, const char *path, unsigned access, struct err *err)
{
    if (!set->except || !is_above(path, set->except))
        return add_rule(set, path, access, err);
    if (strcmp(path, set->except) == 0)
        return true;
    DIR *dir = opendir(path);
    bool ok = true;

    if (!dir)
        return true;
    for (struct dirent *e = readdir(dir); e && ok; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        autofree(str) char *entry =
            xasprintf("%s/%s", strcmp(path, "/") == 0 ? "" : path, e->d_name);

        ok = e->d_type == DT_LNK || add_path(set, entry, access, err);
    }
    (void)closedir(dir);
    return ok;
}

static bool add_all(const struct ruleset *set, const struct sandbox_files *files, struct err *err)
{
    for (size_t i = 0; i < files->n_paths; i++) {
        autofree(str) char *resolved = realpath(files->paths[i].path, NULL);

        if (resolved && !add_path(set, resolved, files->paths[i].access, err))
            return false;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail_errno(err, ERR_INTERNAL, "could not give up new privileges");
    if (syscall(SYS_landlock_restrict_self, set->fd, 0) != 0)
        return fail_errno(err, ERR_INTERNAL, "could not enter the Landlock sandbox");
    return true;
}

bool sandbox_files(const struct sandbox_files *files, bool *ret_is_bound, struct err *err)
{
    int version = sandbox_landlock_version();
    autofree(str) char *except = files->except ? realpath(files->except, NULL) : NULL;
    struct ruleset_attr attr = {
        .handled_access_fs = rights_of(SANDBOX_READ | SANDBOX_WRITE | SANDBOX_EXEC, true) | NEVER
    };

    if (ret_is_bound)
        *ret_is_bound = version > 0;
    if (version == 0) {
        log_warning("sandbox.no_landlock",
            KV_STR("hint", "this kernel has no Landlock, or it is switched off; ignoring"));
        return true;
    }
    if (files->except && !except)
        return fail_errno(err, ERR_INTERNAL, "could not resolve \"%s\"", files->except);
    if (version < VERSION_REFER)
        attr.handled_access_fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
    if (version < VERSION_TRUNCATE)
        attr.handled_access_fs &= ~FS_TRUNCATE;
    if (files->no_tcp && version >= VERSION_NET)
        attr.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP;
    size_t size = version >= VERSION_NET ? sizeof attr : sizeof attr.handled_access_fs;
    autoclose int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);

    if (fd < 0)
        return fail_errno(err, ERR_INTERNAL, "could not prepare the Landlock sandbox");
    struct ruleset set = { .fd = fd, .handled = attr.handled_access_fs, .except = except };

    return add_all(&set, files, err);
}
