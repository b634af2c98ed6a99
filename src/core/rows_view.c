/* core/rows_view: see the header. */
#include "core/rows_view.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"

#define DIGITS_MAX 30

static const char *const type_names[] = {
    [FIELD_TEXT] = "text",
    [FIELD_NUMBER] = "number",
    [FIELD_DATE] = "date",
    [FIELD_CHOICE] = "choice",
};

const char *field_type_name(enum field_type type)
{
    ASSERT((size_t)type < countof(type_names));
    return type_names[type];
}

bool field_type_from_name(const char *name, enum field_type *ret)
{
    for (size_t i = 0; i < countof(type_names); i++) {
        if (strcmp(name, type_names[i]) == 0) {
            *ret = (enum field_type)i;
            return true;
        }
    }
    return false;
}

bool field_name_is_valid(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t n = strlen(name);

    return n >= 1 && n <= FIELD_NAME_MAX && strspn(name, allowed) == n && name[0] >= 'a' &&
           name[0] <= 'z';
}

static size_t n_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/*
 * A number as it is stored, without needless zeros: "1.50" is "1.5", "007" is "7". False where
 * `text` is no plain decimal number of at most 30 digits.
 */
static bool normalize_number(const char *text, char ret[static 40])
{
    bool is_negative = text[0] == '-';
    const char *whole = text + is_negative;
    size_t n_whole = n_digits(whole);
    const char *part = whole + n_whole + (whole[n_whole] == '.');
    size_t n_part = whole[n_whole] == '.' ? n_digits(part) : 0;

    if (n_whole == 0 || (whole[n_whole] == '.' && n_part == 0) || part[n_part] ||
        n_whole + n_part > DIGITS_MAX)
        return false;
    while (n_whole > 1 && whole[0] == '0') {
        whole++;
        n_whole--;
    }
    while (n_part > 0 && part[n_part - 1] == '0')
        n_part--;
    if (n_part == 0 && n_whole == 1 && whole[0] == '0')
        is_negative = false;
    (void)snprintf(ret, 40, "%s%.*s%s%.*s", is_negative ? "-" : "", (int)n_whole, whole,
        n_part ? "." : "", (int)n_part, part);
    return true;
}

static bool is_choice(const struct custom_field_row *row, const char *text)
{
    autofree(json) struct json *choices = NULL;
    struct err ignored = { 0 };

    if (!json_parse(span_text(row->choices), &choices, &ignored))
        return false;
    for (size_t i = 0; i < json_list_size(choices); i++)
        if (strcmp(json_as_text(json_list_item(choices, i)), text) == 0)
            return true;
    return false;
}

/* A character of UTF-8 begins with any byte but 10xxxxxx. */
static size_t n_characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

bool custom_field_value(const struct custom_field_row *row, const char *text, char **ret,
    struct err *err)
{
    char number[40];
    int64_t at;
    struct err ignored = { 0 };

    if (n_characters(text) > FIELD_VALUE_MAX)
        return fail(err, ERR_INVALID, "must have at most %d characters", FIELD_VALUE_MAX);
    if (row->type == FIELD_NUMBER && !normalize_number(text, number))
        return fail(err, ERR_INVALID, "not a number of at most %d digits", DIGITS_MAX);
    if (row->type == FIELD_DATE &&
        (strlen(text) != 10 || !clock_from_rfc3339(span_text(text), &at, &ignored)))
        return fail(err, ERR_INVALID, "not a date such as 2026-11-21");
    if (row->type == FIELD_CHOICE && !is_choice(row, text))
        return fail(err, ERR_INVALID, "is none of the choices");
    *ret = row->type == FIELD_NUMBER ? xstrdup(number)
           : row->type == FIELD_TEXT ? span_dup(span_trim(span_text(text)))
                                     : xstrdup(text);
    return true;
}

bool custom_field_value_of_json(const struct custom_field_row *row, const struct json *value,
    char **ret, struct err *err)
{
    autodone(buf) struct buf number = BUF_INIT(1024);
    const char *text = json_as_text(value);

    if (!text && row->type == FIELD_NUMBER) {
        json_write(value, &number);
        if (!buf_check(&number, "the number", err))
            return false;
        text = buf_text(&number);
    }
    return text ? custom_field_value(row, text, ret, err)
                : fail(err, ERR_INVALID, "must be a text");
}

void view_row_done(struct view_row *row)
{
    free(row->owner);
    free(row->name);
    free(row->query);
    free(row->columns);
}
DEFINE_ROWS(view);

void custom_field_row_done(struct custom_field_row *row)
{
    free(row->name);
    free(row->label);
    free(row->choices);
}
DEFINE_ROWS(custom_field);
