/*
 * codec/json: JSON (RFC 8259) written into a buf, and JSON from outside made ready to be read.
 *
 * The writer streams: commas, escapes and nesting are its affair, and like a buf it remembers its
 * first failure, to be asked for once with json_out_check(). What comes from outside is parsed by
 * jansson within limits and then read with codec/json_in. jansson's types stay in codec/.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

#define JSON_MAX_BYTES (1U << 20)
#define JSON_MAX_DEPTH 64

/* A parsed value, immutable. Parts of it are borrowed as `const struct json *` and live as long. */
struct json;

/*
 * Parse a whole text of any JSON type. The caller frees *ret. ERR_LIMIT above JSON_MAX_BYTES or
 * nested deeper than JSON_MAX_DEPTH; else ERR_INVALID with line and column. Stricter than the RFC
 * in two ways: a key that appears twice in one object is an error, and so is a number that fits
 * neither int64 nor double. A member's name must not hold U+0000.
 */
bool json_parse(struct span text, struct json **ret, struct err *err) must_check;

/* The same with limits of one's own. */
bool json_parse_within(struct span text, size_t max_bytes, int max_depth, struct json **ret,
    struct err *err) must_check;

void json_free(struct json *json);
DEFINE_AUTOFREE(json);

/* The value as compact text, members in their order; a fraction with the 15 digits that are sure.
 */
void json_write(const struct json *json, struct buf *out);

#define JSON_PROBLEMS_MAX 32

/* What is wrong, field by field; zeroed it is empty. Beyond JSON_PROBLEMS_MAX they are only
 * counted. */
struct json_problem {
    char *field; /* "endpoints[2].port" */
    char *message;
};

struct json_problems {
    struct json_problem items[JSON_PROBLEMS_MAX];
    size_t n;
    size_t n_left_out;
};

void json_problems_add(struct json_problems *problems, const char *field, const char *message);
void json_problems_addf(struct json_problems *problems, const char *field, const char *format, ...)
    printf_like(3, 4);
void json_problems_clear(struct json_problems *problems);

static inline void json_problems_done(struct json_problems *problems)
{
    json_problems_clear(problems);
}
DEFINE_AUTODONE(json_problems);

/* The fields may be looked at by no one but codec/json. */
struct json_out {
    struct buf *buf;
    int depth;
    bool is_filled[JSON_MAX_DEPTH + 1]; /* something was written at that depth already */
    bool is_array[JSON_MAX_DEPTH + 1];
};

/* Write behind what is in `buf`, which must outlive the writer. */
void json_out_init(struct json_out *out, struct buf *buf);

/* ERR_LIMIT if the buf's ceiling was hit. */
bool json_out_check(const struct json_out *out, struct err *err) must_check;

/*
 * `key` names the member inside an object; it is NULL inside an array and for the outermost value.
 * json_end() closes whichever was begun last.
 */
void json_begin_object(struct json_out *out, const char *key);
void json_begin_array(struct json_out *out, const char *key);
void json_end(struct json_out *out);

/* Text that is NULL is written as null. Bytes that are no UTF-8 become U+FFFD. */
void json_str(struct json_out *out, const char *key, const char *text);
void json_str_span(struct json_out *out, const char *key, struct span text);
void json_i64(struct json_out *out, const char *key, int64_t value);
void json_bool(struct json_out *out, const char *key, bool value);
void json_put_null(struct json_out *out, const char *key);

/* A number within a string, "C-17": `before` and `after` are as JSON has them there. */
void json_numbered(struct json_out *out, const char *key, const char *before, int64_t number,
    const char *after);

/* An instant as RFC 3339. For json_time_or_null() 0 means that there is none. */
void json_time(struct json_out *out, const char *key, int64_t at);
void json_time_or_null(struct json_out *out, const char *key, int64_t at);
void json_i64_or_null(struct json_out *out, const char *key, int64_t value);

/* Bytes as lower-case hexadecimal. */
void json_hex(struct json_out *out, const char *key, struct span bytes);

/* A value that is JSON already, such as a column of the database. Empty is written as null. */
void json_raw(struct json_out *out, const char *key, struct span json);
void json_value(struct json_out *out, const char *key, const struct json *value);

/*
 * The next string that is the member `name` (a literal) of an object in *rest, which is JSON of our
 * own, such as a column of the database: with its quotes and escapes, for json_raw(). Where that is
 * all that is wanted of a list, it is a tenth of a parser's work. False when there is none any
 * more.
 */
#define json_next_member(rest, name, ret)                                                          \
    json_next_string_after(rest, SPAN_LITERAL("\"" name "\":"), ret)
bool json_next_string_after(struct span *rest, struct span opening, struct span *ret);

/* Parts of `text` between separators as an array of texts; "" gives the empty array. */
void json_split(struct json_out *out, const char *key, const char *text, char separator);
