/* core/rows_endpoint: see the header. */
#include "core/rows_endpoint.h"

#include "base/alloc.h"

void endpoint_row_done(struct endpoint_row *row)
{
    free(row->host);
    free(row->sni);
    free(row->protocol);
    free(row->vantage);
    free(row->error_class);
    free(row->error);
    *row = (struct endpoint_row){ 0 };
}

void observation_row_done(struct observation_row *row)
{
    free(row->address);
    free(row->slot);
    free(row->chain_status);
    free(row->protocol);
    free(row->cipher);
    free(row->kx_group);
    free(row->error_class);
    free(row->error);
    *row = (struct observation_row){ 0 };
}

DEFINE_ROWS(endpoint);
DEFINE_ROWS(observation);
