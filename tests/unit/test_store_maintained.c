/*
 * What is maintained for lists and counts is what a scan would find, whatever was done before: F24,
 * F39. Operations are drawn at random, from a seed that the failure names.
 */
#include "testing_maintained.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "codec/json.h"
#include "store/cert_list.h"
#include "store/cert_marks.h"
#include "store/cert_people.h"
#include "store/custom_field.h"
#include "store/kept_text.h"
#include "store/version.h"

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
    static const char repeats[] = "the record's end";

    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT t.certificate_id FROM certificate_tag t"
                          " JOIN certificate c ON c.id = t.certificate_id"
                          " WHERE t.expires_at IS DISTINCT FROM c.expires_at"),
        repeats);
    assert_no_rows(w,
        tx_prepare(w->tx, "SELECT v.certificate_id FROM certificate_field v"
                          " JOIN certificate c ON c.id = v.certificate_id"
                          " WHERE v.expires_at IS DISTINCT FROM c.expires_at"),
        repeats);
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

/* Of each row of `q`, whose text or number `marks_of` takes, the record has all bits: they may be
 * more. */
static int64_t marks_of_rows(struct world *w, struct stmt *statement, int64_t id,
    int64_t (*marks_of)(struct stmt *q))
{
    autofree(stmt) struct stmt *q = statement;
    int64_t marks = 0;

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q))
        marks |= marks_of(q);
    assert_works(stmt_end(q, &w->err), &w->err);
    return marks;
}

static int64_t word_marks(struct stmt *q)
{
    return cert_marks_of_words(span_text(stmt_text(q, 0)));
}

static int64_t tag_marks(struct stmt *q)
{
    return cert_marks_of_tags(stmt_text(q, 0));
}

static int64_t value_marks(struct stmt *q)
{
    return cert_marks_of_value(span_text(stmt_text(q, 0)));
}

static int64_t issuer_marks(struct stmt *q)
{
    return cert_marks_of_issuer(stmt_text(q, 0));
}

static int64_t holder_marks(struct stmt *q)
{
    return stmt_is_null(q, 0) ? cert_marks_of_group(stmt_i64(q, 1))
                              : cert_marks_of_account(stmt_i64(q, 0));
}

/* Those that are kept, on the record or on each of the rows that repeat them. */
static void assert_marks(struct world *w, const char *what, struct stmt *kept, int64_t id,
    int64_t scanned)
{
    autofree(stmt) struct stmt *q = kept;

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        if ((stmt_i64(q, 0) & scanned) != scanned)
            fail_msg("%s of record %" PRId64 " are %" PRIx64 ", a scan finds %" PRIx64, what, id,
                (uint64_t)stmt_i64(q, 0), (uint64_t)scanned);
    }
    assert_works(stmt_end(q, &w->err), &w->err);
}

static void check_marks(struct world *w, int64_t id)
{
    assert_marks(w, "letters", tx_prepare(w->tx, "SELECT letters FROM certificate WHERE id = $1"),
        id,
        marks_of_rows(w, tx_prepare(w->tx, "SELECT words FROM certificate_search WHERE rowid = $1"),
            id, word_marks));
    assert_marks(w, "labels", tx_prepare(w->tx, "SELECT labels FROM certificate WHERE id = $1"), id,
        marks_of_rows(w,
            tx_prepare(w->tx, "SELECT tag FROM certificate_tag WHERE certificate_id = $1"), id,
            tag_marks) |
            marks_of_rows(w,
                tx_prepare(w->tx, "SELECT value FROM certificate_field WHERE certificate_id = $1"),
                id, value_marks) |
            marks_of_rows(w, tx_prepare(w->tx, "SELECT issuer FROM certificate WHERE id = $1"), id,
                issuer_marks));
    const int64_t holders = marks_of_rows(w,
        tx_prepare(w->tx, "SELECT account_id, group_id FROM certificate_access"
                          " WHERE certificate_id = $1"),
        id, holder_marks);

    assert_marks(w, "holders", tx_prepare(w->tx, "SELECT holders FROM certificate WHERE id = $1"),
        id, holders);
    assert_marks(w, "a tag's holders",
        tx_prepare(w->tx, "SELECT holders FROM certificate_tag WHERE certificate_id = $1"), id,
        holders);
    assert_marks(w, "a field's holders",
        tx_prepare(w->tx, "SELECT holders FROM certificate_field WHERE certificate_id = $1"), id,
        holders);
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
        check_marks(w, list.items[i]);
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

/* The rows of tags and fields are found by them, too. */
static void new_people_are_marked_everywhere(void **state)
{
    struct world w = { .tx = test_tx(*state, TX_WRITE) };
    const struct cert_edit tags = { .tags = "a;b" };
    struct cert_people people;
    int64_t id;
    int64_t n;

    make_world(&w);
    id = a_record(w.tx, "New", w.owners[0]);
    assert_works(store_cert_edit(w.tx, id, &tags, NOW, &w.err), &w.err);
    assert_works(store_custom_field_put(w.tx, id, w.fields[0], "x", &w.err), &w.err);
    check_marks(&w, id);
    people = (struct cert_people){ .owner_id = w.owners[1], .assignee_id = w.owners[0] };
    assert_works(store_cert_set_people(w.tx, id, &people, 0, NOW, &w.err), &w.err);
    check_marks(&w, id);
    assert_works(store_cert_hand_over(w.tx, w.owners[1], w.owners[2], NOW, &n, &w.err), &w.err);
    check_marks(&w, id);
    tx_free(w.tx);
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
            operate_among(&w, N_OPERATIONS_COUNTED);
            if (i % 20 == 19) {
                check_counts(&w, NOW);
                check_counts(&w, NOW + ((int64_t)draw(&w, 400) - 200) * DAY);
            }
        }
        tx_free(w.tx);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(new_records_keep_what_stands_beside_them),
        T(new_people_are_marked_everywhere),
        T(a_version_too_long_to_be_kept_is_read_where_it_is),
        cmocka_unit_test(what_is_no_kept_version_is_refused),
        T(what_is_maintained_is_what_a_scan_finds),
        T(counts_are_exact_after_anything),
    };
    return cmocka_run_group_tests_name("store/maintained", tests, NULL, NULL);
}
