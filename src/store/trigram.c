/* store/trigram: see the header. */
#include "store/trigram.h"

#include <string.h>

bool trigram_is_wildcard(char c)
{
    return c == '%' || c == '_' || c == '\\';
}

bool trigram_has(const char *text)
{
    size_t n = 0;

    for (const char *c = text; *c; c++) {
        if (((unsigned char)*c & 0xC0) == 0x80)
            continue; /* the rest of a character */
        n = trigram_is_wildcard(*c) ? 0 : n + 1;
        if (n == 3)
            return true;
    }
    return false;
}

bool trigram_add_pattern(struct buf *pattern, struct span text)
{
    bool is_exact = true;

    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.data[i];

        is_exact = is_exact && !trigram_is_wildcard(c);
        buf_add_char(pattern, trigram_is_wildcard(c) ? '_' : c);
    }
    return is_exact;
}

void trigram_add_exact(struct buf *pattern, struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (trigram_is_wildcard((char)text.data[i]))
            buf_add_char(pattern, '\\');
        buf_add_char(pattern, (char)text.data[i]);
    }
}

static bool is_of_run(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (unsigned char)c >= 0x80;
}

size_t trigram_runs(struct span pattern, struct span *runs, size_t room)
{
    size_t n = 0;

    for (size_t i = 0, end; i < pattern.size; i = end + 1) {
        size_t n_characters = 0;

        for (end = i; end < pattern.size && is_of_run((char)pattern.data[end]); end++)
            n_characters += (pattern.data[end] & 0xC0) != 0x80;
        if (end == i)
            continue;
        if (n_characters < 3 || n == room)
            return 0;
        runs[n++] = span_slice(pattern, i, end - i);
    }
    return n;
}

static size_t character_size(const char *text)
{
    size_t n = 1;

    while (((unsigned char)text[n] & 0xC0) == 0x80)
        n++;
    return n;
}

char *trigram_match(const char *pattern)
{
    autodone(buf) struct buf match = BUF_INIT(16 * strlen(pattern) + 16);
    const char *part[3];
    size_t n = 0;

    for (const char *c = pattern; *c; c += character_size(c)) {
        if (trigram_is_wildcard(*c)) {
            n = 0;
            continue;
        }
        part[n < 3 ? n : 2] = c;
        if (++n < 3)
            continue;
        buf_add_text(&match, match.size ? " AND \"" : "\"");
        for (const char *at = part[0]; at < c + character_size(c); at++)
            buf_add_text(&match, *at == '"' ? "\"\"" : (char[]){ *at, '\0' });
        buf_add_char(&match, '"');
        part[0] = part[1];
        part[1] = part[2];
        n = 2;
    }
    return buf_take_text(&match);
}
