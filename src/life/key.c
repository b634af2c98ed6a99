/* life/key: keys and requests that the vault makes for a ticket, and what a ticket is called by. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/json.h"
#include "core/policy_input.h"
#include "life/work.h"
#include "store/ca_certificate.h"
#include "store/sealed_key.h"
#include "x509/csr.h"

void life_key_init(struct life_key *key)
{
    *key = (struct life_key){ .sealed = BUF_INIT(VAULT_SEALED_MAX),
        .spki = BUF_INIT(VAULT_SEALED_MAX),
        .csr = BUF_INIT(CSR_MAX_BYTES) };
}

void life_key_done(struct life_key *key)
{
    buf_done(&key->sealed);
    buf_done(&key->spki);
    buf_done(&key->csr);
}

bool life_key_make(struct life *life, enum vault_algorithm algorithm, const struct vault_csr *names,
    struct life_key *ret, struct err *err)
{
    struct vault_client *const vault = life->cas->vault;
    const struct vault_binding binding = { .purpose = VAULT_TLS, .row = ret->row };

    vault_row_new(ret->row);
    ret->algorithm = algorithm;
    return vault_make_key(vault, algorithm, &binding, &ret->sealed, &ret->spki, err) &&
           vault_build_csr(vault, buf_span(&ret->sealed), &binding, names, &ret->csr, err);
}

bool life_key_check(struct tx *tx, const struct csr *csr, struct err *err)
{
    bool was_revoked = false;

    if (!store_ca_key_was_revoked(tx, csr_spki_sha256(csr),
            ca_reason_name(CA_REASON_KEY_COMPROMISE), &was_revoked, err))
        return false;
    return !was_revoked || fail(err, ERR_CONFLICT,
                               "a certificate for this key was revoked because the key is "
                               "compromised: make a request with another key");
}

bool life_key_keep(struct life *life, struct tx *tx, const struct life_key *key, int64_t *ret_id,
    struct err *err)
{
    const struct sealed_key_new row = { .purpose = VAULT_TLS,
        .bound_to = key->row,
        .algorithm = vault_algorithm_name(key->algorithm),
        .public_key = buf_span(&key->spki),
        .blob = buf_span(&key->sealed) };

    return store_sealed_key_add(tx, &row, life->now, ret_id, err);
}

/* The subject's fields under the names that the vault's request has for them. */
static const struct {
    const char *name;
    size_t offset;
} fields[] = {
    { "CN", offsetof(struct vault_csr, common_name) },
    { "O", offsetof(struct vault_csr, organization) },
    { "OU", offsetof(struct vault_csr, organizational_unit) },
    { "L", offsetof(struct vault_csr, locality) },
    { "ST", offsetof(struct vault_csr, state) },
    { "C", offsetof(struct vault_csr, country) },
    { "emailAddress", offsetof(struct vault_csr, email_address) },
    { "serialNumber", offsetof(struct vault_csr, serial_number) },
};

static const char **field_of(struct vault_csr *names, size_t i)
{
    return (const char **)(void *)((char *)names + fields[i].offset);
}

void life_names_write(const struct vault_csr *names, struct buf *json)
{
    struct vault_csr copy = *names;
    struct json_out out;

    json_out_init(&out, json);
    json_begin_object(&out, NULL);
    json_begin_object(&out, "subject");
    for (size_t i = 0; i < countof(fields); i++)
        if (*field_of(&copy, i))
            json_str(&out, fields[i].name, *field_of(&copy, i));
    json_end(&out);
    json_begin_array(&out, "sans");
    for (size_t i = 0; i < names->n_sans; i++) {
        const char *const colon = strchr(names->sans[i], ':');

        json_begin_object(&out, NULL);
        json_str_span(&out, "type", span_of(names->sans[i], (size_t)(colon - names->sans[i])));
        json_str(&out, "value", colon + 1);
        json_end(&out);
    }
    json_end(&out);
    json_end(&out);
}

/* Texts that are made for the call. */
struct texts {
    char **items;
    size_t n;
    size_t room;
};

