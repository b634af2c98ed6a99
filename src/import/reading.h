/*
 * import/reading: one part of an upload while it is read, and why that failed.
 *
 * Password-based encryption is a stranger's choice of how long we compute: every derivation is
 * charged to an allowance before it is made.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/span.h"
#include "import/client.h"
#include "import/found.h"

/* Iterations of all derivations of one upload together; a core does a million or so a second.
 */
#define READING_ITERATIONS 5000000

/* How a password may have been meant, the likeliest first. */
#define PASSWORDS_MAX 4

struct reading_password {
    const char *text; /* NULL: none at all, which is not the same as "" to PKCS#12 */
    int size;
};

struct reading {
    struct found *found; /* where what is found goes */
    enum import_part part;
    struct reading_password passwords[PASSWORDS_MAX];
    size_t n_passwords;
    bool is_password_given;
    bool is_password_right; /* it has opened something: the first of `passwords` */
    struct secret *kept;    /* what the passwords point into */
    int64_t iterations_left;
    const char *passed_over; /* "a public key": a PEM block that was none of ours; NULL */
    enum import_fault fault; /* set by whoever fails */
};

/* `password` is copied. */
void reading_init(struct reading *reading, struct found *found, enum import_part part,
    struct span password, int64_t iterations);
void reading_done(struct reading *reading);

/* Note the fault and fill in `err`; false. Too costly is ERR_LIMIT, the others ERR_INVALID. */
bool reading_fail(struct reading *reading, enum import_fault fault, struct err *err,
    const char *format, ...) printf_like(4, 5);

/* The n-th password is the right one: it goes first. */
void reading_put_first(struct reading *reading, size_t n);

/* No password opened it: says that one is needed, or that it is wrong. */
bool reading_fail_password(struct reading *reading, struct err *err);

/* May that many iterations be spent? If so, they are. */
bool reading_spend(struct reading *reading, int64_t iterations, struct err *err) must_check;

DEFINE_AUTODONE(reading);
