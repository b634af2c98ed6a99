/* x509/name: see the header. */
#include "x509/name.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/parse.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define HOST_MAX 253
#define TEXT_MAX_BYTES (4U << 20)
#define LABEL_MAX 63

/* ---- distinguished names ---- */

static void add_latin1(struct buf *out, struct span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        const uint8_t c = bytes.data[i];
        const uint8_t utf8[] = { (uint8_t)(0xc0 | c >> 6), (uint8_t)(0x80 | (c & 0x3f)) };

        buf_add_clean(out, c < 0x80 ? span_of(&c, 1) : span_of(utf8, 2));
    }
}

/*
 * The text of a value. T61String is Latin-1 by custom, and so are the bytes of those who put
 * Latin-1 into a PrintableString; those who put UTF-8 there are taken at their bytes.
 */
static bool add_text(const ASN1_STRING *value, struct buf *out)
{
    const struct span bytes =
        span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    unsigned char *utf8 = NULL;
    int n;

    switch (ASN1_STRING_type(value)) {
    case V_ASN1_UTF8STRING:
        buf_add_clean(out, bytes);
        return true;
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
        n = ASN1_STRING_to_UTF8(&utf8, value);
        if (n >= 0)
            buf_add_clean(out, span_of(utf8, (size_t)n));
        else
            buf_add_clean(out, bytes);
        OPENSSL_free(utf8);
        return true;
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_T61STRING:
    case V_ASN1_VISIBLESTRING:
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_GENERALSTRING:
        if (parse_is_utf8(bytes))
            buf_add_clean(out, bytes);
        else
            add_latin1(out, bytes);
        return true;
    default:
        return false;
    }
}

static void add_hex(const ASN1_STRING *value, struct buf *out)
{
    const uint8_t *const data = ASN1_STRING_get0_data(value);

    buf_add_char(out, '#');
    for (int i = 0; i < ASN1_STRING_length(value); i++)
        buf_addf(out, "%02x", data[i]);
}

/* RFC 4514, 2.4: what would be taken for the name's own punctuation gets a backslash. */
static void add_escaped(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.size; i++) {
        const char c = (char)text.data[i];
        const bool is_edge_space = c == ' ' && (i == 0 || i == text.size - 1);

        if (strchr("\"+,;<>\\", c) || is_edge_space || (c == '#' && i == 0))
            buf_add_char(out, '\\');
        buf_add_char(out, c);
    }
}

static void add_attribute_type(const ASN1_OBJECT *type, struct buf *out)
{
    const int nid = OBJ_obj2nid(type);
    char oid[128];

    if (nid != NID_undef) {
        buf_add_text(out, OBJ_nid2sn(nid));
        return;
    }
    OBJ_obj2txt(oid, sizeof oid, type, 1);
    buf_add_text(out, oid);
}

static void add_entry(const X509_NAME_ENTRY *entry, struct buf *out)
{
    autodone(buf) struct buf text = BUF_INIT(out->max);
    const ASN1_STRING *const value = X509_NAME_ENTRY_get_data(entry);

    add_attribute_type(X509_NAME_ENTRY_get_object(entry), out);
    buf_add_char(out, '=');
    if (add_text(value, &text))
        add_escaped(buf_span(&text), out);
    else
        add_hex(value, out);
}

void name_write(const struct X509_name_st *name, struct buf *out)
{
    int last_set = -1;

    for (int i = X509_NAME_entry_count(name) - 1; i >= 0 && buf_ok(out); i--) {
        const X509_NAME_ENTRY *const entry = X509_NAME_get_entry(name, i);
        const int set = X509_NAME_ENTRY_set(entry);

        if (last_set != -1)
            buf_add_char(out, set == last_set ? '+' : ',');
        last_set = set;
        add_entry(entry, out);
    }
}

bool name_write_attribute(const struct X509_name_st *name, int nid, struct buf *out)
{
    for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--) {
        const X509_NAME_ENTRY *const entry = X509_NAME_get_entry(name, i);

        if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) == nid)
            return add_text(X509_NAME_ENTRY_get_data(entry), out);
    }
    return false;
}

