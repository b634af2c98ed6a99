/*
 * store/cert_list: F24, F35, F37. Pages, ids and counts are compared with what looking at every
 * record gives, whichever side drives the query.
 */
#include "testing_store.h"

#include "base/alloc.h"
#include "store/business_group.h"
#include "store/cert_list.h"
#include "store/cert_page.h"
#include "store/cert_people.h"
#include "store/cert_use.h"
#include "store/endpoint.h"
#include "store/group.h"

#define N_RECORDS 60

static const char *const names[] = { "alpha", "Beta", "gamma", "delta_x", "100%", "al" };
static const char *const alerts[] = { "", "", "", "mixed", "unreachable" };

struct world {
    struct tx *tx;
    int64_t owners[2];
    int64_t ids[N_RECORDS];
    struct cert_row *rows[N_RECORDS]; /* as read one by one; filled by read_rows() */
};

static const char *const groups[] = { "", "Sales", "Ops" };

static int64_t group_of(struct tx *tx, int i)
{
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_business_group_put(tx, groups[i % 3], &id, &err), &err);
    return id;
}

static void associate(struct tx *tx, int64_t certificate, int64_t resource)
{
    autofree(stmt) struct stmt *make = tx_prepare(tx,
        "INSERT INTO resource(id, name, type, created_at) VALUES ($1, $2, 'files', 0)"
        " ON CONFLICT DO NOTHING");
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO association(resource_id, certificate_id, slot, created_at)"
                       " VALUES ($1, $2, $3, 0)");
    char name[32];
    struct err err = { 0 };

    snprintf(name, sizeof name, "lb-%" PRId64, resource);
    stmt_bind_i64(make, 1, resource);
    stmt_bind_text(make, 2, name);
    assert_works(stmt_run(make, &err), &err);
    snprintf(name, sizeof name, "%" PRId64, certificate);
    stmt_bind_i64(q, 1, resource);
    stmt_bind_i64(q, 2, certificate);
    stmt_bind_text(q, 3, name);
    assert_works(stmt_run(q, &err), &err);
    assert_works(store_cert_use_changed(tx, certificate, &err), &err);
}

/* An endpoint of its own, checked at NOW - i unless it still waits. */
static void serve(struct tx *tx, int64_t certificate, int i)
{
    char host[32];
    const struct endpoint_key key = { host, 443, "", "tls", "" };
    const struct endpoint_outcome outcome = { .is_success = true };
    struct err err = { 0 };
    int64_t id;

    snprintf(host, sizeof host, "host-%d.example", i);
    assert_works(store_endpoint_put(tx, &key, NOW, &id, NULL, &err), &err);
    assert_works(store_endpoint_attach(tx, certificate, id, &err), &err);
    if (i % 3)
        assert_works(store_endpoint_checked(tx, id, &outcome, NOW - i / 2, NULL, &err), &err);
}

static void edit(struct tx *tx, int64_t id, int i)
{
    const int64_t group = group_of(tx, i);
    const bool is_imported = i % 4 == 1;
    const bool is_managed = i % 8 == 1;
    const struct cert_edit edit = {
        .tags = i % 3   ? NULL
                : i % 2 ? "odd"
                        : "even;third",
        .is_imported = &is_imported,
        .is_managed = &is_managed,
        .business_group_id = &group,
    };
    struct err err = { 0 };

    assert_works(store_cert_edit(tx, id, &edit, NOW, &err), &err);
}

/* One of every kind: unseen, expired, soon, valid, not yet, revoked; ends that fall together. */
static int64_t make_record(struct world *world, int i)
{
    struct tx *tx = world->tx;
    char name[32];
    char issuer[32];
    int64_t id;
    struct err err = { 0 };

    snprintf(name, sizeof name, "%s%d.example", names[i % 6], i / 12);
    snprintf(issuer, sizeof issuer, "CN=CA %d", i % 3);
    id = a_record(tx, name, world->owners[i % 4 == 0]);
    if (i % 2)
        serve(tx, id, i);
    for (int n = 0; n < i % 5 - 2; n++)
        associate(tx, id, n + 1);
    if (i % 7 != 0) {
        int64_t ends = NOW + (i % 10 - 3) * 30 * DAY;
        int64_t begins = i % 11 == 5 ? NOW + DAY : NOW - 200 * DAY;
        int64_t version = a_version_of(tx, (uint8_t)(i + 1), name, issuer, begins, ends);
        const char *alert = alerts[i % 5];

        (void)make_current(tx, id, version, SLOT_RSA, ends);
        assert_works(store_cert_refresh(tx, id, alert, &three_months, NOW, NULL, &err), &err);
    }
    if (i % 13 == 6)
        assert_works(store_cert_set_revoked(tx, id, NOW - 1, NOW, &err), &err);
    if (i % 7 == 0)
        assert_works(store_cert_refresh(tx, id, "", &three_months, NOW, NULL, &err), &err);
    edit(tx, id, i);
    return id;
}

