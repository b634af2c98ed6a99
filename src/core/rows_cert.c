/* core/rows_cert: see the header. */
#include "core/rows_cert.h"

#include "base/alloc.h"

static const char *const status_names[] = {
    [CERT_VALID] = "valid",
    [CERT_EXPIRING_SOON] = "expiring_soon",
    [CERT_EXPIRED] = "expired",
    [CERT_NOT_YET_VALID] = "not_yet_valid",
    [CERT_REVOKED] = "revoked",
    [CERT_UNKNOWN] = "unknown",
};
static const char *const source_names[] = {
    [CERT_MONITORED] = "monitored",
    [CERT_IMPORTED] = "imported",
    [CERT_MANAGED] = "managed",
};

const char *cert_status_name(enum cert_status status)
{
    ASSERT((size_t)status < countof(status_names));
    return status_names[status];
}

const char *cert_source_name(enum cert_source source)
{
    ASSERT((size_t)source < countof(source_names));
    return source_names[source];
}

bool cert_status_from_name(const char *name, enum cert_status *ret)
{
    if (strcmp(name, "active") == 0)
        name = "valid";
    for (size_t i = 0; i < countof(status_names); i++) {
        if (strcmp(name, status_names[i]) == 0) {
            *ret = (enum cert_status)i;
            return true;
        }
    }
    return false;
}

bool cert_source_from_name(const char *name, enum cert_source *ret)
{
    for (size_t i = 0; i < countof(source_names); i++) {
        if (strcmp(name, source_names[i]) == 0) {
            *ret = (enum cert_source)i;
            return true;
        }
    }
    return false;
}

/* store/cert_list asks the same of the database; test_store_cert_list compares the two. */
enum cert_status cert_row_status(const struct cert_row *row, int64_t now)
{
    if (row->revoked_at)
        return CERT_REVOKED;
    if (!row->version_id)
        return CERT_UNKNOWN;
    if (row->expires_at < now)
        return CERT_EXPIRED;
    if (row->begins_at > now)
        return CERT_NOT_YET_VALID;
    return row->expiring_at <= now ? CERT_EXPIRING_SOON : CERT_VALID;
}

enum cert_source cert_row_source(const struct cert_row *row)
{
    if (row->is_managed)
        return CERT_MANAGED;
    return row->is_imported ? CERT_IMPORTED : CERT_MONITORED;
}

void cert_row_done(struct cert_row *row)
{
    free(row->name);
    free(row->description);
    free(row->owner);
    free(row->assignee);
    free(row->business_group);
    free(row->required_names);
    free(row->notify_periods);
    free(row->tags);
    free(row->last_error);
    free(row->alert);
    version_row_free(row->version);
    free(row->ca_certificate_id);
    free(row->chain_status);
    free(row->resources);
    free(row->fields);
    free(row->ticket_key);
    free(row->profile);
    free(row->stage);
    *row = (struct cert_row){ 0 };
}

void access_row_done(struct access_row *row)
{
    free(row->account);
    free(row->group);
    *row = (struct access_row){ 0 };
}

DEFINE_ROWS(cert);
DEFINE_ROWS(access);
