/* base/alloc: see the header. The only file that calls the allocator directly. */
#include "base/alloc.h"

#include <stdarg.h>
#include <string.h>

#undef malloc
#undef calloc

static _Noreturn void out_of_memory(size_t n_bytes)
{
    fprintf(stderr, "level=error event=out_of_memory bytes=%zu\n", n_bytes);
    abort();
}

void *xmalloc(size_t n_bytes)
{
    void *p = malloc(n_bytes ? n_bytes : 1);

    if (!p)
        out_of_memory(n_bytes);
    return p;
}

/* glibc's calloc() passes by the pieces that its thread has in reserve, and free() puts each there:
 * what is small is found sooner by malloc(). What is large comes from the kernel, zeroed. */
#define SMALL 2048

void *xcalloc(size_t n, size_t size)
{
    size_t n_bytes;
    const bool is_small = checked_mul(n, size, &n_bytes) && n_bytes <= SMALL;
    void *p = is_small ? xmalloc(n_bytes) : calloc(n, size);

    if (!p)
        out_of_memory(n);
    if (is_small)
        memset(p, 0, n_bytes);
    return p;
}

void *xreallocarray(void *pointer, size_t n, size_t size)
{
    void *p = reallocarray(pointer, n ? n : 1, size ? size : 1);

    if (!p)
        out_of_memory(n);
    return p;
}

char *xstrdup(const char *text)
{
    return text ? xmemdup(text, strlen(text) + 1) : NULL;
}

char *xstrndup(const char *text, size_t n)
{
    size_t length = strnlen(text, n);
    char *copy = xmalloc(length + 1);

    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void *xmemdup(const void *bytes, size_t n)
{
    void *copy = xmalloc(n);

    if (n)
        memcpy(copy, bytes, n);
    return copy;
}

char *xasprintf(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0 || !text)
        out_of_memory(0);
    return text;
}

void xfree_wiped(void *pointer, size_t n_bytes)
{
    if (pointer)
        explicit_bzero(pointer, n_bytes);
    free(pointer);
}

void str_set(char **owned, const char *text)
{
    char *copy = xstrdup(text);

    free(*owned);
    *owned = copy;
}
