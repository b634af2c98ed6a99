/* api/ca_new: see the header. */
#include "api/ca_new.h"

#include <ctype.h>
#include <string.h>

#include "api/csr_new.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "conf/conf.h"
#include "net/host.h"
#include "net/http_client.h"
#include "notify/notifier.h"
#include "x509/name.h"

#define NAME_MAX_CHARS 63
#define DAY INT64_C(86400)
#define LIFETIME_DAYS_MAX 36525 /* a hundred years */
#define LIFETIME_DAYS_DEFAULT 3650
#define TOKEN_KEY_MAX 128

/* With the longest path that is put behind it, it must still be a URL that a certificate holds. */
#define URL_MAX (VAULT_CA_URL_MAX - NAME_MAX_CHARS - 20)

void ca_wish_done(struct ca_wish *wish)
{
    struct ca_names_text *const lists[] = { &wish->permitted, &wish->excluded };

    for (size_t i = 0; i < countof(lists); i++)
        for (size_t k = 0; k < lists[i]->n; k++)
            free(lists[i]->items[k]);
}

static void check_name(struct json_in *in, const char *name)
{
    for (const char *p = name; *p; p++) {
        if (islower((unsigned char)*p) || isdigit((unsigned char)*p) ||
            (*p == '-' && p > name && p[1]))
            continue;
        json_in_complain(in, "name",
            "it stands in addresses: lower-case letters and digits, and \"-\" between them");
        return;
    }
}

bool ca_new_read_url(struct json_in *in, char ret[static VAULT_CA_URL_MAX])
{
    const char *url = json_in_text_opt(in, "public_url", 1, URL_MAX, "");
    size_t n = strlen(url);
    struct err err = { 0 };

    if (!url[0])
        return false;
    while (n > 0 && url[n - 1] == '/')
        n--;
    span_copy_text(span_of(url, n), ret, VAULT_CA_URL_MAX);
    if (!http_url_check(ret, &err))
        json_in_complain(in, "public_url", "%s", err.msg);
    else if (strpbrk(ret, "?#"))
        json_in_complain(in, "public_url",
            "paths are put behind it, so it ends before \"?\" or \"#\"");
    return true;
}

/* ---- constraints on names ---- */

/* A name and all below it, or the host of mail addresses. */
static bool normal_host(const char *type, const char *text, char **ret, struct err *err)
{
    struct host host;

    if (strncmp(text, "*.", 2) == 0)
        return fail(err, ERR_INVALID, "\"%s\": write \"%s\", which is that and all below it", text,
            text + 2);
    if (!host_parse(span_text(text), &host, err))
        return false;
    if (host.is_address)
        return fail(err, ERR_INVALID, "\"%s\" is an address, not a name", text);
    *ret = xasprintf("%s:%s", type, host.text);
    return true;
}

/* Are all bits of the address behind the first `n_bits` zero? */
static bool has_no_more(const uint8_t *bytes, size_t size, int64_t n_bits)
{
    for (int64_t i = n_bits; i < (int64_t)size * 8; i++)
        if (bytes[i / 8] & 0x80 >> i % 8)
            return false;
    return true;
}

/* "192.0.2.0/24", or one address. */
static bool normal_range(const char *text, char **ret, struct err *err)
{
    size_t slash = span_find_char(span_text(text), '/');
    uint8_t bytes[16];
    struct host host;

    if (!host_parse(span_slice(span_text(text), 0, slash), &host, err))
        return false;
    size_t size = name_parse_address(span_text(host.text), bytes);
    int64_t n_bits = (int64_t)size * 8;

    if (size == 0 ||
        (slash != SIZE_MAX && !parse_i64(span_text(text + slash + 1), 0, n_bits, &n_bits, NULL)))
        return fail(err, ERR_INVALID, "\"%s\" is no network: one is written 10.0.0.0/8", text);
    if (!has_no_more(bytes, size, n_bits))
        return fail(err, ERR_INVALID,
            "\"%s\" has more of an address than its first %" PRId64 " bits", text, n_bits);
    *ret = xasprintf("ip:%s/%" PRId64, host.text, n_bits);
    return true;
}

