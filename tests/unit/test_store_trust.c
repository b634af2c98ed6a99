/* store/group, trust_bundle, vault_state, sealed_key: whom we share with, and whom we trust. */
#include "testing_store.h"

#include "store/cert_people.h"
#include "store/group.h"
#include "store/sealed_key.h"
#include "store/trust_bundle.h"
#include "store/vault_state.h"

struct names {
    char text[256];
};

static void add_name(struct names *names, const char *name)
{
    size_t n = strlen(names->text);

    (void)snprintf(names->text + n, sizeof names->text - n, "%s ", name);
}

static void note_bundle(void *context, const struct trust_bundle_row *row)
{
    assert_true(row->id > 0);
    assert_int_equal(row->created_at, NOW);
    add_name(context, row->name);
}

static void a_groups_name_is_taken_once(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t web = 0;
    int64_t found = -1;
    int64_t other = 0;

    assert_works(store_group_add(tx, "web", "who runs the web", NOW, &web, &err), &err);
    assert_works(store_group_add(tx, "mail", "", NOW, &other, &err), &err);
    assert_fails(store_group_add(tx, "web", "", NOW, &other, &err), &err, ERR_CONFLICT);
    assert_works(store_group_find(tx, "web", &found, &err), &err);
    assert_int_equal(found, web);
    assert_works(store_group_find(tx, "nobody", &found, &err), &err);
    assert_int_equal(found, 0);
    tx_free(tx);
}

static bool is_member_able_to_see(struct tx *tx, int64_t account, int64_t record)
{
    const struct store_viewer viewer = { .account_id = account };
    autofree(cert_row) struct cert_row *row = NULL;
    struct err err = { 0 };

    return store_cert_get(tx, &viewer, record, &row, &err);
}

static void members_see_what_is_shared_with_their_group(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    autofree(group_row) struct group_row *group = NULL;
    const struct id_list nobody = { 0 };
    struct err err = { 0 };
    int64_t ann = an_account(tx, "ann");
    int64_t bob = an_account(tx, "bob");
    int64_t record = a_record(tx, "www", ann);
    int64_t web = 0;

    assert_works(store_group_add(tx, "web", "", NOW, &web, &err), &err);
    const struct cert_share share = { .group_id = web };
    const struct cert_people people = { .owner_id = ann, .shares = &share, .n_shares = 1 };

    assert_works(store_cert_set_people(tx, record, &people, 0, NOW, &err), &err);
    assert_false(is_member_able_to_see(tx, bob, record));
    assert_works(store_group_add_member(tx, web, bob, &err), &err);
    assert_works(store_group_add_member(tx, web, bob, &err), &err);
    assert_true(is_member_able_to_see(tx, bob, record));
    assert_works(store_group_get(tx, "web", 0, &group, &err), &err);
    assert_works(store_group_set_members(tx, group, &nobody, &err), &err);
    assert_false(is_member_able_to_see(tx, bob, record));
    tx_free(tx);
}

static void bundles_are_added_up_for_the_prober(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    autodone(buf) struct buf pem = BUF_INIT(64);
    autodone(buf) struct buf small = BUF_INIT(4);
    struct names names = { 0 };
    struct err err = { 0 };
    int64_t b = 0;
    int64_t a = 0;

    assert_works(store_trust_bundle_add(tx, "b", "BBB", NOW, &b, &err), &err);
    assert_works(store_trust_bundle_add(tx, "a", "AAA", NOW, &a, &err), &err);
    assert_fails(store_trust_bundle_add(tx, "a", "x", NOW, &a, &err), &err, ERR_CONFLICT);
    assert_works(store_trust_bundles(tx, note_bundle, &names, &err), &err);
    assert_string_equal(names.text, "a b ");
    assert_works(store_trust_bundles_pem(tx, &pem, &err), &err);
    assert_string_equal(buf_text(&pem), "AAA\nBBB\n");
    assert_fails(store_trust_bundles_pem(tx, &small, &err), &err, ERR_LIMIT);
    assert_works(store_trust_bundle_delete(tx, b, &err), &err);
    assert_fails(store_trust_bundle_delete(tx, b, &err), &err, ERR_NOT_FOUND);
    buf_clear(&pem);
    assert_works(store_trust_bundles_pem(tx, &pem, &err), &err);
    assert_string_equal(buf_text(&pem), "AAA\n");
    tx_free(tx);
}

