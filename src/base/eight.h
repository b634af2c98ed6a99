/*
 * base/eight: questions about eight bytes at once, for whoever looks through text that strangers
 * send or read, most of which is nothing special.
 *
 * Each is exact for the word as a whole: true where one of its bytes is what is looked for. Which
 * of them it is has to be found out byte by byte.
 */
#pragma once

#include <string.h>

#include "base/base.h"

#define EIGHT_BYTES sizeof(uint64_t)
#define EIGHT_TIMES(c) (UINT64_C(0x0101010101010101) * (c))

static inline uint64_t eight_at(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* Is one of them below `limit`, which is at most 128? */
static inline bool eight_has_below(uint64_t word, uint8_t limit)
{
    return ((word - EIGHT_TIMES(limit)) & ~word & EIGHT_TIMES(0x80)) != 0;
}

static inline bool eight_has(uint64_t word, uint8_t c)
{
    return eight_has_below(word ^ EIGHT_TIMES(c), 1);
}

/* Is one of them not ASCII? */
static inline bool eight_has_high(uint64_t word)
{
    return (word & EIGHT_TIMES(0x80)) != 0;
}
