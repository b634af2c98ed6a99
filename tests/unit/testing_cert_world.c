/* The records that lists are tested with. */
#include "testing_cert_list.h"

#include "base/alloc.h"
#include "store/business_group.h"
#include "store/cert_people.h"
#include "store/cert_use.h"
#include "store/custom_field.h"
#include "store/endpoint.h"
#include "store/group.h"

static const char *const names[] = { "alpha", "Beta", "gamma", "delta_x", "100%", "al" };
static const char *const alerts[] = { "", "", "", "mixed", "unreachable" };

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

static int64_t a_field(struct tx *tx, const char *name)
{
    struct custom_field_row field = { .name = xstrdup(name),
        .label = xstrdup("a label"),
        .choices = xstrdup("[]"),
        .type = FIELD_TEXT };
    struct err err = { 0 };

    assert_works(store_custom_field_add(tx, &field, &err), &err);
    const int64_t id = field.id;

    custom_field_row_done(&field);
    return id;
}

/* Most have one of them, some both. */
static void put_fields(struct world *world, int64_t tier, int64_t site)
{
    struct err err = { 0 };

    for (int i = 0; i < N_RECORDS; i++) {
        const char *where = i % 5 == 2 ? "north" : "";

        assert_works(store_custom_field_put(world->tx, world->ids[i], tier,
                         i % 3 ? "gold" : "silver", &err),
            &err);
        assert_works(store_custom_field_put(world->tx, world->ids[i], site, where, &err), &err);
    }
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

void make_world(struct test_db *test, struct world *world)
{
    world->tx = test_tx(test, TX_WRITE);
    world->owners[0] = an_account(world->tx, "alice");
    world->owners[1] = an_account(world->tx, "bob");
    for (int i = 0; i < N_RECORDS; i++)
        world->ids[i] = make_record(world, i);
    put_fields(world, a_field(world->tx, "tier"), a_field(world->tx, "site"));
}

int64_t a_busy_account(struct world *world)
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

void read_rows(struct world *world)
{
    struct err err = { 0 };

    for (size_t i = 0; i < N_RECORDS; i++)
        assert_works(store_cert_get(world->tx, &everybody, world->ids[i], &world->rows[i], &err),
            &err);
}

void free_rows(struct world *world)
{
    for (size_t i = 0; i < N_RECORDS; i++)
        cert_row_free(world->rows[i]);
}
