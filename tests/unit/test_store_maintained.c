/*
 * What is maintained for lists and counts is what a scan would find, whatever was done before: F24,
 * F39. Operations are drawn at random, from a seed that the failure names.
 */
#include "testing_store.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "codec/json.h"
#include "store/business_group.h"
#include "store/cert_list.h"
#include "store/cert_people.h"
#include "store/cert_use.h"
#include "store/custom_field.h"
#include "store/endpoint.h"
#include "store/kept_text.h"
#include "store/version.h"

#define N_RECORDS 12
#define N_OPERATIONS 120
#define N_PLACES 6

struct world {
    struct tx *tx;
    uint64_t random;
    int64_t owners[3];
    int64_t ids[N_RECORDS]; /* 0: deleted */
    int64_t places[N_PLACES];
    int64_t keepers[N_PLACES]; /* endpoints go with their last record: these stay */
    int64_t fields[2];
    uint8_t n_versions;
    struct err err;
};

static uint64_t draw(struct world *w, uint64_t n)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (w->random >> 33) % n;
}

static void run_sql(struct world *w, struct stmt *statement, int64_t a, int64_t b)
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

static void make_field(struct world *w, size_t i)
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

/* No row: the maintained is what the scan finds. */
static void assert_no_rows(struct world *w, struct stmt *statement, const char *what)
{
    autofree(stmt) struct stmt *q = statement;
    bool is_there = stmt_next(q);
    int64_t id = is_there ? stmt_i64(q, 0) : 0;

    if (is_there)
        fail_msg("%s of %" PRId64 " is not what a scan finds", what, id);
    assert_works(stmt_end(q, &w->err), &w->err);
}

static void check_rows(struct world *w)
{
    assert_no_rows(w,
        tx_prepare(w->tx,
            "SELECT c.id FROM certificate c JOIN account a ON a.id = c.owner_id"
            " LEFT JOIN business_group g ON g.id = c.business_group_id"
            " WHERE c.owner_name <> a.name OR c.business_group_name IS DISTINCT FROM g.name"),
        "a name");
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT c.id FROM certificate c WHERE c.n_resources <>"
                          " (SELECT count(DISTINCT s.resource_id) FROM association s"
                          "   WHERE s.certificate_id = c.id)"),
        "the number of resources");
    assert_no_rows(w,
        tx_prepare(w->tx,
            "SELECT c.id FROM certificate c WHERE (c.is_unused = TRUE) ="
            " (c.n_resources > 0 OR EXISTS (SELECT 1 FROM certificate_endpoint l"
            "   JOIN endpoint e ON e.id = l.endpoint_id WHERE l.certificate_id = c.id"
            "    AND (e.last_checked_at IS NULL OR EXISTS (SELECT 1 FROM observation b"
            "     JOIN record_version r ON r.version_id = b.version_id"
            "     WHERE b.endpoint_id = e.id AND r.certificate_id = c.id))))"),
        "use");
    assert_no_rows(w,
        tx_prepare(w->tx,
            "SELECT c.id FROM certificate c LEFT JOIN certificate_search s ON s.rowid = c.id"
            " WHERE s.words IS NULL OR s.words NOT LIKE '%' || c.name_lower || '%'"
            "  OR EXISTS (SELECT 1 FROM certificate_endpoint l JOIN endpoint e ON e.id = l.endpoint_id"
            "   WHERE l.certificate_id = c.id AND s.words NOT LIKE '%' || e.host || '%')"),
        "words");
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT s.rowid FROM certificate_search s"
                          " WHERE NOT EXISTS (SELECT 1 FROM certificate c WHERE c.id = s.rowid)"),
        "words");
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT c.id FROM certificate c"
                          "  JOIN certificate_access x ON x.certificate_id = c.id"
                          " WHERE x.expires_at IS DISTINCT FROM c.expires_at"),
        "the end that an access entry has");
    assert_no_rows(w, tx_prepare(w->tx, "SELECT day FROM expiry_bucket WHERE n < 0"), "a bucket");
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT c.id FROM certificate c WHERE c.n_endpoints <>"
                          " (SELECT count(*) FROM certificate_endpoint l"
                          "   WHERE l.certificate_id = c.id)"),
        "the number of endpoints");
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT c.id FROM certificate c LEFT JOIN record_version r"
                          "  ON r.certificate_id = c.id AND r.version_id = c.version_id"
                          " WHERE c.record_version_id IS DISTINCT FROM r.id"
                          "  OR c.ca_certificate_id IS DISTINCT FROM r.ca_certificate_id"
                          "  OR c.chain_status IS DISTINCT FROM r.chain_status"
                          "  OR c.sealed_key_id IS DISTINCT FROM r.sealed_key_id"),
        "what is kept of the current version");
    /* Those of the tests are short. */
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT c.id FROM certificate c"
                          " WHERE (c.version_text IS NULL) <> (c.version_id IS NULL)"),
        "the version that is kept");
}

