/* deploy/haproxy/answer: see the header. */
#include "deploy/haproxy/answer.h"

#include <string.h>

#include "base/buf.h"
#include "codec/hex.h"

#define WORD_SHORT 8 /* of a key such a piece tells nothing, and every word has some */

static bool next_line(struct span *rest, struct span *ret)
{
    if (!span_split(rest, '\n', ret))
        return false;
    *ret = span_trim(*ret);
    return true;
}

/* The value of "Name: value"; false for another line. */
static bool is_field(struct span line, const char *name, struct span *ret)
{
    size_t size = strlen(name);

    if (!span_starts_with(line, name) || line.size <= size || line.data[size] != ':')
        return false;
    *ret = span_trim(span_slice(line, size + 1, SIZE_MAX));
    return true;
}

static void clean(struct span text, char *field, size_t size)
{
    struct buf out = BUF_INIT(4096);

    buf_add_clean(&out, span_slice(text, 0, 1000));
    span_copy_text(buf_span(&out), field, size);
    buf_done(&out);
}

/* As cert_serial() writes it: whole bytes, none of them a leading zero. */
static void read_serial(struct span value, char *field, size_t size)
{
    size_t n = 0;

    while (value.size > 1 && value.data[0] == '0')
        value = span_slice(value, 1, SIZE_MAX);
    if (value.size + 2 > size)
        return;
    if (value.size % 2)
        field[n++] = '0';
    for (size_t i = 0; i < value.size; i++) {
        char c = (char)value.data[i];
        bool is_upper = c >= 'A' && c <= 'F';

        if (!is_upper && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
            field[0] = '\0';
            return;
        }
        field[n++] = is_upper ? (char)(c - 'A' + 'a') : c;
    }
    field[n] = '\0';
}

static void read_sha1(struct span value, struct deploy_current *ret)
{
    ret->has_sha1 = hex_decode(value, ret->sha1, sizeof ret->sha1, NULL);
}

bool answer_read_cert(struct span text, struct deploy_current *ret)
{
    struct span line;
    struct span value;
    char subject[DEPLOY_NAME_MAX / 2] = "";
    char until[64] = "";
    bool is_known = false;

    *ret = (struct deploy_current){ 0 };
    while (next_line(&text, &line)) {
        if (is_field(line, "Filename", &value))
            is_known = true;
        else if (is_field(line, "Serial", &value))
            read_serial(value, ret->serial, sizeof ret->serial);
        else if (is_field(line, "SHA1 FingerPrint", &value))
            read_sha1(value, ret);
        else if (is_field(line, "Subject", &value))
            clean(value, subject, sizeof subject);
        else if (is_field(line, "notAfter", &value))
            clean(value, until, sizeof until);
    }
    ret->is_there = ret->serial[0] || ret->has_sha1;
    if (ret->is_there)
        (void)snprintf(ret->name, sizeof ret->name, "%s%s%s", subject[0] ? subject : ret->serial,
            until[0] ? ", until " : "", until);
    return is_known;
}

bool answer_next_name(struct span *rest, struct answer_name *ret)
{
    struct span line;

    while (next_line(rest, &line)) {
        if (line.size == 0 || line.data[0] == '#')
            continue;
        ret->is_open = line.data[0] == '*';
        ret->name = ret->is_open ? span_slice(line, 1, SIZE_MAX) : line;
        return true;
    }
    return false;
}

bool answer_has_line(struct span text, const char *wanted)
{
    struct span line;

    while (next_line(&text, &line))
        if (span_is(line, wanted))
            return true;
    return false;
}

struct span answer_transaction(struct span text)
{
    static const char *const begins[] = { "Transaction created for certificate ",
        "Transaction updated for certificate " };
    struct span line;

    while (next_line(&text, &line)) {
        for (size_t i = 0; i < countof(begins); i++) {
            size_t size = strlen(begins[i]);

            if (span_starts_with(line, begins[i]) && line.size > size + 1 &&
                line.data[line.size - 1] == '!')
                return span_slice(line, size, line.size - size - 1);
        }
    }
    return SPAN_EMPTY;
}

static bool is_part(struct span sent, struct span word)
{
    for (size_t i = 0; i + WORD_SHORT <= word.size; i += WORD_SHORT)
        if (span_find(sent, span_slice(word, i, WORD_SHORT)) != SIZE_MAX)
            return true;
    return false;
}

void answer_said(struct span text, struct span sent, char ret[static ANSWER_SAID_MAX])
{
    struct buf out = BUF_INIT(4 * ANSWER_SAID_MAX);
    struct span line;
    struct span word;

    while (next_line(&text, &line) && out.size < ANSWER_SAID_MAX) {
        while (span_split(&line, ' ', &word) && out.size < ANSWER_SAID_MAX) {
            word = span_slice(word, 0, 120);
            if (word.size == 0)
                continue;
            if (out.size)
                buf_add_char(&out, ' ');
            if (is_part(sent, word))
                buf_add_text(&out, "(…)");
            else
                buf_add_clean(&out, word);
        }
    }
    out.overflowed = false;
    span_copy_text(buf_span(&out), ret, ANSWER_SAID_MAX);
    buf_done(&out);
    if (!ret[0])
        span_copy_text(SPAN_LITERAL("nothing"), ret, ANSWER_SAID_MAX);
}
