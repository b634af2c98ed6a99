/* base/rand: random bytes from the kernel. They are good enough for keys, and asking cannot fail.
 */
#pragma once

#include "base/base.h"

void rand_bytes(void *field, size_t size);

/* Uniform in 0 to n - 1; n > 0. */
uint64_t rand_below(uint64_t n);
