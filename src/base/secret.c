/*
 * base/secret: see the header.
 *
 * mlock() may be refused by RLIMIT_MEMLOCK; the pages are then only kept from dumps, which is still
 * better than the heap.
 */
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"

struct secret {
    uint8_t *pages;
    size_t size;
    size_t mapped;
};

struct secret *secret_new_zeroed(size_t size)
{
    struct secret *secret = xcalloc(1, sizeof *secret);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    ASSERT(size < SIZE_MAX - page);
    secret->size = size;
    secret->mapped = (size + page) / page * page;
    secret->pages =
        mmap(NULL, secret->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT(secret->pages != MAP_FAILED);
    (void)madvise(secret->pages, secret->mapped, MADV_DONTDUMP);
    (void)madvise(secret->pages, secret->mapped, MADV_WIPEONFORK);
    (void)mlock(secret->pages, secret->mapped);
    return secret;
}

struct secret *secret_new(struct span s)
{
    struct secret *secret = secret_new_zeroed(s.size);

    if (s.size)
        memcpy(secret->pages, s.data, s.size);
    return secret;
}

void secret_free(struct secret *secret)
{
    if (!secret)
        return;
    explicit_bzero(secret->pages, secret->mapped);
    (void)munmap(secret->pages, secret->mapped);
    free(secret);
}

struct span secret_span(const struct secret *secret)
{
    return secret ? span_of(secret->pages, secret->size) : SPAN_EMPTY;
}

uint8_t *secret_bytes(struct secret *secret)
{
    return secret->pages;
}

size_t secret_size(const struct secret *secret)
{
    return secret->size;
}

bool secret_equal(struct span a, struct span b)
{
    volatile uint8_t difference = a.size != b.size;
    size_t n = a.size < b.size ? a.size : b.size;

    for (size_t i = 0; i < n; i++)
        difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
    return difference == 0;
}

void secret_wipe(void *data, size_t size)
{
    if (data)
        explicit_bzero(data, size);
}

void secret_forbid_dumps(void)
{
    struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
