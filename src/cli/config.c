/*
 * cli: certdesk config check, config show, config list.
 *
 * "check" and "show" run exactly the code that starting runs. "list" writes the table of settings,
 * for people or, with -o json, for the manual's check.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "codec/json.h"
#include "conf/conf.h"

static int usage(void)
{
    fputs("usage: certdesk config check [--config FILE]\n"
          "       certdesk config show [--config FILE] [-o table|json]\n"
          "       certdesk config list [-o table|json]\n",
        stderr);
    return CLI_USAGE;
}

/* Pairs of option and value. False: there are others. */
static bool read_options(int argc, char **argv, const char **file, bool *json)
{
    for (int i = 1; i < argc; i += 2) {
        const char *const value = i + 1 < argc ? argv[i + 1] : NULL;

        if (!value)
            return false;
        if (file && strcmp(argv[i], "--config") == 0)
            *file = value;
        else if (json && strcmp(argv[i], "-o") == 0 && strcmp(value, "json") == 0)
            *json = true;
        else if (!json || strcmp(argv[i], "-o") != 0 || strcmp(value, "table") != 0)
            return false;
    }
    return true;
}

static bool load(const char *file, struct conf **ret)
{
    const struct conf_sources sources = { .env = environ, .file = file };
    struct err err = { 0 };

    if (conf_load(&sources, ret, &err))
        return true;
    (void)output_fail(&err);
    return false;
}

static int check(int argc, char **argv)
{
    autofree(conf) struct conf *conf = NULL;
    const char *file = NULL;

    if (!read_options(argc, argv, &file, NULL))
        return usage();
    if (!load(file, &conf))
        return CLI_FAILED;
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
    bool json = false;

    if (!read_options(argc, argv, NULL, &json))
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

static void print_value_json(const char *name, const char *value, const char *origin)
{
    autodone(buf) struct buf line = BUF_INIT(1U << 20);
    struct json_out out;

    json_out_init(&out, &line);
    json_begin_object(&out, NULL);
    json_str(&out, "name", name);
    json_str(&out, "value", value);
    json_str(&out, "origin", origin);
    json_end(&out);
    puts(buf_text(&line));
}

/* What applies, and where it comes from. What may hold a password is not shown. */
static int show(int argc, char **argv)
{
    autofree(conf) struct conf *conf = NULL;
    const char *file = NULL;
    bool json = false;

    if (!read_options(argc, argv, &file, &json))
        return usage();
    if (!load(file, &conf))
        return CLI_FAILED;
    for (int i = 0; i < CONF_N_KEYS; i++) {
        const enum conf_key key = (enum conf_key)i;
        const bool is_hidden = conf_item(key)->is_secret && conf_is_set(conf, key);
        const char *const value = is_hidden ? "(hidden)" : conf_text(conf, key);
        char name[64];

        conf_key_name(key, name);
        if (json)
            print_value_json(name, value, conf_origin(conf, key));
        else if (value[0])
            printf("%s = %s (%s)\n", name, value, conf_origin(conf, key));
    }
    return CLI_OK;
}

int cli_config(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "check") == 0)
        return check(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "show") == 0)
        return show(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "list") == 0)
        return list(argc - 1, argv + 1);
    return usage();
}
