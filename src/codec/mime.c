/* codec/mime: see the header. */
#include "codec/mime.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/base64.h"

#define LINE_MAX_CHARS 76
#define LOCAL_MAX 64     /* RFC 5321, 4.5.3.1.1 */
#define WORD_OVERHEAD 12 /* "=?UTF-8?B?" and "?=" */
#define FIELD_TEXT_MAX 4096

/* RFC 5322, 3.2.3 */
static bool is_atext(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_dot_atom(struct span text)
{
    struct span rest = text;
    struct span atom;

    if (text.size == 0 || text.data[text.size - 1] == '.')
        return false;
    while (span_split(&rest, '.', &atom)) {
        if (atom.size == 0)
            return false;
        for (size_t i = 0; i < atom.size; i++)
            if (!is_atext(atom.data[i]))
                return false;
    }
    return true;
}

/* Letters, digits, hyphens and dots, or an address in brackets (RFC 5321, 4.1.2). */
static bool is_domain(struct span text)
{
    bool is_literal = text.size > 2 && text.data[0] == '[' && text.data[text.size - 1] == ']';

    if (is_literal)
        text = span_slice(text, 1, text.size - 2);
    if (text.size == 0 || text.data[0] == '.' || text.data[text.size - 1] == '.')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '.';

        if (!is_plain && !(is_literal && c == ':'))
            return false;
        if (c == '.' && text.data[i - 1] == '.')
            return false;
    }
    return true;
}

bool mime_address_check(struct span text, struct err *err)
{
    size_t at = span_find_char(text, '@');

    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < ' ' || text.data[i] >= 0x7f)
            return fail(err, ERR_INVALID, "a mail address has only printable ASCII characters");
    if (text.size >= MIME_ADDRESS_SIZE)
        return fail(err, ERR_INVALID, "a mail address has at most %d bytes", MIME_ADDRESS_SIZE - 1);
    if (at == SIZE_MAX)
        return fail(err, ERR_INVALID, "a mail address has an \"@\"");
    if (at > LOCAL_MAX || !is_dot_atom(span_slice(text, 0, at)))
        return fail(err, ERR_INVALID, "what stands before the \"@\" is not usable");
    if (!is_domain(span_slice(text, at + 1, SIZE_MAX)))
        return fail(err, ERR_INVALID, "what stands behind the \"@\" is no domain");
    return true;
}

bool mime_mailbox_parse(struct span text, struct mime_mailbox *ret, struct err *err)
{
    struct span rest = span_trim(text);
    size_t open = span_find_char(rest, '<');
    struct span address = rest;
    struct span name = SPAN_EMPTY;
    struct mime_mailbox mailbox = { 0 };

    if (open != SIZE_MAX) {
        if (rest.data[rest.size - 1] != '>')
            return fail(err, ERR_INVALID, "the \"<\" of a mail address has no \">\" at the end");
        name = span_trim(span_slice(rest, 0, open));
        address = span_slice(rest, open + 1, rest.size - open - 2);
    }
    if (name.size >= 2 && name.data[0] == '"' && name.data[name.size - 1] == '"')
        name = span_slice(name, 1, name.size - 2);
    if (!mime_address_check(address, err))
        return false;
    span_copy_text(name, mailbox.name, sizeof mailbox.name);
    span_copy_text(address, mailbox.address, sizeof mailbox.address);
    *ret = mailbox;
    return true;
}

/* Without line breaks and other control characters, valid UTF-8, and of sane length. */
static void clean(struct span text, struct buf *out)
{
    autodone(buf) struct buf blank = BUF_INIT(FIELD_TEXT_MAX);

    text = span_slice(text, 0, FIELD_TEXT_MAX);
    for (size_t i = 0; i < text.size; i++)
        buf_add_char(&blank, text.data[i] < ' ' || text.data[i] == 0x7f ? ' ' : (char)text.data[i]);
    buf_add_clean(out, buf_span(&blank));
}

/* Plain ASCII that can be folded at its blanks, and looks like no encoded word. */
static bool is_plain(struct span text)
{
    size_t run = 0;

    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < ' ' || text.data[i] >= 0x7f)
            return false;
        run = text.data[i] == ' ' ? 0 : run + 1;
        if (run > 60)
            return false;
    }
    return span_find(text, SPAN_LITERAL("=?")) == SIZE_MAX;
}

