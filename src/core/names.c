/* core/names: see the header. A sorted list, so that 60,000 names against 60,000 are no burden. */
#include "core/names.h"

#include "base/alloc.h"
#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "core/rows.h"
#include "x509/cert.h"
#include "x509/name.h"

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lower case, without brackets and the dot at the end. The caller frees it. */
static char *plain_name(const char *name)
{
    struct span text = span_trim(span_text(name));

    if (text.size > 2 && text.data[0] == '[' && text.data[text.size - 1] == ']')
        text = span_slice(text, 1, text.size - 2);
    if (text.size > 1 && text.data[text.size - 1] == '.')
        text = span_slice(text, 0, text.size - 1);

    char *const plain = span_dup(text);

    for (char *p = plain; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    return plain;
}

void name_set_add(struct name_set *set, const char *name)
{
    char *const plain = plain_name(name);

    if (!plain[0]) {
        free(plain);
        return;
    }
    set->items = rows_make_room(set->items, set->n, &set->room, sizeof *set->items);
    set->items[set->n++] = plain;
    set->is_sorted = false;
}

void name_set_add_cert(struct name_set *set, const struct cert *cert)
{
    char field[CERT_SAN_TEXT_MAX];
    size_t position = 0;
    struct cert_san san;

    while (cert_next_san(cert, &position, &san)) {
        const bool is_name = san.kind == CERT_SAN_DNS && name_is_host(san.value);

        if (is_name || san.kind == CERT_SAN_IP)
            name_set_add(set, cert_san_text(&san, field));
    }
}

bool name_set_add_json(struct name_set *set, const char *json, struct err *err)
{
    autofree(json) struct json *list = NULL;

    if (!json_parse(span_text(json), &list, err))
        return false;
    for (size_t i = 0; i < json_list_size(list); i++) {
        const char *const name = json_as_text(json_list_item(list, i));

        if (!name)
            return fail(err, ERR_INVALID, "entry %zu of the list of names is no text", i + 1);
        name_set_add(set, name);
    }
    return true;
}

bool name_set_add_sans(struct name_set *set, const char *json, struct err *err)
{
    autofree(json) struct json *list = NULL;

    if (!json_parse(span_text(json), &list, err))
        return false;
    for (size_t i = 0; i < json_list_size(list); i++) {
        const char *const type = json_as_text(json_member(json_list_item(list, i), "type"));
        const char *const value = json_as_text(json_member(json_list_item(list, i), "value"));

        if (!type || !value)
            return fail(err, ERR_INVALID, "entry %zu of the list of names lacks type or value",
                i + 1);
        if (strcmp(type, "dns") == 0 || strcmp(type, "ip") == 0)
            name_set_add(set, value);
    }
    return true;
}

void name_set_sort(struct name_set *set)
{
    size_t n = 0;

    if (set->n > 0)
        qsort(set->items, set->n, sizeof *set->items, compare_names);
    for (size_t i = 0; i < set->n; i++) {
        if (n > 0 && strcmp(set->items[n - 1], set->items[i]) == 0)
            free(set->items[i]);
        else
            set->items[n++] = set->items[i];
    }
    set->n = n;
    set->is_sorted = true;
}

static bool holds(const struct name_set *set, const char *name)
{
    return set->n > 0 && bsearch(&name, set->items, set->n, sizeof *set->items, compare_names);
}

bool name_set_covers(const struct name_set *set, const char *name)
{
    autofree(str) char *plain = plain_name(name);
    uint8_t address[16];

    ASSERT(set->is_sorted || set->n == 0);
    if (holds(set, plain))
        return true;

    const char *const dot = strchr(plain, '.');

    if (!dot || name_parse_address(span_text(plain), address) > 0)
        return false;
    autofree(str) char *wildcard = xasprintf("*%s", dot);

    return name_pattern_covers(span_text(wildcard), span_text(plain)) && holds(set, wildcard);
}

void name_set_done(struct name_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        free(set->items[i]);
    free(set->items);
    *set = (struct name_set){ 0 };
}
