/* api/query: see the header. */
#include "api/query.h"

#include <string.h>

#include "api/api.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "net/http.h"

#define MAX_PARAMETERS 64

struct parameter {
    char *name;
    char *value;
    bool is_used;
};

struct query {
    struct api_call *call;
    struct parameter list[MAX_PARAMETERS];
    size_t n;
    bool is_bad;
    bool is_forgiving;
};

void query_complain(struct query *query, const char *name, const char *message)
{
    query->is_bad = true;
    json_problems_add(query->call->problems, name, message);
}

struct query *query_new(struct api_call *call)
{
    struct query *query = xcalloc(1, sizeof *query);
    struct span rest = span_text(call->query);
    char *name;
    char *value;
    bool is_bad = false;

    query->call = call;
    while (query->n < MAX_PARAMETERS && http_query_next(&rest, &name, &value, &is_bad))
        query->list[query->n++] = (struct parameter){ .name = name, .value = value };
    if (is_bad)
        query_complain(query, "query", "a value is not valid percent-encoded UTF-8");
    else if (query->n == MAX_PARAMETERS)
        query_complain(query, "query", "more than 64 parameters");
    return query;
}

void query_free(struct query *query)
{
    if (!query)
        return;
    for (size_t i = 0; i < query->n; i++) {
        free(query->list[i].name);
        free(query->list[i].value);
    }
    free(query);
}

const char *query_text(struct query *query, const char *name, size_t max)
{
    const char *value = NULL;

    for (size_t i = 0; i < query->n; i++) {
        struct parameter *p = &query->list[i];

        if (strcmp(p->name, name) != 0)
            continue;
        if (p->is_used || value)
            query_complain(query, name, "given more than once");
        p->is_used = true;
        value = p->value;
    }
    if (value && strlen(value) > max) {
        query_complain(query, name, "too long");
        return NULL;
    }
    return value && value[0] ? value : NULL;
}

int64_t query_i64(struct query *query, const char *name, int64_t min, int64_t max,
    int64_t otherwise)
{
    const char *text = query_text(query, name, 32);
    int64_t value = otherwise;
    struct err err = { 0 };

    if (text && !parse_i64(span_text(text), min, max, &value, &err))
        query_complain(query, name, err.msg);
    return value;
}

bool query_bool(struct query *query, const char *name, bool otherwise)
{
    const char *text = query_text(query, name, 8);
    bool value = otherwise;
    struct err err = { 0 };

    if (text && !parse_bool(span_text(text), &value, &err))
        query_complain(query, name, err.msg);
    return value;
}

int query_tristate(struct query *query, const char *name)
{
    const char *text = query_text(query, name, 8);
    bool value = false;
    struct err err = { 0 };

    if (!text)
        return -1;
    if (!parse_bool(span_text(text), &value, &err))
        query_complain(query, name, err.msg);
    return value;
}

int64_t query_time(struct query *query, const char *name, int64_t otherwise)
{
    const char *text = query_text(query, name, 40);
    int64_t value = otherwise;
    struct err err = { 0 };

    if (text && !clock_from_rfc3339(span_text(text), &value, &err))
        query_complain(query, name, err.msg);
    return value;
}

/* Cut one parameter's value at its commas, in place. */
static size_t cut_list(char *value, const char **values, size_t n, size_t max, bool *is_long)
{
    char *at = value;

    while (at) {
        char *comma = strchr(at, ',');

        if (comma)
            *comma = '\0';
        if (at[0]) {
            if (n == max) {
                *is_long = true;
                return n;
            }
            values[n++] = at;
        }
        at = comma ? comma + 1 : NULL;
    }
    return n;
}

size_t query_list(struct query *query, const char *name, const char **values, size_t max)
{
    bool is_long = false;
    size_t n = 0;

    for (size_t i = 0; i < query->n; i++) {
        struct parameter *p = &query->list[i];

        if (strcmp(p->name, name) != 0)
            continue;
        p->is_used = true;
        n = cut_list(p->value, values, n, max, &is_long);
    }
    if (is_long)
        query_complain(query, name, "too many values");
    return n;
}

size_t query_prefixed(struct query *query, const char *prefix, const char **names,
    const char **values, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < query->n; i++) {
        struct parameter *p = &query->list[i];

        if (strncmp(p->name, prefix, strlen(prefix)) != 0)
            continue;
        p->is_used = true;
        if (n == max) {
            query_complain(query, p->name, "too many of these");
            break;
        }
        names[n] = p->name + strlen(prefix);
        values[n++] = p->value;
    }
    return n;
}

void query_forgive(struct query *query)
{
    query->is_forgiving = true;
}

bool query_end(struct query *query, struct err *err)
{
    for (size_t i = 0; i < query->n; i++)
        if (!query->list[i].is_used && !query->is_forgiving)
            query_complain(query, query->list[i].name, "there is no such parameter here");
    if (!query->is_bad)
        return true;
    const struct json_problems *problems = query->call->problems;

    return fail(err, ERR_INVALID, "%s: %s", problems->items[0].field, problems->items[0].message);
}