static struct vault_master master_of(const char *id, enum vault_state state)
{
    struct vault_master master = { .identity = { .check = { 1, 0, 2 } },
        .source = VAULT_PASSPHRASE,
        .state = state,
        .recipe = "3 67108864 00ff" };

    (void)snprintf(master.identity.key_id, sizeof master.identity.key_id, "%s", id);
    return master;
}

static void a_database_belongs_to_one_master_key(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct vault_master ours = master_of("0123456789abcdef", VAULT_CURRENT);
    struct vault_master other = master_of("fedcba9876543210", VAULT_CURRENT);
    struct vault_masters found = { 0 };
    struct err err = { 0 };

    assert_works(store_masters_get(tx, &found, &err), &err);
    assert_int_equal(found.n, 0);
    assert_works(store_master_add(tx, &ours, NOW, &err), &err);
    assert_works(store_vault_state_touch(tx, &err), &err);
    assert_works(store_masters_get(tx, &found, &err), &err);
    assert_int_equal(found.n, 1);
    assert_string_equal(found.items[0].identity.key_id, ours.identity.key_id);
    assert_memory_equal(found.items[0].identity.check, ours.identity.check, VAULT_CHECK_SIZE);
    assert_string_equal(found.items[0].recipe, ours.recipe);
    assert_int_equal(found.items[0].source, VAULT_PASSPHRASE);
    assert_fails(store_master_add(tx, &other, NOW, &err), &err, ERR_CONFLICT);
    tx_free(tx);
}

struct uses {
    int n;
    int64_t sealed;
    int64_t retired_at;
};

static void note_use(void *context, const struct master_use *use)
{
    struct uses *uses = context;

    uses->n++;
    uses->sealed += use->n_sealed;
    uses->retired_at += use->retired_at;
}

