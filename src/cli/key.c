/* cli: certdesk key show, rotate: the master key; key recovery: the pair that backups are for. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "vault/recovery.h"

#define KEY_FILE_MAX 4096

static int usage(void)
{
    fputs("usage: certdesk key show [-o table|json]\n"
          "       certdesk key rotate [--wait] [-o table|json]\n"
          "       certdesk key recovery FILE\n",
        stderr);
    return CLI_USAGE;
}

/* The private half goes into the file, the public one to standard output. Needs no server. */
static bool make_recovery_key(const char *file, struct err *err)
{
    autodone(recovery_key) struct recovery_key key;
    autodone(buf) struct buf text = BUF_INIT_SECRET(KEY_FILE_MAX);
    char public_half[RECOVERY_TEXT_SIZE];

    secret_forbid_dumps();
    recovery_key_make(&key);
    recovery_key_write(&key, &text);
    if (!fs_create_new(file, buf_span(&text), 0600, err))
        return false;
    recovery_public_text(key.public_half, public_half);
    printf("recovery_key = %s\n", public_half);
    fprintf(stderr,
        "Put this line into section [backup] of certdesk.conf. The private half is in\n\"%s\": keep "
        "it where no server can read it. Without it no backup can be restored.\n",
        file);
    return true;
}

struct key_options {
    bool json;
    bool wait;
};

static const struct option options[] = {
    { "wait", no_argument, NULL, 'W' },
    { "output", required_argument, NULL, 'o' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static bool take_option(struct key_options *o, int option)
{
    if (option == 'W')
        return o->wait = true;
    if (option != 'o')
        return false;
    o->json = strcmp(optarg, "json") == 0;
    return o->json || strcmp(optarg, "table") == 0;
}

static void show_keys(const struct json *vault)
{
    static const char *const members[] = { "key_id", "source", "state", "count", "created_at" };
    static const char *const heads[] = { "KEY", "SOURCE", "STATE", "SEALED", "MADE" };
    const struct json *keys = json_member(json_member(vault, "keys"), "by_key");
    autodone(table) struct table table;

    table_init(&table, countof(heads));
    for (size_t i = 0; i < countof(heads); i++)
        table_add(&table, heads[i]);
    for (size_t i = 0; i < json_list_size(keys); i++) {
        for (size_t k = 0; k < countof(members); k++) {
            autofree(str) char *text = output_text(json_list_item(keys, i), members[k]);

            table_add(&table, text);
        }
    }
    table_print(&table);
}

static void show_rotation(const struct json *vault)
{
    const struct json *rotation = json_member(vault, "rotation");
    autofree(str) char *job = output_text(rotation, "job");
    autofree(str) char *done = output_text(rotation, "done");
    autofree(str) char *total = output_text(rotation, "total");
    autofree(str) char *problem = output_text(vault, "problem");

    if (job[0])
        printf("\nbeing rotated by job %s: %s of %s\n", job, done, total);
    if (problem[0])
        printf("\nthe vault is not ready: %s\n", problem);
}

static bool show(struct remote *remote, const struct key_options *o, struct err *err)
{
    autofree(json) struct json *vault = NULL;

    if (!remote_call(remote, "GET", "/vault", NULL, &vault, err))
        return false;
    if (o->json) {
        output_json(vault);
        return true;
    }
    show_keys(vault);
    show_rotation(vault);
    return true;
}

static bool rotate(struct remote *remote, const struct key_options *o, struct err *err)
{
    autofree(json) struct json *started = NULL;
    autofree(json) struct json *job = NULL;

    if (!remote_call(remote, "POST", "/vault/rotate", NULL, &started, err))
        return false;
    int64_t id = json_as_i64(json_member(started, "job"), 0);

    if (!o->wait) {
        if (o->json)
            output_json(started);
        else
            printf("job %" PRId64 " makes another master key\n", id);
        return true;
    }
    if (!remote_wait(remote, id, &job, err))
        return false;
    autofree(str) char *state = output_text(job, "state");
    autofree(str) char *error = output_text(job, "error");

    if (strcmp(state, "done") != 0)
        return fail(err, ERR_INTERNAL, "job %" PRId64 " has failed: %s", id, error);
    return show(remote, o, err);
}

int cli_key(int argc, char **argv)
{
    autofree(remote) struct remote *remote = NULL;
    struct key_options o = { 0 };
    struct err err = { 0 };
    int option;

    if (argc == 3 && strcmp(argv[1], "recovery") == 0 && argv[2][0] != '-')
        return make_recovery_key(argv[2], &err) ? CLI_OK : output_fail(&err);
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&o, option))
            return usage();
    if (argc - optind != 1)
        return usage();
    bool is_rotate = strcmp(argv[optind], "rotate") == 0;

    if (!is_rotate && (o.wait || strcmp(argv[optind], "show") != 0))
        return usage();
    bool works = remote_open(&remote, &err) &&
                 (is_rotate ? rotate(remote, &o, &err) : show(remote, &o, &err));

    return works ? CLI_OK : output_fail(&err);
}
