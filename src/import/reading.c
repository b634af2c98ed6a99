/*
 * import/reading: see the header.
 *
 * PKCS#12 derives keys from UTF-16, PBES2 from bytes, and programs have disagreed on what those are
 * for letters beyond ASCII. Tried besides UTF-8: Latin-1, as PBES2 files of Windows programs have
 * it, and UTF-8 taken for Latin-1, as OpenSSL did before 1.1.
 */
#include "import/reading.h"

#include <stdarg.h>
#include <string.h>

#include "base/parse.h"
#include "base/secret.h"

static void add_password(struct reading *reading, const uint8_t *text, size_t size)
{
    reading->passwords[reading->n_passwords++] =
        (struct reading_password){ (const char *)text, (int)size };
}

/* U+0080 to U+00FF are two bytes in UTF-8. False where there is anything beyond, or nothing. */
static bool to_latin1(struct span text, uint8_t *ret, size_t *ret_size)
{
    size_t n = 0;
    bool is_other = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (c >= 0x80) {
            if ((c != 0xC2 && c != 0xC3) || i + 1 == text.size)
                return false;
            c = (uint8_t)((c & 3) << 6 | (text.data[++i] & 0x3F));
            is_other = true;
        }
        ret[n++] = c;
    }
    *ret_size = n;
    return is_other;
}

/* Each byte as a character of its own, in UTF-8. */
static size_t twice_encoded(struct span text, uint8_t *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x80) {
            ret[n++] = text.data[i];
            continue;
        }
        ret[n++] = (uint8_t)(0xC0 | text.data[i] >> 6);
        ret[n++] = (uint8_t)(0x80 | (text.data[i] & 0x3F));
    }
    return n;
}

static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

void reading_init(struct reading *reading, struct found *found, enum import_part part,
    struct span password, int64_t iterations)
{
    *reading = (struct reading){ .found = found,
        .part = part,
        .is_password_given = password.size > 0,
        .iterations_left = iterations };
    size_t n = password.size;

    /* Each reading of it with a NUL behind it: some functions of OpenSSL want one. */
    reading->kept = secret_new_zeroed(4 * n + 3);
    uint8_t *first = secret_bytes(reading->kept), *second = first + n + 1, *third = second + n + 1;

    if (n > 0)
        memcpy(first, password.data, n);
    else
        add_password(reading, NULL, 0);
    add_password(reading, first, n);
    if (is_ascii(password))
        return;
    if (parse_is_utf8(password) && to_latin1(password, second, &n))
        add_password(reading, second, n);
    add_password(reading, third, twice_encoded(password, third));
}

void reading_done(struct reading *reading)
{
    secret_free(reading->kept);
    reading->kept = NULL;
}

bool(reading_fail)(struct reading *reading, enum import_fault fault, struct err *err,
    const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reading->fault = fault;
    return fail(err, fault == IMPORT_TOO_COSTLY ? ERR_LIMIT : ERR_INVALID, "%s", text);
}

void reading_put_first(struct reading *reading, size_t n)
{
    struct reading_password right = reading->passwords[n];

    for (size_t i = n; i > 0; i--)
        reading->passwords[i] = reading->passwords[i - 1];
    reading->passwords[0] = right;
    reading->is_password_right = true;
}

bool reading_fail_password(struct reading *reading, struct err *err)
{
    if (!reading->is_password_given)
        return reading_fail(reading, IMPORT_PASSWORD_NEEDED, err, "a password is needed");
    return reading_fail(reading, IMPORT_WRONG_PASSWORD, err, "wrong password");
}

bool reading_spend(struct reading *reading, int64_t iterations, struct err *err)
{
    if (iterations < 0 || iterations > reading->iterations_left)
        return reading_fail(reading, IMPORT_TOO_COSTLY, err,
            "its key derivation takes more than %d iterations", READING_ITERATIONS);
    reading->iterations_left -= iterations;
    return true;
}