static void a_master_key_goes_from_pending_to_retired(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct vault_master a = master_of("0123456789abcdef", VAULT_CURRENT);
    struct vault_master b = master_of("fedcba9876543210", VAULT_PENDING);
    struct vault_masters found = { 0 };
    struct uses uses = { 0 };
    struct err err = { 0 };
    int64_t n = 0;

    assert_works(store_master_add(tx, &a, NOW, &err), &err);
    assert_works(store_master_add(tx, &b, NOW, &err), &err);
    assert_works(store_master_promote(tx, NOW + 1, &err), &err);
    assert_works(store_masters_get(tx, &found, &err), &err);
    assert_string_equal(vault_masters_in(&found, VAULT_CURRENT)->identity.key_id,
        b.identity.key_id);
    assert_string_equal(vault_masters_in(&found, VAULT_RETIRING)->identity.key_id,
        a.identity.key_id);
    assert_null(vault_masters_in(&found, VAULT_PENDING));
    assert_works(store_master_retire(tx, NOW + 2, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_works(store_master_uses(tx, note_use, &uses, &err), &err);
    assert_true(uses.n == 2 && uses.sealed == 0 && uses.retired_at == NOW + 2);
    assert_fails(store_master_promote(tx, NOW, &err), &err, ERR_CONFLICT);
    tx_free(tx);
}

static void note_node(void *context, const struct vault_node *node)
{
    struct names *names = context;

    (void)snprintf(names->text + strlen(names->text), sizeof names->text - strlen(names->text),
        "%s:%s:%s ", node->name, node->key_ids, node->sealing_id);
}

static void nodes_say_what_they_hold_and_are_forgotten(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct vault_node a = { "a", "k1 k2", "k1", "", NOW }, b = { "b", "k1", "k1", "why", NOW + 5 };
    struct names names = { 0 };
    struct err err = { 0 };

    assert_works(store_vault_node_put(tx, &a, &err), &err);
    assert_works(store_vault_node_put(tx, &b, &err), &err);
    assert_works(store_vault_nodes(tx, NOW, note_node, &names, &err), &err);
    assert_string_equal(names.text, "a:k1 k2:k1 b:k1:k1 ");
    names.text[0] = '\0';
    assert_works(store_vault_nodes(tx, NOW + 1, note_node, &names, &err), &err);
    assert_string_equal(names.text, "b:k1:k1 ");
    b.key_ids = "k2";
    b.seen_at = NOW + 4000;
    assert_works(store_vault_node_put(tx, &b, &err), &err);
    names.text[0] = '\0';
    assert_works(store_vault_nodes(tx, 0, note_node, &names, &err), &err);
    assert_string_equal(names.text, "b:k2:k1 ");
    tx_free(tx);
}

/* Enough like one for the store: the magic number, the master key's id, and some length. */
#define BLOB(id, text)                                                                             \
    "CDS\1" id "012345678901234567890123456789012345678901234567890123456789"                      \
    "0123456789012345678901234567890123456789" text

static void add_key(struct tx *tx, enum vault_purpose purpose, const char *bound_to,
    struct span blob, int64_t *ret_id)
{
    struct sealed_key_new key = { .purpose = purpose,
        .bound_to = bound_to,
        .algorithm = "ed25519",
        .public_key = SPAN_LITERAL("public"),
        .blob = blob };
    struct err err = { 0 };

    assert_works(store_sealed_key_add(tx, &key, NOW, ret_id, &err), &err);
}

static void of_two_keys_for_a_purpose_the_first_counts(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    autodone(sealed_key_row) struct sealed_key_row row;
    struct sealed_key_new no_blob = { .bound_to = "x", .blob = SPAN_LITERAL("no seal at all") };
    struct err err = { 0 };
    int64_t first = 0;
    int64_t second = 0;

    sealed_key_row_init(&row);
    assert_works(store_sealed_key_first(tx, VAULT_AUDIT, &row, &err), &err);
    assert_int_equal(row.id, 0);
    add_key(tx, VAULT_AUDIT, "key/1", SPAN_LITERAL(BLOB("\1\2\3\4\5\6\7\xAB", "fir\0st")), &first);
    add_key(tx, VAULT_AUDIT, "key/2", SPAN_LITERAL(BLOB("\1\2\3\4\5\6\7\xAB", "second")), &second);
    assert_true(second > first);
    assert_works(store_sealed_key_first(tx, VAULT_AUDIT, &row, &err), &err);
    assert_int_equal(row.id, first);
    assert_string_equal(row.bound_to, "key/1");
    assert_string_equal(row.master_key_id, "01020304050607ab");
    assert_true(
        span_equal(buf_span(&row.blob), SPAN_LITERAL(BLOB("\1\2\3\4\5\6\7\xAB", "fir\0st"))));
    assert_works(store_sealed_key_first(tx, VAULT_TLS, &row, &err), &err);
    assert_int_equal(row.id, 0);
    assert_fails(store_sealed_key_get(tx, 999, &row, &err), &err, ERR_NOT_FOUND);
    assert_fails(store_sealed_key_add(tx, &no_blob, NOW, &first, &err), &err, ERR_INVALID);
    tx_free(tx);
}

static void a_row_is_wrapped_anew_by_one_only(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    autodone(sealed_key_row) struct sealed_key_row row;
    struct span anew = SPAN_LITERAL(BLOB("NEWKEY..", "x"));
    struct err err = { 0 };
    int64_t ids[2], n = 0, total = 0;
    bool changed = false;

    sealed_key_row_init(&row);
    add_key(tx, VAULT_TLS, "key/1", SPAN_LITERAL(BLOB("OLDKEY..", "x")), &ids[0]);
    add_key(tx, VAULT_TLS, "key/2", SPAN_LITERAL(BLOB("OLDKEY..", "y")), &ids[1]);
    assert_works(store_sealed_key_next_other(tx, "4e45574b45592e2e", 0, &row, &err), &err);
    assert_int_equal(row.id, ids[0]);
    assert_works(store_sealed_key_rewrap(tx, &row, anew, &changed, &err), &err);
    assert_true(changed);
    assert_works(store_sealed_key_rewrap(tx, &row, anew, &changed, &err), &err);
    assert_false(changed);
    assert_works(store_sealed_key_count_other(tx, "4e45574b45592e2e", &n, &total, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(total, 2);
    assert_works(store_sealed_key_next_other(tx, "4e45574b45592e2e", ids[0], &row, &err), &err);
    assert_int_equal(row.id, ids[1]);
    assert_works(store_sealed_key_next_other(tx, "4e45574b45592e2e", ids[1], &row, &err), &err);
    assert_int_equal(row.id, 0);
    tx_free(tx);
}

/* F28: what was sealed before a rotation and comes to be written after it would be lost one day. */
static void nothing_comes_under_a_master_key_that_is_retired(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct vault_master old = master_of("4f4c444b45592e2e", VAULT_CURRENT); /* "OLDKEY.." */
    struct vault_master new = master_of("4e45574b45592e2e", VAULT_PENDING);
    struct sealed_key_new late = { .purpose = VAULT_TLS,
        .bound_to = "key/2",
        .algorithm = "ed25519",
        .public_key = SPAN_LITERAL("public"),
        .blob = SPAN_LITERAL(BLOB("OLDKEY..", "y")) };
    struct err err = { 0 };
    int64_t id = 0, n = 0;

    assert_works(store_master_add(tx, &old, NOW, &err), &err);
    assert_works(store_master_add(tx, &new, NOW, &err), &err);
    assert_works(store_master_promote(tx, NOW, &err), &err);
    add_key(tx, VAULT_TLS, "key/1", SPAN_LITERAL(BLOB("OLDKEY..", "x")), &id); /* yet to be moved */
    assert_works(store_master_retire(tx, NOW, &n, &err), &err);
    assert_fails(store_sealed_key_add(tx, &late, NOW, &id, &err), &err, ERR_UNAVAILABLE);
    late.blob = SPAN_LITERAL(BLOB("NEWKEY..", "y"));
    assert_works(store_sealed_key_add(tx, &late, NOW, &id, &err), &err);
    tx_free(tx);
}

static void a_key_that_nothing_refers_to_is_swept_up_after_a_day(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t id, audit, n = 0;

    add_key(tx, VAULT_TLS, "key/1", SPAN_LITERAL(BLOB("OLDKEY..", "x")), &id);
    add_key(tx, VAULT_AUDIT, "key/2", SPAN_LITERAL(BLOB("OLDKEY..", "x")), &audit);
    assert_works(store_sealed_key_sweep(tx, NOW + 86400, &n, &err), &err);
    assert_int_equal(n, 0);
    assert_works(store_sealed_key_sweep(tx, NOW + 86401, &n, &err), &err);
    assert_int_equal(n, 1);
    tx_free(tx);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_groups_name_is_taken_once),
        WITH(members_see_what_is_shared_with_their_group),
        WITH(bundles_are_added_up_for_the_prober),
        WITH(a_database_belongs_to_one_master_key),
        WITH(a_master_key_goes_from_pending_to_retired),
        WITH(nodes_say_what_they_hold_and_are_forgotten),
        WITH(of_two_keys_for_a_purpose_the_first_counts),
        WITH(a_row_is_wrapped_anew_by_one_only),
        WITH(nothing_comes_under_a_master_key_that_is_retired),
        WITH(a_key_that_nothing_refers_to_is_swept_up_after_a_day),
    };
    return cmocka_run_group_tests_name("store_trust", tests, NULL, NULL);
}
