/* job/types/audit_key: see the header. */
#include "job/types/audit_key.h"

#include "base/err.h"
#include "db/db.h"
#include "store/sealed_key.h"
#include "vault/client_keys.h"

static bool find(struct db *db, struct sealed_key_row *ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_READ, &tx, err) && store_sealed_key_first(tx, VAULT_AUDIT, ret, err);
}

static bool make(struct db *db, struct vault_client *vault, int64_t now, struct sealed_key_row *ret,
    struct err *err)
{
    autodone(buf) struct buf spki = BUF_INIT(4096);
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    autofree(tx) struct tx *tx = NULL;
    char row[VAULT_ROW_NAME_SIZE];
    struct vault_binding binding = { .purpose = VAULT_AUDIT, .row = row };
    int64_t id;

    vault_row_new(row);
    if (!vault_make_key(vault, VAULT_ED25519, &binding, &sealed, &spki, err) ||
        !tx_begin(db, TX_WRITE, &tx, err))
        return false;
    struct sealed_key_new key = { .purpose = VAULT_AUDIT,
        .bound_to = row,
        .algorithm = vault_algorithm_name(VAULT_ED25519),
        .public_key = buf_span(&spki),
        .blob = buf_span(&sealed) };

    return store_sealed_key_add(tx, &key, now, &id, err) &&
           store_sealed_key_first(tx, VAULT_AUDIT, ret, err) && tx_commit(take(&tx), err);
}

bool audit_key_get(struct db *db, struct vault_client *vault, int64_t now,
    struct sealed_key_row *ret, struct err *err)
{
    return find(db, ret, err) && (ret->id || make(db, vault, now, ret, err));
}
