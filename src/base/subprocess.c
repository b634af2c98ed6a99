/* base/subprocess: see the header. */
#include "base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

#include "base/err.h"
#include "base/fs.h"

/*
 * Sources are moved out of the way first: else the target of one dup2() might be the source of the
 * next.
 */
static bool lift(const struct subprocess_conf *conf, int lifted[static SUBPROCESS_FDS_MAX],
    struct err *err)
{
    for (size_t i = 0; i < conf->n_fds; i++) {
        ASSERT(conf->fds[i].theirs >= 0 && conf->fds[i].theirs < SUBPROCESS_FDS_MAX);
        lifted[i] = fcntl(conf->fds[i].ours, F_DUPFD_CLOEXEC, SUBPROCESS_FDS_MAX);
        if (lifted[i] < 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not pass a descriptor on");
    }
    return true;
}

static bool is_listed(const struct subprocess_conf *conf, int fd)
{
    for (size_t i = 0; i < conf->n_fds; i++)
        if (conf->fds[i].theirs == fd)
            return true;
    return fd <= 2;
}

/* What is ours is close-on-exec; what we were started with ourselves may not be. */
static int add_closes(posix_spawn_file_actions_t *actions, const struct subprocess_conf *conf)
{
    int result = 0;

    for (int fd = 3; fd < SUBPROCESS_FDS_MAX && result == 0; fd++)
        if (!is_listed(conf, fd))
            result = posix_spawn_file_actions_addclose(actions, fd);
    return result == 0 ? posix_spawn_file_actions_addclosefrom_np(actions, SUBPROCESS_FDS_MAX)
                       : result;
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct subprocess_conf *conf,
    const int *lifted)
{
    int result = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

    if (result == 0)
        result = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    for (size_t i = 0; i < conf->n_fds && result == 0; i++)
        result = posix_spawn_file_actions_adddup2(actions, lifted[i], conf->fds[i].theirs);
    return result == 0 ? add_closes(actions, conf) : result;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int result =
        posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    if (result == 0)
        result = posix_spawnattr_setsigmask(attributes, &none);
    return result == 0 ? posix_spawnattr_setsigdefault(attributes, &all) : result;
}

static int spawn(const struct subprocess_conf *conf, const int *lifted, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int result = posix_spawn_file_actions_init(&actions);

    if (result != 0)
        return result;
    result = posix_spawnattr_init(&attributes);
    if (result == 0) {
        result = add_actions(&actions, conf, lifted);
        if (result == 0)
            result = set_attributes(&attributes);
        if (result == 0)
            result = posix_spawn(ret, conf->path, &actions, &attributes, conf->argv, conf->env);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return result;
}

bool subprocess_spawn(const struct subprocess_conf *conf, pid_t *ret, struct err *err)
{
    int lifted[SUBPROCESS_FDS_MAX];

    ASSERT(conf->n_fds <= SUBPROCESS_FDS_MAX);
    for (size_t i = 0; i < countof(lifted); i++)
        lifted[i] = -1;
    bool ok = lift(conf, lifted, err);

    if (ok) {
        errno = spawn(conf, lifted, ret);
        if (errno != 0)
            ok = fail_errno(err, ERR_UNAVAILABLE, "could not start \"%s\"", conf->path);
    }
    for (size_t i = 0; i < countof(lifted); i++)
        fd_close(lifted[i]);
    return ok;
}
