/*
 * codec/adf: see the header. This half reads; codec/adf_write writes.
 *
 * Blocks are separated by a blank line, except within lists and tables. Indentation tells how deep
 * a list is.
 */
#include "codec/adf.h"

#include <string.h>

#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"

struct reader {
    struct buf *out;
    struct err *err;
    int depth;
    size_t n_nodes;
    int list_depth;
    bool is_tight; /* in a list or a table: blocks follow on the next line */
};

static bool read_node(struct reader *reader, const struct json *node);

static const char *type_of(const struct json *node)
{
    const char *type = json_as_text(json_member(node, "type"));

    return type ? type : "";
}

static const struct json *attribute(const struct json *node, const char *name)
{
    return json_member(json_member(node, "attrs"), name);
}

static bool read_children(struct reader *reader, const struct json *node)
{
    const struct json *content = json_member(node, "content");
    size_t n = json_list_size(content);

    if (++reader->depth > ADF_DEPTH_MAX)
        return fail(reader->err, ERR_LIMIT, "the document is nested deeper than %d nodes",
            ADF_DEPTH_MAX);
    for (size_t i = 0; i < n; i++)
        if (!read_node(reader, json_list_item(content, i)))
            return false;
    reader->depth--;
    return true;
}

/* ---- leaves ---- */

static bool read_text(struct reader *reader, const struct json *node)
{
    const char *text = json_as_text(json_member(node, "text"));
    const struct json *marks = json_member(node, "marks");

    if (!text)
        return fail(reader->err, ERR_INVALID, "a text node has no text");
    buf_add_text(reader->out, text);
    for (size_t i = 0; i < json_list_size(marks); i++) {
        const struct json *mark = json_list_item(marks, i);
        const char *href = json_as_text(attribute(mark, "href"));

        if (strcmp(type_of(mark), "link") == 0 && href && strcmp(href, text) != 0)
            buf_addf(reader->out, " (%s)", href);
    }
    return true;
}

/* Nodes that are but a word: which attribute is it? */
static const char *word_of(const struct json *node)
{
    static const struct {
        const char *type;
        const char *attribute;
    } words[] = { { "mention", "text" }, { "emoji", "shortName" }, { "inlineCard", "url" },
        { "blockCard", "url" }, { "embedCard", "url" }, { "status", "text" },
        { "date", "timestamp" } };
    const char *type = type_of(node);

    for (size_t i = 0; i < countof(words); i++)
        if (strcmp(type, words[i].type) == 0)
            return words[i].attribute;
    return NULL;
}

/* ---- blocks ---- */

/* Begin on a line of one's own. */
static void begin_block(struct reader *reader)
{
    const struct buf *out = reader->out;

    if (out->size == 0 || reader->is_tight)
        return;
    if (out->data[out->size - 1] != '\n')
        buf_add_char(reader->out, '\n');
    buf_add_char(reader->out, '\n');
}

static void begin_line(struct reader *reader)
{
    if (reader->out->size > 0 && reader->out->data[reader->out->size - 1] != '\n')
        buf_add_char(reader->out, '\n');
}

static bool read_heading(struct reader *reader, const struct json *node)
{
    int64_t level = json_as_i64(attribute(node, "level"), 1);

    begin_block(reader);
    for (int64_t i = 0; i < (level < 1 ? 1 : level > 6 ? 6 : level); i++)
        buf_add_char(reader->out, '#');
    buf_add_char(reader->out, ' ');
    return read_children(reader, node);
}

/* What is PEM needs no fence: it is known by its first line. */
static bool read_code(struct reader *reader, const struct json *node)
{
    const struct json *content = json_member(node, "content");
    const char *first = json_as_text(json_member(json_list_item(content, 0), "text"));
    const char *language = json_as_text(attribute(node, "language"));
    bool is_pem = first && strncmp(first, "-----BEGIN ", 11) == 0;

    begin_block(reader);
    if (!is_pem)
        buf_addf(reader->out, "```%s\n",
            language && strcspn(language, "\n`") == strlen(language) ? language : "");
    if (!read_children(reader, node))
        return false;
    if (!is_pem) {
        begin_line(reader);
        buf_add_text(reader->out, "```");
    }
    return true;
}

