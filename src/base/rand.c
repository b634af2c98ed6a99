/* base/rand: see the header. getrandom(2) fails only before the kernel is seeded or when
 * interrupted. */
#include "base/rand.h"

#include <errno.h>
#include <sys/random.h>

void rand_bytes(void *field, size_t size)
{
    uint8_t *at = field;

    while (size > 0) {
        ssize_t n = getrandom(at, size, 0);

        ASSERT(n > 0 || errno == EINTR);
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
}

uint64_t rand_below(uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n;
    uint64_t value;

    ASSERT(n > 0);
    do
        rand_bytes(&value, sizeof value);
    while (value >= limit);
    return value % n;
}
