/*
 * cli: certdesk config check, config list.
 *
 * "check" runs exactly the code that starting runs. "list" writes the table of settings, for people
 * or, with -o json, for the manual's check.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/cli.h"
#include "conf/conf.h"

static int usage(void)
{
    fputs("usage: certdesk config check [--config FILE]\n"
          "       certdesk config list [-o table|json]\n",
        stderr);
    return CLI_USAGE;
}

static int check(int argc, char **argv)
{
    struct conf_sources sources = { .env = environ };
    autofree(conf) struct conf *conf = NULL;
    struct err err = { 0 };

    if (argc == 3 && strcmp(argv[1], "--config") == 0)
        sources.file = argv[2];
    else if (argc != 1)
        return usage();
    if (!conf_load(&sources, &conf, &err)) {
        fprintf(stderr, "certdesk: %s\n", err.msg);
        return CLI_FAILED;
    }
    puts("the configuration is fine");
    return CLI_OK;
}

static const char *const type_names[] = {
    [CONF_TEXT] = "text",
    [CONF_PATH] = "path",
    [CONF_I64] = "number",
    [CONF_BOOL] = "boolean",
    [CONF_DURATION] = "duration",
    [CONF_SIZE] = "size",
    [CONF_ENUM] = "choice",
    [CONF_LISTEN] = "address and port",
    [CONF_RANGES] = "addresses",
    [CONF_URL] = "URL",
};

/* The table's texts are ours: only quotes need care. */
static void add_json_text(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, "\"%s\": \"", name);
    for (const char *p = value; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *p);
    }
    buf_add_text(out, "\"");
}

static void print_json(const struct conf_item *item, enum conf_key key)
{
    autodone(buf) struct buf out = BUF_INIT(4096);
    char name[64];

    buf_add_text(&out, "{");
    add_json_text(&out, "name", conf_key_name(key, name));
    buf_add_text(&out, ", ");
    add_json_text(&out, "type", type_names[item->type]);
    buf_add_text(&out, ", ");
    add_json_text(&out, "default", item->fallback ? item->fallback : "");
    if (item->type == CONF_I64 || item->type == CONF_DURATION || item->type == CONF_SIZE)
        buf_addf(&out, ", \"min\": %" PRId64 ", \"max\": %" PRId64, item->min, item->max);
    if (item->choices) {
        buf_add_text(&out, ", \"choices\": [");
        for (int i = 0; item->choices[i]; i++)
            buf_addf(&out, "%s\"%s\"", i ? ", " : "", item->choices[i]);
        buf_add_text(&out, "]");
    }
    buf_addf(&out, ", \"reloads\": %s, \"env_only\": %s, ", item->reloads ? "true" : "false",
        item->env_only ? "true" : "false");
    add_json_text(&out, "summary", item->summary);
    buf_add_text(&out, "}");
    puts(buf_text(&out));
}

static void print_row(const struct conf_item *item, enum conf_key key)
{
    char name[64];

    printf("%-32s %s", conf_key_name(key, name), item->summary);
    if (item->fallback)
        printf(" (default: %s)", item->fallback);
    putchar('\n');
}

static int list(int argc, char **argv)
{
    bool json = argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "json") == 0;

    if (!json && argc != 1 &&
        !(argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "table") == 0))
        return usage();
    for (int i = 0; i < CONF_N_KEYS; i++) {
        const struct conf_item *item = conf_item((enum conf_key)i);

        if (json)
            print_json(item, (enum conf_key)i);
        else
            print_row(item, (enum conf_key)i);
    }
    return CLI_OK;
}

int cli_config(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "check") == 0)
        return check(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "list") == 0)
        return list(argc - 1, argv + 1);
    return usage();
}
