/*
 * cli: certdesk backup, certdesk standby.
 *
 * The backup is written beside its name and renamed when all of it has arrived, so that a file of
 * that name is always whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backup/format.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/remote.h"

static int backup_usage(void)
{
    fputs("usage: certdesk backup [--force] FILE\n", stderr);
    return CLI_USAGE;
}

/* Sent whole: begins as one, and what follows the stream is there. */
static bool check_file(int fd, struct err *err)
{
    char title[BACKUP_TITLE_SIZE];

    if (pread(fd, title, sizeof title, 0) != (ssize_t)sizeof title ||
        memcmp(title, BACKUP_TITLE, sizeof title) != 0)
        return fail(err, ERR_UPSTREAM, "what the server sent is no backup");
    if (fsync(fd) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not write the backup");
    return true;
}

static bool fetch(const char *part, struct err *err)
{
    autofree(remote) struct remote *remote = NULL;
    autoclose int fd = -1;

    if (!remote_open(&remote, err))
        return false;
    fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_errno(err, ERR_INVALID, "could not make \"%s\"", part);
    return remote_download(remote, "POST", "/backup", fd, err) && check_file(fd, err);
}

static bool back_up(const char *file, bool force, struct err *err)
{
    autofree(str) char *part = xasprintf("%s.part", file);

    if (!force && fs_exists(file))
        return fail(err, ERR_CONFLICT, "\"%s\" exists already; --force replaces it", file);
    if (!fetch(part, err)) {
        (void)unlink(part);
        return false;
    }
    if (rename(part, file) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not rename \"%s\"", part);
    return true;
}

/* What a restore will need besides the file. */
static bool tell_of_tokens(struct err *err)
{
    autofree(remote) struct remote *remote = NULL;
    autofree(json) struct json *cas = NULL;

    if (!remote_open(&remote, err) || !remote_call(remote, "GET", "/cas", NULL, &cas, err))
        return false;
    const struct json *items = json_member(cas, "items");

    for (size_t i = 0; i < json_list_size(items); i++) {
        const struct json *ca = json_list_item(items, i);
        const char *storage = json_as_text(json_member(ca, "key_storage"));
        const char *name = json_as_text(json_member(ca, "name"));

        if (storage && name && strcmp(storage, "pkcs11") == 0)
            fprintf(stderr,
                "certdesk: the key of the CA %s is not in this backup: it lies in a token\n", name);
    }
    return true;
}

int cli_backup(int argc, char **argv)
{
    bool force = argc == 3 && strcmp(argv[1], "--force") == 0;
    struct err err = { 0 };

    if (argc != (force ? 3 : 2) || argv[argc - 1][0] == '-')
        return backup_usage();
    return back_up(argv[argc - 1], force, &err) && tell_of_tokens(&err) ? CLI_OK
                                                                        : output_fail(&err);
}

static bool show_standby(struct remote *remote, struct err *err)
{
    autofree(json) struct json *answer = NULL;

    if (!remote_call(remote, "GET", "/standby", NULL, &answer, err))
        return false;
    const char *since = json_as_text(json_member(answer, "since"));
    const char *reason = json_as_text(json_member(answer, "reason"));

    if (since && reason)
        printf("in standby since %s: %s\n", since, reason);
    else
        puts("not in standby");
    return true;
}

static bool end_standby(struct remote *remote, struct err *err)
{
    autofree(json) struct json *answer = NULL;

    return remote_call(remote, "POST", "/standby/end", NULL, &answer, err);
}

int cli_standby(int argc, char **argv)
{
    autofree(remote) struct remote *remote = NULL;
    struct err err = { 0 };
    bool ends = argc == 2 && strcmp(argv[1], "end") == 0;

    if (argc != 1 && !ends) {
        fputs("usage: certdesk standby [end]\n", stderr);
        return CLI_USAGE;
    }
    if (!remote_open(&remote, &err) ||
        !(ends ? end_standby(remote, &err) : show_standby(remote, &err)))
        return output_fail(&err);
    return CLI_OK;
}
