/* vault/ca_seal: see the header. */
#include "vault/ca_seal.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/parse.h"
#include "vault/general_name.h"
#include "vault/hsm.h"
#include "vault/keys.h"

/* What a seal begins with: how the key is in it. */
enum version { KEY_SEALED = 1, KEY_IN_TOKEN };

void ca_names_done(struct ca_names *names)
{
    for (size_t i = 0; i < names->n_permitted; i++)
        free(names->permitted[i]);
    for (size_t i = 0; i < names->n_excluded; i++)
        free(names->excluded[i]);
    *names = (struct ca_names){ 0 };
}

static void put_texts(struct buf *out, char *const *texts, size_t n)
{
    buf_add_u32(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        frame_put_text(out, texts[i]);
}

static void put_names(struct buf *out, const struct ca_names *names)
{
    put_texts(out, names->permitted, names->n_permitted);
    put_texts(out, names->excluded, names->n_excluded);
}

static void read_texts(struct frame_reader *r, char **ret, size_t *ret_n)
{
    size_t n = frame_read_count(r, 4);

    if (n > VAULT_CA_NAMES_MAX)
        r->failed = true;
    for (size_t i = 0; i < n && !r->failed; i++)
        ret[(*ret_n)++] = frame_read_text_dup(r, VAULT_CA_NAME_MAX);
}

void ca_names_read(struct frame_reader *r, struct ca_names *ret)
{
    *ret = (struct ca_names){ 0 };
    read_texts(r, ret->permitted, &ret->n_permitted);
    read_texts(r, ret->excluded, &ret->n_excluded);
}

/* ---- as an extension ---- */

/* The part of a name behind its type: letters that a constraint can hold. */
static bool set_text(GENERAL_NAME *name, int type, const char *text)
{
    return !strpbrk(text, "*/") && general_name_set_text(name, type, text);
}

/* "192.0.2.0/24": the address, and its mask behind it (RFC 5280, 4.2.1.10). */
static bool set_range(GENERAL_NAME *name, const char *text)
{
    uint8_t bytes[32] = { 0 };
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    int64_t n_bits;

    if (!slash || (size_t)(slash - text) >= sizeof address)
        return false;
    span_copy_text(span_of(text, (size_t)(slash - text)), address, sizeof address);
    int size =
        inet_pton(AF_INET, address, bytes) == 1 ? 4 : inet_pton(AF_INET6, address, bytes) * 16;

    if (size <= 0 || !parse_i64(span_text(slash + 1), 0, size * 8, &n_bits, NULL))
        return false;
    for (int i = 0; i < size * 8; i++) {
        uint8_t bit = (uint8_t)(0x80 >> i % 8);

        if (i < n_bits)
            bytes[size + i / 8] |= bit;
        else if (bytes[i / 8] & bit)
            return false; /* more of an address than the range says */
    }
    return general_name_set_bytes(name, span_of(bytes, 2 * (size_t)size));
}

static bool set_name(GENERAL_NAME *name, const char *text)
{
    struct span s = span_text(text);

    if (span_starts_with(s, "dns:"))
        return text[4] != '.' && set_text(name, GEN_DNS, text + 4);
    if (span_starts_with(s, "ip:"))
        return set_range(name, text + 3);
    if (span_starts_with(s, "email:"))
        return set_text(name, GEN_EMAIL, text + 6);
    if (span_starts_with(s, "uri:"))
        return set_text(name, GEN_URI, text + 4);
    return false;
}

static bool build_trees(char *const *texts, size_t n, STACK_OF(GENERAL_SUBTREE) * *ret,
    struct err *err)
{
    if (n == 0)
        return true;
    *ret = sk_GENERAL_SUBTREE_new_null();
    for (size_t i = 0; i < n; i++) {
        GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();

        if (!tree || !set_name(tree->base, texts[i])) {
            GENERAL_SUBTREE_free(tree);
            return fail(err, ERR_INVALID, "\"%s\" cannot be a constraint on names", texts[i]);
        }
        if (sk_GENERAL_SUBTREE_push(*ret, tree) <= 0) {
            GENERAL_SUBTREE_free(tree);
            return fail(err, ERR_INTERNAL, "could not build constraints on names");
        }
    }
    return true;
}

bool ca_names_build(const struct ca_names *names, NAME_CONSTRAINTS **ret, struct err *err)
{
    NAME_CONSTRAINTS *constraints;

    *ret = NULL;
    if (names->n_permitted + names->n_excluded == 0)
        return true;
    constraints = NAME_CONSTRAINTS_new();
    if (!constraints)
        return fail(err, ERR_INTERNAL, "could not build constraints on names");
    if (!build_trees(names->permitted, names->n_permitted, &constraints->permittedSubtrees, err) ||
        !build_trees(names->excluded, names->n_excluded, &constraints->excludedSubtrees, err)) {
        NAME_CONSTRAINTS_free(constraints);
        return false;
    }
    *ret = constraints;
    return true;
}

/* ---- the seal ---- */

void ca_seal_done(struct ca_seal *seal)
{
    ca_names_done(&seal->names);
    X509_free(seal->cert);
    EVP_PKEY_free(seal->key);
    *seal = (struct ca_seal){ 0 };
}

void ca_key_put_ref(struct buf *out, const struct hsm_ref *ref, struct span spki)
{
    hsm_ref_put(out, ref);
    frame_put_bytes(out, spki);
}

bool ca_seal_write(const struct ca_names *names, bool is_root, struct span cert,
    const struct ca_key *key, struct buf *ret, struct err *err)
{
    buf_add_u8(ret, key->is_in_token ? KEY_IN_TOKEN : KEY_SEALED);
    frame_put_bool(ret, is_root);
    put_names(ret, names);
    frame_put_bytes(ret, cert);
    frame_put_bytes(ret, key->bytes);
    return buf_check(ret, "the key of an authority, with its certificate and names,", err);
}

static bool read_cert(struct span der, X509 **ret)
{
    const uint8_t *at = der.data;

    *ret = d2i_X509(NULL, &at, (long)der.size);
    return *ret && at == der.data + der.size;
}

static EVP_PKEY *key_in_token(struct span bytes, struct hsm *hsm, struct err *err)
{
    struct frame_reader r = frame_reader_of(bytes);
    struct hsm_ref ref = { 0 };

    hsm_ref_read(&r, &ref);
    struct span spki = frame_read_bytes(&r);

    if (!frame_reader_end(&r, err))
        return NULL;
    return hsm_key_new(hsm, &ref, spki, err);
}

bool ca_seal_read(struct span clear, struct hsm *hsm, struct ca_seal *ret, struct err *err)
{
    autodone(ca_seal) struct ca_seal seal = { 0 };
    struct frame_reader r = frame_reader_of(clear);
    uint8_t version = frame_read_u8(&r);

    seal.is_root = frame_read_bool(&r);
    ca_names_read(&r, &seal.names);
    struct span cert = frame_read_bytes(&r);

    seal.sealed_key.is_in_token = version == KEY_IN_TOKEN;
    seal.sealed_key.bytes = frame_read_bytes(&r);
    if (!frame_reader_end(&r, err) || (version != KEY_SEALED && version != KEY_IN_TOKEN))
        return fail(err, ERR_INVALID, "this is no key of a certificate authority");
    if (cert.size > 0 && !read_cert(cert, &seal.cert))
        return fail(err, ERR_INVALID, "the authority's certificate is damaged");
    seal.key = seal.sealed_key.is_in_token ? key_in_token(seal.sealed_key.bytes, hsm, err)
                                           : keys_decode(seal.sealed_key.bytes, err);
    if (!seal.key)
        return false;
    *ret = seal;
    seal = (struct ca_seal){ 0 };
    return true;
}
