/* See the header. */
#include "testing_maintained.h"

#include "base/alloc.h"
#include "store/business_group.h"
#include "store/cert_people.h"
#include "store/cert_use.h"
#include "store/custom_field.h"
#include "store/endpoint.h"

uint64_t draw(struct world *w, uint64_t n)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (w->random >> 33) % n;
}

void run_sql(struct world *w, struct stmt *statement, int64_t a, int64_t b)
{
    autofree(stmt) struct stmt *q = statement;

    stmt_bind_i64(q, 1, a);
    stmt_bind_i64(q, 2, b);
    assert_works(stmt_run(q, &w->err), &w->err);
}

static void refresh(struct world *w, int64_t id)
{
    static const char *const alerts[] = { "", "mixed", "unreachable" };

    assert_works(store_cert_refresh(w->tx, id, alerts[draw(w, 3)], &three_months, NOW, NULL,
                     &w->err),
        &w->err);
}

static void renew(struct world *w, int64_t id)
{
    int64_t begins = NOW + ((int64_t)draw(w, 600) - 500) * DAY;
    int64_t ends = begins + (int64_t)draw(w, 400) * DAY + 1;

    if (++w->n_versions == 250)
        w->n_versions = 1;
    make_current(w->tx, id,
        a_version_of(w->tx, w->n_versions, "www.example", draw(w, 2) ? "CN=A" : "CN=B", begins,
            ends),
        draw(w, 2) ? SLOT_RSA : SLOT_ECDSA, ends);
}

static void edit(struct world *w, int64_t id)
{
    static const char *const groups[] = { "", "Ops", "Sales" };
    int64_t group = 0;
    const struct cert_edit change = { .name = draw(w, 2) ? "Renamed" : NULL,
        .business_group_id = &group };

    assert_works(store_business_group_put(w->tx, groups[draw(w, 3)], &group, &w->err), &w->err);
    assert_works(store_cert_edit(w->tx, id, &change, NOW, &w->err), &w->err);
}

static void give(struct world *w, int64_t id)
{
    const struct cert_people people = { .owner_id = w->owners[draw(w, 3)] };

    assert_works(store_cert_set_people(w->tx, id, &people, 0, NOW, &w->err), &w->err);
}

static void hand_over(struct world *w, int64_t id)
{
    int64_t n;

    (void)id;
    assert_works(store_cert_hand_over(w->tx, w->owners[0], w->owners[1], NOW, &n, &w->err),
        &w->err);
}

static void set_revoked(struct world *w, int64_t id)
{
    assert_works(store_cert_set_revoked(w->tx, id, draw(w, 2) ? NOW : 0, NOW, &w->err), &w->err);
}

static void attach(struct world *w, int64_t id)
{
    assert_works(store_endpoint_attach(w->tx, id, w->places[draw(w, N_PLACES)], &w->err), &w->err);
}

static void check_place(struct world *w, int64_t id)
{
    const struct endpoint_outcome outcome = { .is_success = true };
    int64_t place = w->places[draw(w, N_PLACES)];

    assert_works(store_endpoint_checked(w->tx, place, &outcome, NOW, NULL, &w->err), &w->err);
    run_sql(w,
        tx_prepare(w->tx,
            "INSERT INTO observation(endpoint_id, address, slot, version_id, checked_at)"
            " SELECT CAST($1 AS BIGINT), '192.0.2.1', 'rsa', version_id, 0 FROM certificate"
            "  WHERE id = $2 AND version_id IS NOT NULL"
            " ON CONFLICT (endpoint_id, address, slot) DO UPDATE"
            "  SET version_id = excluded.version_id"),
        place, id);
    /* As monitor/ does: every record of the endpoint. */
    for (size_t i = 0; i < N_RECORDS; i++) {
        if (w->ids[i])
            refresh(w, w->ids[i]);
    }
    for (size_t i = 0; i < N_PLACES; i++)
        refresh(w, w->keepers[i]);
}

static void associate(struct world *w, int64_t id)
{
    int64_t resource = 1 + (int64_t)draw(w, 4);

    run_sql(w,
        tx_prepare(w->tx,
            "INSERT INTO resource(id, name, type, created_at)"
            " VALUES (CAST($1 AS BIGINT), 'lb-' || CAST($1 AS BIGINT), 'files', $2) ON CONFLICT DO NOTHING"),
        resource, 0);
    run_sql(w,
        tx_prepare(w->tx,
            "INSERT INTO association(resource_id, certificate_id, slot, created_at)"
            " VALUES ($1, CAST($2 AS BIGINT), 'c' || CAST($2 AS BIGINT), 0) ON CONFLICT DO NOTHING"),
        resource, id);
    assert_works(store_cert_use_changed(w->tx, id, &w->err), &w->err);
}

static void disassociate(struct world *w, int64_t id)
{
    run_sql(w,
        tx_prepare(w->tx,
            "DELETE FROM association WHERE certificate_id = $1 AND CAST($2 AS BIGINT) = 0"),
        id, 0);
    assert_works(store_cert_use_changed(w->tx, id, &w->err), &w->err);
}

