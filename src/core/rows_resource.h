/*
 * core/rows_resource: what serves certificates, and which record belongs on it.
 */
#pragma once

#include "base/base.h"
#include "core/rows.h"

struct resource_row {
    int64_t id;
    char *name;
    char *description;
    char *type;             /* manual */
    int64_t n_associations; /* with records that whoever asked may see */
    int64_t created_at;
    int64_t row_version; /* grows with each edit, and with each change of its associations */
};
DECLARE_ROWS(resource);

/* A record in a place of a resource. */
struct association_row {
    int64_t id;
    int64_t resource_id;
    char *resource;
    char *resource_type;
    char *slot; /* the place on the resource; "" where there is only one */
    int64_t certificate_id;
    bool is_visible; /* whoever asked may see the record */
    int64_t created_at;
};
DECLARE_ROWS(association);
