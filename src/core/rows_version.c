/* core/rows_version: see the header. */
#include "core/rows_version.h"

#include "base/alloc.h"

static const char *const role_names[] = { "current", "staged", "superseded" };
static const char *const origin_names[] = { "seen", "imported", "issued", "confirmed" };

const char *version_role_name(enum version_role role)
{
    ASSERT((size_t)role < countof(role_names));
    return role_names[role];
}

const char *version_origin_name(enum version_origin origin)
{
    ASSERT((size_t)origin < countof(origin_names));
    return origin_names[origin];
}

bool version_role_from_name(const char *name, enum version_role *ret)
{
    for (size_t i = 0; i < countof(role_names); i++) {
        if (strcmp(name, role_names[i]) == 0) {
            *ret = (enum version_role)i;
            return true;
        }
    }
    return false;
}

bool version_origin_from_name(const char *name, enum version_origin *ret)
{
    for (size_t i = 0; i < countof(origin_names); i++) {
        if (strcmp(name, origin_names[i]) == 0) {
            *ret = (enum version_origin)i;
            return true;
        }
    }
    return false;
}

void version_row_done(struct version_row *row)
{
    free(row->slot);
    free(row->serial);
    free(row->subject);
    free(row->issuer);
    free(row->name);
    free(row->sans);
    free(row->key_algorithm);
    free(row->signature_algorithm);
    *row = (struct version_row){ 0 };
}

void record_version_row_done(struct record_version_row *row)
{
    free(row->slot);
    free(row->ca_certificate_id);
    free(row->chain_status);
    version_row_free(row->version);
    *row = (struct record_version_row){ 0 };
}

DEFINE_ROWS(version);
DEFINE_ROWS(record_version);
