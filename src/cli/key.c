/* cli: certdesk key show, rotate: the master key; key recovery: the pair that backups are for. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "vault/recovery.h"

#define KEY_FILE_MAX 4096

/* The private half goes into the file, the public one to standard output. Needs no server. */
static bool recovery(const struct verb_call *call, struct err *err)
{
    const char *const file = call->words[0];
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
    bool waits;
};

static const struct verb_option options[] = {
    { "wait", no_argument, offsetof(struct key_options, waits), NULL },
    { 0 },
};

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

static bool show(const struct verb_call *call, struct err *err)
{
    autofree(json) struct json *vault = NULL;

    if (!remote_call(call->remote, "GET", "/vault", NULL, &vault, err))
        return false;
    if (call->json) {
        output_json(vault);
        return true;
    }
    show_keys(vault);
    show_rotation(vault);
    return true;
}

static bool rotate(const struct verb_call *call, struct err *err)
{
    const struct key_options *const o = call->asked;
    autofree(json) struct json *started = NULL;
    autofree(json) struct json *job = NULL;

    if (!remote_call(call->remote, "POST", "/vault/rotate", NULL, &started, err))
        return false;
    int64_t id = json_as_i64(json_member(started, "job"), 0);

    if (!o->waits) {
        if (call->json)
            output_json(started);
        else
            printf("job %" PRId64 " makes another master key\n", id);
        return true;
    }
    if (!remote_wait(call->remote, id, &job, err))
        return false;
    autofree(str) char *state = output_text(job, "state");
    autofree(str) char *error = output_text(job, "error");

    if (strcmp(state, "done") != 0)
        return fail(err, ERR_INTERNAL, "job %" PRId64 " has failed: %s", id, error);
    return show(call, err);
}

static bool is_right(const struct verb_call *call)
{
    const struct key_options *const o = call->asked;

    return !o->waits || strcmp(call->verb, "rotate") == 0;
}

int cli_key(int argc, char **argv)
{
    static const struct verb verbs[] = { { "show", 0, 0, show }, { "rotate", 0, 0, rotate },
        { "recovery", 1, 1, recovery, .is_offline = true }, { 0 } };
    static const struct verbs word = { .usage =
                                           "usage: certdesk key show [-o table|json]\n"
                                           "       certdesk key rotate [--wait] [-o table|json]\n"
                                           "       certdesk key recovery FILE\n",
        .verbs = verbs,
        .options = options,
        .is_right = is_right };
    struct key_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
