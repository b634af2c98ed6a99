/* db/kept: see the header. */
#include "db/kept.h"

#include "db/driver.h"

void db_forget_kept(struct db *db)
{
    for (size_t i = 0; i < countof(db->kept); i++) {
        if (db->kept[i].value)
            db->kept[i].release(db->kept[i].value);
        db->kept[i] = (struct db_kept){ 0 };
    }
}

/* Asked once in each transaction: it sees one state. */
static bool read_state(struct tx *tx, struct err *err)
{
    const struct db_ops *const ops = tx->db->ops;

    if (tx->has_state || tx->n_commits < 0 || !ops->state)
        return true;
    tx->has_state = true;
    return ops->state(tx->db, &tx->state, err);
}

static struct db_kept *place_of(struct db *db, const void *key)
{
    size_t i = 0;

    while (i < countof(db->kept) && db->kept[i].key && db->kept[i].key != key)
        i++;
    ASSERT(i < countof(db->kept));
    return &db->kept[i];
}

bool kept_find(struct tx *tx, const void *key, void **ret, struct err *err)
{
    const struct db_kept *const kept = place_of(tx->db, key);

    if (!read_state(tx, err))
        return false;
    *ret = tx->state && kept->state == tx->state ? kept->value : NULL;
    return true;
}

void kept_add(struct tx *tx, const void *key, void *value, void (*release)(void *value))
{
    struct db_kept *const kept = place_of(tx->db, key);

    if (kept->value)
        kept->release(kept->value);
    *kept = (struct db_kept){ key, value, release, tx->state };
}
