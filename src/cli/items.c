/* cli/items: see the header. */
#include "cli/items.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/output.h"
#include "codec/url.h"

#define PATH_MAX_BYTES 8192

static void add_row(struct table *table, const struct json *item,
    const struct items_column *columns)
{
    for (; columns->heading; columns++) {
        autofree(str) char *text = output_text(item, columns->member);

        table_add(table, text);
    }
}

static void begin(struct table *table, const struct items_column *columns)
{
    size_t n = 0;

    while (columns[n].heading)
        n++;
    table_init(table, n);
    for (size_t i = 0; i < n; i++)
        table_add(table, columns[i].heading);
}

bool items_print(struct remote *remote, const char *path, const struct items_column *columns,
    bool json, struct err *err)
{
    autodone(table) struct table table = { 0 };
    autofree(str) char *cursor = NULL;

    begin(&table, columns);
    do {
        autodone(buf) struct buf page_path = BUF_INIT(PATH_MAX_BYTES);
        autofree(json) struct json *page = NULL;

        buf_add_text(&page_path, path);
        if (cursor) {
            buf_add_text(&page_path, strchr(path, '?') ? "&cursor=" : "?cursor=");
            url_encode(span_text(cursor), &page_path);
        }
        if (!remote_call(remote, "GET", buf_text(&page_path), NULL, &page, err))
            return false;
        const struct json *items = json_member(page, "items");

        for (size_t i = 0; i < json_list_size(items); i++) {
            if (json)
                output_json(json_list_item(items, i));
            else
                add_row(&table, json_list_item(items, i), columns);
        }
        str_set(&cursor, json_as_text(json_member(page, "next_cursor")));
    } while (cursor);
    if (!json)
        table_print(&table);
    return true;
}

char *items_path(const char *base, const char *name, const char *rest)
{
    autodone(buf) struct buf path = BUF_INIT(PATH_MAX_BYTES);

    buf_add_text(&path, base);
    url_encode(span_text(name), &path);
    buf_add_text(&path, rest);
    return buf_take_text(&path);
}

void items_write_words(struct json_out *out, const char *key, char *const *words, size_t n)
{
    json_begin_array(out, key);
    for (size_t i = 0; i < n; i++)
        json_str(out, NULL, words[i]);
    json_end(out);
}

bool items_is_verb(const struct items_verb *verbs, const char *name, int n)
{
    for (; verbs->name; verbs++)
        if (strcmp(verbs->name, name) == 0)
            return n >= verbs->least && n <= verbs->most;
    return false;
}

void items_write_key(struct json_out *out, const char *key)
{
    const char *colon = strchr(key, ':');
    struct span algorithm = span_of(key, colon ? (size_t)(colon - key) : strlen(key));
    int64_t bits = 0;

    json_begin_object(out, "key");
    json_str_span(out, "algorithm", algorithm);
    if (colon && parse_i64(span_text(colon + 1), 1, 100000, &bits, NULL))
        json_i64(out, "size", bits);
    else if (colon)
        json_str(out, "curve", colon + 1);
    json_end(out);
}

void items_write_subject(struct json_out *out, const char *const *attributes, size_t n,
    const char *cn)
{
    bool has_cn = false;

    json_begin_object(out, "subject");
    for (size_t i = 0; i < n; i++) {
        const char *equals = strchr(attributes[i], '=');
        autofree(str) char *name =
            span_dup(span_of(attributes[i], (size_t)(equals - attributes[i])));

        has_cn |= strcmp(name, "CN") == 0;
        json_str(out, name, equals + 1);
    }
    if (!has_cn && cn && strlen(cn) <= 64 && !strchr(cn, ':'))
        json_str(out, "CN", cn);
    json_end(out);
}