static void make_world(struct test_db *test, struct world *world)
{
    world->tx = test_tx(test, TX_WRITE);
    world->owners[0] = an_account(world->tx, "alice");
    world->owners[1] = an_account(world->tx, "bob");
    for (int i = 0; i < N_RECORDS; i++)
        world->ids[i] = make_record(world, i);
}

/* Every record as reading it alone gives it: what the lists are compared with. */
static void read_rows(struct world *world)
{
    struct err err = { 0 };

    for (size_t i = 0; i < N_RECORDS; i++)
        assert_works(store_cert_get(world->tx, &everybody, world->ids[i], &world->rows[i], &err),
            &err);
}

static void free_rows(struct world *world)
{
    for (size_t i = 0; i < N_RECORDS; i++)
        cert_row_free(world->rows[i]);
}

static int cmp_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static char *lower(const char *text)
{
    char *copy = xstrdup(text);

    for (char *c = copy; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    return copy;
}

static int count_resources(const struct cert_row *row)
{
    int n = *row->resources != '\0';

    for (const char *c = row->resources; *c; c++)
        n += *c == ';';
    return n;
}

/* Has it what the list is sorted by? */
static bool has_value(const struct cert_row *row, enum cert_sort sort)
{
    if (sort == CERT_BY_EXPIRY || sort == CERT_BY_ISSUER)
        return row->version_id;
    if (sort == CERT_BY_BUSINESS_GROUP)
        return row->business_group;
    if (sort == CERT_BY_CHECK)
        return row->last_checked_at;
    if (sort == CERT_BY_STATUS)
        return cert_row_status(row, NOW) != CERT_UNKNOWN;
    return true;
}

static int cmp_texts(const char *a, const char *b)
{
    autofree(str) char *la = lower(a);
    autofree(str) char *lb = lower(b);

    return strcmp(la, lb);
}

static int cmp_status(const struct cert_row *a, const struct cert_row *b)
{
    static const int rank[] = { [CERT_EXPIRED] = 0,
        [CERT_EXPIRING_SOON] = 1,
        [CERT_VALID] = 2,
        [CERT_NOT_YET_VALID] = 3,
        [CERT_REVOKED] = 4 };

    return cmp_number(rank[cert_row_status(a, NOW)], rank[cert_row_status(b, NOW)]);
}

static int cmp_value(const struct cert_row *a, const struct cert_row *b, enum cert_sort sort)
{
    switch (sort) {
    case CERT_BY_EXPIRY:
        return cmp_number(a->expires_at, b->expires_at);
    case CERT_BY_NAME:
        return cmp_texts(a->name, b->name);
    case CERT_BY_ISSUER:
        return strcmp(a->version->issuer, b->version->issuer);
    case CERT_BY_OWNER:
        return strcmp(a->owner, b->owner);
    case CERT_BY_BUSINESS_GROUP:
        return strcmp(a->business_group, b->business_group);
    case CERT_BY_RESOURCES:
        return cmp_number(count_resources(a), count_resources(b));
    case CERT_BY_CHECK:
        return cmp_number(a->last_checked_at, b->last_checked_at);
    case CERT_BY_STATUS:
        return cmp_status(a, b);
    case CERT_BY_CREATION:
    case CERT_BY_UPDATE:
    case N_CERT_SORT:
        break;
    }
    return cmp_number(a->created_at, b->created_at);
}

/* Is a before b, in this order? Records without a value come last. */
static bool is_before(const struct cert_row *a, const struct cert_row *b, enum cert_sort sort,
    bool is_descending)
{
    int order;

    if (!has_value(a, sort) || !has_value(b, sort))
        return has_value(a, sort) != has_value(b, sort) ? has_value(a, sort) : a->id < b->id;
    order = cmp_value(a, b, sort);
    if (order == 0 && sort == CERT_BY_STATUS)
        return is_before(a, b, CERT_BY_EXPIRY, is_descending);
    if (order == 0)
        order = cmp_number(a->id, b->id);
    return is_descending ? order > 0 : order < 0;
}

/* All pages of a request, as ids. The order and the cursors are checked on the way. */
static void walk(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_page_request *template, struct id_list *ids)
{
    struct cert_page_request request = *template;
    autofree(str) char *cursor = NULL;
    struct err err = { 0 };

    for (int guard = 0; guard < 100; guard++) {
        autodone(cert_page) struct cert_page page = { 0 };

        request.cursor = cursor;
        assert_works(store_cert_page(tx, viewer, &request, &page, &err), &err);
        for (size_t i = 0; i < page.rows.n; i++) {
            if (i)
                assert_true(is_before(&page.rows.items[i - 1], &page.rows.items[i], request.sort,
                    request.is_descending));
            assert_false(id_list_has(ids, page.rows.items[i].id));
            id_list_add(ids, page.rows.items[i].id);
        }
        str_set(&cursor, page.next_cursor);
        if (!cursor)
            return;
        assert_int_equal(page.rows.n, request.limit);
    }
    fail_msg("the pages never end");
}

typedef bool (*matches)(const struct cert_row *row);

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

static bool is_gamma(const struct cert_row *row)
{
    return strstr(row->name, "gamma") != NULL;
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

#define EIGHT_BYTES(hex) hex hex hex hex hex hex hex hex
#define SHA256_OF(hex) EIGHT_BYTES(hex) EIGHT_BYTES(hex) EIGHT_BYTES(hex) EIGHT_BYTES(hex)
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

static const struct {
    struct cert_filter filter;
    matches matches;
} cases[] = {
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

static size_t count_matches(const struct world *world, matches claim, const struct id_list *found)
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

/* As measured; nothing may drive; everything walks; what all conditions have in common drives, or
 * is a set; a walk is given up for that. */
static const struct {
    int64_t drive_max;
    int64_t set_max;
    bool is_common;
    int64_t walk_steps;
} limits[] = { { 0, 0, false, 0 }, { -1, 0, false, 0 }, { -1, -1, false, 0 }, { 0, 0, true, 0 },
    { -1, -1, true, 0 }, { -1, -1, false, 1 } };

/*
 * All orders and limits of every filter; on PostgreSQL, where each is another plan, a third of
 * them, and the next third for the next filter.
 */
static void pages_are_what_looking_at_every_record_gives(void **state)
{
    const size_t step = test_db_is_postgres(*state) ? 3 : 1;
    struct world world;

    make_world(*state, &world);
    read_rows(&world);
    for (size_t i = 0; i < countof(cases); i++) {
        for (size_t j = i % step; j < N_CERT_SORT * 2 * countof(limits); j += step) {
            const struct cert_page_request request = {
                .filter = &cases[i].filter,
                .sort = (enum cert_sort)(j / 2 % N_CERT_SORT),
                .is_descending = j % 2,
                .limit = 17, /* some pages, not many: each is a round trip or two */
                .now = NOW,
                .rule = three_months,
                .drive_max = limits[j / 2 / N_CERT_SORT].drive_max,
                .set_max = limits[j / 2 / N_CERT_SORT].set_max,
                .is_common = limits[j / 2 / N_CERT_SORT].is_common,
                .walk_steps = limits[j / 2 / N_CERT_SORT].walk_steps,
            };
            autodone(id_list) struct id_list ids = { 0 };

            walk(world.tx, &everybody, &request, &ids);
            assert_int_equal(count_matches(&world, cases[i].matches, &ids), ids.n);
        }
    }
    free_rows(&world);
    tx_free(world.tx);
}

static void ids_and_totals_agree_with_pages(void **state)
{
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    read_rows(&world);
    for (size_t i = 0; i < countof(cases); i++) {
        const struct cert_page_request request = { .filter = &cases[i].filter,
            .limit = 3,
            .wants_total = true,
            .now = NOW,
            .rule = three_months };
        autodone(cert_page) struct cert_page page = { 0 };
        autodone(id_list) struct id_list ids = { 0 };
        size_t n_before;

        do {
            const struct cert_ids_request next = { .filter = &cases[i].filter,
                .now = NOW,
                .after_id = ids.n ? ids.items[ids.n - 1] : 0,
                .limit = 9 };

            n_before = ids.n;
            assert_works(store_cert_ids(world.tx, &everybody, &next, &ids, &err), &err);
        } while (ids.n > n_before);
        assert_int_equal(count_matches(&world, cases[i].matches, &ids), ids.n);
        assert_works(store_cert_page(world.tx, &everybody, &request, &page, &err), &err);
        assert_int_equal(page.total, ids.n);
        assert_false(page.is_estimate);
    }
    free_rows(&world);
    tx_free(world.tx);
}

static void counts_by_status_are_what_looking_at_every_record_gives(void **state)
{
    const int64_t times[] = { NOW, NOW - 100 * DAY, NOW + 30 * DAY, NOW + 30 * DAY + 1,
        NOW + 1000 * DAY };
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    for (size_t t = 0; t < countof(times); t++) {
        const struct store_viewer alice = { .account_id = world.owners[0] };
        struct cert_counts expected[2] = { 0 };
        struct cert_counts counts;

        for (size_t i = 0; i < N_RECORDS; i++) {
            autofree(cert_row) struct cert_row *row = NULL;

            assert_works(store_cert_get(world.tx, &everybody, world.ids[i], &row, &err), &err);
            size_t n_views = row->owner_id == alice.account_id ? 2 : 1;

            for (size_t k = 0; k < n_views; k++) {
                expected[k].total++;
                expected[k].of[cert_row_status(row, times[t])]++;
            }
        }
        assert_works(store_cert_counts(world.tx, &everybody, times[t], &counts, &err), &err);
        assert_memory_equal(&counts, &expected[0], sizeof counts);
        assert_works(store_cert_counts(world.tx, &alice, times[t], &counts, &err), &err);
        assert_memory_equal(&counts, &expected[1], sizeof counts);
    }
    tx_free(world.tx);
}

/* F9, F35 */
static void a_list_holds_only_what_the_viewer_may_see(void **state)
{
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer bob = { .account_id = world.owners[1] };
    const struct store_viewer stranger = { .account_id = an_account(world.tx, "stranger") };
    const struct cert_share share = { .account_id = stranger.account_id };
    const struct cert_people people = { world.owners[0], world.owners[1], &share, 1 };

    assert_works(store_cert_set_people(world.tx, world.ids[1], &people, 0, NOW, &err), &err);
    for (size_t j = 0; j < countof(limits) * N_CERT_SORT; j++) {
        const struct cert_filter filter = { 0 };
        const struct cert_page_request request = { .filter = &filter,
            .limit = 4,
            .now = NOW,
            .rule = three_months,
            .sort = (enum cert_sort)(j % N_CERT_SORT),
            .drive_max = limits[j / N_CERT_SORT].drive_max,
            .set_max = limits[j / N_CERT_SORT].set_max,
            .is_common = limits[j / N_CERT_SORT].is_common,
            .walk_steps = limits[j / N_CERT_SORT].walk_steps };
        autodone(id_list) struct id_list his = { 0 };
        autodone(id_list) struct id_list theirs = { 0 };

        walk(world.tx, &bob, &request, &his);
        assert_int_equal(his.n, N_RECORDS / 4 + 1);
        assert_true(id_list_has(&his, world.ids[1]));
        walk(world.tx, &stranger, &request, &theirs);
        assert_int_equal(theirs.n, 1);
        assert_int_equal(theirs.items[0], world.ids[1]);
    }
    tx_free(world.tx);
}

/* Somebody who is there in all ways at once: owner, assignee, by name and by two groups. */
static int64_t a_busy_account(struct world *world)
{
    const int64_t carol = an_account(world->tx, "carol");
    int64_t teams[2];
    struct err err = { 0 };

    for (size_t i = 0; i < countof(teams); i++) {
        assert_works(store_group_add(world->tx, i ? "team b" : "team a", "", NOW, &teams[i], &err),
            &err);
        assert_works(store_group_add_member(world->tx, teams[i], carol, &err), &err);
    }
    for (size_t i = 0; i < N_RECORDS; i++) {
        struct cert_share shares[3] = { { .group_id = teams[0] }, { .group_id = teams[1] },
            { .account_id = carol } };
        struct cert_people people = { i % 10 == 1 ? carol : world->owners[i % 2],
            i % 10 < 3 ? carol : 0, shares, 0 };

        if (i % 4 == 0)
            people.n_shares = 3;
        else if (i % 4 == 1)
            people.n_shares = 1;
        if (i % 4 != 3 || i % 10 < 3)
            assert_works(store_cert_set_people(world->tx, world->ids[i], &people, 0, NOW, &err),
                &err);
    }
    return carol;
}

/* F35: a part, by whichever way it is found, is what the whole has of it. */
static void a_part_is_what_the_whole_list_has_of_it(void **state)
{
    const size_t step = test_db_is_postgres(*state) ? 5 : 1;
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer carol = { .account_id = a_busy_account(&world) };

    for (size_t j = 0; j < countof(cases) * 4 * countof(limits); j += step) {
        const struct cert_page_request request = { .filter = &cases[j / 4 / countof(limits)].filter,
            .limit = 4,
            .now = NOW,
            .rule = three_months,
            .wants_total = true,
            .sort = j % 2 ? (enum cert_sort)((j / 2 + j / 24) % N_CERT_SORT) : CERT_BY_EXPIRY,
            .is_descending = j / 2 % 2,
            .drive_max = limits[j / 4 % countof(limits)].drive_max,
            .set_max = limits[j / 4 % countof(limits)].set_max,
            .is_common = limits[j / 4 % countof(limits)].is_common,
            .walk_steps = limits[j / 4 % countof(limits)].walk_steps };
        autodone(id_list) struct id_list all = { 0 };
        autodone(id_list) struct id_list seen = { 0 };
        autodone(id_list) struct id_list part = { 0 };

        walk(world.tx, &everybody, &request, &all);
        assert_works(store_cert_ids_visible(world.tx, &carol, all.items, all.n, &seen, &err), &err);
        walk(world.tx, &carol, &request, &part);
        assert_int_equal(part.n, seen.n);
        for (size_t i = 0; i < part.n; i++)
            assert_int_equal(part.items[i], seen.items[i]);
    }
    tx_free(world.tx);
}

/* A made-up plan in a cursor finds nothing that its carrier may not see. */
static void no_plan_shows_what_may_not_be_seen(void **state)
{
    struct world world;
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer stranger = { .account_id = an_account(world.tx, "stranger") };

    for (int64_t n = 0; n < 1400 + 60; n += n % 100 < N_DRIVES || n >= 1400 ? 1 : 100 - N_DRIVES) {
        /* From 1400 on: of what each two conditions have in common; the last are impossible. */
        const int64_t plan = n < 1400 ? n : (3LL << (n - 1400) / 2) * 10000 + (n % 2 + 1) * 100;
        struct cursor cursor = { .order = "c0a", .number = 1, .plan = plan };
        autofree(str) char *text = cursor_write(&cursor);
        const struct cert_filter filter = { .tag = "even" };
        const struct cert_page_request request = { .filter = &filter,
            .limit = 5,
            .now = NOW,
            .rule = three_months,
            .cursor = text };
        autodone(cert_page) struct cert_page page = { 0 };

        assert_works(store_cert_page(world.tx, &stranger, &request, &page, &err), &err);
        assert_int_equal(page.rows.n, 0);
    }
    tx_free(world.tx);
}

static void of_selected_ids_the_visible_are_left(void **state)
{
    struct world world;
    autodone(id_list) struct id_list ids = { 0 };
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer bob = { .account_id = world.owners[1] };
    const int64_t wanted[] = { world.ids[4], world.ids[1], 4711, world.ids[0] };

    assert_works(store_cert_ids_visible(world.tx, &bob, wanted, 4, &ids, &err), &err);
    assert_int_equal(ids.n, 2);
    assert_int_equal(ids.items[0], world.ids[4]);
    assert_int_equal(ids.items[1], world.ids[0]);
    tx_free(world.tx);
}

/* Of more records than one statement asks for. */
static void a_page_brings_the_people_of_its_records(void **state)
{
    struct world world;
    const struct cert_filter filter = { 0 };
    struct cert_page_request request = { .filter = &filter,
        .limit = N_RECORDS,
        .wants_people = true,
        .now = NOW,
        .rule = three_months };
    autodone(cert_page) struct cert_page page = { 0 };
    autodone(cert_page) struct cert_page without = { 0 };
    struct err err = { 0 };

    make_world(*state, &world);
    const struct store_viewer bob = { .sees_all = true, .account_id = world.owners[1] };

    assert_works(store_cert_page(world.tx, &bob, &request, &page, &err), &err);
    assert_int_equal(page.rows.n, N_RECORDS);
    for (size_t i = 0; i < page.rows.n; i++) {
        const struct cert_row *row = &page.rows.items[i];
        const bool is_owner = row->owner_id == bob.account_id;

        assert_int_equal(cert_people_relations(&page.people, row->id) & RELATION_OWNER,
            is_owner ? RELATION_OWNER : 0);
    }
    request.wants_people = false;
    assert_works(store_cert_page(world.tx, &bob, &request, &without, &err), &err);
    assert_int_equal(without.people.n, 0);
    tx_free(world.tx);
}

static void what_is_no_cursor_is_refused(void **state)
{
    static const char *const wrong[] = { "x", "%%%%", "Y3x8fHw", "bm90IGEgY3Vyc29y", "AAAA" };
    struct world world;
    const struct cert_filter filter = { 0 };
    struct cert_page_request request = { .filter = &filter,
        .limit = 5,
        .now = NOW,
        .rule = three_months };
    autodone(cert_page) struct cert_page page = { 0 };
    autodone(cert_page) struct cert_page other = { 0 };
    struct err err = { 0 };

    make_world(*state, &world);
    for (size_t i = 0; i < countof(wrong); i++) {
        request.cursor = wrong[i];
        assert_fails(store_cert_page(world.tx, &everybody, &request, &page, &err), &err,
            ERR_INVALID);
    }
    request.cursor = NULL;
    assert_works(store_cert_page(world.tx, &everybody, &request, &page, &err), &err);
    request.cursor = page.next_cursor;
    request.sort = CERT_BY_NAME;
    assert_fails(store_cert_page(world.tx, &everybody, &request, &other, &err), &err, ERR_INVALID);
    request.sort = CERT_BY_EXPIRY;
    request.is_descending = true;
    assert_fails(store_cert_page(world.tx, &everybody, &request, &other, &err), &err, ERR_INVALID);
    request.is_descending = false;
    request.limit = 0;
    assert_fails(store_cert_page(world.tx, &everybody, &request, &other, &err), &err, ERR_INVALID);
    tx_free(world.tx);
}

/* A fingerprint as tools print it, a name in another's certificate, and a new name after an edit.
 */
static void words_follow_the_record(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t id = a_record(tx, "before", an_account(tx, "alice"));
    const struct cert_edit edit = { .name = "Afterwards" };
    static const struct {
        const char *q;
        size_t n;
    } queries[] = { { "AB:AB:AB:AB", 1 }, { "abababab", 1 }, { "ABABABABABABABAB", 1 },
        { "ababababababacab", 0 }, { "afterw", 1 }, { "before", 0 }, { "ww.old", 0 },
        { SHA256_OF("ab"), 1 }, { SHA256_OF("AB:") "AB", 0 }, { SHA256_OF("01"), 0 },
        { SHA256_OF("cd"), 0 }, { "ww.new", 1 }, { "a'b\"c%_*", 0 } };
    struct err err = { 0 };

    (void)make_current(tx, id, a_version_of(tx, 1, "www.old.example", "", NOW, NOW + DAY), SLOT_RSA,
        NOW + DAY);
    (void)make_current(tx, id, a_version_of(tx, 0xab, "WWW.new.example", "", NOW, NOW + DAY),
        SLOT_RSA, NOW + DAY);
    assert_works(store_cert_edit(tx, id, &edit, NOW, &err), &err);
    for (size_t i = 0; i < countof(queries); i++) {
        const struct cert_filter filter = { .q = queries[i].q };
        const struct cert_ids_request all = { .filter = &filter, .now = NOW, .limit = 10 };
        autodone(id_list) struct id_list ids = { 0 };

        assert_works(store_cert_ids(tx, &everybody, &all, &ids, &err), &err);
        assert_int_equal(ids.n, queries[i].n);
    }
    tx_free(tx);
}

static void another_display_rule_moves_the_counts(void **state)
{
    const struct display_rule one_month = { .months = 1 };
    const struct display_rule half = { .lifetime_percent = 50 };
    struct world world;
    struct cert_counts before;
    struct cert_counts after;
    int64_t last = 0;
    int64_t n = 0;
    struct err err = { 0 };

    make_world(*state, &world);
    assert_works(store_cert_counts(world.tx, &everybody, NOW, &before, &err), &err);
    do {
        assert_works(store_cert_redisplay(world.tx, &one_month, last, 7, &last, &err), &err);
    } while (last);
    assert_works(store_cert_counts(world.tx, &everybody, NOW, &after, &err), &err);
    assert_true(after.of[CERT_EXPIRING_SOON] < before.of[CERT_EXPIRING_SOON]);
    assert_int_equal(after.of[CERT_EXPIRED], before.of[CERT_EXPIRED]);
    for (size_t i = 0; i < N_RECORDS; i++) {
        autofree(cert_row) struct cert_row *row = NULL;

        assert_works(store_cert_get(world.tx, &everybody, world.ids[i], &row, &err), &err);
        n += is_soon(row);
    }
    assert_int_equal(after.of[CERT_EXPIRING_SOON], n);
    assert_works(store_cert_redisplay(world.tx, &half, 0, 100, &last, &err), &err);
    tx_free(world.tx);
}

static void nothing_is_left_in_the_counts_of_what_is_deleted(void **state)
{
    struct world world;
    struct cert_counts counts;
    const struct cert_counts zero = { 0 };
    struct err err = { 0 };

    make_world(*state, &world);
    autofree(stmt) struct stmt *q = tx_prepare(world.tx, "DELETE FROM association");

    assert_works(stmt_run(q, &err), &err);
    for (size_t i = 0; i < N_RECORDS; i++)
        assert_works(store_cert_delete(world.tx, world.ids[i], 0, &err), &err);
    assert_works(store_cert_counts(world.tx, &everybody, NOW, &counts, &err), &err);
    assert_memory_equal(&counts, &zero, sizeof zero);
    tx_free(world.tx);
}

/* How SQLite would run the page: its plan, one line a step. */
static char *read_plan(struct tx *tx, const struct select *select)
{
    autofree(stmt) struct stmt *q = select_prepare(tx, select);
    autodone(buf) struct buf plan = BUF_INIT(65536);
    struct err err = { 0 };

    while (stmt_next(q))
        buf_addf(&plan, "%s\n", stmt_text(q, 3));
    assert_works(stmt_end(q, &err), &err);
    return buf_take_text(&plan);
}

static char *plan_of(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_page_request *request)
{
    struct paging paging = { .request = request };
    autodone(select) struct select select = SELECT_INIT;
    struct err err = { 0 };

    cert_where_init(&paging.where, viewer, request->filter, request->sort, request);
    assert_works(cert_where_plan(tx, &paging.where, &err), &err);
    select_add(&select, "EXPLAIN QUERY PLAN ");
    cert_page_select(&paging, false, 51, &select);
    cert_where_done(&paging.where);
    return read_plan(tx, &select);
}

/* Default lists run along an index: nothing is sorted, no table is read from end to end. */
static void a_walk_neither_scans_nor_sorts(void **state)
{
    struct world world;

    if (test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    for (size_t i = 0; i < countof(cases); i++) {
        for (size_t j = 0; j < N_CERT_SORT * 2; j++) {
            const struct cert_page_request request = {
                .filter = &cases[i].filter,
                .sort = (enum cert_sort)(j / 2),
                .is_descending = j % 2,
                .now = NOW,
                .rule = three_months,
                .drive_max = -1,
                .set_max = -1,
            };
            autofree(str) char *plan = plan_of(world.tx, &everybody, &request);

            if (strstr(plan, "TEMP B-TREE FOR ORDER BY"))
                fail_msg("case %zu, sort %zu sorts: %s", i, j, plan);
            if (!strstr(plan, "c USING INDEX") && !strstr(plan, "c USING COVERING INDEX") &&
                !strstr(plan, "h USING COVERING INDEX certificate_check_at"))
                fail_msg("case %zu, sort %zu does not use an index: %s", i, j, plan);
            if (cases[i].filter.issuer && request.sort == CERT_BY_EXPIRY &&
                !strstr(plan, "certificate_issuer_expires"))
                fail_msg("an issuer's records are looked for among all: %s", plan);
        }
    }
    tx_free(world.tx);
}

/* As deep as it may be, a page begins where the cursor is: of one issuer's records, too, nothing is
 * passed over. */
static void a_page_begins_at_its_cursor(void **state)
{
    const struct cert_filter filter = { 0 };
    struct world world;
    struct err err = { 0 };

    if (test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    for (size_t j = 0; j < 4 * CERT_BY_STATUS; j++) {
        const struct cert_page_request request = { .filter = &filter,
            .sort = (enum cert_sort)(j / 4),
            .is_descending = j / 2 % 2,
            .now = NOW,
            .rule = three_months };
        struct paging paging = { .request = &request,
            .has_cursor = true,
            .cursor = { .id = 7, .number = 1, .text = "CN=CA 1" },
            .part = j % 2 ? CURSOR_TIES : CURSOR_BEYOND };
        const char *const range = paging.part == CURSOR_TIES ? "=? AND "
                                  : request.is_descending    ? "<?"
                                                             : ">?";
        autodone(select) struct select select = SELECT_INIT;

        cert_where_init(&paging.where, &everybody, &filter, request.sort, &request);
        assert_works(cert_where_plan(world.tx, &paging.where, &err), &err);
        select_add(&select, "EXPLAIN QUERY PLAN ");
        cert_page_select(&paging, false, 51, &select);
        cert_where_done(&paging.where);
        autofree(str) char *plan = read_plan(world.tx, &select);

        assert_contains(plan, range);
        assert_null(strstr(plan, "TEMP B-TREE"));
        if (paging.part == CURSOR_BEYOND && !request.is_descending)
            assert_null(strstr((const char *)select.sql.text.data, " > ''"));
    }
    tx_free(world.tx);
}

/* What is rare comes first: the record is looked up by its id, not searched for. */
static void what_drives_comes_first(void **state)
{
    struct world world;

    if (test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    const struct store_viewer bob = { .account_id = world.owners[1] };
    const struct cert_filter by_tag = { .tag = "even" };
    const struct cert_filter by_word = { .q = "gamma" };
    const struct cert_filter all = { 0 };
    const struct {
        const struct cert_filter *filter;
        const struct store_viewer *viewer;
        const char *source;
    } driven[] = {
        { &by_tag, &everybody, "certificate_tag USING" },
        { &by_word, &everybody, "certificate_search VIRTUAL TABLE INDEX" },
        { &all, &bob, "certificate_access USING" },
    };

    for (size_t i = 0; i < countof(driven); i++) {
        const struct cert_page_request request = { .filter = driven[i].filter,
            .now = NOW,
            .rule = three_months,
            .drive_max = DRIVE_MAX };
        autofree(str) char *plan = plan_of(world.tx, driven[i].viewer, &request);

        assert_contains(plan, driven[i].source);
        assert_contains(plan, "SEARCH c USING INTEGER PRIMARY KEY");
    }
    tx_free(world.tx);
}

/* F35: who sees a part has it walked in the order of its own index, records looked up by id. */
static void a_part_is_walked_in_order(void **state)
{
    const struct cert_filter filter = { .alert = "mixed" };
    const struct cert_page_request request = { .filter = &filter,
        .now = NOW,
        .rule = three_months,
        .drive_max = -1 };
    struct world world;
    struct err err = { 0 };

    if (test_db_is_postgres(*state))
        skip();
    make_world(*state, &world);
    const struct store_viewer carol = { .account_id = a_busy_account(&world) };
    struct paging paging = { .request = &request };

    cert_where_init(&paging.where, &carol, &filter, CERT_BY_EXPIRY, &request);
    assert_works(cert_where_plan(world.tx, &paging.where, &err), &err);
    assert_true(paging.where.along == ALONG_ACCESS);
    assert_int_equal(paging.where.n_holders, 3);
    for (size_t i = 0; i < paging.where.n_holders; i++) {
        autodone(select) struct select select = SELECT_INIT;

        select_add(&select, "EXPLAIN QUERY PLAN ");
        cert_page_select_entries(&paging, paging.where.holders[i], false, 51, &select);
        autofree(str) char *plan = read_plan(world.tx, &select);

        assert_contains(plan, i ? "COVERING INDEX certificate_access_group_expires"
                                : "COVERING INDEX certificate_access_account_expires");
        assert_contains(plan, "SEARCH c USING INTEGER PRIMARY KEY");
        assert_null(strstr(plan, "TEMP B-TREE"));
    }
    cert_where_done(&paging.where);
    tx_free(world.tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(pages_are_what_looking_at_every_record_gives),
        T(ids_and_totals_agree_with_pages),
        T(counts_by_status_are_what_looking_at_every_record_gives),
        T(a_list_holds_only_what_the_viewer_may_see),
        T(a_part_is_what_the_whole_list_has_of_it),
        T(no_plan_shows_what_may_not_be_seen),
        T(a_part_is_walked_in_order),
        T(of_selected_ids_the_visible_are_left),
        T(a_page_brings_the_people_of_its_records),
        T(what_is_no_cursor_is_refused),
        T(words_follow_the_record),
        T(another_display_rule_moves_the_counts),
        T(nothing_is_left_in_the_counts_of_what_is_deleted),
        T(a_walk_neither_scans_nor_sorts),
        T(a_page_begins_at_its_cursor),
        T(what_drives_comes_first),
    };
    return cmocka_run_group_tests_name("store/cert_list", tests, NULL, NULL);
}
