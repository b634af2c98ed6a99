/*
 * base/base: the words every file of certdesk may use.
 *
 * Attributes, clean-up at scope's end, and the assertion for our own mistakes. Nothing here has
 * state.
 */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/banned.h"

#ifdef CPPCHECK /* its parser knows no attribute after a pointer to a function */
#define must_check
#else
#define must_check __attribute__((warn_unused_result))
#endif
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

#define countof(array) (sizeof(array) / sizeof((array)[0]))

/*
 * `autofree(cert) struct cert *c = NULL;` frees c at scope's end with cert_free(), which accepts
 * NULL. `autodone(buf) struct buf b = BUF_INIT(max);` releases what b holds with buf_done().
 * Both need the type's DEFINE_ line once, in its header.
 */
#define autofree(type) __attribute__((cleanup(type##_autofree)))
#define autodone(type) __attribute__((cleanup(type##_autodone)))

#define DEFINE_AUTOFREE(type)                                                                      \
    static inline void type##_autofree(struct type **p)                                            \
    {                                                                                              \
        type##_free(*p);                                                                           \
    }                                                                                              \
    struct type

#define DEFINE_AUTODONE(type)                                                                      \
    static inline void type##_autodone(struct type *p)                                             \
    {                                                                                              \
        type##_done(p);                                                                            \
    }                                                                                              \
    struct type

/* Give away what an autofree variable holds: `*ret = take(&chain);`. */
#define take(pointer)                                                                              \
    ({                                                                                             \
        __typeof__(*(pointer)) taken_ = *(pointer);                                                \
        *(pointer) = NULL;                                                                         \
        taken_;                                                                                    \
    })

/* For our own mistakes only; on in release builds, and never about what came from outside. */
#ifdef CPPCHECK /* it goes on where the claim does not hold */
#define ASSERT(claim) ((void)0)
#else
#define ASSERT(claim) ((claim) ? (void)0 : assert_failed(#claim, __FILE__, __LINE__))
#endif

_Noreturn void assert_failed(const char *claim, const char *file, int line);

/* Arithmetic on outside values. False, and *ret unchanged, where the result does not fit. */
static inline bool must_check checked_add(size_t a, size_t b, size_t *ret)
{
    size_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *ret = sum;
    return true;
}

static inline bool must_check checked_mul(size_t a, size_t b, size_t *ret)
{
    size_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *ret = product;
    return true;
}

static inline bool must_check checked_add_i64(int64_t a, int64_t b, int64_t *ret)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *ret = sum;
    return true;
}
