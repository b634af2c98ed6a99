/* store/audit: no entry is changed, removed or moved without being found out. */
#include "testing_store.h"

#include "db/driver.h"
#include "store/audit.h"

static void add(struct tx *tx, const char *action, int64_t object_id)
{
    struct audit_entry entry = { .at = NOW,
        .account_id = 3,
        .actor = "ann",
        .address = "192.0.2.1",
        .action = action,
        .object_type = "certificate",
        .object_id = object_id,
        .object_name = "www",
        .before = "{\"a\":1}",
        .after = "{\"a\":2}" };
    struct err err = { 0 };

    assert_works(store_audit_add(tx, &entry, &err), &err);
}

static int64_t chain(struct tx *tx, int64_t limit)
{
    struct err err = { 0 };
    int64_t n = -1;

    assert_works(store_audit_chain(tx, limit, &n, &err), &err);
    return n;
}

static struct audit_verdict verdict_of(struct tx *tx)
{
    struct audit_verdict verdict = { 0 };
    struct err err = { 0 };

    assert_works(store_audit_verify(tx, &verdict, &err), &err);
    return verdict;
}

static void checkpoint(struct tx *tx)
{
    uint8_t hash[32];
    struct err err = { 0 };
    int64_t seq = 0;

    assert_works(store_audit_head(tx, &seq, hash, &err), &err);
    assert_works(store_audit_checkpoint(tx, seq, hash, SPAN_LITERAL("signature"),
                     SPAN_LITERAL("key"), NOW, &err),
        &err);
}

static void links_go_on_where_they_ended(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    uint8_t hash[32];
    struct err err = { 0 };
    int64_t seq = -1;

    assert_works(store_audit_head(tx, &seq, hash, &err), &err);
    assert_int_equal(seq, 0);
    assert_int_equal(chain(tx, 10), 0);
    for (int i = 0; i < 5; i++)
        add(tx, "certificate.update", i);
    assert_int_equal(chain(tx, 2), 2);
    assert_int_equal(verdict_of(tx).n_links, 2);
    assert_int_equal(verdict_of(tx).n_waiting, 3);
    assert_int_equal(chain(tx, 10), 3);
    assert_int_equal(chain(tx, 10), 0);
    assert_int_equal(verdict_of(tx).n_links, 5);
    assert_int_equal(verdict_of(tx).broken_seq, 0);
    assert_works(store_audit_head(tx, &seq, hash, &err), &err);
    assert_int_equal(seq, 5);
    tx_free(tx);
}

static void a_long_chain_is_walked_to_its_end(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);

    for (int i = 0; i < 2000; i++)
        add(tx, "certificate.update", i);
    assert_int_equal(chain(tx, 5000), 2000);
    assert_int_equal(verdict_of(tx).n_links, 2000);
    tx_free(tx);
}

/* What a person with the database in their hands may try, and which link tells. */
static const struct {
    const char *attack;
    int64_t broken_seq;
} attacks[] = {
    { "UPDATE audit SET actor = 'bob' WHERE id = 2", 2 },
    { "UPDATE audit SET at = at + 1 WHERE id = 3", 3 },
    { "UPDATE audit SET after_value = '' WHERE id = 1", 1 },
    { "UPDATE audit SET account_id = NULL WHERE id = 4", 4 },
    { "UPDATE audit SET object_name = 'ww', before_value = 'w{\"a\":1}' WHERE id = 2", 2 },
    { "UPDATE audit_link SET hash = (SELECT hash FROM audit_link WHERE seq = 1) WHERE seq = 2", 2 },
    { "DELETE FROM audit_link WHERE seq = 3", 3 },
    { "DELETE FROM audit_link WHERE seq = 3; UPDATE audit_link SET seq = 3 WHERE seq = 4", 3 },
    { "DELETE FROM audit_link WHERE audit_id = 2; DELETE FROM audit WHERE id = 2", 2 },
    { "DELETE FROM audit_link WHERE seq = 4; DELETE FROM audit WHERE id = 4", 4 },
    { "DELETE FROM audit_link; DELETE FROM audit", 4 },
    { "UPDATE audit_link SET audit_id = 9 WHERE seq = 2; UPDATE audit_link SET audit_id = 2 WHERE "
      "seq = 3; UPDATE audit_link SET audit_id = 3 WHERE seq = 2",
        2 },
    { "INSERT INTO audit(id, at, actor, action, object_type) VALUES (77, 1, 'x', 'x', 'x')", 5 },
};

static void every_tampering_is_found(void **state)
{
    struct test_db *test = *state;
    struct tx *tx = test_tx(test, TX_WRITE);
    struct err err = { 0 };

    for (int i = 1; i <= 4; i++)
        add(tx, "certificate.update", i);
    add(tx, "certificate.remove", 9);
    assert_int_equal(chain(tx, 4), 4);
    checkpoint(tx);
    test_commit(tx);
    for (size_t i = 0; i < countof(attacks); i++) {
        tx = test_tx(test, TX_WRITE);
        if (strstr(attacks[i].attack, "audit_id = 9"))
            assert_works(test->db->ops->script(test->db,
                             "INSERT INTO audit(id, at, actor, action, object_type)"
                             " VALUES (9, 1, 'x', 'x', 'x')",
                             &err),
                &err);
        if (strcmp(attacks[i].attack, "DELETE FROM audit_link; DELETE FROM audit") == 0)
            assert_works(test->db->ops->script(test->db, "DELETE FROM audit_pending", &err), &err);
        assert_works(test->db->ops->script(test->db, attacks[i].attack, &err), &err);
        struct audit_verdict verdict = verdict_of(tx);

        if (verdict.broken_seq != attacks[i].broken_seq)
            fail_msg("%s: broken at %d, not %d: %s", attacks[i].attack, (int)verdict.broken_seq,
                (int)attacks[i].broken_seq, verdict.reason);
        assert_true(verdict.reason[0] != '\0');
        tx_free(tx);
    }
    tx = test_tx(test, TX_READ);
    assert_int_equal(verdict_of(tx).broken_seq, 0);
    tx_free(tx);
}

