/* api/csr_new: see the header. */
#include "api/csr_new.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "core/rows.h"
#include "net/host.h"

#define NAME_MAX_CHARS 200
#define SANS_JSON_MAX (1u << 20)
#define SAN_MAX_CHARS 1000

enum san_type { SAN_DNS, SAN_IP, SAN_EMAIL, SAN_URI };

static const char *const san_types[] = { "dns", "ip", "email", "uri" };

static void read_country(struct json_in *in, struct vault_csr *subject)
{
    const char *country = json_in_text_opt(in, "C", 1, 64, NULL);

    subject->country = country;
    if (country && (strlen(country) != 2 || !isupper((unsigned char)country[0]) ||
                       !isupper((unsigned char)country[1])))
        json_in_complain(in, "C",
            "\"%s\" is not a country's code of two capital letters (ISO 3166)", country);
}

static bool is_printable(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(" '()+,-./:=?", *p))
            return false;
    return true;
}

static bool is_plain_ascii(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p >= 0x7F)
            return false;
    return true;
}

void csr_new_read_subject(struct json_in *body, struct vault_csr *ret)
{
    struct json_in in;

    if (!json_in_object_opt(body, "subject", &in))
        return;
    ret->common_name = json_in_text_opt(&in, "CN", 1, 64, NULL);
    ret->organization = json_in_text_opt(&in, "O", 1, 64, NULL);
    ret->organizational_unit = json_in_text_opt(&in, "OU", 1, 64, NULL);
    ret->locality = json_in_text_opt(&in, "L", 1, 128, NULL);
    ret->state = json_in_text_opt(&in, "ST", 1, 128, NULL);
    read_country(&in, ret);
    ret->email_address = json_in_text_opt(&in, "emailAddress", 1, 255, NULL);
    if (ret->email_address && !is_plain_ascii(ret->email_address))
        json_in_complain(&in, "emailAddress", "it has characters that a mail address has not");
    ret->serial_number = json_in_text_opt(&in, "serialNumber", 1, 64, NULL);
    if (ret->serial_number && !is_printable(ret->serial_number))
        json_in_complain(&in, "serialNumber",
            "only letters, digits, blanks and '()+,-./:=? can be in it");
    json_in_leave(&in);
}

/* A name in A-labels, which may begin with "*.", or ERR_INVALID. */
static bool normal_dns(const char *text, char field[static HOST_TEXT_SIZE + 2], struct err *err)
{
    bool is_wildcard = strncmp(text, "*.", 2) == 0;
    struct host host;

    if (!host_parse(span_text(is_wildcard ? text + 2 : text), &host, err))
        return false;
    if (host.is_address)
        return fail(err, ERR_INVALID, "\"%s\" is an address, not a name", text);
    (void)snprintf(field, HOST_TEXT_SIZE + 2, "%s%s", is_wildcard ? "*." : "", host.text);
    return true;
}

static bool normal_ip(const char *text, char *field, size_t field_size, struct err *err)
{
    struct host host;

    if (!host_parse(span_text(text), &host, err))
        return false;
    if (!host.is_address)
        return fail(err, ERR_INVALID, "\"%s\" is not an IP address", text);
    span_copy_text(span_text(host.text), field, field_size);
    return true;
}

/* RFC 5280, 4.2.1.6: Local-part@Domain in ASCII; the domain may be given in any script. */
static bool normal_email(const char *text, char *field, size_t field_size, struct err *err)
{
    const char *at = strrchr(text, '@');
    char domain[HOST_TEXT_SIZE + 2];
    char local[65];

    if (!at || at == text || at - text > 64)
        return fail(err, ERR_INVALID, "\"%s\" is not a mail address", text);
    span_copy_text(span_of(text, (size_t)(at - text)), local, sizeof local);
    if (!is_plain_ascii(local) || strchr(local, '@'))
        return fail(err, ERR_INVALID,
            "\"%s\": what stands before the @ has characters that a certificate cannot hold", text);
    if (!normal_dns(at + 1, domain, err))
        return false;
    (void)snprintf(field, field_size, "%s@%s", local, domain);
    return true;
}

/* Absolute, with a scheme and something behind it (RFC 5280, 4.2.1.6). */
static bool check_uri(const char *text, struct err *err)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    if (!is_plain_ascii(text))
        return fail(err, ERR_INVALID, "a URI has only ASCII characters, and no blanks");
    if (n == 0 || !isalpha((unsigned char)text[0]) || text[n] != ':' || !text[n + 1])
        return fail(err, ERR_INVALID, "\"%s\" is not a URI with a scheme", text);
    return true;
}

static bool normalise(enum san_type type, const char *text, char *field, size_t field_size,
    struct err *err)
{
    char name[HOST_TEXT_SIZE + 2];