static bool read_item(struct reader *reader, const struct json *node, int64_t number,
    bool is_ordered)
{
    begin_line(reader);
    for (int i = 1; i < reader->list_depth; i++)
        buf_add_text(reader->out, "  ");
    if (is_ordered)
        buf_addf(reader->out, "%" PRId64 ". ", number + 1);
    else
        buf_add_text(reader->out, "- ");
    return read_children(reader, node);
}

static bool read_items(struct reader *reader, const struct json *node, bool is_ordered)
{
    const struct json *content = json_member(node, "content");

    if (++reader->depth > ADF_DEPTH_MAX)
        return fail(reader->err, ERR_LIMIT, "the document is nested deeper than %d nodes",
            ADF_DEPTH_MAX);
    for (size_t i = 0; i < json_list_size(content); i++) {
        if (++reader->n_nodes > ADF_NODES_MAX)
            return fail(reader->err, ERR_LIMIT, "the document has more than %d nodes",
                ADF_NODES_MAX);
        if (!read_item(reader, json_list_item(content, i), (int64_t)i, is_ordered))
            return false;
    }
    reader->depth--;
    return true;
}

/* A list or a table: its rows follow each other without blank lines. */
static bool read_rows(struct reader *reader, const struct json *node, const char *type)
{
    bool was_tight = reader->is_tight;
    bool is_list = strcmp(type, "table") != 0;

    if (!was_tight)
        begin_block(reader);
    reader->is_tight = true;
    reader->list_depth += is_list;
    bool works = is_list ? read_items(reader, node, type[0] == 'o') : read_children(reader, node);

    reader->list_depth -= is_list;
    reader->is_tight = was_tight;
    return works;
}

static bool read_row(struct reader *reader, const struct json *node)
{
    begin_line(reader);
    buf_add_char(reader->out, '|');
    return read_children(reader, node);
}

static bool read_cell(struct reader *reader, const struct json *node)
{
    buf_add_char(reader->out, ' ');
    if (!read_children(reader, node))
        return false;
    buf_add_text(reader->out, " |");
    return true;
}

static bool read_block(struct reader *reader, const struct json *node, const char *type)
{
    if (strcmp(type, "heading") == 0)
        return read_heading(reader, node);
    if (strcmp(type, "codeBlock") == 0)
        return read_code(reader, node);
    if (strcmp(type, "bulletList") == 0 || strcmp(type, "orderedList") == 0 ||
        strcmp(type, "table") == 0)
        return read_rows(reader, node, type);
    if (strcmp(type, "tableRow") == 0)
        return read_row(reader, node);
    if (strcmp(type, "tableCell") == 0 || strcmp(type, "tableHeader") == 0)
        return read_cell(reader, node);
    if (strcmp(type, "paragraph") == 0)
        begin_block(reader);
    return read_children(reader, node);
}

static bool read_word(struct reader *reader, const struct json *node, const char *word)
{
    const char *text = json_as_text(attribute(node, word));

    buf_add_text(reader->out, text ? text : "");
    return true;
}

static bool read_node(struct reader *reader, const struct json *node)
{
    const char *type = type_of(node);
    const char *word = word_of(node);

    if (++reader->n_nodes > ADF_NODES_MAX)
        return fail(reader->err, ERR_LIMIT, "the document has more than %d nodes", ADF_NODES_MAX);
    if (!buf_ok(reader->out))
        return buf_check(reader->out, "the text of the document", reader->err);
    if (type[0] == '\0')
        return fail(reader->err, ERR_INVALID, "a node of the document has no type");
    if (word)
        return read_word(reader, node, word);
    if (strcmp(type, "text") == 0)
        return read_text(reader, node);
    if (strcmp(type, "hardBreak") == 0) {
        buf_add_char(reader->out, '\n');
        return true;
    }
    if (strcmp(type, "rule") == 0) {
        begin_block(reader);
        buf_add_text(reader->out, "----");
        return true;
    }
    return read_block(reader, node, type);
}

bool adf_to_text(const struct json *document, struct buf *out, struct err *err)
{
    struct reader reader = { .out = out, .err = err };
    const struct json *content = json_member(document, "content");

    if (strcmp(type_of(document), "doc") != 0 ||
        json_as_i64(json_member(document, "version"), 0) != 1 ||
        json_kind_of(content) != JSON_KIND_ARRAY)
        return fail(err, ERR_INVALID, "this is no Atlassian Document");
    return read_children(&reader, document) && buf_check(out, "the text of the document", err);
}