static void add_folded(struct buf *out, struct span text, size_t column)
{
    struct span rest = text;
    struct span word;
    bool is_first = true;

    while (span_split(&rest, ' ', &word)) {
        /* A line of nothing but blanks would end in trouble: fold only before a word. */
        if (!is_first && word.size > 0 && column + 1 + word.size > LINE_MAX_CHARS) {
            buf_add_text(out, "\r\n ");
            column = 1;
        } else if (!is_first) {
            buf_add_char(out, ' ');
            column++;
        }
        buf_add_span(out, word);
        column += word.size;
        is_first = false;
    }
}

/* The longest part that is not above `max` bytes and ends between two characters. */
static size_t cut(struct span text, size_t max)
{
    size_t n = 0;

    while (n < text.size) {
        size_t step = parse_utf8_sequence(text, n);

        if (n + step > max || step == 0)
            break;
        n += step;
    }
    return n;
}

/* RFC 2047: each encoded word is whole characters, and no line is above 76. */
static void add_encoded(struct buf *out, struct span text, size_t column)
{
    while (text.size > 0) {
        size_t room = column + WORD_OVERHEAD + 8 < LINE_MAX_CHARS
                          ? (LINE_MAX_CHARS - column - WORD_OVERHEAD) / 4 * 3
                          : 45;
        size_t n = cut(text, room);

        if (n == 0)
            break;
        buf_add_text(out, "=?UTF-8?B?");
        base64_encode(span_slice(text, 0, n), out);
        buf_add_text(out, "?=");
        text = span_slice(text, n, SIZE_MAX);
        if (text.size > 0)
            buf_add_text(out, "\r\n ");
        column = 1;
    }
}

void mime_add_field(struct buf *out, const char *name, struct span text)
{
    autodone(buf) struct buf words = BUF_INIT(4 * FIELD_TEXT_MAX);
    size_t column = strlen(name) + 2;

    clean(text, &words);
    buf_addf(out, "%s: ", name);
    if (is_plain(span_trim(buf_span(&words))))
        add_folded(out, span_trim(buf_span(&words)), column);
    else
        add_encoded(out, span_trim(buf_span(&words)), column);
    buf_add_text(out, "\r\n");
}

void mime_add_mailbox(struct buf *out, const char *name, const struct mime_mailbox *mailbox)
{
    autodone(buf) struct buf words = BUF_INIT(4 * FIELD_TEXT_MAX);

    clean(span_text(mailbox->name), &words);
    struct span shown = span_trim(buf_span(&words));

    buf_addf(out, "%s: ", name);
    if (shown.size > 0 && is_plain(shown) && shown.size < 60) {
        buf_add_char(out, '"');
        for (size_t i = 0; i < shown.size; i++) {
            if (shown.data[i] == '"' || shown.data[i] == '\\')
                buf_add_char(out, '\\');
            buf_add_char(out, (char)shown.data[i]);
        }
        buf_add_text(out, "\"\r\n ");
    } else if (shown.size > 0) {
        add_encoded(out, shown, strlen(name) + 2);
        buf_add_text(out, "\r\n ");
    }
    buf_addf(out, "<%s>\r\n", mailbox->address);
}

void mime_add_date(struct buf *out, const char *name, int64_t at)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
        "Sep", "Oct", "Nov", "Dec" };
    struct civil c = clock_to_civil(at);

    buf_addf(out, "%s: %s, %d %s %04d %02d:%02d:%02d +0000\r\n", name, days[c.weekday], c.day,
        months[c.month - 1], c.year, c.hour, c.minute, c.second);
}

/* Does it stand for itself? A blank does not at the end of a line. */
static bool is_itself(struct span text, size_t at)
{
    uint8_t c = text.data[at];

    if (c == ' ' || c == '\t')
        return at + 1 < text.size && text.data[at + 1] != '\n';
    return c > ' ' && c < 0x7f && c != '=';
}

void mime_add_quoted(struct buf *out, struct span text)
{
    size_t column = 0;

    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\n') {
            buf_add_text(out, "\r\n");
            column = 0;
            continue;
        }
        bool itself = is_itself(text, i);
        size_t width = itself ? 1 : 3;

        /* One place is the soft line break's own. */
        if (column + width > LINE_MAX_CHARS - 1) {
            buf_add_text(out, "=\r\n");
            column = 0;
        }
        if (itself)
            buf_add_char(out, (char)text.data[i]);
        else
            buf_addf(out, "=%02X", text.data[i]);
        column += width;
    }
    if (column > 0)
        buf_add_text(out, "\r\n");
}
