/* core/rows_lifecycle: see the header. */
#include "core/rows_lifecycle.h"

#include "base/alloc.h"

static const char *const renewal_keys[N_RENEWAL_KEYS] = {
    [RENEWAL_SAME_CSR] = "same",
    [RENEWAL_NEW_KEY] = "new",
    [RENEWAL_ASK] = "ask",
};

const char *renewal_key_name(enum renewal_key key)
{
    ASSERT((size_t)key < countof(renewal_keys));
    return renewal_keys[key];
}

bool renewal_key_from_name(const char *name, enum renewal_key *ret)
{
    for (size_t i = 0; i < countof(renewal_keys); i++) {
        if (strcmp(name, renewal_keys[i]) == 0) {
            *ret = (enum renewal_key)i;
            return true;
        }
    }
    return false;
}

void ca_row_done(struct ca_row *row)
{
    free(row->name);
    free(row->description);
    free(row->type);
    free(row->settings);
}
DEFINE_ROWS(ca);

void profile_row_done(struct profile_row *row)
{
    free(row->name);
    free(row->description);
    free(row->ca);
    free(row->rules);
    free(row->approver_group);
}
DEFINE_ROWS(profile);

void request_row_done(struct request_row *row)
{
    free(row->profile);
    buf_done(&row->csr);
    free(row->names);
    free(row->domain);
    free(row->ca_certificate_id);
}

void request_row_free(struct request_row *row)
{
    if (row)
        request_row_done(row);
    free(row);
}

void order_row_done(struct order_row *row)
{
    free(row->kind);
    free(row->reason);
    buf_done(&row->csr);
    free(row->serial);
    free(row->state);
    free(row->remote_id);
    free(row->error);
    free(row->link);
    free(row->back_to);
}
DEFINE_ROWS(order);

void life_row_done(struct life_row *row)
{
    free(row->last_error);
}
DEFINE_ROWS(life);
