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

static bool take_own(const struct verb_option *option, void *asked, const char *value,
    struct err *err)
{
    if (option->keep)
        return option->keep(asked, value, err);
    void *const at = (char *)asked + option->offset;

    if (option->has_arg == no_argument)
        *(bool *)at = true;
    else
        *(const char **)at = value;
    return true;
}

/* NULL: there is no such verb, or it does not take so many words. */
static const struct verb *find(const struct verbs *verbs, const struct verb_call *call)
{
    for (const struct verb *verb = verbs->verbs; verb->name; verb++)
        if (strcmp(verb->name, call->verb) == 0)
            return call->n_words >= verb->least && call->n_words <= verb->most ? verb : NULL;
    return NULL;
}

int verbs_run(const struct verbs *verbs, void *asked, int argc, char **argv)
{
    struct option options[VERBS_OPTIONS_MAX + 2];
    autofree(remote) struct remote *remote = NULL;
    struct verb_call call = { .asked = asked };
    struct err err = { 0 };
    int option;

    if (argc < 2)
        return refuse(verbs);
    call.verb = argv[1];
    list_options(verbs->options, options);
    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) !=
           -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (option == '?' || !(option == 'o' ? take_output(&call, optarg)
                                             : take_own(&verbs->options[option - FIRST_OPTION],
                                                   asked, optarg, &err)))
            return err.kind == ERR_NONE ? refuse(verbs) : output_fail(&err);
    }
    call.words = argv + optind;
    call.n_words = (size_t)(argc - optind);
    const struct verb *verb = find(verbs, &call);

    if (!verb || (verbs->is_right && !verbs->is_right(&call)))
        return refuse(verbs);
    if (!remote_open(&remote, &err))
        return output_fail(&err);
    call.remote = remote;
    return verb->run(&call, &err) ? CLI_OK : output_fail(&err);
}