/* A transaction that began first may end last: nobody has tampered with anything. */
static void an_entry_that_is_committed_late_is_linked_late(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    if (!test_db_is_postgres(test))
        skip(); /* has one writer at a time */
    autofree(db) struct db *other = test_db_open_again(test);
    struct tx *slow = NULL;

    assert_works(tx_begin(other, TX_WRITE, &slow, &err), &err);
    add(slow, "slow", 1);
    struct tx *tx = test_tx(test, TX_WRITE);

    add(tx, "quick", 2);
    test_commit(tx);
    tx = test_tx(test, TX_WRITE);
    assert_int_equal(chain(tx, 10), 1);
    test_commit(tx);
    test_commit(slow);
    tx = test_tx(test, TX_WRITE);
    assert_int_equal(verdict_of(tx).broken_seq, 0);
    assert_int_equal(chain(tx, 10), 1);
    assert_int_equal(verdict_of(tx).broken_seq, 0);
    assert_int_equal(verdict_of(tx).n_links, 2);
    tx_free(tx);
}

static void checkpoints_are_found_and_never_overwritten(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    autodone(audit_checkpoint_row) struct audit_checkpoint_row row = { 0 };
    static const uint8_t other[32] = { 1 };
    struct err err = { 0 };

    assert_works(store_audit_checkpoint_find(tx, INT64_MAX, &row, &err), &err);
    assert_int_equal(row.seq, 0);
    add(tx, "x", 1);
    assert_int_equal(chain(tx, 10), 1);
    checkpoint(tx);
    assert_works(store_audit_checkpoint(tx, 1, other, SPAN_LITERAL("forged"), SPAN_LITERAL("key"),
                     NOW + 1, &err),
        &err);
    assert_works(store_audit_checkpoint_find(tx, INT64_MAX, &row, &err), &err);
    assert_int_equal(row.seq, 1);
    assert_true(span_is(span_of(row.signature, row.signature_size), "signature"));
    assert_true(span_is(span_of(row.public_key, row.public_key_size), "key"));
    assert_int_equal(row.created_at, NOW);
    assert_int_equal(verdict_of(tx).broken_seq, 0);
    tx_free(tx);
}

struct visited {
    int n;
    int64_t ids[8];
    char last[64];
};

static void note(void *context, const struct audit_entry *entry)
{
    struct visited *visited = context;

    visited->ids[visited->n++] = entry->object_id;
    (void)snprintf(visited->last, sizeof visited->last, "%s|%s|%s|%s", entry->actor, entry->address,
        entry->before, entry->after);
}

static struct visited visit(struct tx *tx, const struct audit_filter *filter, int64_t limit)
{
    struct visited visited = { 0 };
    struct err err = { 0 };

    assert_works(store_audit_list(tx, filter, limit, note, &visited, &err), &err);
    return visited;
}

static void entries_are_listed_newest_first(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct audit_filter filter = { 0 };

    add(tx, "certificate.create", 11);
    add(tx, "certificate.update", 12);
    add(tx, "ticket.create", 11);
    struct visited all = visit(tx, &filter, 8);

    assert_int_equal(all.n, 3);
    assert_int_equal(all.ids[1], 12);
    assert_string_equal(all.last, "ann|192.0.2.1|{\"a\":1}|{\"a\":2}");
    assert_int_equal(visit(tx, &filter, 2).n, 2);
    filter = (struct audit_filter){ .object_type = "certificate", .object_id = 11 };
    assert_int_equal(visit(tx, &filter, 8).n, 2);
    filter = (struct audit_filter){ .action = "certificate." };
    assert_int_equal(visit(tx, &filter, 8).n, 2);
    filter = (struct audit_filter){ .object_type = "ticket" };
    assert_int_equal(visit(tx, &filter, 8).n, 0);
    tx_free(tx);
}

static void an_entry_goes_with_its_transaction(void **state)
{
    struct test_db *test = *state;
    struct tx *tx = test_tx(test, TX_WRITE);

    add(tx, "x", 1);
    tx_free(tx);
    tx = test_tx(test, TX_WRITE);
    assert_int_equal(chain(tx, 10), 0);
    tx_free(tx);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(links_go_on_where_they_ended),
        WITH(a_long_chain_is_walked_to_its_end),
        WITH(every_tampering_is_found),
        WITH(an_entry_that_is_committed_late_is_linked_late),
        WITH(checkpoints_are_found_and_never_overwritten),
        WITH(entries_are_listed_newest_first),
        WITH(an_entry_goes_with_its_transaction),
    };
    return cmocka_run_group_tests_name("store_audit", tests, NULL, NULL);
}
