/* cli/output: see the header. */
#include "cli/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "cli/cli.h"

void table_init(struct table *table, size_t n_columns)
{
    ASSERT(n_columns <= TABLE_COLUMNS_MAX);
    *table = (struct table){ .n_columns = n_columns };
}

void table_done(struct table *table)
{
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free(table->cells);
}

static char *clean(const char *text)
{
    char *copy = xstrdup(text && text[0] ? text : "-");

    for (char *p = copy; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7F)
            *p = ' ';
    return copy;
}

void table_add(struct table *table, const char *text)
{
    table->cells = xreallocarray(table->cells, table->n_cells + 1, sizeof *table->cells);
    table->cells[table->n_cells++] = clean(text);
}

/* Characters, as far as UTF-8 tells. */
static size_t width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += (*text & 0xC0) != 0x80;
    return n;
}

void table_print(const struct table *table)
{
    size_t widths[TABLE_COLUMNS_MAX] = { 0 };

    for (size_t i = 0; i < table->n_cells; i++)
        if (width(table->cells[i]) > widths[i % table->n_columns])
            widths[i % table->n_columns] = width(table->cells[i]);
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t column = i % table->n_columns;
        bool is_last = column == table->n_columns - 1;
        size_t padding = is_last ? 0 : widths[column] - width(table->cells[i]) + 2;

        printf("%s%*s%s", table->cells[i], (int)padding, "", is_last ? "\n" : "");
    }
}

void output_json(const struct json *json)
{
    autodone(buf) struct buf text = BUF_INIT(128u << 20);

    json_write(json, &text);
    puts(buf_text(&text));
}

#define NAME_WIDTH 15 /* a longer name has its value behind it, and out of line */

void output_pair(const char *name, const char *value)
{
    autofree(str) char *text = clean(value);

    printf("%-*s %s\n", NAME_WIDTH, name, text);
}

bool output_open(const char *path, int *ret_fd, struct err *err)
{
    const int fd =
        path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : dup(STDOUT_FILENO);

    if (fd < 0)
        return fail_errno(err, ERR_INVALID, "could not write \"%s\"",
            path ? path : "standard output");
    *ret_fd = fd;
    return true;
}

int output_fail(const struct err *err)
{
    fprintf(stderr, "certdesk: %s\n", err->msg);
    return CLI_FAILED;
}

char *output_text(const struct json *object, const char *member)
{
    const struct json *value = json_member(object, member);
    const char *text = json_as_text(value);
    autodone(buf) struct buf raw = BUF_INIT(1u << 20);

    if (text)
        return xstrdup(text);
    if (!value)
        return xstrdup("");
    json_write(value, &raw);
    return xstrdup(strcmp(buf_text(&raw), "null") == 0 ? "" : buf_text(&raw));
}

struct hostport_text output_endpoint(const struct json *object)
{
    autofree(str) char *host = output_text(object, "host");

    return hostport_text(host, json_as_i64(json_member(object, "port"), 0));
}

char *output_days(const struct json *object)
{
    int64_t days = json_as_i64(json_member(object, "days_left"), INT64_MIN);

    if (days == INT64_MIN)
        return xstrdup("");
    if (days == 0 || days == -1)
        return xstrdup(days ? "ended today" : "today");
    if (days < 0)
        return xasprintf("%" PRId64 " day%s ago", -days - 1, days == -2 ? "" : "s");
    return xasprintf("in %" PRId64 " day%s", days, days == 1 ? "" : "s");
}

void output_member(const struct json *object, const char *member, const char *name)
{
    autofree(str) char *text = output_text(object, member);

    if (text[0])
        output_pair(name, text);
}
