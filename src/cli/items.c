/* cli/items: see the header. */
#include "cli/items.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/output.h"
#include "codec/url.h"

#define PATH_MAX_BYTES 8192

/* The page that begins at *cursor, NULL: the first. Then *cursor is the next one's, NULL: none. */
static bool fetch_page(struct remote *remote, const char *path, char **cursor, struct json **ret,
    struct err *err)
{
    autodone(buf) struct buf page_path = BUF_INIT(PATH_MAX_BYTES);

    buf_add_text(&page_path, path);
    items_add_query(&page_path, "cursor", *cursor);
    if (!buf_check(&page_path, "what is asked for", err) ||
        !remote_call(remote, "GET", buf_text(&page_path), NULL, ret, err))
        return false;
    str_set(cursor, json_as_text(json_member(*ret, "next_cursor")));
    return true;
}

bool items_each(struct remote *remote, const char *path, int64_t most,
    void (*on_item)(void *ctx, const struct json *item), void *ctx, bool *ret_more, struct err *err)
{
    autofree(str) char *cursor = NULL;
    int64_t left = most ? most : INT64_MAX;

    *ret_more = false;
    do {
        autofree(json) struct json *page = NULL;

        if (!fetch_page(remote, path, &cursor, &page, err))
            return false;
        const struct json *const items = json_member(page, "items");
        size_t i = 0;

        for (; i < json_list_size(items) && left > 0; i++, left--)
            on_item(ctx, json_list_item(items, i));
        *ret_more = cursor || i < json_list_size(items);
    } while (cursor && left > 0);
    return true;
}

struct listing {
    struct table table;
    const struct items_column *columns;
    bool json;
};

/* "last_job.state": a member of a member. The caller frees. */
static char *text_at(const struct json *item, const char *path)
{
    const char *dot;

    while ((dot = strchr(path, '.')) && item) {
        autofree(str) char *first = span_dup(span_of(path, (size_t)(dot - path)));

        item = json_member(item, first);
        path = dot + 1;
    }
    return output_text(item, path);
}

static void add_item(void *ctx, const struct json *item)
{
    struct listing *const listing = ctx;

    if (listing->json) {
        output_json(item);
        return;
    }
    for (const struct items_column *column = listing->columns; column->heading; column++) {
        autofree(str) char *text = text_at(item, column->member);

        table_add(&listing->table, text);
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
    struct listing listing = { .columns = columns, .json = json };
    bool has_more;

    begin(&listing.table, columns);
    const bool works = items_each(remote, path, 0, add_item, &listing, &has_more, err);

    if (works && !json)
        table_print(&listing.table);
    table_done(&listing.table);
    return works;
}

char *items_path(const char *base, const char *name, const char *rest)
{
    autodone(buf) struct buf path = BUF_INIT(PATH_MAX_BYTES);

    buf_add_text(&path, base);
    url_encode(span_text(name), &path);
    buf_add_text(&path, rest);
    return buf_take_text(&path);
}

void items_add_query(struct buf *path, const char *name, const char *value)
{
    if (!value)
        return;
    buf_addf(path, "%c%s=", strchr(buf_text(path), '?') ? '&' : '?', name);
    url_encode(span_text(value), path);
}

void items_write_words(struct json_out *out, const char *key, const char *const *words, size_t n)
{
    json_begin_array(out, key);
    for (size_t i = 0; i < n; i++)
        json_str(out, NULL, words[i]);
    json_end(out);
}

bool items_write_ids(struct json_out *out, const char *const *ids, size_t n, struct err *err)
{
    json_begin_array(out, "ids");
    for (size_t i = 0; i < n; i++) {
        int64_t id;

        if (!parse_i64(span_text(ids[i]), 1, INT64_MAX, &id, err))
            return err_wrap(err, "\"%s\" is no certificate's id", ids[i]);
        json_i64(out, NULL, id);
    }
    json_end(out);
    return true;
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