char *name_text(const struct X509_name_st *name, size_t max)
{
    struct buf text = BUF_INIT(TEXT_MAX_BYTES);

    name_write(name, &text);
    name_cut(&text, max);
    return buf_take_text(&text);
}

char *name_attribute_text(const struct X509_name_st *name, int nid, size_t max)
{
    struct buf text = BUF_INIT(TEXT_MAX_BYTES);

    (void)name_write_attribute(name, nid, &text);
    name_cut(&text, max);
    return buf_take_text(&text);
}

bool name_write_nth(const struct X509_name_st *name, size_t n, struct buf *type, struct buf *value,
    bool *is_text)
{
    if (n >= (size_t)X509_NAME_entry_count(name))
        return false;

    const X509_NAME_ENTRY *const entry = X509_NAME_get_entry(name, (int)n);

    add_attribute_type(X509_NAME_ENTRY_get_object(entry), type);
    *is_text = add_text(X509_NAME_ENTRY_get_data(entry), value);
    return true;
}

void name_cut(struct buf *text, size_t max)
{
    size_t at = max - strlen(ELLIPSIS);

    if (text->size <= max)
        return;
    while (at > 0 && (text->data[at] & 0xc0) == 0x80)
        at--;
    text->size = at;
    buf_add_text(text, ELLIPSIS);
}

/* ---- host names ---- */

static struct span without_last_dot(struct span host)
{
    return host.size > 0 && host.data[host.size - 1] == '.' ? span_slice(host, 0, host.size - 1)
                                                            : host;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool equal_nocase(struct span a, struct span b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

static bool is_label(struct span label)
{
    if (label.size == 0 || label.size > LABEL_MAX)
        return false;
    for (size_t i = 0; i < label.size; i++) {
        const uint8_t c = lower(label.data[i]);
        const bool is_inner = i > 0 && i + 1 < label.size;

        /* Underscores are not host names by RFC 952, and are served all the same. */
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                (c == '-' && is_inner)))
            return false;
    }
    return true;
}

bool name_is_host(struct span text)
{
    struct span rest = text;
    struct span label;
    bool is_first = true;

    if (text.size == 0 || text.size > HOST_MAX || text.data[text.size - 1] == '.')
        return false;
    while (span_split(&rest, '.', &label)) {
        if (!is_label(label) && !(is_first && span_is(label, "*") && rest.size > 0))
            return false;
        is_first = false;
    }
    return true;
}

bool name_pattern_covers(struct span pattern, struct span host)
{
    uint8_t address[16];

    pattern = without_last_dot(pattern);
    host = without_last_dot(host);
    if (!name_is_host(pattern) || !name_is_host(host) || name_parse_address(host, address) > 0)
        return false;
    if (equal_nocase(pattern, host))
        return true;
    if (!span_starts_with(pattern, "*."))
        return false;

    /* What is behind the first dot of both must be the same, and be more than a top-level domain.
     */
    const size_t dot = span_find_char(host, '.');
    const struct span domain = span_slice(pattern, 2, SIZE_MAX);

    return dot != SIZE_MAX && dot > 0 && span_find_char(domain, '.') != SIZE_MAX &&
           !span_is(span_slice(host, 0, dot), "*") &&
           equal_nocase(span_slice(host, dot + 1, SIZE_MAX), domain);
}

size_t name_parse_address(struct span text, uint8_t bytes[static 16])
{
    char field[INET6_ADDRSTRLEN];

    if (text.size > 2 && text.data[0] == '[' && text.data[text.size - 1] == ']')
        text = span_slice(text, 1, text.size - 2);
    if (text.size == 0 || text.size >= sizeof field || span_has_nul(text))
        return 0;
    span_copy_text(text, field, sizeof field);
    if (inet_pton(AF_INET, field, bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, field, bytes) == 1 ? 16 : 0;
}
