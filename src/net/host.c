/*
 * net/host: names are checked label by label; libidn2 is asked only for those that are not ASCII.
 *
 * An underscore is let through, because names in use have one, although host names may not
 * (RFC 952). A dotted number that is no address ("127.1", "1.2.3.256") is refused, because the
 * system's other resolvers would take it for one.
 */
#include "net/host.h"

#include <idn2.h>

#include "base/err.h"
#include "base/parse.h"
#include "codec/hostport.h"

static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool check_label(struct span label, struct err *err)
{
    if (label.size == 0)
        return fail(err, ERR_INVALID, "a name has an empty label");
    if (label.size > 63)
        return fail(err, ERR_INVALID, "a label of a name is longer than 63 bytes");
    if (label.data[0] == '-' || label.data[label.size - 1] == '-')
        return fail(err, ERR_INVALID, "a label of a name begins or ends with a hyphen");
    for (size_t i = 0; i < label.size; i++)
        if (!is_name_char(label.data[i]))
            return fail(err, ERR_INVALID, "a name cannot have the character %s%c%s in it",
                label.data[i] < 0x20 ? "^" : "\"",
                label.data[i] < 0x20 ? label.data[i] + 0x40 : label.data[i],
                label.data[i] < 0x20 ? "" : "\"");
    return true;
}

static bool check_name(const char *name, struct err *err)
{
    struct span rest = span_text(name);
    struct span label = SPAN_EMPTY;
    size_t n_digits = 0;

    while (span_split(&rest, '.', &label))
        if (!check_label(label, err))
            return false;
    for (size_t i = 0; i < label.size; i++)
        n_digits += label.data[i] >= '0' && label.data[i] <= '9';
    if (n_digits == label.size)
        return fail(err, ERR_INVALID, "it is neither a name nor an address");
    return true;
}

static bool to_ascii(struct span text, char field[static HOST_TEXT_SIZE], struct err *err)
{
    char utf8[4 * HOST_TEXT_SIZE];
    char *ascii = NULL;

    if (text.size >= sizeof(utf8) || !parse_is_utf8(text))
        return fail(err, ERR_INVALID, "it is too long or not UTF-8");
    span_copy_text(text, utf8, sizeof(utf8));
    const int rc = idn2_to_ascii_8z(utf8, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK)
        return fail(err, ERR_INVALID, "it is not an internationalised name: %s", idn2_strerror(rc));
    const size_t size = strlen(ascii);
    if (size < HOST_TEXT_SIZE)
        memcpy(field, ascii, size + 1);
    idn2_free(ascii);
    return size < HOST_TEXT_SIZE ||
           fail(err, ERR_INVALID, "the name is longer than %d bytes", HOST_TEXT_SIZE - 1);
}

static bool parse_name(struct span text, struct host *ret, struct err *err)
{
    if (text.size > 1 && text.data[text.size - 1] == '.')
        text.size--;
    if (!is_ascii(text)) {
        if (!to_ascii(text, ret->text, err))
            return false;
    } else {
        if (text.size >= HOST_TEXT_SIZE)
            return fail(err, ERR_INVALID, "the name is longer than %d bytes", HOST_TEXT_SIZE - 1);
        if (span_has_nul(text))
            return fail(err, ERR_INVALID, "a name cannot hold a NUL");
        memcpy(ret->text, text.data, text.size);
    }
    for (char *c = ret->text; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    return check_name(ret->text, err);
}

bool host_parse(struct span text, struct host *ret, struct err *err)
{
    struct host host = { 0 };
    const int shown = text.size > 80 ? 80 : (int)text.size;

    if (text.size == 0)
        return fail(err, ERR_INVALID, "the host is empty");
    if (addr_parse(text, &host.addr)) {
        host.is_address = true;
        addr_text(&host.addr, host.text);
    } else if (!parse_name(text, &host, err)) {
        return err_wrap(err, "\"%.*s\" is not a host", shown, (const char *)text.data);
    }
    *ret = host;
    return true;
}

bool host_port_parse(struct span text, struct host *ret, int *port, struct err *err)
{
    struct hostport at;

    if (!hostport_parse(text, &at, err) || !host_parse(at.host, ret, err))
        return false;
    if (at.port != 0)
        *port = at.port;
    return true;
}
