/* daemon/serve: see the header. */
#include "daemon/serve.h"

#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "conf/conf.h"
#include "daemon/supervisor.h"

static const struct {
    const char *flag;
    enum conf_key key;
} options[] = {
    { "--data", CONF_SERVER_DATA },
    { "--listen", CONF_SERVER_LISTEN },
    { "--database", CONF_DATABASE_URL },
    { "--tls-cert", CONF_SERVER_TLS_CERT },
    { "--tls-key", CONF_SERVER_TLS_KEY },
};

static void print_help(void)
{
    puts("usage: certdesk serve " SERVE_ARGUMENTS "\n\n"
         "Serve the page and the API. Every setting can be given in a file, or as a variable\n"
         "CERTDESK_SECTION_NAME of the environment:\n");
    for (int i = 0; i < CONF_N_KEYS; i++) {
        char name[64];
        const struct conf_item *item = conf_item((enum conf_key)i);

        printf("  %-32s %s\n", conf_key_name((enum conf_key)i, name), item->summary);
    }
}

static int usage(const char *what, const char *argument)
{
    fprintf(stderr, "certdesk: %s \"%s\"\nusage: certdesk serve " SERVE_ARGUMENTS "\n", what,
        argument);
    return 2;
}

/* The option's place in the table, or -1. *ret_value is what follows "=" or the next argument. */
static int find_option(char **argument, const char **ret_value, int *ret_used)
{
    for (size_t i = 0; i < countof(options); i++) {
        size_t n = strlen(options[i].flag);

        if (strncmp(*argument, options[i].flag, n) != 0)
            continue;
        if ((*argument)[n] == '=') {
            *ret_value = *argument + n + 1;
            *ret_used = 1;
            return (int)i;
        }
        if ((*argument)[n] == '\0') {
            *ret_value = argument[1];
            *ret_used = 2;
            return (int)i;
        }
    }
    return -1;
}

static int run(const struct conf_sources *sources)
{
    struct conf *conf = NULL;
    struct err err = { 0 };

    if (!conf_load(sources, &conf, &err)) {
        fprintf(stderr, "certdesk: %s\n", err.msg);
        return 1;
    }
    return supervisor_run(conf, sources);
}

int serve_run(int argc, char **argv)
{
    struct conf_override overrides[countof(options)];
    struct conf_sources sources = { .env = environ, .overrides = overrides };
    bool given[countof(options)] = { false };

    for (int i = 1; i < argc;) {
        const char *value = NULL;
        int used = 0;
        int option = find_option(&argv[i], &value, &used);

        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help();
            return 0;
        }
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            sources.file = argv[i + 1];
            i += 2;
            continue;
        }
        if (strncmp(argv[i], "--config=", 9) == 0) {
            sources.file = argv[i++] + 9;
            continue;
        }
        if (option < 0)
            return usage("unknown argument", argv[i]);
        if (!value)
            return usage("missing value of", argv[i]);
        if (given[option])
            return usage("given twice:", argv[i]);
        given[option] = true;
        overrides[sources.n_overrides++] =
            (struct conf_override){ options[option].key, value, options[option].flag };
        i += used;
    }
    return run(&sources);
}
