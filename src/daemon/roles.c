/*
 * daemon/roles: see the header.
 *
 * A child dies with its supervisor: the kernel sees to that, and so does the end of its channel.
 * The confined ones leave by _exit(): what a library would like to do at the end is forbidden by
 * then.
 */
#include "daemon/roles.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "daemon/children.h"
#include "daemon/control.h"
#include "daemon/server.h"
#include "daemon/vault_start.h"
#include "import/process.h"
#include "probe/process.h"
#include "vault/process.h"

static int run_server(void)
{
    return server_process_main(CONTROL_FD);
}

static int run_prober(void)
{
    _exit(probe_process_main(CONTROL_FD));
}

static int run_vault(void)
{
    struct vault_process_conf conf = { .fd = CONTROL_FD, .key_dir_fd = CONTROL_KEY_DIR_FD };

    vault_start_read(&conf);
    _exit(vault_process_main(&conf));
}

static int run_importer(void)
{
    _exit(import_process_main(CONTROL_FD));
}

static int run_token(void)
{
    struct hsm_process_conf conf;
    struct err err = { 0 };

    if (!vault_start_read_token(&conf, &err)) {
        fprintf(stderr, "certdesk: token: %s\n", err.msg);
        _exit(CONTROL_EXIT_FATAL);
    }
    _exit(hsm_process_main(&conf));
}

static const struct {
    const char *name;
    int (*run)(void);
} roles[CHILD_ROLES] = {
    [CHILD_SERVER] = { "server", run_server },
    [CHILD_PROBER] = { "prober", run_prober },
    [CHILD_VAULT] = { "vault", run_vault },
    [CHILD_IMPORTER] = { "importer", run_importer },
    [CHILD_TOKEN] = { "token", run_token },
};

static void set_level(const char *name)
{
    static const char *const levels[] = { "error", "warning", "info", "debug" };

    for (size_t i = 0; i < countof(levels); i++)
        if (strcmp(levels[i], name) == 0)
            log_set_level((enum log_level)i);
}

/* Descriptors were passed open over exec; none may be passed on by accident. */
static void close_on_exec(void)
{
    for (int fd = CONTROL_FD; fd <= CONTROL_LAST_FD; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int roles_run(int argc, char **argv)
{
    if (argc != 3 || fcntl(CONTROL_FD, F_GETFD) < 0) {
        fputs("certdesk: \"internal\" is what certdesk serve starts by itself\n", stderr);
        return 2;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN); /* the terminal sends it to all; the supervisor decides */
    secret_forbid_dumps();
    close_on_exec();
    set_level(argv[2]);
    for (size_t i = 0; i < countof(roles); i++) {
        if (strcmp(roles[i].name, argv[1]) != 0)
            continue;
        log_set_role(roles[i].name);
        return roles[i].run();
    }
    return 2;
}
