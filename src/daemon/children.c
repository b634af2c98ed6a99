/*
 * daemon/children: see the header.
 *
 * Children run the very file that the supervisor runs (/proc/self/exe), also when a newer one has
 * been installed meanwhile. The settings travel through the control channel, so that no password is
 * in anybody's arguments or in a child's environment.
 */
#include "daemon/children.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/subprocess.h"
#include "daemon/control.h"

const char *child_role_name(enum child_role role)
{
    static const char *const names[] = { "server", "prober", "vault", "importer", "token" };

    return names[role];
}

/* What the others than the server may know of the environment. */
static const char *const harmless[] = { "PATH", "LANG", "LC_ALL", "LC_MESSAGES", "TZ",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "RES_OPTIONS", "LOCALDOMAIN", "ASAN_OPTIONS", "UBSAN_OPTIONS",
    "LSAN_OPTIONS", "TSAN_OPTIONS", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES",
    /* of tokens' modules */ "SOFTHSM2_CONF", "YUBIHSM_PKCS11_CONF", "ChrystokiConfigurationPath" };

static bool is_for(enum child_role role, const char *variable)
{
    if (role == CHILD_SERVER) /* libpq has many, as PGPASSFILE; what is ours came as settings */
        return strncmp(variable, "CERTDESK_", strlen("CERTDESK_")) != 0 &&
               strncmp(variable, "NOTIFY_SOCKET=", strlen("NOTIFY_SOCKET=")) != 0 &&
               strncmp(variable, "SQLITE_TMPDIR=", strlen("SQLITE_TMPDIR=")) != 0;
    for (size_t i = 0; i < countof(harmless); i++) {
        size_t n = strlen(harmless[i]);

        if (strncmp(variable, harmless[i], n) == 0 && variable[n] == '=')
            return true;
    }
    return false;
}

/* The array is the caller's; the strings stay where they are. */
static char **environment_for(enum child_role role, char *one_more)
{
    char **env = NULL;
    size_t n = 0;

    for (char **variable = environ; *variable; variable++) {
        if (!is_for(role, *variable))
            continue;
        env = xreallocarray(env, n + 2, sizeof *env);
        env[n++] = *variable;
    }
    env = xreallocarray(env, n + 2, sizeof *env);
    env[n] = one_more; /* or the end */
    env[n + 1] = NULL;
    return env;
}

static size_t list_fds(const struct child_start *with, struct subprocess_fd *fds)
{
    const struct subprocess_fd all[] = { { with->channel_fd, CONTROL_FD },
        { with->key_dir_fd, CONTROL_KEY_DIR_FD }, { with->passphrase_fd, CONTROL_PASSPHRASE_FD },
        { with->lock_fd, CONTROL_LOCK_FD }, { with->old_passphrase_fd, CONTROL_OLD_PASSPHRASE_FD },
        { with->pin_fd, CONTROL_PIN_FD }, { with->ca_pin_fd, CONTROL_CA_PIN_FD },
        { STDOUT_FILENO, STDOUT_FILENO } };
    size_t n = 0;

    for (size_t i = 0; i < countof(all); i++)
        if (all[i].ours >= 0)
            fds[n++] = all[i];
    return n;
}

bool child_start(struct child *child, const struct child_start *with, int64_t now_ms,
    struct err *err)
{
    static const char *const levels[] = { "error", "warning", "info", "debug" };
    autofree(str) char *program = xstrdup("certdesk");
    autofree(str) char *word = xstrdup("internal");
    autofree(str) char *role = xstrdup(child_role_name(child->role));
    autofree(str) char *level = xstrdup(levels[with->level]);
    char *const argv[] = { program, word, role, level, NULL };
    char **env = environment_for(child->role, with->variable);
    struct subprocess_fd fds[SUBPROCESS_FDS_MAX];
    struct subprocess_conf conf = { "/proc/self/exe", argv, env, fds, list_fds(with, fds) };
    bool ok = subprocess_spawn(&conf, &child->pid, err);

    free(env);
    if (!ok) {
        child->pid = 0;
        return false;
    }
    child->started_at_ms = now_ms;
    return true;
}

void child_ended(struct child *child, bool in_order, int64_t now_ms)
{
    int64_t wait = CHILD_WAIT_FIRST_MS;

    child->pid = 0;
    child->start_at_ms = now_ms;
    if (in_order) {
        child->start_at_ms += CHILD_WAIT_FIRST_MS;
        return;
    }
    if (now_ms - child->started_at_ms >= CHILD_SETTLED_MS)
        child->n_short_lives = 0;
    if (++child->n_short_lives == 1)
        return;
    for (int i = 2; i < child->n_short_lives && wait < CHILD_WAIT_MAX_MS; i++)
        wait *= 2;
    child->start_at_ms += wait < CHILD_WAIT_MAX_MS ? wait : CHILD_WAIT_MAX_MS;
}