static const char *add_text(struct texts *texts, char *text)
{
    texts->items = rows_make_room(texts->items, texts->n, &texts->room, sizeof *texts->items);
    texts->items[texts->n++] = text;
    return text;
}

static void texts_done(struct texts *texts)
{
    for (size_t i = 0; i < texts->n; i++)
        free(texts->items[i]);
    free(texts->items);
}
DEFINE_AUTODONE(texts);

static bool read_fields(const struct policy_input *input, struct texts *texts,
    struct vault_csr *ret, struct err *err)
{
    for (size_t i = 0; i < input->n_fields; i++) {
        const struct policy_field *const field = &input->fields[i];
        size_t f = 0;

        while (f < countof(fields) && strcmp(fields[f].name, field->name) != 0)
            f++;
        if (f == countof(fields) || *field_of(ret, f))
            return fail(err, ERR_CONFLICT,
                "the request's subject has fields that no new request can be made of: give a "
                "new one");
        *field_of(ret, f) =
            add_text(texts, xstrndup((const char *)field->value.data, field->value.size));
    }
    return true;
}

static void read_names(const struct csr *csr, struct texts *sans)
{
    struct cert_san san;
    char text[CERT_SAN_TEXT_MAX];

    for (size_t at = 0; csr_next_san(csr, &at, &san);)
        (void)add_text(sans,
            xasprintf("%s:%s", cert_san_kind_name(san.kind), cert_san_text(&san, text)));
}

bool life_key_make_like(struct life *life, const struct csr *csr, struct life_key *ret,
    struct err *err)
{
    autodone(policy_input) struct policy_input input = { 0 };
    autodone(texts) struct texts texts = { 0 };
    autodone(texts) struct texts sans = { 0 };
    enum vault_algorithm algorithm;
    struct vault_csr names = { 0 };

    policy_input_from_csr(csr, &input);
    if (input.key >= N_POLICY_KEYS ||
        !vault_algorithm_from_name(span_text(policy_key_name(input.key)), &algorithm))
        return fail(err, ERR_CONFLICT,
            "the server makes no keys like the one before (%s): give a new request",
            input.key_text);
    if (!read_fields(&input, &texts, &names, err))
        return false;
    read_names(csr, &sans);
    names.sans = (const char *const *)sans.items;
    names.n_sans = sans.n;
    return life_key_make(life, algorithm, &names, ret, err);
}

static bool is_host(const char *name)
{
    return name[0] && strchr(name, '.') && !strpbrk(name, " /@");
}

void life_domain(const struct csr *csr, char field[static LIFE_DOMAIN_SIZE])
{
    const char *const common_name = csr_common_name(csr);
    struct cert_san san;
    char text[CERT_SAN_TEXT_MAX] = "";
    char first[CERT_SAN_TEXT_MAX] = "";

    for (size_t at = 0; !text[0] && csr_next_san(csr, &at, &san);) {
        if (!first[0])
            (void)cert_san_text(&san, first);
        if (san.kind == CERT_SAN_DNS)
            (void)cert_san_text(&san, text);
    }
    span_copy_text(span_text(is_host(common_name) ? common_name
                             : text[0]            ? text
                             : first[0]           ? first
                             : common_name[0]     ? common_name
                                                  : csr_subject(csr)),
        field, LIFE_DOMAIN_SIZE);
}

static void add_name(struct buf *ret, const char *name)
{
    if (ret->size + strlen(name) + 1 >= LIFE_WORDS_MAX)
        return;
    if (ret->size > 0)
        buf_add_char(ret, ' ');
    buf_add_text(ret, name);
}

void life_words(const struct csr *csr, struct buf *ret)
{
    struct cert_san san;
    char text[CERT_SAN_TEXT_MAX];

    add_name(ret, csr_common_name(csr));
    for (size_t at = 0; csr_next_san(csr, &at, &san);) {
        if (strcmp(cert_san_text(&san, text), csr_common_name(csr)) != 0)
            add_name(ret, text);
    }
}