static void redisplay(struct world *w, int64_t id)
{
    const struct display_rule rule = { .months = 1 + (int)draw(w, 3) };
    int64_t last;

    (void)id;
    assert_works(store_cert_redisplay(w->tx, &rule, 0, 1000, &last, &w->err), &w->err);
}

static void retag(struct world *w, int64_t id)
{
    static const char *const tags[] = { "", "b;a", "Straße;a ;A;;zz", "b" };
    const struct cert_edit change = { .tags = tags[draw(w, countof(tags))] };

    assert_works(store_cert_edit(w->tx, id, &change, NOW, &w->err), &w->err);
}

void make_field(struct world *w, size_t i)
{
    struct custom_field_row field = { .name = xstrdup(i ? "a number" : "words"),
        .label = xstrdup("a label"),
        .choices = xstrdup("[]"),
        .type = i ? FIELD_NUMBER : FIELD_TEXT };

    assert_works(store_custom_field_add(w->tx, &field, &w->err), &w->err);
    w->fields[i] = field.id;
    custom_field_row_done(&field);
}

static void put_field(struct world *w, int64_t id)
{
    static const char *const words[] = { "", "x", "1 2 3", "a \"line\"\n7 1 z", "é" };
    static const char *const numbers[] = { "", "12", "-0.5" };
    size_t i = (size_t)draw(w, 2);
    const char *value = i ? numbers[draw(w, countof(numbers))] : words[draw(w, countof(words))];

    assert_works(store_custom_field_put(w->tx, id, w->fields[i], value, &w->err), &w->err);
}

/* Its name is taken by another one at once. */
static void drop_field(struct world *w, int64_t id)
{
    size_t i = (size_t)draw(w, 2);

    (void)id;
    assert_works(store_custom_field_delete(w->tx, w->fields[i], &w->err), &w->err);
    make_field(w, i);
}

static void detach(struct world *w, int64_t id)
{
    struct err err = { 0 };

    if (!store_endpoint_detach(w->tx, id, w->places[draw(w, N_PLACES)], &err))
        assert_int_equal(err.kind, ERR_NOT_FOUND);
}

/* What is known of a version that is there: no refresh follows. */
static void learn(struct world *w, int64_t id)
{
    autodone(record_version_rows) struct record_version_rows rows = { 0 };
    const struct record_version_row *row;
    char number[32];
    int64_t ignored;

    assert_works(store_record_versions(w->tx, id, &rows, &w->err), &w->err);
    if (rows.n == 0)
        return;
    row = &rows.items[draw(w, rows.n)];
    snprintf(number, sizeof number, "%d", (int)draw(w, 100));

    const struct record_version_new version = { .certificate_id = id,
        .version_id = row->version_id,
        .slot = row->slot,
        .role = row->role,
        .origin = row->origin,
        .ca_certificate_id = draw(w, 2) ? number : NULL,
        .chain_status = draw(w, 2) ? "incomplete" : "trusted",
        .path_expires_at = row->path_expires_at };

    assert_works(store_record_version_put(w->tx, &version, NOW, &ignored, &w->err), &w->err);
}

static void (*const operations[])(struct world *w, int64_t id) = { refresh, renew, renew, renew,
    edit, give, hand_over, set_revoked, attach, check_place, associate, disassociate, redisplay,
    retag, put_field, put_field, drop_field, attach, detach, learn };

static void delete_or_add(struct world *w, size_t i)
{
    if (!w->ids[i]) {
        w->ids[i] = a_record(w->tx, "New", w->owners[draw(w, 3)]);
        return;
    }
    disassociate(w, w->ids[i]);
    assert_works(store_cert_delete(w->tx, w->ids[i], 0, &w->err), &w->err);
    w->ids[i] = 0;
}

void make_world(struct world *w)
{
    static const char *const names[] = { "alice", "bob", "carol" };

    for (size_t i = 0; i < countof(w->owners); i++)
        w->owners[i] = an_account(w->tx, names[i]);
    make_field(w, 0);
    make_field(w, 1);
    for (size_t i = 0; i < N_PLACES; i++) {
        char host[32];
        const struct endpoint_key key = { host, 443, "", "tls", "" };

        snprintf(host, sizeof host, "host-%zu.example", i);
        assert_works(store_endpoint_put(w->tx, &key, NOW, &w->places[i], NULL, &w->err), &w->err);
        w->keepers[i] = a_record(w->tx, host, w->owners[2]);
        assert_works(store_endpoint_attach(w->tx, w->keepers[i], w->places[i], &w->err), &w->err);
    }
}

void operate_among(struct world *w, size_t n_kinds)
{
    size_t i = (size_t)draw(w, N_RECORDS);

    if (!w->ids[i] || draw(w, 10) == 0)
        delete_or_add(w, i);
    else
        operations[draw(w, n_kinds)](w, w->ids[i]);
}

void operate(struct world *w)
{
    operate_among(w, countof(operations));
}
