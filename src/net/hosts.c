/*
 * net/hosts: entries are sorted by name, then by place in the file, and searched by halving.
 */
#include "net/hosts.h"

#include "base/alloc.h"

#define NAMES_MAX 100000

struct entry {
    char *name;
    size_t place;
    struct net_addr addr;
};

struct hosts {
    struct entry *list;
    size_t n;
    size_t room;
};

static int by_name(const void *a, const void *b)
{
    const struct entry *const x = a;
    const struct entry *const y = b;
    const int order = strcmp(x->name, y->name);

    if (order != 0)
        return order;
    return x->place < y->place ? -1 : x->place > y->place;
}

static void add(struct hosts *hosts, struct span name, const struct net_addr *addr)
{
    if (name.size == 0 || name.size > 253 || span_has_nul(name) || hosts->n == NAMES_MAX)
        return;
    if (hosts->n == hosts->room) {
        hosts->room = hosts->room ? 2 * hosts->room : 16;
        hosts->list = xreallocarray(hosts->list, hosts->room, sizeof(hosts->list[0]));
    }
    struct entry *const entry = &hosts->list[hosts->n];

    *entry = (struct entry){ .name = span_dup(name), .place = hosts->n, .addr = *addr };
    for (char *c = entry->name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    hosts->n++;
}

/* The next word of *rest, up to blanks. */
static bool next_word(struct span *rest, struct span *word)
{
    *rest = span_trim(*rest);
    size_t end = 0;

    while (end < rest->size && rest->data[end] != ' ' && rest->data[end] != '\t')
        end++;
    *word = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end, SIZE_MAX);
    return word->size > 0;
}

struct hosts *hosts_parse(struct span text)
{
    struct hosts *const hosts = xcalloc(1, sizeof(*hosts));
    struct span line;
    struct span word;
    struct net_addr addr;

    while (span_split(&text, '\n', &line)) {
        line = span_slice(line, 0, span_find_char(line, '#'));
        if (!next_word(&line, &word) || !addr_parse(word, &addr))
            continue;
        while (next_word(&line, &word))
            add(hosts, word, &addr);
    }
    if (hosts->n > 0)
        qsort(hosts->list, hosts->n, sizeof(hosts->list[0]), by_name);
    return hosts;
}

void hosts_free(struct hosts *hosts)
{
    if (!hosts)
        return;
    for (size_t i = 0; i < hosts->n; i++)
        free(hosts->list[i].name);
    free(hosts->list);
    free(hosts);
}

static bool is_known(const struct net_addr *list, size_t n, const struct net_addr *addr)
{
    for (size_t i = 0; i < n; i++)
        if (addr_equal(&list[i], addr))
            return true;
    return false;
}

size_t hosts_find(const struct hosts *hosts, const char *name, struct net_addr *ret, size_t max)
{
    size_t low = 0;
    size_t high = hosts->n;
    size_t n = 0;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (strcmp(hosts->list[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < hosts->n && n < max && strcmp(hosts->list[low].name, name) == 0; low++)
        if (!is_known(ret, n, &hosts->list[low].addr))
            ret[n++] = hosts->list[low].addr;
    return n;
}
