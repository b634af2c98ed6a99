/* cli/verbs: see the header. */
#include "cli/verbs.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/output.h"

static int refuse(const struct verbs *verbs)
{
    fputs(verbs->usage, stderr);
    return CLI_USAGE;
}

bool verbs_keep_each(void *at, const char *value, struct err *err)
{
    struct verb_list *const list = at;

    if (list->n == countof(list->items))
        return fail(err, ERR_LIMIT, "an option is there more than %zu times", list->n);
    list->items[list->n++] = value;
    return true;
}

bool verbs_keep_pair(void *at, const char *value, struct err *err)
{
    return strchr(value, '=') && verbs_keep_each(at, value, err);
}

static bool take_output(struct verb_call *call, const char *value)
{
    call->json = strcmp(value, "json") == 0;
    return call->json || strcmp(value, "table") == 0;
}

/* What getopt_long() gives for the first of a word's own options. */
#define FIRST_OPTION 256

static void list_options(const struct verb_option *own, struct option *ret)
{
    size_t n = 0;

    for (; own[n].name; n++) {
        assert(n < VERBS_OPTIONS_MAX);
        ret[n] = (struct option){ own[n].name, own[n].has_arg, NULL, FIRST_OPTION + (int)n };
    }
    ret[n] = (struct option){ "output", required_argument, NULL, 'o' };
    ret[n + 1] = (struct option){ 0 };
}

/* The first of that name is the word's own. NULL: there is none. */
static const struct verb_option *find_option(const struct verb_option *own, const char *name)
{
    for (; own->name; own++)
        if (strcmp(own->name, name) == 0)
            return own;
    return NULL;
}

static const struct verb_option *option_of(const struct verb_option *own, int option)
{
    if (option == 'f')
        return find_option(own, "file");
    return option == 'o' ? find_option(own, "output") : &own[option - FIRST_OPTION];
}

static bool take_own(const struct verb_option *option, void *asked, const char *value,
    struct err *err)
{
    void *const at = (char *)asked + option->offset;

    if (option->keep)
        return option->keep(at, value, err);
    if (option->has_arg == no_argument)
        *(bool *)at = true;
    else
        *(const char **)at = value;
    return true;
}

static bool take_option(const struct verbs *verbs, void *asked, int option, struct verb_call *call,
    struct err *err)
{
    if (option == '?')
        return false;
    const struct verb_option *const own = option_of(verbs->options, option);

    return own ? take_own(own, asked, optarg, err) : take_output(call, optarg);
}

/* NULL: there is no such verb, or it does not take so many words. */
static const struct verb *find(const struct verbs *verbs, const struct verb_call *call)
{
    for (const struct verb *verb = verbs->verbs; verb->name; verb++)
        if (strcmp(verb->name, call->verb) == 0)
            return call->n_words >= verb->least && call->n_words <= verb->most ? verb : NULL;
    return NULL;
}

static const struct verb *find_alone(const struct verb *verbs, const char *name)
{
    for (; verbs->name; verbs++)
        if (verbs->run_alone && strcmp(verbs->name, name) == 0)
            return verbs;
    return NULL;
}

static int run(const struct verbs *verbs, struct verb_call *call, struct err *err)
{
    autofree(remote) struct remote *remote = NULL;
    const struct verb *const verb = find(verbs, call);

    if (!verb || (verbs->is_right && !verbs->is_right(call)))
        return refuse(verbs);
    if (!verb->is_offline && !remote_open(&remote, err))
        return output_fail(err);
    call->remote = remote;
    return verb->run(call, err) ? *call->status : output_fail(err);
}

int verbs_run(const struct verbs *verbs, void *asked, int argc, char **argv)
{
    const char *const letters = find_option(verbs->options, "file") ? "o:f:" : "o:";
    struct option options[VERBS_OPTIONS_MAX + 2];
    int status = CLI_OK;
    struct verb_call call = { .asked = asked, .status = &status };
    struct err err = { 0 };
    int option;

    if (argc < 2)
        return refuse(verbs);
    call.verb = argv[1];
    const struct verb *const alone = find_alone(verbs->verbs, call.verb);

    if (alone)
        return alone->run_alone(argc, argv);
    list_options(verbs->options, options);
    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, letters, options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(verbs, asked, option, &call, &err))
            return err.kind == ERR_NONE ? refuse(verbs) : output_fail(&err);
    call.words = (const char *const *)(argv + optind);
    call.n_words = (size_t)(argc - optind);
    return run(verbs, &call, &err);
}
