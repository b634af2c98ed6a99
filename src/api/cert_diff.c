/* api/cert_diff: what differs between two versions of a record. */
#include <string.h>

#include "api/cert_json.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/hex.h"
#include "core/names.h"
#include "store/record_version.h"
#include "store/version.h"
#include "x509/cert.h"

/* One side. */
struct side {
    struct record_version_row *row;
    struct name_set names;
    struct version_rows chain;
};

static void side_done(struct side *side)
{
    record_version_row_free(side->row);
    name_set_done(&side->names);
    version_rows_done(&side->chain);
}
DEFINE_AUTODONE(side);

static bool load(struct api_call *call, const char *fingerprint, struct side *ret, struct err *err)
{
    uint8_t sha256[SHA256_SIZE];
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);
    autofree(cert) struct cert *cert = NULL;
    int64_t id = 0;

    if (hex_decode(span_text(fingerprint), sha256, sizeof sha256, NULL) &&
        (!store_version_find(call->tx, sha256, &id, err) ||
            (id && !store_record_version_find(call->tx, call->path_id, id, &ret->row, err))))
        return false;
    if (!ret->row)
        return fail(err, ERR_NOT_FOUND, "the record has no certificate with the fingerprint \"%s\"",
            fingerprint);
    if (!store_version_der(call->tx, id, &der, err) || !cert_from_der(buf_span(&der), &cert, err) ||
        (ret->row->chain_id &&
            !store_chain_members(call->tx, ret->row->chain_id, &ret->chain, err)))
        return false;
    name_set_add_cert(&ret->names, cert);
    name_set_sort(&ret->names);
    return true;
}

/* ---- fields ---- */

typedef char *(*field_text)(const struct record_version_row *row);

static char *instant(int64_t at)
{
    char text[CLOCK_RFC3339_SIZE];

    return xstrdup(clock_rfc3339(at, text));
}

static char *subject_of(const struct record_version_row *row)
{
    return xstrdup(row->version->subject);
}

static char *issuer_of(const struct record_version_row *row)
{
    return xstrdup(row->version->issuer);
}

static char *serial_of(const struct record_version_row *row)
{
    return xstrdup(row->version->serial);
}

static char *begin_of(const struct record_version_row *row)
{
    return instant(row->version->not_before);
}

static char *end_of(const struct record_version_row *row)
{
    return instant(row->version->not_after);
}

static char *key_of(const struct record_version_row *row)
{
    return xasprintf("%s %" PRId64, row->version->key_algorithm, row->version->key_size);
}

static char *spki_of(const struct record_version_row *row)
{
    char text[2 * SHA256_SIZE + 1];

    return xstrdup(hex_encode(span_of(row->version->spki_sha256, SHA256_SIZE), text, sizeof text));
}

static char *signature_of(const struct record_version_row *row)
{
    return xstrdup(row->version->signature_algorithm);
}

static char *status_of(const struct record_version_row *row)
{
    return xstrdup(row->chain_status);
}

static char *has_key(const struct record_version_row *row)
{
    return xstrdup(row->sealed_key_id ? "true" : "false");
}

static const struct {
    const char *name;
    field_text text;
} fields[] = {
    { "subject", subject_of },
    { "issuer", issuer_of },
    { "serial", serial_of },
    { "not_before", begin_of },
    { "not_after", end_of },
    { "key", key_of },
    { "spki_sha256", spki_of },
    { "signature_algorithm", signature_of },
    { "chain_status", status_of },
    { "has_private_key", has_key },
};

static void write_fields(struct json_out *out, const struct side *old, const struct side *new_one)
{
    json_begin_array(out, "fields");
    for (size_t i = 0; i < countof(fields); i++) {
        autofree(str) char *before = fields[i].text(old->row);
        autofree(str) char *after = fields[i].text(new_one->row);

        if (strcmp(before, after) == 0)
            continue;
        json_begin_object(out, NULL);
        json_str(out, "name", fields[i].name);
        json_str(out, "old", before);
        json_str(out, "new", after);
        json_end(out);
    }
    json_end(out);
}

/* ---- lists ---- */

/* Sorted sets, so one walk; a wildcard covers others, but is another name. */
static void write_names_only_in(struct json_out *out, const char *key, const struct name_set *one,
    const struct name_set *other)
{
    size_t at = 0;

    json_begin_array(out, key);
    for (size_t i = 0; i < one->n; i++) {
        while (at < other->n && strcmp(other->items[at], one->items[i]) < 0)
            at++;
        if (at == other->n || strcmp(other->items[at], one->items[i]) != 0)
            json_str(out, NULL, one->items[i]);
    }
    json_end(out);
}

static bool has_member(const struct version_rows *chain, int64_t id)
{
    for (size_t i = 0; i < chain->n; i++)
        if (chain->items[i].id == id)
            return true;
    return false;
}

static void write_members_only_in(struct json_out *out, const char *key,
    const struct version_rows *one, const struct version_rows *other)
{
    json_begin_array(out, key);
    for (size_t i = 0; i < one->n; i++)
        if (!has_member(other, one->items[i].id))
            cert_json_brief(out, NULL, &one->items[i]);
    json_end(out);
}

static bool diff_get(struct api_call *call, struct err *err)
{
    autodone(side) struct side old = { 0 };
    autodone(side) struct side new_one = { 0 };
    struct json_out *out = &call->reply;

    if (!cert_require(call, call->path_id, ACTION_SEE, NULL, err) ||
        !load(call, call->path_text, &old, err) || !load(call, call->path_other, &new_one, err))
        return false;
    write_fields(out, &old, &new_one);
    json_begin_object(out, "sans");
    write_names_only_in(out, "added", &new_one.names, &old.names);
    write_names_only_in(out, "removed", &old.names, &new_one.names);
    json_end(out);
    json_begin_object(out, "chain");
    write_members_only_in(out, "added", &new_one.chain, &old.chain);
    write_members_only_in(out, "removed", &old.chain, &new_one.chain);
    json_end(out);
    return true;
}

const struct api_route certificate_diff_routes[] = {
    { "GET", "/certificates/{id}/versions/{key}/diff/{other}", ROLE_USER, API_READS, diff_get, 0 },
    { 0 },
};
