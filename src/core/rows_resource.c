/* core/rows_resource: see the header. */
#include "core/rows_resource.h"

#include "base/alloc.h"

void resource_row_done(struct resource_row *row)
{
    free(row->name);
    free(row->description);
    free(row->type);
}
DEFINE_ROWS(resource);

void association_row_done(struct association_row *row)
{
    free(row->resource);
    free(row->resource_type);
    free(row->slot);
}
DEFINE_ROWS(association);
