/* core/rows_csr: see the header. */
#include "core/rows_csr.h"

#include "base/alloc.h"

void csr_row_done(struct csr_row *row)
{
    free(row->name);
    free(row->description);
    free(row->business_group);
    free(row->owner);
    free(row->subject);
    free(row->sans);
    free(row->key_algorithm);
    free(row->curve);
    free(row->certificate);
    *row = (struct csr_row){ 0 };
}

DEFINE_ROWS(csr);
