/*
 * base/err: what went wrong, for a program to branch on, for a person to read, for the log to keep.
 *
 * A struct err lives on the caller's stack, zeroed. It is filled in by the function that fails and
 * read only when that function returned false.
 */
#pragma once

#include "base/base.h"

enum err_kind {
    ERR_NONE,
    ERR_INVALID,     /* what was given is malformed or breaks a rule */
    ERR_NOT_FOUND,   /* it is not there, or the caller may not know that it is */
    ERR_CONFLICT,    /* it cannot be done in the present state */
    ERR_DENIED,      /* it is there and the caller may not */
    ERR_LIMIT,       /* more than is allowed; the message names the limit */
    ERR_UNAVAILABLE, /* worth trying again */
    ERR_UPSTREAM,    /* a CA, tracker or other peer said no */
    ERR_INTERNAL,    /* ours */
};

struct err {
    enum err_kind kind;
    char msg[512];    /* for the person who asked; "outer: inner: innermost" */
    char detail[512]; /* for the log only; may be empty */
};

/* Fill in `err` and return false. An err that is NULL is ignored. */
bool fail(struct err *err, enum err_kind kind, const char *format, ...) printf_like(3, 4);

/* Put a link in front of the message, keep the kind, and return false. */
bool err_wrap(struct err *err, const char *format, ...) printf_like(2, 3);

/* Add what only the log may see (SQL, paths, a peer's own words), and return false. */
bool err_detail(struct err *err, const char *format, ...) printf_like(2, 3);

/* fail() with the text of errno at its end: "could not open \"x\": permission denied". */
bool fail_errno(struct err *err, enum err_kind kind, const char *format, ...) printf_like(3, 4);

/*
 * That these four return false is said here in so many words, for compilers and analysers: without
 * it they look for mistakes behind a failure that reported success.
 */
#define fail(...)                                                                                  \
    ({                                                                                             \
        fail(__VA_ARGS__);                                                                         \
        false;                                                                                     \
    })
#define err_wrap(...)                                                                              \
    ({                                                                                             \
        err_wrap(__VA_ARGS__);                                                                     \
        false;                                                                                     \
    })
#define err_detail(...)                                                                            \
    ({                                                                                             \
        err_detail(__VA_ARGS__);                                                                   \
        false;                                                                                     \
    })
#define fail_errno(...)                                                                            \
    ({                                                                                             \
        fail_errno(__VA_ARGS__);                                                                   \
        false;                                                                                     \
    })

void err_clear(struct err *err);

/* "invalid", "not_found", …: stable, for the log and the API's problem types. */
const char *err_kind_name(enum err_kind kind);