static char *scan_tags(struct world *w, int64_t id)
{
    autodone(buf) struct buf text = BUF_INIT(65536);
    autofree(stmt) struct stmt *q =
        tx_prepare(w->tx, "SELECT tag FROM certificate_tag WHERE certificate_id = $1 ORDER BY tag");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        buf_addf(&text, "%s%s", text.size ? ";" : "", stmt_text(q, 0));
    assert_works(stmt_end(q, &w->err), &w->err);
    return buf_take_text(&text);
}

static char *scan_fields(struct world *w, int64_t id)
{
    autodone(buf) struct buf text = BUF_INIT(65536);
    struct json_out out;
    autofree(stmt) struct stmt *q = tx_prepare(w->tx,
        "SELECT f.name, f.type, v.value FROM certificate_field v"
        " JOIN custom_field f ON f.id = v.field_id WHERE v.certificate_id = $1 ORDER BY f.name");

    json_out_init(&out, &text);
    json_begin_object(&out, NULL);
    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        char name[32];

        snprintf(name, sizeof name, "%s", stmt_text(q, 0));
        if (strcmp(stmt_text(q, 1), "number") == 0)
            json_raw(&out, name, span_text(stmt_text(q, 2)));
        else
            json_str(&out, name, stmt_text(q, 2));
    }
    json_end(&out);
    assert_works(stmt_end(q, &w->err), &w->err);
    return buf_take_text(&text);
}

/* What is kept is the version, word for word. */
static void check_version(struct world *w, const struct cert_row *row)
{
    autofree(version_row) struct version_row *version = NULL;
    autodone(buf) struct buf kept = BUF_INIT(65536);
    autodone(buf) struct buf there = BUF_INIT(65536);

    assert_int_equal(row->version != NULL, row->version_id != 0);
    if (!row->version)
        return;
    assert_works(store_version_get(w->tx, row->version_id, &version, &w->err), &w->err);
    version_text_write(row->version, &kept);
    version_text_write(version, &there);
    assert_int_equal(row->version->id, version->id);
    assert_string_equal(buf_text(&kept), buf_text(&there));
}

/* The same where it was too long to be kept. */
static void check_long_version(struct world *w, const struct cert_row *row)
{
    autofree(cert_row) struct cert_row *again = NULL;
    autofree(stmt) struct stmt *forget =
        tx_prepare(w->tx, "UPDATE certificate SET version_text = NULL WHERE id = $1");
    autofree(stmt) struct stmt *restore =
        tx_prepare(w->tx, "UPDATE certificate SET version_text = $2 WHERE id = $1");
    autodone(buf) struct buf kept = BUF_INIT(65536);

    if (!row->version)
        return;
    version_text_write(row->version, &kept);
    stmt_bind_i64(forget, 1, row->id);
    assert_works(stmt_run(forget, &w->err), &w->err);
    assert_works(store_cert_get(w->tx, &everybody, row->id, &again, &w->err), &w->err);
    check_version(w, again);
    stmt_bind_i64(restore, 1, row->id);
    stmt_bind_text(restore, 2, buf_text(&kept));
    assert_works(stmt_run(restore, &w->err), &w->err);
}

