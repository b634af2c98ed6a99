/* core/rows_ca: see the header. */
#include "core/rows_ca.h"

#include <string.h>

#include "base/alloc.h"

static const char *const states[] = { "awaiting_certificate", "active" };

const char *local_ca_state_name(enum local_ca_state state)
{
    return states[state];
}

bool local_ca_state_from_name(const char *name, enum local_ca_state *ret)
{
    for (size_t i = 0; i < countof(states); i++) {
        if (strcmp(states[i], name) == 0) {
            *ret = (enum local_ca_state)i;
            return true;
        }
    }
    return false;
}

void local_ca_row_done(struct local_ca_row *row)
{
    free(row->key_algorithm);
    free(row->key_storage);
    free(row->subject);
    free(row->names);
    buf_done(&row->csr);
    buf_done(&row->certificate);
    free(row->chain_pem);
    free(row->public_url);
}

void local_ca_row_free(struct local_ca_row *row)
{
    if (row)
        local_ca_row_done(row);
    free(row);
}

enum crl_state local_ca_crl_state(const struct local_ca_row *row, int64_t now)
{
    if (row->crl_number == 0)
        return CRL_NONE;
    if (now >= row->crl_next_at)
        return CRL_STALE;
    return row->crl_next_at - now < CRL_ALARM_SECONDS ? CRL_ENDING : CRL_FRESH;
}

void ca_certificate_row_done(struct ca_certificate_row *row)
{
    free(row->serial);
    free(row->number);
    free(row->revocation_reason);
    free(row->certificate);
}
DEFINE_ROWS(ca_certificate);
