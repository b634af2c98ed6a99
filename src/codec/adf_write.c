/* codec/adf_write: the half of codec/adf that writes, line by line. */
#include <string.h>

#include "codec/adf.h"
#include "codec/json.h"

#define LIST_DEPTH_MAX 6

struct lines {
    struct span rest; /* behind `line` */
    struct span line; /* the present one, without its end */
    bool is_end;
};

static void next_line(struct lines *lines)
{
    lines->is_end = !span_split(&lines->rest, '\n', &lines->line);
    if (lines->is_end)
        lines->line = SPAN_EMPTY;
    if (lines->line.size > 0 && lines->line.data[lines->line.size - 1] == '\r')
        lines->line.size--;
}

static bool is_blank(struct span line)
{
    return span_trim(line).size == 0;
}

static void begin_node(struct json_out *out, const char *type)
{
    json_begin_object(out, NULL);
    json_str(out, "type", type);
}

static void begin_content(struct json_out *out, const char *type)
{
    begin_node(out, type);
    json_begin_array(out, "content");
}

static void end_content(struct json_out *out)
{
    json_end(out);
    json_end(out);
}

/* ---- text ---- */

static void write_text(struct json_out *out, struct span text, bool is_link)
{
    if (text.size == 0) /* the schema knows no empty text */
        return;
    begin_node(out, "text");
    json_str_span(out, "text", text);
    if (is_link) {
        json_begin_array(out, "marks");
        begin_node(out, "link");
        json_begin_object(out, "attrs");
        json_str_span(out, "href", text);
        json_end(out);
        json_end(out);
        json_end(out);
    }
    json_end(out);
}

static size_t find_link(struct span text, size_t from)
{
    for (size_t i = from; i < text.size; i++) {
        struct span rest = span_slice(text, i, SIZE_MAX);

        if (span_starts_with(rest, "https://") || span_starts_with(rest, "http://"))
            return i;
    }
    return text.size;
}

/* Up to a blank or a bracket, without the full stop of the sentence. */
static size_t link_end(struct span text, size_t from)
{
    size_t end = from;

    while (end < text.size && text.data[end] > ' ' && !strchr("<>\"'()[]{}|", text.data[end]))
        end++;
    while (end > from && strchr(".,;:!?", text.data[end - 1]))
        end--;
    return end;
}

static void write_line(struct json_out *out, struct span line)
{
    for (size_t at = 0; at < line.size;) {
        size_t begin = find_link(line, at);
        size_t end = link_end(line, begin);

        write_text(out, span_slice(line, at, begin - at), false);
        write_text(out, span_slice(line, begin, end - begin), true);
        at = end;
    }
}

/* ---- blocks ---- */

/* "# …" and "h2. …": which level? 0: no heading. *ret_text is what follows. */
static int heading_level(struct span line, struct span *ret_text)
{
    size_t n = 0;

    while (n < line.size && line.data[n] == '#')
        n++;
    if (n >= 1 && n <= 6 && n < line.size && line.data[n] == ' ') {
        *ret_text = span_slice(line, n + 1, SIZE_MAX);
        return (int)n;
    }
    if (line.size > 4 && line.data[0] == 'h' && line.data[1] >= '1' && line.data[1] <= '6' &&
        line.data[2] == '.' && line.data[3] == ' ') {
        *ret_text = span_slice(line, 4, SIZE_MAX);
        return line.data[1] - '0';
    }
    return 0;
}

static bool is_rule(struct span line)
{
    size_t n = 0;

    while (n < line.size && line.data[n] == '-')
        n++;
    return n >= 4 && n == line.size;
}

enum fence { FENCE_NONE, FENCE_TICKS, FENCE_CODE, FENCE_NOFORMAT, FENCE_PEM };

static enum fence fence_of(struct span line, struct span *ret_language)
{
    *ret_language = SPAN_EMPTY;
    if (span_starts_with(line, "```")) {
        *ret_language = span_trim(span_slice(line, 3, SIZE_MAX));
        return span_find_char(*ret_language, '`') == SIZE_MAX ? FENCE_TICKS : FENCE_NONE;
    }
    if (span_is(span_trim(line), "{code}"))
        return FENCE_CODE;
    if (line.size > 6 && span_starts_with(line, "{code:") && line.data[line.size - 1] == '}') {
        *ret_language = span_slice(line, 6, line.size - 7);
        return FENCE_CODE;
    }
    if (span_is(span_trim(line), "{noformat}"))
        return FENCE_NOFORMAT;
    return span_starts_with(line, "-----BEGIN ") ? FENCE_PEM : FENCE_NONE;
}

static bool ends_fence(struct span line, enum fence fence)
{
    static const char *const ends
        [] = { [FENCE_TICKS] = "```", [FENCE_CODE] = "{code}", [FENCE_NOFORMAT] = "{noformat}" };

    if (fence == FENCE_PEM)
        return span_starts_with(line, "-----END ");
    return span_is(span_trim(line), ends[fence]);
}

/* Does the fence that begins here end? If not, its mark means itself. */
static bool has_end(const struct lines *lines, enum fence fence)
{
    struct lines ahead = *lines;

    for (next_line(&ahead); !ahead.is_end; next_line(&ahead))
        if (ends_fence(ahead.line, fence))
            return true;
    return false;
}