/* As a record is read, and as the tables beside it say. */
static void check_kept_texts(struct world *w)
{
    autofree(stmt) struct stmt *ids = tx_prepare(w->tx, "SELECT id FROM certificate ORDER BY id");
    autodone(id_list) struct id_list list = { 0 };

    while (stmt_next(ids))
        id_list_add(&list, stmt_i64(ids, 0));
    assert_works(stmt_end(ids, &w->err), &w->err);
    for (size_t i = 0; i < list.n; i++) {
        autofree(cert_row) struct cert_row *row = NULL;
        autofree(str) char *tags = scan_tags(w, list.items[i]);
        autofree(str) char *fields = scan_fields(w, list.items[i]);

        assert_works(store_cert_get(w->tx, &everybody, list.items[i], &row, &w->err), &w->err);
        check_version(w, row);
        check_long_version(w, row);
        assert_string_equal(row->tags, tags);
        assert_string_equal(row->fields, fields);
    }
}

static void check_counts(struct world *w, int64_t now)
{
    struct cert_counts counts;
    struct cert_counts scanned = { 0 };

    for (size_t i = 0; i < N_RECORDS; i++) {
        autofree(cert_row) struct cert_row *row = NULL;

        if (!w->ids[i])
            continue;
        assert_works(store_cert_get(w->tx, &everybody, w->ids[i], &row, &w->err), &w->err);
        scanned.of[cert_row_status(row, now)]++;
        scanned.total++;
    }
    assert_works(store_cert_counts(w->tx, &everybody, now, &counts, &w->err), &w->err);
    assert_memory_equal(&counts, &scanned, sizeof scanned);
}

static void make_world(struct world *w)
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

static void operate(struct world *w)
{
    size_t i = (size_t)draw(w, N_RECORDS);

    if (!w->ids[i] || draw(w, 10) == 0)
        delete_or_add(w, i);
    else
        operations[draw(w, countof(operations))](w, w->ids[i]);
}

static void what_is_maintained_is_what_a_scan_finds(void **state)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world w = { .random = seed };

        print_message("seed %d\n", (int)seed);
        w.tx = test_tx(*state, TX_WRITE);
        make_world(&w);
        for (int i = 0; i < N_OPERATIONS; i++) {
            operate(&w);
            if (i % 30 != 29)
                continue;
            /* Counting writes what was put off; then everything can be looked at. */
            struct cert_counts counts;

            assert_works(store_cert_counts(w.tx, &everybody, NOW, &counts, &w.err), &w.err);
            check_rows(&w);
            check_kept_texts(&w);
        }
        tx_free(w.tx);
    }
}

/* Many at once, by the way that an import takes. */
static void new_records_keep_what_stands_beside_them(void **state)
{
    const struct endpoint_key places[] = { { "b.example", 443, "", "tls", "" },
        { "a.example", 443, "", "tls", "" }, { "b.example", 443, "", "tls", "" } };
    struct world w = { .tx = test_tx(*state, TX_WRITE) };
    struct cert_counts counts;
    int64_t ids[3];

    make_world(&w);

    const struct custom_field_value values[] = { { w.fields[0], "x 3" }, { w.fields[1], "7" } };
    const struct cert_new records[] = {
        { .name = "one", .owner_id = w.owners[0], .tags = "b; A;a" },
        { .name = "two", .owner_id = w.owners[0], .places = places, .n_places = 3 },
        { .name = "three",
            .owner_id = w.owners[0],
            .tags = "",
            .places = places,
            .n_places = 1,
            .fields = values,
            .n_fields = 2 },
    };

    assert_works(store_certs_add(w.tx, records, 3, NOW, ids, &w.err), &w.err);
    assert_works(store_cert_counts(w.tx, &everybody, NOW, &counts, &w.err), &w.err);
    check_rows(&w);
    check_kept_texts(&w);

    static const struct {
        const char *tags;
        const char *fields;
        int64_t n_endpoints;
    } kept[] = { { "a;b", "{}", 0 }, { "", "{}", 2 },
        { "", "{\"a number\":7,\"words\":\"x 3\"}", 1 } };

    for (size_t i = 0; i < countof(kept); i++) {
        autofree(cert_row) struct cert_row *row = NULL;

        assert_works(store_cert_get(w.tx, &everybody, ids[i], &row, &w.err), &w.err);
        assert_string_equal(row->tags, kept[i].tags);
        assert_string_equal(row->fields, kept[i].fields);
        assert_int_equal(row->n_endpoints, kept[i].n_endpoints);
    }
    tx_free(w.tx);
}

