/*
 * cli/verbs: a word that has verbs ("certdesk group join …"): its options are read, the verb is
 * looked for, and called with a server to talk to.
 */
#pragma once

#include <getopt.h>
#include <stddef.h>

#include "base/base.h"
#include "cli/remote.h"

struct err;

#define VERBS_OPTIONS_MAX 32

struct verb_call {
    struct remote *remote;
    const char *verb;
    char **words; /* what follows the verb and is no option */
    size_t n_words;
    const void *asked; /* what verbs_run() was given, filled by the options */
    bool json;         /* "-o json" */
};

struct verb {
    const char *name;
    size_t least; /* how many words may follow */
    size_t most;
    bool (*run)(const struct verb_call *call, struct err *err);
};

/*
 * "--description TEXT" or "--wait". "-o" is every word's. Without `keep`, the text (a
 * const char *) or true (a bool) is put at `offset` of what verbs_run() was given.
 */
struct verb_option {
    const char *name;
    int has_arg; /* required_argument, no_argument */
    size_t offset;
    /* False: it cannot be so; the usage is printed unless *err says why. */
    bool (*keep)(void *asked, const char *value, struct err *err);
};

struct verbs {
    const char *usage;                 /* lines, each with its end */
    const struct verb *verbs;          /* ends with an empty row */
    const struct verb_option *options; /* ends with an empty row */

    /* May these options be together, with this verb? NULL: always. */
    bool (*is_right)(const struct verb_call *call);
};

/* `argv[0]` is the word. Returns the exit status. */
int verbs_run(const struct verbs *verbs, void *asked, int argc, char **argv);