/* ".example.org" is what is below it alone, which only URIs know. */
static bool normal_uri(const char *text, char **ret, struct err *err)
{
    bool has_dot = text[0] == '.';

    if (!normal_host(has_dot ? "uri:" : "uri", text + has_dot, ret, err))
        return false;
    if (has_dot)
        (*ret)[4] = '.'; /* the second of "uri::" */
    return true;
}

static bool normal_name(const char *text, char **ret, struct err *err)
{
    struct host host;
    struct err ignored = { 0 };

    if (strncasecmp(text, "dns:", 4) == 0)
        return normal_host("dns", text + 4, ret, err);
    if (strncasecmp(text, "ip:", 3) == 0)
        return normal_range(text + 3, ret, err);
    if (strncasecmp(text, "email:", 6) == 0)
        return normal_host("email", text + 6, ret, err);
    if (strncasecmp(text, "uri:", 4) == 0)
        return normal_uri(text + 4, ret, err);
    if (strchr(text, '/') || (host_parse(span_text(text), &host, &ignored) && host.is_address))
        return normal_range(text, ret, err);
    return normal_host("dns", text, ret, err);
}

static void add_name(struct ca_names_text *list, char *name)
{
    bool is_there = false;

    for (size_t i = 0; i < list->n; i++)
        is_there |= strcmp(list->items[i], name) == 0;
    if (is_there || list->n == VAULT_CA_NAMES_MAX)
        free(name);
    else
        list->items[list->n++] = name;
}

static void read_names(struct json_in *in, const char *key, struct ca_names_text *ret)
{
    size_t n = json_in_array_opt(in, key, VAULT_CA_NAMES_MAX);

    for (size_t i = 0; i < n; i++) {
        const char *text = json_in_item_text(in, key, i, 1, VAULT_CA_NAME_MAX);
        char *name = NULL;
        char field[40];
        struct err err = { 0 };

        (void)snprintf(field, sizeof field, "%s[%zu]", key, i);
        if (!text[0])
            continue;
        if (normal_name(text, &name, &err))
            add_name(ret, name);
        else
            json_in_complain(in, field, "%s", err.msg);
    }
}

static bool has_kind(const struct ca_names_text *list, const char *kind)
{
    for (size_t i = 0; i < list->n; i++)
        if (span_starts_with(span_text(list->items[i]), kind))
            return true;
    return false;
}

/* A list of names says nothing of addresses (RFC 5280, 4.2.1.10); whoever gives one means it to.
 */
static void exclude_addresses(struct ca_wish *wish)
{
    if (!has_kind(&wish->permitted, "dns:") || has_kind(&wish->permitted, "ip:") ||
        has_kind(&wish->excluded, "ip:"))
        return;
    add_name(&wish->excluded, xstrdup("ip:0.0.0.0/0"));
    add_name(&wish->excluded, xstrdup("ip:::/0"));
}

void ca_wish_write_names(const struct ca_wish *wish, struct buf *out)
{
    struct json_out json;

    json_out_init(&json, out);
    json_begin_object(&json, NULL);
    json_begin_array(&json, "permitted");
    for (size_t i = 0; i < wish->permitted.n; i++)
        json_str(&json, NULL, wish->permitted.items[i]);
    json_end(&json);
    json_begin_array(&json, "excluded");
    for (size_t i = 0; i < wish->excluded.n; i++)
        json_str(&json, NULL, wish->excluded.items[i]);
    json_end(&json);
    json_end(&json);
}

/* ---- the whole ---- */

