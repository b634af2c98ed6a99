/*
 * certdesk: one binary. The first word says what it is: the server, or a command.
 */
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "daemon/restore.h"
#include "daemon/roles.h"
#include "daemon/serve.h"

static void print_words(FILE *to)
{
    fputs("usage: certdesk WORD [ARGUMENT…]\n\n", to);
    fprintf(to, "  %-10s %s\n", "serve", "serve the page and the API");
    fprintf(to, "  %-10s %s\n", "restore", "make an installation of a backup");
    for (const struct cli_word *word = cli_words; word->name; word++)
        fprintf(to, "  %-10s %s\n", word->name, word->summary);
    fputs("\ncertdesk WORD --help tells more; so do certdesk(1) and certdesk-serve(8).\n", to);
}

static bool wants_help(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "-h") == 0)
        return true;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

/* No word knows the option, so each tells how it is used before it does anything: to standard
 * output, as it was asked. */
static int help(const struct cli_word *word, int argc, char **argv)
{
    opterr = 0; /* NOLINT(concurrency-mt-unsafe): there is one thread */
    if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        return CLI_FAILED;
    (void)word->run(argc, argv);
    printf("\n%s\n", word->summary);
    return CLI_OK;
}

static int run_word(int argc, char **argv)
{
    for (const struct cli_word *word = cli_words; word->name; word++) {
        if (strcmp(word->name, argv[0]) != 0)
            continue;
        return wants_help(argc, argv) ? help(word, argc, argv) : word->run(argc, argv);
    }
    fprintf(stderr, "certdesk: unknown word \"%s\"\n", argv[0]);
    print_words(stderr);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_words(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_words(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "serve") == 0)
        return serve_run(argc - 1, argv + 1);
    if (strcmp(argv[1], "restore") == 0)
        return restore_run(argc - 1, argv + 1);
    if (strcmp(argv[1], "internal") == 0)
        return roles_run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0) {
        char word[] = "version";
        char *words[] = { word, NULL };

        return run_word(1, words);
    }
    return run_word(argc - 1, argv + 1);
}
