/*
 * x509/memo: what was parsed a moment ago, so that it is not parsed again.
 *
 * OpenSSL 3.0 takes longer to decode a public key than to verify a signature with it, and the same
 * few authorities stand above every certificate; a request is read when a ticket is made and again
 * when it is enrolled, and a new certificate by all who check it. What is kept never changes and
 * depends on the bytes alone, so it is found by their SHA-256. One table for the process; any
 * thread. For x509/ alone.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"
#include "codec/digest.h"

#define MEMO_SIZE 64
#define MEMO_BYTES_MAX (16u << 10)

/* The first member of what is kept. */
struct memo_part {
    _Alignas(void *) atomic_int n_users;
};

struct memo {
    pthread_mutex_t lock;
    void (*drop)(struct memo_part *part); /* one user less; the last one frees it */
    int64_t now;                          /* counts what was asked for */
    struct memo_slot {
        uint8_t id[SHA256_SIZE];
        struct memo_part *part; /* NULL: free */
        int64_t used;
    } slots[MEMO_SIZE];
};

#define MEMO_INIT(drop_)                                                                           \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .drop = (drop_)                                         \
    }

/* NULL if it is not there; else the caller is one more user. */
struct memo_part *memo_find(struct memo *memo, const uint8_t id[static SHA256_SIZE]);

/* The memo is one more user until others need the place. Nothing where `size`, the bytes that were
 * parsed, is larger than MEMO_BYTES_MAX: what is kept must not be large. */
void memo_keep(struct memo *memo, const uint8_t id[static SHA256_SIZE], struct memo_part *part,
    size_t size);

/* Was that the last user? */
bool memo_part_release(struct memo_part *part) must_check;