    switch (type) {
    case SAN_DNS:
        if (!normal_dns(text, name, err))
            return false;
        span_copy_text(span_text(name), field, field_size);
        return true;
    case SAN_IP:
        return normal_ip(text, field, field_size, err);
    case SAN_EMAIL:
        return normal_email(text, field, field_size, err);
    case SAN_URI:
        span_copy_text(span_text(text), field, field_size);
        return check_uri(text, err);
    }
    return false;
}

/* "dns:…" and the like say it; else it looks like what it is. */
static enum san_type guess_type(const char **text)
{
    struct host host;
    struct err ignored = { 0 };

    for (size_t i = 0; i < countof(san_types); i++) {
        size_t n = strlen(san_types[i]);

        if (strncasecmp(*text, san_types[i], n) == 0 && (*text)[n] == ':') {
            *text += n + 1;
            return (enum san_type)i;
        }
    }
    if (strstr(*text, "://"))
        return SAN_URI;
    if (strchr(*text, '@'))
        return SAN_EMAIL;
    return host_parse(span_text(*text), &host, &ignored) && host.is_address ? SAN_IP : SAN_DNS;
}

static bool has_san(const struct csr_wish *wish, const char *san)
{
    for (size_t i = 0; i < wish->subject.n_sans; i++)
        if (strcmp(wish->sans[i], san) == 0)
            return true;
    return false;
}

static bool add_san(struct csr_wish *wish, enum san_type type, const char *text, struct err *err)
{
    char value[SAN_MAX_CHARS + HOST_TEXT_SIZE + 2];
    autofree(str) char *san = NULL;

    if (!normalise(type, text, value, sizeof value, err))
        return false;
    san = xasprintf("%s:%s", san_types[type], value);
    if (has_san(wish, san))
        return true;
    wish->sans = rows_make_room(wish->sans, wish->subject.n_sans, &wish->room, sizeof *wish->sans);
    wish->sans[wish->subject.n_sans++] = take(&san);
    return true;
}

static void read_san(struct json_in *in, size_t i, struct csr_wish *wish)
{
    struct json_in item;
    struct err err = { 0 };
    char field[32];

    (void)snprintf(field, sizeof field, "sans[%zu]", i);
    if (json_as_text(json_list_item(json_in_value(in, "sans"), i))) {
        const char *text = json_in_item_text(in, "sans", i, 1, SAN_MAX_CHARS);

        if (text[0]) {
            enum san_type type = guess_type(&text);

            if (!add_san(wish, type, text, &err))
                json_in_complain(in, field, "%s", err.msg);
        }
    } else if (json_in_item_object(in, "sans", i, &item)) {
        int type = json_in_enum(&item, "type", san_types, countof(san_types));
        const char *text = json_in_text(&item, "value", 1, SAN_MAX_CHARS);

        if (text[0] && !add_san(wish, (enum san_type)type, text, &err))
            json_in_complain(&item, "value", "%s", err.msg);
        json_in_leave(&item);
    }
}

/* Where no list is given, a common name that is a host's is asked for as such: clients look
 * nowhere else (RFC 9525, 6.3). */
static void add_common_name(struct csr_wish *wish)
{
    const char *name = wish->subject.common_name;
    struct err ignored = { 0 };

    if (name && strchr(name, '.') && !strchr(name, ' '))
        (void)(add_san(wish, SAN_DNS, name, &ignored) || add_san(wish, SAN_IP, name, &ignored));
}

static void read_sans(struct json_in *in, struct csr_wish *wish)
{
    struct json_out out;

    if (json_in_has(in, "sans") && !json_in_is_null(in, "sans")) {
        size_t n = json_in_array_opt(in, "sans", VAULT_SANS_MAX);

        for (size_t i = 0; i < n; i++)
            read_san(in, i, wish);
    } else {
        add_common_name(wish);
    }
    json_out_init(&out, &wish->sans_json);
    json_begin_array(&out, NULL);
    for (size_t i = 0; i < wish->subject.n_sans; i++) {
        const char *colon = strchr(wish->sans[i], ':');

        json_begin_object(&out, NULL);
        json_str_span(&out, "type", span_of(wish->sans[i], (size_t)(colon - wish->sans[i])));
        json_str(&out, "value", colon + 1);
        json_end(&out);
    }
    json_end(&out);
}

static void read_rsa(struct json_in *in, enum vault_algorithm *ret)
{
    int64_t size = json_in_i64_opt(in, "size", 1, 1 << 20, 2048);

    if (json_in_has(in, "curve") && !json_in_is_null(in, "curve"))
        json_in_complain(in, "curve", "an RSA key has none");
    if (size == 2048)
        *ret = VAULT_RSA_2048;
    else if (size == 3072)
        *ret = VAULT_RSA_3072;
    else if (size == 4096)
        *ret = VAULT_RSA_4096;
    else
        json_in_complain(in, "size", "an RSA key is made with 2048, 3072 or 4096 bits");
}

