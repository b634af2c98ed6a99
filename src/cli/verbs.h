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
#define VERBS_REPEATED_MAX 64

/* What an option gave that may stand there again and again, in that order. */
struct verb_list {
    const char *items[VERBS_REPEATED_MAX];
    size_t n;
};

struct verb_call {
    struct remote *remote;
    const char *verb;
    const char *const *words; /* what follows the verb and is no option */
    size_t n_words;
    const void *asked; /* what verbs_run() was given, filled by the options */
    bool json;         /* "-o json" */
    int *status;       /* of the program where run() succeeds: CLI_OK, unless it sets another */
};

struct verb {
    const char *name;
    size_t least; /* how many words may follow */
    size_t most;
    bool (*run)(const struct verb_call *call, struct err *err);
    bool is_offline; /* no server is looked for: `remote` is NULL */

    /* NULL, or: it has options of its own, and is a word by itself. All else of the row is 0. */
    int (*run_alone)(int argc, char **argv);
};

/*
 * "--description TEXT" or "--wait". "-o" and "--output" are every word's, "table" or "json", unless
 * a row of its own says what else they are; "-f" is short for a "--file". Without `keep`, the text
 * (a const char *) or true (a bool) is put at `offset` of what verbs_run() was given.
 */
struct verb_option {
    const char *name;
    int has_arg; /* required_argument, no_argument */
    size_t offset;
    /* `at` is what lies at `offset`. False: it cannot be so; the usage is printed unless *err says
     * why. */
    bool (*keep)(void *at, const char *value, struct err *err);
};

/* For `keep`, with a struct verb_list at the offset: any text, and one like "O=Example". */
bool verbs_keep_each(void *at, const char *value, struct err *err) must_check;
bool verbs_keep_pair(void *at, const char *value, struct err *err) must_check;

struct verbs {
    const char *usage;                 /* lines, each with its end */
    const struct verb *verbs;          /* ends with an empty row */
    const struct verb_option *options; /* ends with an empty row */

    /* May these options be together, with this verb? NULL: always. */
    bool (*is_right)(const struct verb_call *call);
};

/* `argv[0]` is the word, `argv[1]` the verb. Returns the exit status. */
int verbs_run(const struct verbs *verbs, void *asked, int argc, char **argv);
