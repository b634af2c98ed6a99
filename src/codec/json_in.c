/* codec/json_in: see the header. A value read is a jansson value; nobody above codec/ need know. */
#include "codec/json_in.h"

#include <jansson.h>
#include <stdarg.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"

static const json_t *jansson(const struct json *value)
{
    return (const json_t *)value;
}

static const struct json *ours(const json_t *value)
{
    return (const struct json *)value;
}

static void vcomplain(struct json_in *in, const char *name, const char *format, va_list args)
    printf_like(3, 0);

static void vcomplain(struct json_in *in, const char *name, const char *format, va_list args)
{
    char field[sizeof in->path + 200];
    char message[256];

    (void)snprintf(field, sizeof field, "%s%s%s", in->path, in->path[0] && name[0] ? "." : "",
        name);
    (void)vsnprintf(message, sizeof message, format, args);
    json_problems_add(in->problems, field, message);
}

void json_in_complain(struct json_in *in, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vcomplain(in, name, format, args);
    va_end(args);
}

void json_in_init(struct json_in *in, const struct json *value, struct json_problems *problems)
{
    *in = (struct json_in){ .problems = problems, .n_problems_before = problems->n };
    if (value && json_is_object(jansson(value))) {
        in->value = value;
        return;
    }
    in->is_void = true;
    json_problems_add(problems, "", "a JSON object is needed");
}

/* Remember that `name` was asked for, and give its value; NULL where it is missing. */
static const json_t *ask(struct json_in *in, const char *name)
{
    bool is_new = true;

    for (size_t i = 0; i < in->n_asked && is_new; i++)
        is_new = strcmp(in->asked[i], name) != 0;
    if (is_new) {
        ASSERT(in->n_asked < JSON_IN_MEMBERS_MAX);
        in->asked[in->n_asked++] = name;
    }
    return in->value ? json_object_get(jansson(in->value), name) : NULL;
}

/* As ask(), with null for missing. */
static const json_t *ask_value(struct json_in *in, const char *name)
{
    const json_t *const value = ask(in, name);

    return value && !json_is_null(value) ? value : NULL;
}

static const json_t *require(struct json_in *in, const char *name)
{
    const json_t *const value = ask_value(in, name);

    if (!value && !in->is_void)
        json_in_complain(in, name, "is required");
    return value;
}

static bool was_asked(const struct json_in *in, const char *name)
{
    for (size_t i = 0; i < in->n_asked; i++)
        if (strcmp(in->asked[i], name) == 0)
            return true;
    return false;
}

void json_in_leave(struct json_in *in)
{
    const char *name;
    json_t *value;

    if (!in->value)
        return;
    /* jansson's walk wants a pointer that could write; nothing is written. */
    json_object_foreach((json_t *)(uintptr_t)in->value, name, value)
    {
        if (!was_asked(in, name))
            json_in_complain(in, name, "there is no such field here");
    }
}

bool json_in_end(struct json_in *in, struct err *err)
{
    const struct json_problems *const problems = in->problems;

    json_in_leave(in);
    if (problems->n == in->n_problems_before && problems->n_left_out == 0)
        return true;

    const size_t first = in->n_problems_before < problems->n ? in->n_problems_before : 0;
    const struct json_problem *const problem = &problems->items[first];

    return fail(err, ERR_INVALID, "%s%s%s", problem->field, problem->field[0] ? ": " : "",
        problem->message);
}

bool json_in_has(struct json_in *in, const char *name)
{
    return ask(in, name) != NULL;
}

bool json_in_is_null(struct json_in *in, const char *name)
{
    return json_is_null(ask(in, name));
}

/* ---- one value ---- */

/* NULL, with a complaint, unless `value` is a text within its limits. */
static const char *read_text(struct json_in *in, const char *name, const json_t *value, size_t min,
    size_t max)
{
    if (!json_is_string(value)) {
        json_in_complain(in, name, "must be a text");
        return NULL;
    }
    const char *const text = json_string_value(value);
    const struct span span = span_of(text, json_string_length(value));
    const size_t n = parse_n_characters(span);

    if (span_has_nul(span))
        json_in_complain(in, name, "holds the character U+0000");
    else if (n == 0 && min > 0)
        json_in_complain(in, name, "must not be empty");
    else if (n < min)
        json_in_complain(in, name, "has %zu characters and needs at least %zu", n, min);
    else if (n > max)
        json_in_complain(in, name, "has %zu characters; %zu are allowed", n, max);
    else
        return text;
    return NULL;
}

