/* job/types/import_names: see the header. Each name has a few places; where all of them are taken,
 * it takes the first. */
#include "job/types/import_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/account.h"
#include "store/business_group.h"
#include "store/group.h"

#define PLACES 8

static bool is_of(const struct import_known *known, enum import_name kind, const char *name)
{
    return known->name && known->kind == kind && strcmp(known->name, name) == 0;
}

/* Where it is, else where it may be put. */
static struct import_known *place_of(struct import_names *names, enum import_name kind,
    const char *name)
{
    uint32_t hash = 2166136261U ^ (uint32_t)kind;
    struct import_known *free_place = NULL;

    for (const char *p = name; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619U;
    hash ^= hash >> 16;
    for (uint32_t i = 0; i < PLACES; i++) {
        struct import_known *const known = &names->known[(hash + i) % IMPORT_NAMES];

        if (is_of(known, kind, name))
            return known;
        if (!known->name && !free_place)
            free_place = known;
    }
    return free_place ? free_place : &names->known[hash % IMPORT_NAMES];
}

static bool look_up(struct tx *tx, enum import_name kind, const char *name, int64_t *ret_id,
    struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (kind == IMPORT_NAME_GROUP)
        return store_group_find(tx, name, ret_id, err);
    if (kind == IMPORT_NAME_BUSINESS_GROUP)
        return store_business_group_find(tx, name, ret_id, err);
    if (!store_account_find(tx, name, &account, err))
        return false;
    *ret_id = account ? account->id : 0;
    return true;
}

void import_names_set(struct import_names *names, enum import_name kind, const char *name,
    int64_t id)
{
    struct import_known *known = place_of(names, kind, name);

    free(known->name);
    *known = (struct import_known){ .name = xstrdup(name), .kind = kind, .id = id };
}

bool import_names_find(struct import_names *names, struct tx *tx, enum import_name kind,
    const char *name, int64_t *ret_id, struct err *err)
{
    const struct import_known *known = place_of(names, kind, name);
    int64_t id;

    if (is_of(known, kind, name)) {
        *ret_id = known->id;
        return true;
    }
    if (!look_up(tx, kind, name, &id, err))
        return false;
    import_names_set(names, kind, name, id);
    *ret_id = id;
    return true;
}

void import_names_clear(struct import_names *names)
{
    for (size_t i = 0; i < IMPORT_NAMES; i++) {
        free(names->known[i].name);
        names->known[i].name = NULL;
    }
}