static void write_code(struct json_out *out, struct lines *lines, enum fence fence,
    struct span language)
{
    const uint8_t *begin = lines->line.data;
    const uint8_t *end;

    if (fence != FENCE_PEM) {
        next_line(lines);
        begin = lines->line.data;
    }
    for (end = begin; !ends_fence(lines->line, fence); next_line(lines))
        end = lines->line.data + lines->line.size;
    if (fence == FENCE_PEM)
        end = lines->line.data + lines->line.size;
    begin_node(out, "codeBlock");
    if (language.size > 0) {
        json_begin_object(out, "attrs");
        json_str_span(out, "language", language);
        json_end(out);
    }
    json_begin_array(out, "content");
    write_text(out, span_of(begin, (size_t)(end - begin)), false);
    end_content(out);
    next_line(lines);
}

/* ---- lists ---- */

struct bullet {
    size_t indent;
    int64_t number; /* 0: it has none */
    struct span text;
};

static bool find_bullet(struct span line, struct bullet *ret)
{
    size_t at = 0;
    int64_t number = 0;

    while (at < line.size && line.data[at] == ' ')
        at++;
    ret->indent = at;
    if (at + 1 < line.size && (line.data[at] == '-' || line.data[at] == '*') &&
        line.data[at + 1] == ' ') {
        ret->number = 0;
        ret->text = span_slice(line, at + 2, SIZE_MAX);
        return true;
    }
    while (at < line.size && line.data[at] >= '0' && line.data[at] <= '9' && number < 100000)
        number = 10 * number + (line.data[at++] - '0');
    if (number == 0 || at + 1 >= line.size || line.data[at] != '.' || line.data[at + 1] != ' ')
        return false;
    ret->number = number;
    ret->text = span_slice(line, at + 2, SIZE_MAX);
    return true;
}

/* A numbered list counts from 1: other numbers are text. */
static bool begins_list(struct span line, struct bullet *ret)
{
    return find_bullet(line, ret) && ret->indent == 0 && ret->number <= 1;
}

/* All items of the same kind and indentation, each with the list that is indented below it. */
static void write_list(struct json_out *out, struct lines *lines, int depth)
{
    struct bullet first = { 0 };
    struct bullet item;
    int64_t n = 0;

    (void)!find_bullet(lines->line, &first);
    begin_content(out, first.number ? "orderedList" : "bulletList");
    while (find_bullet(lines->line, &item) && item.indent == first.indent &&
           item.number == (first.number ? n + 1 : 0)) {
        n++;
        begin_content(out, "listItem");
        begin_content(out, "paragraph");
        write_line(out, item.text);
        end_content(out);
        next_line(lines);
        if (depth < LIST_DEPTH_MAX && find_bullet(lines->line, &item) &&
            item.indent == first.indent + 2 && item.number <= 1)
            write_list(out, lines, depth + 1);
        end_content(out);
    }
    end_content(out);
}

/* ---- the document ---- */

static bool begins_block(const struct lines *lines)
{
    struct span ignored;
    struct bullet bullet;
    enum fence fence = fence_of(lines->line, &ignored);

    return lines->is_end || is_blank(lines->line) || is_rule(lines->line) ||
           heading_level(lines->line, &ignored) || begins_list(lines->line, &bullet) ||
           (fence != FENCE_NONE && has_end(lines, fence));
}

static void write_paragraph(struct json_out *out, struct lines *lines)
{
    bool is_first = true;

    begin_content(out, "paragraph");
    do {
        if (!is_first) {
            begin_node(out, "hardBreak");
            json_end(out);
        }
        is_first = false;
        write_line(out, lines->line);
        next_line(lines);
    } while (!begins_block(lines));
    end_content(out);
}

static void write_heading(struct json_out *out, struct lines *lines, int level, struct span text)
{
    begin_node(out, "heading");
    json_begin_object(out, "attrs");
    json_i64(out, "level", level);
    json_end(out);
    json_begin_array(out, "content");
    write_line(out, text);
    end_content(out);
    next_line(lines);
}

static void write_block(struct json_out *out, struct lines *lines)
{
    struct span text = SPAN_EMPTY;
    struct bullet bullet;
    int level = heading_level(lines->line, &text);

    if (is_blank(lines->line)) {
        next_line(lines);
        return;
    }
    if (is_rule(lines->line)) {
        begin_node(out, "rule");
        json_end(out);
        next_line(lines);
        return;
    }
    if (level) {
        write_heading(out, lines, level, text);
        return;
    }
    if (begins_list(lines->line, &bullet)) {
        write_list(out, lines, 1);
        return;
    }
    enum fence fence = fence_of(lines->line, &text);

    if (fence != FENCE_NONE && has_end(lines, fence))
        write_code(out, lines, fence, text);
    else
        write_paragraph(out, lines);
}

void adf_write(struct json_out *out, const char *key, struct span text)
{
    struct lines lines = { .rest = text };

    json_begin_object(out, key);
    json_str(out, "type", "doc");
    json_i64(out, "version", 1);
    json_begin_array(out, "content");
    next_line(&lines);
    while (!lines.is_end)
        write_block(out, &lines);
    json_end(out);
    json_end(out);
}