static int64_t read_i64(struct json_in *in, const char *name, const json_t *value, int64_t min,
    int64_t max)
{
    if (!json_is_integer(value)) {
        json_in_complain(in, name, "must be a whole number");
        return min;
    }
    const int64_t n = json_integer_value(value);

    if (n < min || n > max) {
        json_in_complain(in, name, "%" PRId64 " is not between %" PRId64 " and %" PRId64, n, min,
            max);
        return min;
    }
    return n;
}

static bool read_bool(struct json_in *in, const char *name, const json_t *value)
{
    if (!json_is_boolean(value))
        json_in_complain(in, name, "must be true or false");
    return json_is_true(value);
}

static int64_t read_time(struct json_in *in, const char *name, const json_t *value)
{
    struct err err = { 0 };
    int64_t at = 0;
    const char *const text = read_text(in, name, value, 1, 64);

    if (text && !clock_from_rfc3339(span_text(text), &at, &err))
        json_in_complain(in, name, "%s", err.msg);
    return at;
}

static void complain_of_word(struct json_in *in, const char *name, const char *const *names,
    size_t n_names)
{
    autodone(buf) struct buf words = BUF_INIT(200);

    for (size_t i = 0; i < n_names; i++) {
        if (names[i])
            buf_addf(&words, "%s%s", words.size > 0 ? ", " : "", names[i]);
    }
    json_in_complain(in, name, "must be one of: %s", buf_text(&words));
}

static int read_enum(struct json_in *in, const char *name, const json_t *value,
    const char *const *names, size_t n_names)
{
    const char *const text = json_string_value(value);

    for (size_t i = 0; text && i < n_names; i++)
        if (names[i] && strcmp(text, names[i]) == 0)
            return (int)i;
    complain_of_word(in, name, names, n_names);
    return 0;
}

const char *json_in_text(struct json_in *in, const char *name, size_t min, size_t max)
{
    const json_t *const value = require(in, name);
    const char *const text = value ? read_text(in, name, value, min, max) : NULL;

    return text ? text : "";
}

const char *json_in_text_opt(struct json_in *in, const char *name, size_t min, size_t max,
    const char *otherwise)
{
    const json_t *const value = ask_value(in, name);
    const char *const text = value ? read_text(in, name, value, min, max) : NULL;

    return text ? text : otherwise;
}

int64_t json_in_i64(struct json_in *in, const char *name, int64_t min, int64_t max)
{
    const json_t *const value = require(in, name);

    return value ? read_i64(in, name, value, min, max) : min;
}

int64_t json_in_i64_opt(struct json_in *in, const char *name, int64_t min, int64_t max,
    int64_t otherwise)
{
    const json_t *const value = ask_value(in, name);

    return value ? read_i64(in, name, value, min, max) : otherwise;
}

bool json_in_bool(struct json_in *in, const char *name)
{
    const json_t *const value = require(in, name);

    return value && read_bool(in, name, value);
}

bool json_in_bool_opt(struct json_in *in, const char *name, bool otherwise)
{
    const json_t *const value = ask_value(in, name);

    return value ? read_bool(in, name, value) : otherwise;
}

int64_t json_in_time_opt(struct json_in *in, const char *name, int64_t otherwise)
{
    const json_t *const value = ask_value(in, name);

    return value ? read_time(in, name, value) : otherwise;
}

int json_in_enum(struct json_in *in, const char *name, const char *const *names, size_t n_names)
{
    const json_t *const value = require(in, name);

    return value ? read_enum(in, name, value, names, n_names) : 0;
}

int json_in_enum_opt(struct json_in *in, const char *name, const char *const *names, size_t n_names,
    int otherwise)
{
    const json_t *const value = ask_value(in, name);

    return value ? read_enum(in, name, value, names, n_names) : otherwise;
}

/* ---- what has parts ---- */

static bool enter(struct json_in *in, const char *name, const json_t *value, struct json_in *ret)
{
    *ret = (struct json_in){
        .problems = in->problems,
        .n_problems_before = in->problems->n,
        .is_void = true,
    };
    (void)snprintf(ret->path, sizeof ret->path, "%.60s%s%.90s", in->path, in->path[0] ? "." : "",
        name);
    if (!value)
        return false;
    if (!json_is_object(value)) {
        json_in_complain(in, name, "must be an object");
        return false;
    }
    ret->value = ours(value);
    ret->is_void = false;
    return true;
}

bool json_in_object(struct json_in *in, const char *name, struct json_in *ret)
{
    return enter(in, name, require(in, name), ret);
}

