/* api/cert_warnings: see the header. */
#include "api/cert_warnings.h"

#include <string.h>

static bool is_incomplete(const struct record_version_row *row, int64_t now)
{
    (void)now;
    return strcmp(row->chain_status, "incomplete") == 0;
}

/* Only where somebody brought the certificate: what is merely watched has no key here. */
static bool lacks_key(const struct record_version_row *row, int64_t now)
{
    (void)now;
    return row->sealed_key_id == 0 && row->origin == VERSION_IMPORTED;
}

static bool has_expired(const struct record_version_row *row, int64_t now)
{
    return row->version->not_after < now;
}

static bool is_early(const struct record_version_row *row, int64_t now)
{
    return row->version->not_before > now;
}

static bool has_weak_key(const struct record_version_row *row, int64_t now)
{
    const struct version_row *version = row->version;

    (void)now;
    if (strcmp(version->key_algorithm, "rsa") == 0)
        return version->key_size < 2048;
    if (strcmp(version->key_algorithm, "ec") == 0)
        return version->key_size > 0 && version->key_size < 224;
    return strcmp(version->key_algorithm, "dsa") == 0;
}

static bool has_weak_signature(const struct record_version_row *row, int64_t now)
{
    static const char *const weak[] = { "md2", "md4", "md5", "sha1", "SHA1" };

    (void)now;
    for (size_t i = 0; !row->version->is_self_signed && i < countof(weak); i++)
        if (strstr(row->version->signature_algorithm, weak[i]))
            return true;
    return false;
}

static bool is_self_signed(const struct record_version_row *row, int64_t now)
{
    (void)now;
    return row->version->is_self_signed;
}

static const struct {
    const char *code;
    bool (*holds)(const struct record_version_row *row, int64_t now);
    const char *message;
} warnings[] = {
    { "chain_incomplete", is_incomplete,
        "an issuer is missing: an intermediate was not brought along, or the root is not trusted here" },
    { "key_missing", lacks_key, "the private key is not here" },
    { "expired", has_expired, "the certificate has expired" },
    { "not_yet_valid", is_early, "the certificate is not valid yet" },
    { "weak_key", has_weak_key, "the key is of a kind or size that is not safe any more" },
    { "weak_signature", has_weak_signature, "it is signed in a way that can be forged" },
    { "self_signed", is_self_signed, "the certificate signed itself: nobody trusts it by default" },
};

void cert_warning_write(struct json_out *out, const char *code, const char *message)
{
    json_begin_object(out, NULL);
    json_str(out, "code", code);
    json_str(out, "message", message);
    json_end(out);
}

void cert_warnings_write(struct json_out *out, const struct record_version_row *row, int64_t now)
{
    for (size_t i = 0; i < countof(warnings); i++)
        if (warnings[i].holds(row, now))
            cert_warning_write(out, warnings[i].code, warnings[i].message);
}