/* Else the server's own address, where it is configured. */
static void default_url(struct api_call *call, struct json_in *in,
    char ret[static VAULT_CA_URL_MAX])
{
    autofree(conf) struct conf *conf = notifier_conf(call->services->notifier);
    struct span url = span_text(conf_text(conf, CONF_SERVER_PUBLIC_URL));

    while (url.size > 0 && url.data[url.size - 1] == '/')
        url.size--;
    if (url.size == 0 || url.size > URL_MAX)
        json_in_complain(in, "public_url",
            "where CRL and OCSP will be found by all who meet its certificates");
    else
        span_copy_text(url, ret, VAULT_CA_URL_MAX);
}

static void read_subject(struct json_in *in, struct ca_wish *ret)
{
    csr_new_read_subject(in, &ret->subject);
    if (!ret->subject.common_name)
        json_in_complain(in, "subject.CN", "an authority needs a name of its own");
}

bool ca_new_has_token(struct api_call *call, struct buf *ret_key)
{
    autofree(conf) struct conf *conf = notifier_conf(call->services->notifier);

    buf_add_text(ret_key, conf_text(conf, CONF_CA_PKCS11_KEY));
    return conf_is_set(conf, CONF_CA_PKCS11_MODULE);
}

static void read_storage(struct api_call *call, struct json_in *in, struct ca_wish *ret)
{
    static const char *const storages[] = { "sealed", "pkcs11" };
    autodone(buf) struct buf may_take = BUF_INIT(TOKEN_KEY_MAX + 1024);
    bool has_token = ca_new_has_token(call, &may_take);

    ret->is_in_token = json_in_enum_opt(in, "storage", storages, countof(storages), 0) == 1;
    ret->token_key = json_in_text_opt(in, "token_key", 1, TOKEN_KEY_MAX, "");
    if (ret->is_in_token && !has_token)
        json_in_complain(in, "storage",
            "no token is configured for keys of CAs: set ca.pkcs11_module");
    else if (!ret->is_in_token && ret->token_key[0])
        json_in_complain(in, "token_key", "only a key whose storage is \"pkcs11\" lies in a token");
    else if (ret->token_key[0] && !span_equal(span_text(ret->token_key), buf_span(&may_take)))
        json_in_complain(in, "token_key",
            "only the key that the setting ca.pkcs11_key names may be taken");
    if (ret->is_in_token && (ret->algorithm == VAULT_ED25519 || ret->algorithm == VAULT_P521))
        json_in_complain(in, "key", "a key in a token is RSA, or on the curve P-256 or P-384");
}

bool ca_wish_read(struct api_call *call, struct ca_wish *ret, struct err *err)
{
    static const char *const types[] = { "local" };
    static const char *const kinds[] = { "root", "intermediate" };
    struct json_in in, names;

    *ret = (struct ca_wish){ .algorithm = VAULT_P256 };
    api_body(call, &in);
    ret->name = json_in_text(&in, "name", 1, NAME_MAX_CHARS);
    check_name(&in, ret->name);
    ret->description = json_in_text_opt(&in, "description", 0, 2000, "");
    (void)json_in_enum_opt(&in, "type", types, countof(types), 0);
    ret->is_root = json_in_enum(&in, "kind", kinds, countof(kinds)) == 0;
    read_subject(&in, ret);
    csr_new_read_key(&in, &ret->algorithm);
    read_storage(call, &in, ret);
    ret->lifetime_seconds =
        DAY * json_in_i64_opt(&in, "lifetime_days", 1, LIFETIME_DAYS_MAX, LIFETIME_DAYS_DEFAULT);
    if (!ca_new_read_url(&in, ret->public_url))
        default_url(call, &in, ret->public_url);
    if (json_in_object_opt(&in, "name_constraints", &names)) {
        read_names(&names, "permitted", &ret->permitted);
        read_names(&names, "excluded", &ret->excluded);
        json_in_leave(&names);
    }
    exclude_addresses(ret);
    return json_in_end(&in, err);
}
