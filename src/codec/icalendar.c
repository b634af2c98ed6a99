/* codec/icalendar: see the header. */
#include "codec/icalendar.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"

#define LINE_MAX_OCTETS 75
#define VALUE_MAX 16384

/* Folded before the 76th octet, never inside a character. */
static void add_line(struct buf *out, struct span line)
{
    size_t room = LINE_MAX_OCTETS;
    size_t column = 0;

    for (size_t at = 0; at < line.size;) {
        size_t n = parse_utf8_sequence(line, at);

        n = n ? n : 1;
        if (column + n > room) {
            buf_add_text(out, "\r\n ");
            column = 0;
            room = LINE_MAX_OCTETS - 1;
        }
        buf_add(out, line.data + at, n);
        column += n;
        at += n;
    }
    buf_add_text(out, "\r\n");
}

void icalendar_add_raw(struct buf *out, const char *name, const char *value)
{
    autodone(buf) struct buf line = BUF_INIT(VALUE_MAX);

    buf_addf(&line, "%s:%s", name, value);
    add_line(out, buf_span(&line));
}

void icalendar_begin(struct buf *out, const char *component)
{
    buf_addf(out, "BEGIN:%s\r\n", component);
}

void icalendar_end(struct buf *out, const char *component)
{
    buf_addf(out, "END:%s\r\n", component);
}

void icalendar_add_text(struct buf *out, const char *name, const char *text)
{
    autodone(buf) struct buf clean = BUF_INIT(VALUE_MAX);
    autodone(buf) struct buf line = BUF_INIT(2 * VALUE_MAX);

    for (const char *p = text; *p; p++)
        buf_add_char(&clean, *p == '\n' || (unsigned char)*p >= ' ' ? *p : ' ');
    buf_addf(&line, "%s:", name);
    for (size_t i = 0; i < clean.size; i++) {
        char c = (char)clean.data[i];

        if (c == '\\' || c == ';' || c == ',')
            buf_add_char(&line, '\\');
        if (c == '\n')
            buf_add_text(&line, "\\n");
        else
            buf_add_char(&line, c);
    }
    add_line(out, buf_span(&line));
}

void icalendar_add_time(struct buf *out, const char *name, int64_t at)
{
    struct civil c = clock_to_civil(at);
    char text[64];

    (void)snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour,
        c.minute, c.second);
    icalendar_add_raw(out, name, text);
}

void icalendar_add_date(struct buf *out, const char *name, int64_t at)
{
    struct civil c = clock_to_civil(at);
    autodone(buf) struct buf full = BUF_INIT(128);
    char text[64];

    (void)snprintf(text, sizeof text, "%04d%02d%02d", c.year, c.month, c.day);
    buf_addf(&full, "%s;VALUE=DATE", name);
    icalendar_add_raw(out, buf_text(&full), text);
}
