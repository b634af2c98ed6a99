/* What every unit test includes: cmocka in the order it needs, and assertions about struct err. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* cmocka's word for failing a test; ours fills in a struct err. Tests say fail_msg(). */
#undef fail
#undef fail_msg
#define fail_msg(msg, ...)                                                                         \
    do {                                                                                           \
        print_error("ERROR: " msg "\n", ##__VA_ARGS__);                                            \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

#include "base/base.h"
#include "base/err.h"

/* The call must fail, with this kind, and say something. */
#define assert_fails(call, err, expected_kind)                                                     \
    do {                                                                                           \
        assert_false(call);                                                                        \
        if ((err)->kind != (expected_kind))                                                        \
            fail_msg("failed as %s, expected %s: %s", err_kind_name((err)->kind),                  \
                err_kind_name(expected_kind), (err)->msg);                                         \
        assert_true((err)->msg[0] != '\0');                                                        \
    } while (0)

/* The call must succeed; if not, its message is shown. */
#define assert_works(call, err)                                                                    \
    do {                                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s: %s (%s)", #call, (err)->msg, (err)->detail);                             \
    } while (0)

#define assert_contains(text, part)                                                                \
    do {                                                                                           \
        if (!strstr((text), (part)))                                                               \
            fail_msg("\"%s\" does not contain \"%s\"", (text), (part));                            \
    } while (0)