static void a_version_too_long_to_be_kept_is_read_where_it_is(void **state)
{
    struct world w = { .tx = test_tx(*state, TX_WRITE) };
    int64_t id = a_record(w.tx, "long", an_account(w.tx, "alice"));
    char sans[2001];
    struct version_facts facts = { .der = SPAN_LITERAL("\x30\x00"),
        .slot = SLOT_RSA,
        .serial = "0a",
        .subject = "CN=x",
        .issuer = "CN=A",
        .name = "x",
        .sans = sans,
        .names = "x",
        .not_after = NOW,
        .key_algorithm = "rsa",
        .signature_algorithm = "x" };
    autofree(cert_row) struct cert_row *row = NULL;
    int64_t version;

    memset(sans, 'x', sizeof sans - 1);
    sans[sizeof sans - 1] = '\0';
    assert_works(store_version_put(w.tx, &facts, NOW, &version, NULL, &w.err), &w.err);
    make_current(w.tx, id, version, SLOT_RSA, NOW);
    assert_no_rows(&w,
        tx_prepare(w.tx, "SELECT id FROM certificate WHERE version_text IS NOT NULL"),
        "the version");
    assert_works(store_cert_get(w.tx, &everybody, id, &row, &w.err), &w.err);
    assert_string_equal(row->version->sans, sans);
    tx_free(w.tx);
}

/* Texts that end early, or go on. */
static void what_is_no_kept_version_is_refused(void **state)
{
    autodone(version_row) struct version_row row = { .slot = xstrdup("rsa"),
        .serial = xstrdup("0a"),
        .subject = xstrdup("CN=x 1"),
        .issuer = xstrdup(""),
        .name = xstrdup("é"),
        .sans = xstrdup("[]"),
        .key_algorithm = xstrdup("rsa"),
        .signature_algorithm = xstrdup("x"),
        .not_before = -1 };
    autodone(buf) struct buf text = BUF_INIT(VERSION_TEXT_MAX);

    (void)state;
    version_text_write(&row, &text);
    for (size_t size = 0; size <= text.size; size++) {
        autodone(version_row) struct version_row found = { 0 };

        assert_int_equal(version_text_read(span_slice(buf_span(&text), 0, size), &found),
            size == text.size);
    }
    buf_add_char(&text, '1');

    autodone(version_row) struct version_row found = { 0 };

    assert_false(version_text_read(buf_span(&text), &found));
    assert_int_equal(found.not_before, -1);
    assert_string_equal(found.subject, "CN=x 1");
}

static void counts_are_exact_after_anything(void **state)
{
    for (uint64_t seed = 11; seed <= 16; seed++) {
        struct world w = { .random = seed };

        print_message("seed %d\n", (int)seed);
        w.tx = test_tx(*state, TX_WRITE);
        make_world(&w);
        /* Only what is drawn from is counted. */
        run_sql(&w,
            tx_prepare(w.tx,
                "DELETE FROM certificate WHERE CAST($1 AS BIGINT) = CAST($2 AS BIGINT)"),
            1, 1);
        run_sql(&w,
            tx_prepare(w.tx,
                "DELETE FROM certificate_endpoint WHERE CAST($1 AS BIGINT) = CAST($2 AS BIGINT)"),
            1, 1);
        struct cert_counts before;

        assert_works(store_cert_counts(w.tx, &everybody, NOW, &before, &w.err), &w.err);
        run_sql(&w,
            tx_prepare(w.tx,
                "DELETE FROM expiry_bucket WHERE CAST($1 AS BIGINT) = CAST($2 AS BIGINT)"),
            1, 1);
        for (int i = 0; i < N_OPERATIONS; i++) {
            size_t record = (size_t)draw(&w, N_RECORDS);

            if (!w.ids[record] || draw(&w, 10) == 0)
                delete_or_add(&w, record);
            else
                operations[draw(&w, 8)](&w, w.ids[record]);
            if (i % 20 == 19) {
                check_counts(&w, NOW);
                check_counts(&w, NOW + ((int64_t)draw(&w, 400) - 200) * DAY);
            }
        }
        tx_free(w.tx);
    }
}

/* Two transactions that move records between the same buckets, in opposite order, do not wait for
 * each other: buckets are written at the commit. */
