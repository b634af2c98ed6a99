/*
 * core/rows_view: lists people have put together, and fields of their own on records.
 */
#pragma once

#include "base/base.h"
#include "core/rows.h"

struct err;
struct json;

struct view_row {
    int64_t id;
    int64_t account_id; /* whose it is */
    char *owner;
    char *name;
    bool is_shared;
    bool is_default; /* of whoever asked */
    char *query;     /* JSON: filter and sort */
    char *columns;   /* JSON list of names */
    int64_t created_at;
    int64_t updated_at;
    int64_t row_version;
};
DECLARE_ROWS(view);

enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_DATE, FIELD_CHOICE, N_FIELD_TYPE };

const char *field_type_name(enum field_type type); /* "text", … */
bool field_type_from_name(const char *name, enum field_type *ret);

struct custom_field_row {
    int64_t id;
    char *name; /* a-z, 0-9 and _, a letter first */
    char *label;
    enum field_type type;
    char *choices; /* JSON list of texts */
    bool is_required;
    int64_t n_used; /* records with a value, of those that whoever asked may see */
    int64_t row_version;
};
DECLARE_ROWS(custom_field);

#define FIELD_NAME_MAX 40
#define FIELD_VALUE_MAX 500

bool field_name_is_valid(const char *name);

/*
 * What a person has given for the field, as it is stored, a text without blanks at its ends, which
 * a cell of a table has not got either; the caller frees *ret. ERR_INVALID, with a message for that
 * person, where it is none of the field's type.
 */
bool custom_field_value(const struct custom_field_row *row, const char *text, char **ret,
    struct err *err) must_check;

/* The same of what a program has given: a text, or for a number one: 12.5 and "12.5". */
bool custom_field_value_of_json(const struct custom_field_row *row, const struct json *value,
    char **ret, struct err *err) must_check;
