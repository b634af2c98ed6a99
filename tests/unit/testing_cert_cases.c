/* What is asked for in lists, and which records have it. */
#include "testing_cert_list.h"

static bool any(const struct cert_row *row)
{
    return row->id != 0;
}

static bool is_expired(const struct cert_row *row)
{
    return cert_row_status(row, NOW) == CERT_EXPIRED;
}

static bool is_soon(const struct cert_row *row)
{
    return cert_row_status(row, NOW) == CERT_EXPIRING_SOON;
}

static bool is_valid(const struct cert_row *row)
{
    return cert_row_status(row, NOW) == CERT_VALID;
}

static bool is_unknown(const struct cert_row *row)
{
    return cert_row_status(row, NOW) == CERT_UNKNOWN;
}

static bool is_revoked(const struct cert_row *row)
{
    return cert_row_status(row, NOW) == CERT_REVOKED;
}

static bool is_not_yet(const struct cert_row *row)
{
    return cert_row_status(row, NOW) == CERT_NOT_YET_VALID;
}

static bool is_revoked_or_valid(const struct cert_row *row)
{
    return is_revoked(row) || is_valid(row);
}

static bool is_bobs(const struct cert_row *row)
{
    return strcmp(row->owner, "bob") == 0;
}

static bool is_even(const struct cert_row *row)
{
    return strstr(row->tags, "even") != NULL;
}

static bool is_gold(const struct cert_row *row)
{
    return strstr(row->fields, "gold") != NULL;
}

static bool is_gold_in_the_north(const struct cert_row *row)
{
    return is_gold(row) && strstr(row->fields, "north") != NULL;
}

static bool is_even_and_gold(const struct cert_row *row)
{
    return is_even(row) && is_gold(row);
}

static bool is_valid_and_even(const struct cert_row *row)
{
    return is_valid(row) && is_even(row);
}

static bool is_gamma(const struct cert_row *row)
{
    return strstr(row->name, "gamma") != NULL;
}

static bool is_even_gamma(const struct cert_row *row)
{
    return is_even(row) && is_gamma(row);
}

static bool is_delta(const struct cert_row *row)
{
    return strstr(row->name, "delta_x") != NULL;
}

static bool is_percent(const struct cert_row *row)
{
    return strstr(row->name, "00%") != NULL;
}

static bool is_al(const struct cert_row *row)
{
    return strncmp(row->name, "al", 2) == 0;
}

static bool is_ca1(const struct cert_row *row)
{
    return row->version && strcmp(row->version->issuer, "CN=CA 1") == 0;
}

static bool is_alerting(const struct cert_row *row)
{
    return *row->alert;
}

static bool is_mixed(const struct cert_row *row)
{
    return strcmp(row->alert, "mixed") == 0;
}

static bool ends_in_range(const struct cert_row *row)
{
    return row->version_id && row->expires_at >= NOW && row->expires_at < NOW + 90 * DAY;
}

static bool is_bobs_gamma(const struct cert_row *row)
{
    return is_bobs(row) && is_gamma(row);
}

static bool is_monitored(const struct cert_row *row)
{
    return !row->is_imported && !row->is_managed;
}

static bool is_managed(const struct cert_row *row)
{
    return row->is_managed;
}

static bool is_imported(const struct cert_row *row)
{
    return row->is_imported && !row->is_managed;
}

static bool is_imported_or_managed(const struct cert_row *row)
{
    return row->is_imported || row->is_managed;
}

static bool is_ops(const struct cert_row *row)
{
    return row->business_group && strcmp(row->business_group, "Ops") == 0;
}

static bool is_on_lb1(const struct cert_row *row)
{
    return strstr(row->resources, "lb-1") != NULL;
}

static bool is_even_ops_on_lb1(const struct cert_row *row)
{
    return is_even(row) && is_ops(row) && is_on_lb1(row);
}

/* Record i is the i-th that is made, and its ids count from 1. */
static bool is_on_host7(const struct cert_row *row)
{
    return row->id == 8;
}

#define FINGERPRINT_9 SHA256_OF("09")

/* make_record() numbers its certificates. */
static bool is_version9(const struct cert_row *row)
{
    return row->id == 9;
}

static bool is_bobs_version9(const struct cert_row *row)
{
    return is_version9(row) && is_bobs(row);
}

/* serve() makes endpoints that wait for their first check or serve nothing. */
static bool is_unused(const struct cert_row *row)
{
    return !*row->resources && (row->n_endpoints == 0 || (row->id - 1) % 3 != 0);
}

static bool is_unused_and_expired(const struct cert_row *row)
{
    return is_unused(row) && is_expired(row);
}