static void transactions_do_not_wait_for_each_others_buckets(void **state)
{
    struct world first = { .random = 1 };
    autofree(db) struct db *other = NULL;
    struct tx *second = NULL;
    int64_t ids[4];
    struct err err = { 0 };

    if (!test_db_is_postgres(*state))
        skip(); /* one writer at a time */
    first.tx = test_tx(*state, TX_WRITE);
    for (size_t i = 0; i < 4; i++)
        ids[i] = a_record(first.tx, "r",
            i ? first.owners[0] : (first.owners[0] = an_account(first.tx, "alice")));
    int64_t spring = a_version_of(first.tx, 1, "a", "CN=A", NOW, NOW + 10 * DAY);
    int64_t autumn = a_version_of(first.tx, 2, "b", "CN=A", NOW, NOW + 200 * DAY);

    test_commit(first.tx);
    other = test_db_open_again(*state);
    first.tx = test_tx(*state, TX_WRITE);
    assert_works(tx_begin(other, TX_WRITE, &second, &err), &err);
    make_current(first.tx, ids[0], spring, SLOT_RSA, NOW + 10 * DAY);
    make_current(second, ids[1], autumn, SLOT_RSA, NOW + 200 * DAY);
    make_current(first.tx, ids[2], autumn, SLOT_RSA, NOW + 200 * DAY);
    make_current(second, ids[3], spring, SLOT_RSA, NOW + 10 * DAY);
    test_commit(first.tx);
    assert_works(tx_commit(second, &err), &err);

    struct cert_counts counts;

    first.tx = test_tx(*state, TX_READ);
    assert_works(store_cert_counts(first.tx, &everybody, NOW, &counts, &err), &err);
    assert_int_equal(counts.of[CERT_EXPIRING_SOON], 2);
    assert_int_equal(counts.of[CERT_VALID], 2);
    assert_int_equal(counts.of[CERT_UNKNOWN], 0);
    tx_free(first.tx);
}

/* F37: between the pages, records come and go. */
static void a_walk_meets_every_record_once_whatever_comes_and_goes(void **state)
{
    struct test_db *test = *state;
    int64_t ids[40];
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE);
    int64_t owner = an_account(tx, "alice");

    for (size_t i = 0; i < countof(ids); i++) {
        ids[i] = a_record(tx, "r", owner);
        if (i % 4)
            make_current(tx, ids[i],
                a_version_of(tx, (uint8_t)(i + 1), "n", "CN=A", NOW - DAY,
                    NOW + (int64_t)(i % 7) * 40 * DAY),
                SLOT_RSA, NOW + (int64_t)(i % 7) * 40 * DAY);
    }
    test_commit(tx);
    for (size_t j = 0; j < N_CERT_SORT * 2; j++) {
        const struct cert_filter filter = { 0 };
        struct cert_page_request request = { .filter = &filter,
            .sort = (enum cert_sort)(j / 2),
            .is_descending = j % 2,
            .limit = 3,
            .now = NOW,
            .rule = three_months };
        autofree(str) char *cursor = NULL;
        autodone(id_list) struct id_list met = { 0 };
        int64_t passing = 0;

        do {
            autodone(cert_page) struct cert_page page = { 0 };

            request.cursor = cursor;
            tx = test_tx(test, TX_READ);
            assert_works(store_cert_page(tx, &everybody, &request, &page, &err), &err);
            tx_free(tx);
            for (size_t i = 0; i < page.rows.n; i++) {
                assert_false(id_list_has(&met, page.rows.items[i].id));
                id_list_add(&met, page.rows.items[i].id);
            }
            str_set(&cursor, page.next_cursor);
            tx = test_tx(test, TX_WRITE);
            if (passing)
                assert_works(store_cert_delete(tx, passing, 0, &err), &err);
            passing = a_record(tx, "passing", owner);
            test_commit(tx);
        } while (cursor && met.n < 200);
        for (size_t i = 0; i < countof(ids); i++)
            assert_true(id_list_has(&met, ids[i]));
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(new_records_keep_what_stands_beside_them),
        T(a_version_too_long_to_be_kept_is_read_where_it_is),
        cmocka_unit_test(what_is_no_kept_version_is_refused),
        T(what_is_maintained_is_what_a_scan_finds),
        T(counts_are_exact_after_anything),
        T(transactions_do_not_wait_for_each_others_buckets),
        T(a_walk_meets_every_record_once_whatever_comes_and_goes),
    };
    return cmocka_run_group_tests_name("store/maintained", tests, NULL, NULL);
}
