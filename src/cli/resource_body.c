/* cli/resource_body: see the header. */
#include "cli/resource_body.h"

#include <string.h>

#include "base/err.h"
#include "base/parse.h"

bool resource_words_add(struct resource_words *words, const char *word, struct err *err)
{
    if (words->n == RESOURCE_WORDS_MAX)
        return fail(err, ERR_LIMIT, "\"%s\": more than %d", word, RESOURCE_WORDS_MAX);
    words->items[words->n++] = word;
    return true;
}

static void write_text(struct json_out *out, const char *key, const char *text)
{
    if (text)
        json_str(out, key, text);
}

/* What stands before `separator` is cut off *rest; all of it where there is none. */
static struct span cut(struct span *rest, char separator)
{
    struct span part = SPAN_EMPTY;

    (void)span_split(rest, separator, &part);
    return part;
}

static bool write_slot(struct json_out *out, const char *word, struct err *err)
{
    static const char *const names[] = { "certificate", "file", "crt_list" };
    struct span rest = span_text(word);
    size_t at = span_find_char(rest, '=');

    if (at == SIZE_MAX || at == 0)
        return fail(err, ERR_INVALID, "\"%s\" is not SLOT=CERTIFICATE[,FILE[,CRT_LIST]]", word);
    json_begin_object(out, NULL);
    json_str_span(out, "slot", span_slice(rest, 0, at));
    rest = span_slice(rest, at + 1, SIZE_MAX);
    for (size_t i = 0; i < countof(names) && rest.size; i++) {
        struct span part = cut(&rest, ',');

        if (part.size)
            json_str_span(out, names[i], part);
    }
    json_end(out);
    return rest.size == 0 || fail(err, ERR_INVALID, "\"%s\" has more than three parts", word);
}

/* An IPv6 address stands in brackets. */
static struct span cut_host(struct span *rest)
{
    size_t end = rest->size && rest->data[0] == '[' ? span_find_char(*rest, ']') : SIZE_MAX;

    if (end == SIZE_MAX)
        return cut(rest, ':');
    struct span host = span_slice(*rest, 0, end + 1);

    *rest = span_slice(*rest, end + 1, SIZE_MAX);
    if (rest->size && rest->data[0] == ':')
        *rest = span_slice(*rest, 1, SIZE_MAX);
    return host;
}

static bool write_endpoint(struct json_out *out, const char *word, struct err *err)
{
    struct span rest = span_text(word);
    size_t at = span_find_char(rest, '=');
    int64_t port = 0;

    json_begin_object(out, NULL);
    if (at != SIZE_MAX) {
        json_str_span(out, "slot", span_slice(rest, 0, at));
        rest = span_slice(rest, at + 1, SIZE_MAX);
    }
    json_str_span(out, "host", cut_host(&rest));
    struct span text = cut(&rest, ':');

    if (text.size && !parse_i64(text, 1, 65535, &port, err))
        return err_wrap(err, "\"%s\"", word);
    if (port)
        json_i64(out, "port", port);
    if (rest.size)
        json_str_span(out, "sni", rest);
    json_end(out);
    return true;
}

static bool write_list(struct json_out *out, const char *key, const struct resource_words *words,
    bool (*write)(struct json_out *out, const char *word, struct err *err), struct err *err)
{
    if (words->n == 0)
        return true;
    json_begin_array(out, key);
    for (size_t i = 0; i < words->n; i++)
        if (!write(out, words->items[i], err))
            return false;
    json_end(out);
    return true;
}

static bool write_name(struct json_out *out, const char *word, struct err *err)
{
    (void)err;
    json_str(out, NULL, word);
    return true;
}

static bool write_deployers(struct json_out *out, const struct resource_options *o, struct err *err)
{
    if (o->users.n + o->groups.n == 0)
        return true;
    json_begin_object(out, "deployers");
    bool ok = write_list(out, "users", &o->users, write_name, err) &&
              write_list(out, "groups", &o->groups, write_name, err);

    json_end(out);
    return ok;
}

static bool write_number(struct json_out *out, const char *key, const char *text, struct err *err)
{
    int64_t value;

    if (!text)
        return true;
    if (!parse_i64(span_text(text), 1, 3600, &value, err))
        return err_wrap(err, "%s", key);
    json_i64(out, key, value);
    return true;
}

static bool write_proof(struct json_out *out, const struct resource_options *o, struct err *err)
{
    if (!o->rounds && !o->timeout)
        return true;
    json_begin_object(out, "proof");
    bool ok = write_number(out, "rounds", o->rounds, err) &&
              write_number(out, "timeout_seconds", o->timeout, err);

    json_end(out);
    return ok;
}

bool resource_body_write(const struct resource_options *o, struct json_out *out, struct err *err)
{
    write_text(out, "name", o->name);
    write_text(out, "description", o->description);
    write_text(out, "type", o->type);
    if (o->socket || o->address) {
        json_begin_object(out, "settings");
        write_text(out, "socket", o->socket);
        write_text(out, "address", o->address);
        json_end(out);
    }
    return write_list(out, "slots", &o->slots, write_slot, err) &&
           write_list(out, "endpoints", &o->endpoints, write_endpoint, err) &&
           write_deployers(out, o, err) && write_proof(out, o, err);
}
