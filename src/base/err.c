/* base/err: see the header. Messages are cut at the size of their field, never refused. */
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"

static const char *const kind_names[] = {
    [ERR_NONE] = "none",
    [ERR_INVALID] = "invalid",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_CONFLICT] = "conflict",
    [ERR_DENIED] = "denied",
    [ERR_LIMIT] = "limit",
    [ERR_UNAVAILABLE] = "unavailable",
    [ERR_UPSTREAM] = "upstream",
    [ERR_INTERNAL] = "internal",
};

static void append(struct err *err, const char *text)
{
    size_t n = strlen(err->msg);

    span_copy_text(span_text(text), err->msg + n, sizeof err->msg - n);
}

/* Begin anew. */
printf_like(3, 0) static void set(struct err *err, enum err_kind kind, const char *format,
    va_list args)
{
    err->kind = kind;
    err->detail[0] = '\0';
    (void)vsnprintf(err->msg, sizeof err->msg, format, args);
}

bool(fail)(struct err *err, enum err_kind kind, const char *format, ...)
{
    va_list args;

    if (!err)
        return false;
    va_start(args, format);
    set(err, kind, format, args);
    va_end(args);
    return false;
}

bool(err_wrap)(struct err *err, const char *format, ...)
{
    char inner[sizeof err->msg];
    va_list args;

    if (!err)
        return false;
    span_copy_text(span_text(err->msg), inner, sizeof inner);
    va_start(args, format);
    (void)vsnprintf(err->msg, sizeof err->msg, format, args);
    va_end(args);
    append(err, ": ");
    append(err, inner);
    return false;
}

bool(err_detail)(struct err *err, const char *format, ...)
{
    va_list args;

    if (!err)
        return false;
    va_start(args, format);
    (void)vsnprintf(err->detail, sizeof err->detail, format, args);
    va_end(args);
    return false;
}

bool(fail_errno)(struct err *err, enum err_kind kind, const char *format, ...)
{
    int number = errno;
    char text[128];
    va_list args;

    if (!err)
        return false;
    va_start(args, format);
    set(err, kind, format, args);
    va_end(args);
    size_t reason_at = strlen(err->msg) + 2;

    append(err, ": ");
    append(err, strerror_r(number, text, sizeof text));
    if (reason_at < sizeof err->msg)
        err->msg[reason_at] = (char)tolower((unsigned char)err->msg[reason_at]);
    return false;
}

void err_clear(struct err *err)
{
    err->kind = ERR_NONE;
    err->msg[0] = '\0';
    err->detail[0] = '\0';
}

const char *err_kind_name(enum err_kind kind)
{
    return kind_names[kind];
}
