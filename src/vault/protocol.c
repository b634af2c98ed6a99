/* vault/protocol: see the header. And the names that both sides, and the database, use. */
#include "vault/protocol.h"

#include <sodium.h>
#include <string.h>

#include "base/rand.h"

static const char *const purposes[] = { "tls", "audit", "secret", "parcel", "ca" };
static const char *const algorithms[] = { "rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384",
    "ec-p521", "ed25519" };
static const char *const sources[] = { "file", "passphrase", "pkcs11" };
static const char *const states[] = { "pending", "current", "retiring", "retired" };

/* The place of `name` among the names; -1 where it is none of them. */
static int find_name(struct span name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (span_is(name, names[i]))
            return (int)i;
    return -1;
}

const char *vault_purpose_name(enum vault_purpose purpose)
{
    return purposes[purpose];
}

bool vault_purpose_from_name(struct span name, enum vault_purpose *ret)
{
    int i = find_name(name, purposes, countof(purposes));

    if (i >= 0)
        *ret = (enum vault_purpose)i;
    return i >= 0;
}

const char *vault_algorithm_name(enum vault_algorithm algorithm)
{
    return algorithms[algorithm];
}

bool vault_algorithm_from_name(struct span name, enum vault_algorithm *ret)
{
    int i = find_name(name, algorithms, countof(algorithms));

    if (i >= 0)
        *ret = (enum vault_algorithm)i;
    return i >= 0;
}

const char *vault_source_name(enum vault_source source)
{
    return sources[source];
}

bool vault_source_from_name(struct span name, enum vault_source *ret)
{
    int i = find_name(name, sources, countof(sources));

    if (i >= 0)
        *ret = (enum vault_source)i;
    return i >= 0;
}

const char *vault_state_name(enum vault_state state)
{
    return states[state];
}

bool vault_state_from_name(struct span name, enum vault_state *ret)
{
    int i = find_name(name, states, countof(states));

    if (i >= 0)
        *ret = (enum vault_state)i;
    return i >= 0;
}

const struct vault_master *vault_masters_in(const struct vault_masters *masters,
    enum vault_state state)
{
    for (size_t i = 0; i < masters->n; i++)
        if (masters->items[i].state == state)
            return &masters->items[i];
    return NULL;
}

void vault_put_master(struct buf *out, const struct vault_master *master)
{
    frame_put_text(out, master->identity.key_id);
    buf_add(out, master->identity.check, sizeof master->identity.check);
    buf_add_u8(out, (uint8_t)master->source);
    buf_add_u8(out, (uint8_t)master->state);
    frame_put_text(out, master->recipe);
}

void vault_read_master(struct frame_reader *r, struct vault_master *ret)
{
    *ret = (struct vault_master){ 0 };
    frame_read_text_to(r, ret->identity.key_id, sizeof ret->identity.key_id);
    frame_read_fixed(r, ret->identity.check, sizeof ret->identity.check);
    uint8_t source = frame_read_u8(r);
    uint8_t state = frame_read_u8(r);

    frame_read_text_to(r, ret->recipe, sizeof ret->recipe);
    if (source >= N_VAULT_SOURCES || state > VAULT_RETIRED)
        r->failed = true;
    ret->source = r->failed ? VAULT_FILE : (enum vault_source)source;
    ret->state = r->failed ? VAULT_RETIRED : (enum vault_state)state;
}

void vault_row_new(char ret[static VAULT_ROW_NAME_SIZE])
{
    uint8_t number[16];
    char hex[2 * sizeof number + 1];

    rand_bytes(number, sizeof number);
    sodium_bin2hex(hex, sizeof hex, number, sizeof number);
    snprintf(ret, VAULT_ROW_NAME_SIZE, "key/%s", hex);
}

void vault_put_binding(struct buf *out, const struct vault_binding *binding)
{
    buf_add_u8(out, (uint8_t)binding->purpose);
    frame_put_text(out, binding->row);
}

void vault_read_binding(struct frame_reader *r, struct vault_binding *ret,
    char row[static VAULT_ROW_MAX + 1])
{
    uint8_t purpose = frame_read_u8(r);

    frame_read_text_to(r, row, VAULT_ROW_MAX + 1);
    if (purpose >= countof(purposes) || row[0] == '\0')
        r->failed = true;
    ret->purpose = r->failed ? VAULT_TLS : (enum vault_purpose)purpose;
    ret->row = row;
}

void vault_put_subject(struct buf *out, const struct vault_csr *csr)
{
    const char *const texts[VAULT_SUBJECT_TEXTS] = { csr->common_name, csr->organization,
        csr->organizational_unit, csr->locality, csr->state, csr->country, csr->email_address,
        csr->serial_number };

    for (size_t i = 0; i < countof(texts); i++)
        frame_put_text(out, texts[i]);
}

void vault_read_subject(struct frame_reader *r, char texts[VAULT_SUBJECT_TEXTS][VAULT_TEXT_MAX],
    struct vault_csr *ret)
{
    for (int i = 0; i < VAULT_SUBJECT_TEXTS; i++)
        frame_read_text_to(r, texts[i], VAULT_TEXT_MAX);
    ret->common_name = texts[0];
    ret->organization = texts[1];
    ret->organizational_unit = texts[2];
    ret->locality = texts[3];
    ret->state = texts[4];
    ret->country = texts[5];
    ret->email_address = texts[6];
    ret->serial_number = texts[7];
}