static void read_ec(struct json_in *in, enum vault_algorithm *ret)
{
    static const char *const curves[] = { "P-256", "P-384", "P-521" };
    static const int64_t sizes[] = { 256, 384, 521 };
    int curve = json_in_enum_opt(in, "curve", curves, countof(curves), -1);
    int64_t size = json_in_i64_opt(in, "size", 1, 1 << 20, curve < 0 ? 256 : sizes[curve]);

    for (int i = 0; curve < 0 && i < (int)countof(sizes); i++)
        if (sizes[i] == size)
            curve = i;
    if (curve < 0 || sizes[curve] != size) {
        json_in_complain(in, "size", "a key on a curve has 256, 384 or 521 bits, as the curve has");
        return;
    }
    *ret = (enum vault_algorithm)((int)VAULT_P256 + curve);
}

void csr_new_read_key(struct json_in *body, enum vault_algorithm *ret)
{
    static const char *const algorithms[] = { "rsa", "ec", "ed25519" };
    struct json_in in;

    if (!json_in_object_opt(body, "key", &in))
        return;
    int algorithm = json_in_enum(&in, "algorithm", algorithms, countof(algorithms));

    if (algorithm == 0)
        read_rsa(&in, ret);
    else if (algorithm == 1)
        read_ec(&in, ret);
    else
        *ret = VAULT_ED25519;
    if (algorithm == 2 && json_in_i64_opt(&in, "size", 1, 1 << 20, 256) != 256)
        json_in_complain(&in, "size", "an Ed25519 key has 256 bits");
    if (algorithm == 2 && json_in_has(&in, "curve") && !json_in_is_null(&in, "curve"))
        json_in_complain(&in, "curve", "an Ed25519 key needs no curve");
    json_in_leave(&in);
}

static bool has_subject(const struct vault_csr *csr)
{
    return csr->common_name || csr->organization || csr->organizational_unit || csr->locality ||
           csr->state || csr->country || csr->email_address || csr->serial_number;
}

bool csr_wish_read(struct api_call *call, struct csr_wish *ret, struct err *err)
{
    struct json_in in;

    *ret = (struct csr_wish){ .sans_json = BUF_INIT(SANS_JSON_MAX) };
    api_body(call, &in);
    ret->name = json_in_text_opt(&in, "name", 1, NAME_MAX_CHARS, NULL);
    ret->description = json_in_text_opt(&in, "description", 0, 10000, "");
    ret->business_group = json_in_text_opt(&in, "business_group", 0, 200, "");
    const size_t n_problems = in.problems->n;

    csr_new_read_subject(&in, &ret->subject);
    read_sans(&in, ret);
    ret->algorithm = VAULT_RSA_2048;
    csr_new_read_key(&in, &ret->algorithm);
    if (!has_subject(&ret->subject) && ret->subject.n_sans == 0 && in.problems->n == n_problems)
        json_in_complain(&in, "subject", "a request asks for a subject, or for a name in sans");
    if (!json_in_end(&in, err))
        return false;
    ret->subject.sans = (const char *const *)ret->sans;
    if (!ret->name)
        ret->name = ret->subject.common_name ? ret->subject.common_name
                    : ret->subject.n_sans    ? strchr(ret->sans[0], ':') + 1
                                             : ret->subject.organization;
    if (!ret->name)
        ret->name = "request";
    return buf_check(&ret->sans_json, "the list of names", err);
}

static bool is_given(struct json_in *in, const char *name)
{
    return json_in_has(in, name) && !json_in_is_null(in, name);
}

bool csr_wish_read_names(struct json_in *in, struct csr_wish *ret, bool *ret_any, bool *ret_key,
    struct err *err)
{
    *ret = (struct csr_wish){ .sans_json = BUF_INIT(SANS_JSON_MAX) };
    *ret_any = is_given(in, "subject") || is_given(in, "sans");
    *ret_key = is_given(in, "key");
    const size_t n_problems = in->problems->n;

    csr_new_read_subject(in, &ret->subject);
    read_sans(in, ret);
    ret->algorithm = VAULT_RSA_2048;
    csr_new_read_key(in, &ret->algorithm);
    ret->subject.sans = (const char *const *)ret->sans;
    if (*ret_any && !has_subject(&ret->subject) && ret->subject.n_sans == 0 &&
        in->problems->n == n_problems)
        json_in_complain(in, "subject", "a request asks for a subject, or for a name in sans");
    return buf_check(&ret->sans_json, "the list of names", err);
}

void csr_wish_done(struct csr_wish *wish)
{
    for (size_t i = 0; i < wish->subject.n_sans; i++)
        free(wish->sans[i]);
    free(wish->sans);
    buf_done(&wish->sans_json);
    *wish = (struct csr_wish){ 0 };
}
