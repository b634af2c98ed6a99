/* conf/reader: see the header. */
#include "conf/reader.h"

#include <ini.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "conf/conf.h"

/* What is under way. inih is given the text line by line, so we know where it is. */
struct reading {
    struct span rest;
    int line;
    conf_visit visit;
    void *context;
    struct err *err;
    bool failed;
};

static bool check_line(struct span line, struct err *err)
{
    if (line.size > CONF_LINE_MAX)
        return fail(err, ERR_INVALID, "the line is longer than %d bytes", CONF_LINE_MAX);
    if (!parse_is_utf8(line))
        return fail(err, ERR_INVALID, "the line is not UTF-8 text");
    return true;
}

/* inih goes on after a line that it cannot read, and tells at the end; we stop there. */
static bool check_form(struct span line, struct err *err)
{
    if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';')
        return true;
    if (line.data[0] == '[' ? span_find_char(line, ']') != SIZE_MAX
                            : span_find_char(line, '=') != SIZE_MAX)
        return true;
    return fail(err, ERR_INVALID, "neither a section in brackets nor \"name = value\"");
}

/* fgets() for inih: one line with its line feed, and NULL at the end or after a failure. */
static char *next_line(char *field, int field_size, void *stream)
{
    struct reading *reading = stream;
    struct span line;

    if (reading->failed || !span_split(&reading->rest, '\n', &line))
        return NULL;
    reading->line++;
    if (reading->line == 1 && span_starts_with(line, "\xEF\xBB\xBF"))
        line = span_slice(line, 3, SIZE_MAX);
    reading->failed = !check_line(line, reading->err) || !check_form(span_trim(line), reading->err);
    if (reading->failed)
        return NULL;
    line = span_trim(line);
    ASSERT((size_t)field_size > line.size + 1);
    if (line.size > 0)
        memcpy(field, line.data, line.size);
    field[line.size] = '\n';
    field[line.size + 1] = '\0';
    return field;
}

/* inih's handler: 1 goes on. */
static int take_setting(void *user, const char *section, const char *name, const char *value)
{
    struct reading *reading = user;

    if (reading->failed)
        return 1;
    reading->failed = !reading->visit(reading->context, section, name, value ? value : "",
        reading->line, reading->err);
    return reading->failed ? 0 : 1;
}

bool conf_read(const char *name, struct span text, conf_visit visit, void *context, struct err *err)
{
    struct reading reading = { .rest = text, .visit = visit, .context = context, .err = err };
    int line = ini_parse_stream(next_line, &reading, take_setting, &reading);

    if (reading.failed)
        return err_wrap(err, "%s:%d", name, reading.line);
    if (line < 0)
        return fail(err, ERR_INTERNAL, "%s: could not be read", name);
    if (line > 0)
        return fail(err, ERR_INVALID, "%s:%d: neither a section in brackets nor \"name = value\"",
            name, line);
    return true;
}
