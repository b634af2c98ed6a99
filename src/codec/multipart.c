/* codec/multipart: see the header. */
#include "codec/multipart.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"

/* ---- the boundary ---- */

/* RFC 2046's bchars. */
static bool is_boundary_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr("'()+_,-./:=? ", c));
}

static bool is_boundary(struct span text)
{
    if (text.size == 0 || text.size > MULTIPART_BOUNDARY_MAX || text.data[text.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_boundary_char(text.data[i]))
            return false;
    return true;
}

/*
 * Cut `; name=value` off *rest, the value in quotes or not. In quotes a backslash keeps what
 * follows; that is undone into `value`, which is cut at its size. False at the end; *is_bad where
 * there is something else.
 */
static bool next_parameter(struct span *rest, struct span *name, char *value, size_t value_size,
    bool *is_bad)
{
    struct span s = span_trim(*rest);
    size_t n = 0;

    if (s.size == 0)
        return false;
    *is_bad = true;
    size_t equals = span_find_char(s, '=');

    if (s.data[0] != ';' || equals == SIZE_MAX)
        return false;
    *name = span_trim(span_slice(s, 1, equals - 1));
    s = span_trim(span_slice(s, equals + 1, SIZE_MAX));
    bool is_quoted = s.size > 0 && s.data[0] == '"';
    size_t i = is_quoted ? 1 : 0;

    for (; i < s.size && (is_quoted ? s.data[i] != '"' : s.data[i] != ';'); i++) {
        if (is_quoted && s.data[i] == '\\' && i + 1 < s.size &&
            (s.data[i + 1] == '"' || s.data[i + 1] == '\\'))
            i++;
        if (n + 1 < value_size)
            value[n++] = (char)s.data[i];
    }
    if (is_quoted && i++ >= s.size)
        return false;
    while (!is_quoted && n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        n--;
    value[n] = '\0';
    *rest = span_slice(s, i, SIZE_MAX);
    *is_bad = false;
    return true;
}

bool multipart_boundary(const char *content_type, char field[static MULTIPART_BOUNDARY_MAX + 1],
    struct err *err)
{
    struct span rest = span_text(content_type), name;
    size_t end = span_find_char(rest, ';');
    char value[MULTIPART_BOUNDARY_MAX + 2];
    bool is_bad = false;

    if (!span_is_nocase(span_trim(span_slice(rest, 0, end)), "multipart/form-data"))
        return fail(err, ERR_INVALID, "the body must be multipart/form-data");
    rest = span_slice(rest, end, SIZE_MAX);
    while (next_parameter(&rest, &name, value, sizeof value, &is_bad)) {
        if (!span_is_nocase(name, "boundary"))
            continue;
        if (!is_boundary(span_text(value)))
            return fail(err, ERR_INVALID, "the Content-Type's boundary is malformed");
        span_copy_text(span_text(value), field, MULTIPART_BOUNDARY_MAX + 1);
        return true;
    }
    return fail(err, ERR_INVALID, "the Content-Type names no boundary");
}

/* ---- the parts ---- */

struct parser {
    struct span body;
    size_t at;
    char delimiter[MULTIPART_BOUNDARY_MAX + 5]; /* CRLF, two dashes, the boundary */
    size_t delimiter_size;
};

static bool starts_at(const struct parser *p, size_t at, const char *text, size_t size)
{
    return p->body.size - at >= size && memcmp(p->body.data + at, text, size) == 0;
}

/* What may stand behind a boundary on its line before CRLF (RFC 2046: linear white space). */
static void skip_blanks(struct parser *p)
{
    while (p->at < p->body.size && (p->body.data[p->at] == ' ' || p->body.data[p->at] == '\t'))
        p->at++;
}

static bool cut_off(const struct parser *p, struct err *err)
{
    return fail(err, ERR_INVALID,
        "the form is cut off: its closing boundary is missing, at byte %zu", p->body.size);
}

/* Behind a boundary: another part, or the end. */
static bool end_of_line(struct parser *p, bool *is_last, struct err *err)
{
    *is_last = starts_at(p, p->at, "--", 2);
    if (*is_last) {
        p->at += 2;
        skip_blanks(p);
        if (p->at == p->body.size || starts_at(p, p->at, "\r\n", 2))
            return true; /* what follows the end is nobody's (RFC 2046, 5.1.1) */
    } else {
        skip_blanks(p);
        if (starts_at(p, p->at, "\r\n", 2)) {
            p->at += 2;
            return true;
        }
        if (p->body.size - p->at < 2)
            return cut_off(p, err);
    }
    return fail(err, ERR_INVALID, "there is something behind the boundary at byte %zu", p->at);
}

static bool is_field(struct span line, const char *name, struct span *value)
{
    size_t colon = span_find_char(line, ':');

    if (colon == SIZE_MAX || !span_is_nocase(span_slice(line, 0, colon), name))
        return false;
    *value = span_trim(span_slice(line, colon + 1, SIZE_MAX));
    return true;
}

/* Browsers write quotes and line breaks in names as %22, %0D and %0A; nobody's field has those. */
static bool read_disposition(struct span value, struct multipart_part *part, bool *has_name)
{
    size_t end = span_find_char(value, ';');
    char text[MULTIPART_FILENAME_MAX + 1];
    struct span rest = span_slice(value, end, SIZE_MAX), name;
    bool is_bad = false;

    if (!span_is_nocase(span_trim(span_slice(value, 0, end)), "form-data"))
        return false;
    while (next_parameter(&rest, &name, text, sizeof text, &is_bad)) {
        if (span_is_nocase(name, "name")) {
            if (*has_name || text[0] == '\0' || strlen(text) > MULTIPART_NAME_MAX)
                return false;
            span_copy_text(span_text(text), part->name, sizeof part->name);
            *has_name = true;
        } else if (span_is_nocase(name, "filename")) {
            span_copy_text(span_text(text), part->filename, sizeof part->filename);
            part->has_filename = true;
        }
    }
    return !is_bad && *has_name;
}

/* Whatever else is said of a part (its type, its length) is for others. */
static bool read_field(struct span line, struct multipart_part *part, bool *has_name, size_t at,
    struct err *err)
{
    struct span value;

    if (is_field(line, "content-disposition", &value)) {
        if (read_disposition(value, part, has_name) && parse_is_utf8(span_text(part->name)))
            return true;
        return fail(err, ERR_INVALID, "the Content-Disposition at byte %zu is malformed", at);
    }
    if (is_field(line, "content-transfer-encoding", &value) && !span_is_nocase(value, "binary") &&
        !span_is_nocase(value, "8bit") && !span_is_nocase(value, "7bit"))
        return fail(err, ERR_INVALID,
            "the part at byte %zu is encoded; a form's parts are not (RFC 7578, 4.7)", at);
    if (span_find_char(line, ':') == SIZE_MAX || line.data[0] <= ' ')
        return fail(err, ERR_INVALID, "the line at byte %zu is no field", at);
    return true;
}

static bool read_head(struct parser *p, struct multipart_part *part, struct err *err)
{
    size_t start = p->at;
    bool has_name = false;

    for (;;) {
        struct span rest = span_slice(p->body, p->at, MULTIPART_HEAD_MAX);
        size_t end = span_find(rest, SPAN_LITERAL("\r\n"));

        if (end == SIZE_MAX && rest.size < MULTIPART_HEAD_MAX)
            return cut_off(p, err);
        if (end == SIZE_MAX || p->at + end - start > MULTIPART_HEAD_MAX)
            return fail(err, ERR_LIMIT,
                "the fields of the part at byte %zu take more than %d bytes", start,
                MULTIPART_HEAD_MAX);
        struct span line = span_slice(rest, 0, end);

        if (line.size > 0 && (span_has_nul(line) || span_find_char(line, '\n') != SIZE_MAX))
            return fail(err, ERR_INVALID, "the line at byte %zu is no field", p->at);
        if (line.size > 0 && !read_field(line, part, &has_name, p->at, err))
            return false;
        p->at += end + 2;
        if (line.size > 0)
            continue;
        return has_name || fail(err, ERR_INVALID, "the part at byte %zu has no name", start);
    }
}

/* Up to the next boundary, which is taken as well. */
static bool read_content(struct parser *p, struct multipart_part *part, struct err *err)
{
    struct span rest = span_slice(p->body, p->at, SIZE_MAX);
    size_t size;

    /* The line break that ends an empty head is also the delimiter's. */
    if (starts_at(p, p->at, p->delimiter + 2, p->delimiter_size - 2)) {
        part->content = span_slice(rest, 0, 0);
        p->at += p->delimiter_size - 2;
        return true;
    }
    size = span_find(rest, span_of(p->delimiter, p->delimiter_size));
    if (size == SIZE_MAX)
        return cut_off(p, err);
    part->content = span_slice(rest, 0, size);
    p->at += size + p->delimiter_size;
    return true;
}

static bool read_parts(struct parser *p, struct multipart *form, struct err *err)
{
    bool is_last = false;

    for (;;) {
        if (!end_of_line(p, &is_last, err))
            return false;
        if (is_last)
            return true;
        if (form->n_parts == MULTIPART_PARTS_MAX)
            return fail(err, ERR_LIMIT, "the form has more than %d parts", MULTIPART_PARTS_MAX);
        form->parts = xreallocarray(form->parts, form->n_parts + 1, sizeof *form->parts);
        struct multipart_part *part = &form->parts[form->n_parts++];

        *part = (struct multipart_part){ 0 };
        if (!read_head(p, part, err) || !read_content(p, part, err))
            return false;
    }
}

bool multipart_parse(struct span body, const char *boundary, struct multipart *ret, struct err *err)
{
    autodone(multipart) struct multipart form = { 0 };
    struct parser p = { .body = body };

    p.delimiter_size = (size_t)snprintf(p.delimiter, sizeof p.delimiter, "\r\n--%.70s", boundary);
    if (!starts_at(&p, 0, p.delimiter + 2, p.delimiter_size - 2))
        return fail(err, ERR_INVALID,
            "the form does not begin with the boundary that its Content-Type names");
    p.at = p.delimiter_size - 2;
    if (!read_parts(&p, &form, err))
        return false;
    *ret = form;
    form = (struct multipart){ 0 };
    return true;
}

void multipart_done(struct multipart *form)
{
    free(form->parts);
    *form = (struct multipart){ 0 };
}

const struct multipart_part *multipart_next(const struct multipart *form, const char *name,
    size_t *position)
{
    for (; *position < form->n_parts; (*position)++)
        if (strcmp(form->parts[*position].name, name) == 0)
            return &form->parts[(*position)++];
    return NULL;
}