bool json_in_object_opt(struct json_in *in, const char *name, struct json_in *ret)
{
    return enter(in, name, ask_value(in, name), ret);
}

static size_t read_array(struct json_in *in, const char *name, const json_t *value, size_t max)
{
    if (!value)
        return 0;
    if (!json_is_array(value)) {
        json_in_complain(in, name, "must be a list");
        return 0;
    }
    const size_t n = json_array_size(value);

    if (n <= max)
        return n;
    json_in_complain(in, name, "has %zu entries; %zu are allowed", n, max);
    return 0;
}

size_t json_in_array(struct json_in *in, const char *name, size_t max)
{
    return read_array(in, name, require(in, name), max);
}

size_t json_in_array_opt(struct json_in *in, const char *name, size_t max)
{
    return read_array(in, name, ask_value(in, name), max);
}

#define ITEM_NAME_SIZE 96

static const json_t *item(struct json_in *in, const char *name, size_t i,
    char item_name[static ITEM_NAME_SIZE])
{
    (void)snprintf(item_name, ITEM_NAME_SIZE, "%.64s[%zu]", name, i);
    return json_array_get(ask(in, name), i);
}

const char *json_in_item_text(struct json_in *in, const char *name, size_t i, size_t min,
    size_t max)
{
    char item_name[ITEM_NAME_SIZE];
    const json_t *const value = item(in, name, i, item_name);
    const char *const text = read_text(in, item_name, value, min, max);

    return text ? text : "";
}

int64_t json_in_item_i64(struct json_in *in, const char *name, size_t i, int64_t min, int64_t max)
{
    char item_name[ITEM_NAME_SIZE];
    const json_t *const value = item(in, name, i, item_name);

    return read_i64(in, item_name, value, min, max);
}

bool json_in_item_object(struct json_in *in, const char *name, size_t i, struct json_in *ret)
{
    char item_name[ITEM_NAME_SIZE];
    const json_t *const value = item(in, name, i, item_name);

    return enter(in, item_name, value, ret);
}

const struct json *json_in_value(struct json_in *in, const char *name)
{
    return ours(ask_value(in, name));
}

/* ---- values of our own ---- */

size_t json_in_names(struct json_in *in, const char **names, size_t max)
{
    const char *name;
    json_t *value;
    size_t n = 0;

    if (!in->value)
        return 0;
    json_object_foreach((json_t *)(uintptr_t)in->value, name, value)
    {
        if (n == max) {
            json_in_complain(in, name, "there are more than %zu of these", max);
            break;
        }
        names[n++] = name;
    }
    return n;
}

size_t json_list_size(const struct json *list)
{
    return json_array_size(jansson(list));
}

const struct json *json_list_item(const struct json *list, size_t i)
{
    return ours(json_array_get(jansson(list), i));
}

const char *json_as_text(const struct json *value)
{
    const char *const text = json_string_value(jansson(value));

    return text && strlen(text) == json_string_length(jansson(value)) ? text : NULL;
}

int64_t json_as_i64(const struct json *value, int64_t otherwise)
{
    return json_is_integer(jansson(value)) ? json_integer_value(jansson(value)) : otherwise;
}

bool json_as_bool(const struct json *value, bool otherwise)
{
    return json_is_boolean(jansson(value)) ? json_is_true(jansson(value)) : otherwise;
}

enum json_kind json_kind_of(const struct json *value)
{
    static const enum json_kind kinds[] = {
        [JSON_OBJECT] = JSON_KIND_OBJECT,
        [JSON_ARRAY] = JSON_KIND_ARRAY,
        [JSON_STRING] = JSON_KIND_TEXT,
        [JSON_INTEGER] = JSON_KIND_NUMBER,
        [JSON_REAL] = JSON_KIND_NUMBER,
        [JSON_TRUE] = JSON_KIND_BOOL,
        [JSON_FALSE] = JSON_KIND_BOOL,
        [JSON_NULL] = JSON_KIND_NULL,
    };

    return value ? kinds[json_typeof(jansson(value))] : JSON_KIND_MISSING;
}

size_t json_names(const struct json *object, const char **names, size_t max)
{
    const char *name;
    json_t *member;
    size_t n = 0;

    if (json_kind_of(object) != JSON_KIND_OBJECT)
        return 0;
    json_object_foreach((json_t *)(uintptr_t)object, name, member)
    {
        if (n == max)
            break;
        names[n++] = name;
    }
    return n;
}

const struct json *json_member(const struct json *object, const char *name)
{
    return ours(json_object_get(jansson(object), name));
}