static bool is_unused_bobs_gamma(const struct cert_row *row)
{
    return is_unused(row) && is_bobs_gamma(row);
}

static bool none(const struct cert_row *row)
{
    return row->id == 0;
}

const struct list_case cases[N_CASES] = {
    { { 0 }, any },
    { { .statuses = 1 << CERT_EXPIRED }, is_expired },
    { { .statuses = 1 << CERT_EXPIRING_SOON }, is_soon },
    { { .statuses = 1 << CERT_VALID }, is_valid },
    { { .statuses = 1 << CERT_UNKNOWN }, is_unknown },
    { { .statuses = 1 << CERT_REVOKED }, is_revoked },
    { { .statuses = 1 << CERT_NOT_YET_VALID }, is_not_yet },
    { { .statuses = 1 << CERT_REVOKED | 1 << CERT_VALID }, is_revoked_or_valid },
    { { .statuses = (1 << N_CERT_STATUS) - 1 }, any },
    { { .owner = "bob" }, is_bobs },
    { { .owner = "nobody" }, none },
    { { .tag = "even" }, is_even },
    { { .tag = "even", .statuses = 1 << CERT_VALID }, is_valid_and_even },
    { { .tag = "even", .q = "gamma" }, is_even_gamma },
    { { .fields = { { "tier", "gold" } }, .n_fields = 1 }, is_gold },
    { { .fields = { { "tier", "gold" }, { "site", "north" } }, .n_fields = 2 },
        is_gold_in_the_north },
    { { .fields = { { "tier", "gold" } }, .n_fields = 1, .tag = "even" }, is_even_and_gold },
    { { .fields = { { "tier", "lead" } }, .n_fields = 1 }, none },
    { { .q = "GAMMA" }, is_gamma },
    { { .q = " amm" }, is_gamma },
    { { .q = "delta_x" }, is_delta },
    { { .q = "100%" }, is_percent },
    { { .q = "gam\"ma" }, none },
    { { .q = "exa" }, any },
    { { .q = "exa", .owner = "bob" }, is_bobs },
    { { .q = "al" }, is_al },
    { { .q = "   " }, any },
    { { .q = "0a0b" }, NULL },
    { { .issuer = "CN=CA 1" }, is_ca1 },
    { { .alert = "any" }, is_alerting },
    { { .alert = "mixed" }, is_mixed },
    { { .expires_after = NOW, .expires_before = NOW + 90 * DAY }, ends_in_range },
    { { .owner = "bob", .q = "gamma" }, is_bobs_gamma },
    { { .business_group = "none" }, none },
    { { .business_group = "Ops" }, is_ops },
    { { .resource = "lb-1" }, is_on_lb1 },
    { { .q = "ost-7.EX" }, is_on_host7 },
    { { .q = FINGERPRINT_9 }, is_version9 },
    { { .q = FINGERPRINT_9, .owner = "bob" }, is_bobs_version9 },
    { { .resource = "none" }, none },
    { { .assignee = "" }, any },
    { { .assignee = "bob" }, none },
    { { .is_unused = true }, is_unused },
    { { .is_unused = true, .statuses = 1 << CERT_EXPIRED }, is_unused_and_expired },
    { { .is_unused = true, .owner = "bob", .q = "gamma" }, is_unused_bobs_gamma },
    { { .tag = "even", .business_group = "Ops", .resource = "lb-1" }, is_even_ops_on_lb1 },
    { { .sources = 1 << CERT_MONITORED }, is_monitored },
    { { .sources = 1 << CERT_IMPORTED }, is_imported },
    { { .sources = 1 << CERT_MANAGED }, is_managed },
    { { .sources = 1 << CERT_MANAGED | 1 << CERT_IMPORTED }, is_imported_or_managed },
};

static bool has_serial(const struct cert_row *row)
{
    return row->version_id != 0;
}

size_t count_matches(const struct world *world, bool (*claim)(const struct cert_row *row),
    const struct id_list *found)
{
    size_t n = 0;

    for (size_t i = 0; i < N_RECORDS; i++) {
        const struct cert_row *row = world->rows[i];
        const bool is_match = (claim ? claim : has_serial)(row);

        n += is_match;
        if (is_match != id_list_has(found, row->id))
            fail_msg("record %s (%s) is%s in the list", row->name,
                cert_status_name(cert_row_status(row, NOW)), is_match ? " not" : "");
    }
    return n;
}

const struct list_limits limits[N_LIMITS] = { { 0, 0, false, 0 }, { -1, 0, false, 0 },
    { -1, -1, false, 0 }, { 0, 0, true, 0 }, { -1, -1, true, 0 }, { -1, -1, false, 1 } };
