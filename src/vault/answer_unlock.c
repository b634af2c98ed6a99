/*
 * vault/answer_unlock: see the header.
 *
 * Keys are loaded once, by the first request that works; from then on the vault is shut in and only
 * compares. Whatever goes wrong before leaves the ring empty, so that somebody may put the right
 * key there.
 */
#include "vault/answer_unlock.h"

#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "vault/protocol.h"

const struct master_source *const vault_sources[N_VAULT_SOURCES] = {
    [VAULT_FILE] = &master_file,
    [VAULT_PASSPHRASE] = &master_passphrase,
    [VAULT_PKCS11] = &master_pkcs11,
};

static bool is_required(const struct vault_master *master)
{
    return master->state == VAULT_CURRENT || master->state == VAULT_RETIRING;
}

/* Does the ring hold this very key? Its id is the database's word, its check value the proof. */
static bool holds(const struct vault *vault, const struct vault_master *wanted)
{
    const struct master_key *key = master_ring_find_name(&vault->ring, wanted->identity.key_id);
    struct vault_identity found;

    if (!key)
        return false;
    master_identify(key, &found);
    return secret_equal(span_of(found.check, sizeof found.check),
        span_of(wanted->identity.check, sizeof wanted->identity.check));
}

static bool load_one(struct vault *vault, const struct vault_master *wanted, struct err *err)
{
    const struct master_source *source = vault->sources[wanted->source];
    struct secret *key = NULL;

    if (!source->is_given(vault->access))
        return fail(err, ERR_CONFLICT,
            "the master key %s comes from a %s, and the settings name none",
            wanted->identity.key_id, source->name);
    if (!source->load(vault->access, wanted, &key, err)) {
        if (err->kind == ERR_NOT_FOUND)
            return fail(err, ERR_CONFLICT,
                "the master key is missing: there is no %s, but the database belongs to one",
                source->name);
        return false;
    }
    return master_ring_add(&vault->ring, key, err);
}

/* What is required and not there fails, what is only announced need not be there yet. */
static bool load_all(struct vault *vault, const struct vault_masters *known, uint32_t *ret_loaded,
    struct err *err)
{
    struct err ignored = { 0 };
    uint32_t loaded = 0;

    for (size_t i = 0; i < known->n; i++) {
        const struct vault_master *one = &known->items[i];

        if (one->state == VAULT_RETIRED)
            continue;
        if (!vault->was_unlocked && !holds(vault, one) &&
            !load_one(vault, one, is_required(one) ? err : &ignored) && is_required(one))
            return false;
        if (holds(vault, one))
            loaded |= UINT32_C(1) << i;
        else if (is_required(one))
            return fail(err, ERR_CONFLICT,
                "the master key is another one: the database belongs to key %s",
                one->identity.key_id);
    }
    *ret_loaded = loaded;
    return true;
}

/* By the source that the settings name for new keys. */
static bool make_one(struct vault *vault, const struct vault_masters *known,
    struct vault_master *ret, struct err *err)
{
    enum vault_source source = vault->access->wants_pkcs11       ? VAULT_PKCS11
                               : vault->access->wants_passphrase ? VAULT_PASSPHRASE
                                                                 : VAULT_FILE;
    struct secret *key = NULL;

    if (vault->was_unlocked)
        return fail(err, ERR_CONFLICT, "only a vault that was just started makes a master key");
    *ret = (struct vault_master){ .source = source,
        .state = known->n == 0 ? VAULT_CURRENT : VAULT_PENDING,
        .is_loaded = true };
    if (!vault->sources[source]->make(vault->access, known, &key, ret->recipe, err))
        return false;
    master_identify_bytes(key, &ret->identity);
    return master_ring_add(&vault->ring, key, err);
}

static void seal_with(struct vault *vault, const struct vault_master *master)
{
    const struct master_key *key = master_ring_find_name(&vault->ring, master->identity.key_id);

    ASSERT(key);
    vault->ring.sealing = (size_t)(key - vault->ring.keys);
}

static bool read_known(struct frame_reader *r, struct vault_masters *known, struct err *err)
{
    size_t n = frame_read_u8(r);

    if (n > VAULT_MASTERS_MAX)
        return fail(err, ERR_LIMIT, "more than %d master keys", VAULT_MASTERS_MAX);
    for (known->n = 0; known->n < n; known->n++)
        vault_read_master(r, &known->items[known->n]);
    if (!frame_reader_end(r, err))
        return false;
    if (n > 0 && !vault_masters_in(known, VAULT_CURRENT))
        return fail(err, ERR_INVALID, "none of the master keys is current");
    return true;
}

static void close_sources(const struct vault *vault)
{
    for (size_t i = 0; i < N_VAULT_SOURCES; i++)
        if (vault->sources[i]->close)
            vault->sources[i]->close();
}

static bool bring_in(struct vault *vault, const struct vault_masters *known, bool makes,
    struct buf *out, struct err *err)
{
    const struct vault_master *current = vault_masters_in(known, VAULT_CURRENT);
    struct vault_master made;
    uint32_t loaded = 0;

    if (!load_all(vault, known, &loaded, err) || (makes && !make_one(vault, known, &made, err)))
        return false;
    if (current || makes)
        seal_with(vault, current ? current : &made);
    buf_add_u32(out, loaded);
    frame_put_bool(out, makes);
    if (makes)
        vault_put_master(out, &made);
    return true;
}

bool answer_unlock(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
{
    struct vault_masters known;
    bool makes = frame_read_bool(r);

    if (!read_known(r, &known, err))
        return false;
    vault->is_unlocked = false;
    ca_cache_wipe(&vault->cas);
    if (known.n == 0 && !makes)
        return fail(err, ERR_INVALID, "there is no master key to begin with");
    if (!bring_in(vault, &known, makes, out, err)) {
        if (!vault->was_unlocked)
            master_ring_done(&vault->ring);
        return false;
    }
    if (!vault->was_unlocked)
        close_sources(vault);
    vault->is_unlocked = vault->was_unlocked = true;
    return true;
}

bool answer_seal_with(struct vault *vault, struct frame_reader *r, struct err *err)
{
    struct vault_master master = { 0 };

    frame_read_text_to(r, master.identity.key_id, sizeof master.identity.key_id);
    if (!frame_reader_end(r, err))
        return false;
    if (!master_ring_find_name(&vault->ring, master.identity.key_id))
        return fail(err, ERR_CONFLICT, "the vault does not hold the master key %s",
            master.identity.key_id);
    ca_cache_wipe(&vault->cas);
    seal_with(vault, &master);
    return true;
}
