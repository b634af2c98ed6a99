/* job/types/import_look: see the header. */
#include "job/types/import_look.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/types/import_ahead.h"
#include "job/types/import_record.h"
#include "store/cert_match.h"

/* The rows of a scattered record are not there yet, and what is refused is not looked for. */
static bool is_to_be_asked(const struct import_item *item)
{
    const struct import_record *const record = &item->record;

    return item->kind == IMPORT_ITEM_RECORD && record->look == IMPORT_LOOK_UNKNOWN &&
           record->n_errors == 0 && !import_record_value(record, SHEET_ID)[0];
}

bool import_look_ahead(struct import_ahead *ahead, struct tx *tx, struct err *err)
{
    if (!is_to_be_asked(import_ahead_ready(ahead, 0)))
        return true;
    const size_t n_ready = import_ahead_n_ready(ahead);
    struct import_record **records = xcalloc(n_ready + 1, sizeof(void *));
    const char **names = xcalloc(n_ready + 1, sizeof(void *));
    struct cert_match_names asked = { .names = names,
        .is_taken = xcalloc(n_ready + 1, sizeof(bool)) };
    bool works;

    for (size_t i = 0; i < n_ready; i++) {
        struct import_item *const item = import_ahead_ready(ahead, i);

        if (!is_to_be_asked(item))
            continue;
        records[asked.n] = &item->record;
        names[asked.n++] = item->record.name_lower;
    }
    works = store_cert_match_names(tx, &asked, err);
    for (size_t i = 0; works && i < asked.n; i++)
        records[i]->look = asked.is_taken[i] ? IMPORT_LOOK_TAKEN : IMPORT_LOOK_FREE;
    free(asked.is_taken);
    free(names);
    free(records);
    return works;
}

static void set_all(struct import_ahead *ahead, enum import_look look)
{
    const size_t n_ready = ahead ? import_ahead_n_ready(ahead) : 0;

    for (size_t i = 0; i < n_ready; i++)
        import_ahead_ready(ahead, i)->record.look = look;
}

void import_look_forget(struct import_ahead *ahead)
{
    set_all(ahead, IMPORT_LOOK_UNKNOWN);
}

void import_look_doubt(struct import_ahead *ahead)
{
    set_all(ahead, IMPORT_LOOK_TAKEN);
}
