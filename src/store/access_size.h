/*
 * store/access_size: how much somebody may see, roughly, remembered for a minute.
 *
 * It takes PostgreSQL a millisecond or two to learn that somebody may see more than thousands of
 * records, and every list of theirs begins with it. It only chooses the way to the rows, never what
 * they are. Any thread may call these functions. Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct tx;

struct access_size {
    int64_t n;          /* entries that lead to records … */
    int64_t n_counted;  /* … or more, if it is more than so many; 0: not known */
    bool is_part_known; /* a sample has told … */
    bool is_part_small; /* … that it is a third of all, or less */
};

/* Of an account, on the connection of `tx`. Zeroed: nothing is known. */
struct access_size access_size_find(const struct tx *tx, int64_t account_id);
void access_size_keep(const struct tx *tx, int64_t account_id, const struct access_size *size);
