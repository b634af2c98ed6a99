/* vault/protocol: see the header. And the names that both sides, and the database, use. */
#include "vault/protocol.h"

#include <sodium.h>
#include <string.h>

#include "base/rand.h"

static const char *const purposes[] = { "tls", "audit", "secret", "parcel" };
static const char *const algorithms[] = { "rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384",
    "ec-p521", "ed25519" };

const char *vault_purpose_name(enum vault_purpose purpose)
{
    return purposes[purpose];
}

bool vault_purpose_from_name(struct span name, enum vault_purpose *ret)
{
    for (size_t i = 0; i < countof(purposes); i++) {
        if (span_is(name, purposes[i])) {
            *ret = (enum vault_purpose)i;
            return true;
        }
    }
    return false;
}

const char *vault_algorithm_name(enum vault_algorithm algorithm)
{
    return algorithms[algorithm];
}

bool vault_algorithm_from_name(struct span name, enum vault_algorithm *ret)
{
    for (size_t i = 0; i < countof(algorithms); i++) {
        if (span_is(name, algorithms[i])) {
            *ret = (enum vault_algorithm)i;
            return true;
        }
    }
    return false;
}

void vault_row_new(char ret[static VAULT_ROW_NAME_SIZE])
{
    uint8_t number[16];

    rand_bytes(number, sizeof number);
    memcpy(ret, "key/", 4);
    sodium_bin2hex(ret + 4, VAULT_ROW_NAME_SIZE - 4, number, sizeof number);
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
