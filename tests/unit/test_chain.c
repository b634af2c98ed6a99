#include "testing.h"

#include <unistd.h>

#include "base/alloc.h"
#include "testing_oracle.h"
#include "testing_x509.h"
#include "x509/chain.h"
#include "x509/trust_store.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static void add_pem(struct buf *pem, const struct made *made)
{
    autodone(buf) struct buf der = made_der(made);
    autofree(cert) struct cert *cert = NULL;
    struct err err = { 0 };

    assert_works(cert_from_der(buf_span(&der), &cert, &err), &err);
    cert_to_pem(cert, pem);
}

static struct chain *chain_of(const struct made *const *made, size_t n)
{
    struct buf ders[8];
    struct span spans[8];
    struct chain *chain = NULL;
    struct err err = { 0 };

    for (size_t i = 0; i < n; i++) {
        ders[i] = made_der(made[i]);
        spans[i] = buf_span(&ders[i]);
    }
    assert_works(chain_from_ders(spans, n, &chain, &err), &err);
    for (size_t i = 0; i < n; i++)
        buf_done(&ders[i]);
    return chain;
}

static struct trust_store *store_of(const struct made *anchor)
{
    autodone(buf) struct buf pem = BUF_INIT(1 << 20);
    struct trust_store *store = NULL;
    struct err err = { 0 };

    if (anchor)
        add_pem(&pem, anchor);
    assert_works(trust_store_new("", buf_span(&pem), &store, &err), &err);
    return store;
}

/* A root, an intermediate and a leaf; the intermediate ends before the leaf. */
struct family {
    struct made root;
    struct made middle;
    struct made leaf;
};

static struct family family(int64_t leaf_begins, int64_t leaf_ends)
{
    struct family f = { 0 };

    f.root = make((struct order){ .cn = "Root",
        .constraints = "critical,CA:TRUE",
        .not_after = NOW + 1000 * DAY });
    f.middle = make((struct order){ .cn = "Middle",
        .constraints = "critical,CA:TRUE,pathlen:0",
        .not_after = NOW + 20 * DAY,
        .issuer = &f.root });
    f.leaf = make((struct order){ .cn = "leaf.example",
        .sans = "DNS:leaf.example",
        .not_before = leaf_begins,
        .not_after = leaf_ends,
        .issuer = &f.middle });
    return f;
}

static void family_done(struct family *f)
{
    made_done(&f->root);
    made_done(&f->middle);
    made_done(&f->leaf);
}
DEFINE_AUTODONE(family);

/* ---- verdicts ---- */

static void check_verdict(const struct made *const *made, size_t n, const struct made *anchor,
    enum chain_status status, int64_t path_expires_at)
{
    autofree(chain) struct chain *chain = chain_of(made, n);
    autofree(trust_store) struct trust_store *store = store_of(anchor);
    struct chain_verdict verdict;

    chain_verify(chain, store, NOW, &verdict);
    if (verdict.status != status)
        fail_msg("%s (%s), not %s", chain_status_name(verdict.status), verdict.message,
            chain_status_name(status));
    assert_true(verdict.path_expires_at == path_expires_at);
    assert_int_equal(status == CHAIN_TRUSTED, verdict.message[0] == '\0');
}

static void chain_is_trusted_up_to_an_anchor_and_ends_with_its_first_end(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    const struct made *const sent[] = { &f.leaf, &f.middle, &f.root };

    (void)state;
    check_verdict(sent, 2, &f.root, CHAIN_TRUSTED, NOW + 20 * DAY);
    check_verdict(sent, 3, &f.root, CHAIN_TRUSTED, NOW + 20 * DAY);
    /* Whom an admin trusts is an anchor, be it no root; its own end does not count then. */
    check_verdict(sent, 1, &f.middle, CHAIN_TRUSTED, NOW + 90 * DAY);
    check_verdict(sent, 1, &f.leaf, CHAIN_TRUSTED, NOW + 90 * DAY);
}

static void chain_without_its_middle_is_incomplete(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    const struct made *const sent[] = { &f.leaf, &f.root };

    (void)state;
    check_verdict(sent, 1, &f.root, CHAIN_INCOMPLETE, NOW + 90 * DAY);
    check_verdict(sent, 2, &f.root, CHAIN_INCOMPLETE, NOW + 90 * DAY);
}

static void chain_to_nobody_we_know_is_untrusted(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    const struct made *const sent[] = { &f.leaf, &f.middle, &f.root };

    (void)state;
    check_verdict(sent, 3, NULL, CHAIN_UNTRUSTED_ROOT, NOW + 90 * DAY);
    check_verdict(&sent[2], 1, NULL, CHAIN_SELF_SIGNED, NOW + 1000 * DAY);
    check_verdict(&sent[2], 1, &f.root, CHAIN_TRUSTED, NOW + 1000 * DAY);
}

static void chain_that_has_ended_or_not_begun_is_told_apart(void **state)
{
    autodone(family) struct family ended = family(NOW - 90 * DAY, NOW - DAY);
    autodone(family) struct family early = family(NOW + DAY, NOW + 10 * DAY);
    const struct made *const sent_ended[] = { &ended.leaf, &ended.middle };
    const struct made *const sent_early[] = { &early.leaf, &early.middle };

    (void)state;
    check_verdict(sent_ended, 2, &ended.root, CHAIN_EXPIRED, NOW - DAY);
    check_verdict(sent_early, 2, &early.root, CHAIN_NOT_YET_VALID, NOW + 10 * DAY);
    /* Above all it is from nobody we know. */
    check_verdict(sent_ended, 1, NULL, CHAIN_INCOMPLETE, NOW - DAY);
}

static void chain_with_a_wrong_signature_or_purpose_is_not_trusted(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    autodone(made) struct made other =
        make((struct order){ .cn = "Middle", .constraints = "CA:TRUE" });
    autodone(made) struct made forged =
        make((struct order){ .cn = "leaf.example", .issuer = &other });
    autodone(made) struct made client = make((struct order){ .cn = "a",
        .purposes = "clientAuth",
        .issuer = &f.middle,
        .not_after = NOW + 5 * DAY });
    autodone(made) struct made below =
        make((struct order){ .cn = "b", .issuer = &f.leaf, .not_after = NOW + 5 * DAY });
    const struct made *const sent_forged[] = { &forged, &f.middle };
    const struct made *const sent_client[] = { &client, &f.middle };
    const struct made *const sent_below[] = { &below, &f.leaf, &f.middle };

    (void)state;
    check_verdict(sent_forged, 2, &f.root, CHAIN_BAD_SIGNATURE, 2000000000);
    check_verdict(sent_client, 2, &f.root, CHAIN_INVALID, NOW + 5 * DAY);
    check_verdict(sent_below, 3, &f.root, CHAIN_INVALID, NOW + 5 * DAY);
}

static void verdict_names_the_certificate_above_the_leaf(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    const struct made *const sent[] = { &f.leaf, &f.middle };
    autofree(chain) struct chain *chain = chain_of(sent, 2);
    autofree(trust_store) struct trust_store *store = store_of(&f.root);
    struct chain_verdict verdict;

    (void)state;
    chain_verify(chain, store, NOW + 30 * DAY, &verdict);
    assert_int_equal(verdict.status, CHAIN_EXPIRED);
    assert_contains(verdict.message, "CN=Middle");
    assert_true(verdict.is_complete_path);
}

static void store_looks_into_a_folder(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    autodone(buf) struct buf pem = BUF_INIT(1 << 20);
    const struct made *const sent[] = { &f.leaf, &f.middle };
    autofree(chain) struct chain *chain = chain_of(sent, 2);
    autofree(trust_store) struct trust_store *store = NULL;
    char folder[] = "/tmp/certdesk-test-XXXXXX";
    char path[128];
    struct chain_verdict verdict;
    struct err err = { 0 };

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/%08lx.0", folder,
        X509_NAME_hash_ex(X509_get_subject_name(f.root.x509), NULL, NULL, NULL));
    add_pem(&pem, &f.root);
    assert_works(fs_write_atomic(path, buf_span(&pem), 0600, &err), &err);
    assert_works(trust_store_new(folder, SPAN_EMPTY, &store, &err), &err);
    chain_verify(chain, store, NOW, &verdict);
    assert_int_equal(verdict.status, CHAIN_TRUSTED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void store_refuses_what_is_no_certificate(void **state)
{
    autofree(trust_store) struct trust_store *store = NULL;
    struct err err = { 0 };

    (void)state;
    assert_fails(trust_store_new("",
                     SPAN_LITERAL("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                  "-----END CERTIFICATE-----\n"),
                     &store, &err),
        &err, ERR_INVALID);
    assert_contains(err.msg, "the trusted certificates: ");
    assert_null(store);
}

/* ---- order ---- */

static void pem_in_any_order_becomes_a_chain(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    autodone(made) struct made stranger =
        make((struct order){ .cn = "X", .constraints = "CA:TRUE" });
    const struct made *const orders[][4] = {
        { &f.leaf, &f.middle, &f.root, &stranger },
        { &f.root, &stranger, &f.middle, &f.leaf },
        { &stranger, &f.middle, &f.leaf, &f.root },
    };

    (void)state;
    for (size_t i = 0; i < countof(orders); i++) {
        autodone(buf) struct buf pem = BUF_INIT(1 << 20);
        autodone(buf) struct buf again = BUF_INIT(1 << 20);
        autofree(chain) struct chain *chain = NULL;
        struct err err = { 0 };

        buf_add_text(&pem, "# a comment\n");
        for (size_t j = 0; j < 4; j++)
            add_pem(&pem, orders[i][j]);
        add_pem(&pem, &f.leaf);
        assert_works(chain_from_pem(buf_span(&pem), &chain, &err), &err);
        assert_int_equal(chain_size(chain), 3);
        assert_string_equal(cert_common_name(chain_leaf(chain)), "leaf.example");
        assert_string_equal(cert_common_name(chain_cert(chain, 1)), "Middle");
        assert_string_equal(cert_common_name(chain_cert(chain, 2)), "Root");
        chain_to_pem(chain, &again);
        assert_int_equal(again.size > 0, 1);
    }
}

static void pem_of_two_leaves_is_refused(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    autodone(made) struct made second = make((struct order){ .cn = "second", .issuer = &f.middle });
    autodone(buf) struct buf pem = BUF_INIT(1 << 20);
    autofree(chain) struct chain *chain = NULL;
    struct err err = { 0 };

    (void)state;
    assert_fails(chain_from_pem(SPAN_EMPTY, &chain, &err), &err, ERR_INVALID);
    assert_fails(chain_from_ders(NULL, 0, &chain, &err), &err, ERR_INVALID);
    add_pem(&pem, &f.leaf);
    add_pem(&pem, &second);
    add_pem(&pem, &f.middle);
    assert_fails(chain_from_pem(buf_span(&pem), &chain, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "2 certificates that none of the others issued");
}

static void pem_of_one_ca_is_a_chain_of_one(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    autodone(buf) struct buf pem = BUF_INIT(1 << 20);
    autofree(chain) struct chain *chain = NULL;
    struct err err = { 0 };

    (void)state;
    add_pem(&pem, &f.root);
    assert_works(chain_from_pem(buf_span(&pem), &chain, &err), &err);
    assert_int_equal(chain_size(chain), 1);
}

static void chain_keeps_its_limits(void **state)
{
    autodone(buf) struct buf pem = BUF_INIT(4 << 20);
    autofree(chain) struct chain *chain = NULL;
    struct err err = { 0 };
    uint8_t *const huge = xcalloc(1, CHAIN_MAX_BYTES + 1);

    (void)state;
    assert_fails(chain_from_pem(span_of(huge, CHAIN_MAX_BYTES + 1), &chain, &err), &err, ERR_LIMIT);
    free(huge);
    for (int i = 0; i <= CHAIN_MAX_CERTS; i++) {
        autodone(made) struct made made = make((struct order){ .cn = "a", .key = "ED25519" });

        add_pem(&pem, &made);
    }
    assert_fails(chain_from_pem(buf_span(&pem), &chain, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "more than 32");
}

static struct cert *cert_of(const struct made *made)
{
    autodone(buf) struct buf der = made_der(made);
    struct cert *cert = NULL;
    struct err err = { 0 };

    assert_works(cert_from_der(buf_span(&der), &cert, &err), &err);
    return cert;
}

static void chain_is_completed_from_what_is_known(void **state)
{
    autodone(family) struct family f = family(NOW - DAY, NOW + 90 * DAY);
    autofree(cert) struct cert *root = cert_of(&f.root);
    autofree(cert) struct cert *middle = cert_of(&f.middle);
    const struct cert *const pool[] = { root, middle };
    const struct made *const sent[] = { &f.leaf };
    autofree(chain) struct chain *chain = chain_of(sent, 1);
    autofree(trust_store) struct trust_store *store = store_of(&f.root);
    struct chain_verdict verdict;

    (void)state;
    assert_int_equal(chain_complete(chain, pool, 1), 0); /* a root is not sent */
    assert_int_equal(chain_complete(chain, pool, 2), 1);
    assert_int_equal(chain_complete(chain, pool, 2), 0);
    chain_verify(chain, store, NOW, &verdict);
    assert_int_equal(verdict.status, CHAIN_TRUSTED);
}

static void status_names_and_ranks(void **state)
{
    enum chain_status status = CHAIN_INVALID;

    (void)state;
    for (int i = 0; i < N_CHAIN_STATUS; i++) {
        assert_true(chain_status_from_name(chain_status_name((enum chain_status)i), &status));
        assert_int_equal(status, i);
    }
    assert_false(chain_status_from_name("", &status));
    assert_true(chain_status_rank("trusted") < chain_status_rank("expired"));
    assert_true(chain_status_rank("expired") < chain_status_rank("incomplete"));
    assert_int_equal(chain_status_rank("incomplete"), chain_status_rank("untrusted_root"));
    assert_true(chain_status_rank("untrusted_root") < chain_status_rank("self_signed"));
    assert_true(chain_status_rank("self_signed") < chain_status_rank("invalid"));
    assert_true(chain_status_rank("invalid") < chain_status_rank(""));
}

/* ---- what NIST says ---- */

enum column { NUMBER, NAME, SHOULD_VALIDATE, CERTS, CRLS, POLICY_INPUTS };

/* Sections of PKITS about what is not looked at here: revocation by CRL. */
static const char *const about_crls[] = { "4.4.", "4.14.", "4.15.", "4.5.", "4.7." };

/* The others on which the verdict differs, each with its reason. */
static const struct {
    const char *number;
    const char *because;
} disagreed[] = {
    { "4.1.4", "signed with SHA-1, which is worth nothing any more" },
    { "4.1.5", "the same, and OpenSSL takes no DSA parameters from the issuer" },
};

static bool is_excused(struct span number)
{
    for (size_t i = 0; i < countof(about_crls); i++)
        if (span_starts_with(number, about_crls[i]))
            return true;
    for (size_t i = 0; i < countof(disagreed); i++)
        if (span_is(number, disagreed[i].number))
            return true;
    return false;
}

/* Build the chain of one row; the anchor comes first there and is not sent. */
static enum chain_status verdict_of_row(struct span names)
{
    struct buf ders[16];
    struct span spans[16];
    struct span part;
    size_t n = 0;
    autodone(buf) struct buf anchor = BUF_INIT(1 << 20);
    autofree(chain) struct chain *chain = NULL;
    autofree(cert) struct cert *root = NULL;
    autofree(trust_store) struct trust_store *store = NULL;
    struct chain_verdict verdict;
    struct err err = { 0 };

    while (span_split(&names, ',', &part)) {
        char path[256];

        assert_true(n < countof(ders));
        (void)snprintf(path, sizeof path, "pkits/certs/%.*s.crt", (int)part.size,
            (const char *)part.data);
        ders[n++] = oracle_file(path);
    }
    assert_works(cert_from_der(buf_span(&ders[0]), &root, &err), &err);
    cert_to_pem(root, &anchor);
    assert_works(trust_store_new("", buf_span(&anchor), &store, &err), &err);
    for (size_t i = 1; i < n; i++)
        spans[n - 1 - i] = buf_span(&ders[i]);
    verdict.status = CHAIN_INVALID;
    if (chain_from_ders(spans, n - 1, &chain, &err))
        chain_verify(chain, store, NOW, &verdict);
    for (size_t i = 0; i < n; i++)
        buf_done(&ders[i]);
    return verdict.status;
}

static void chain_agrees_with_nist(void **state)
{
    size_t n = 0;
    size_t n_disagreed = 0;

    (void)state;
    oracle_need("pkits");
    autodone(buf) struct buf table = oracle_file("pkits/expect.tsv");
    struct span rest = buf_span(&table);
    struct oracle_row row;

    (void)oracle_next_row(&rest, &row);
    while (oracle_next_row(&rest, &row)) {
        if (!span_is(row.cells[POLICY_INPUTS], "-"))
            continue;
        const bool is_trusted = verdict_of_row(row.cells[CERTS]) == CHAIN_TRUSTED;

        n++;
        if (is_trusted == span_is(row.cells[SHOULD_VALIDATE], "1"))
            continue;
        n_disagreed++;
        if (!is_excused(row.cells[NUMBER]))
            fail_msg("%.*s %.*s: %s", (int)row.cells[NUMBER].size,
                (const char *)row.cells[NUMBER].data, (int)row.cells[NAME].size,
                (const char *)row.cells[NAME].data, is_trusted ? "trusted" : "not trusted");
    }
    assert_int_equal(n, 212);
    print_message("%zu of %zu agree; the others are about CRLs and SHA-1\n", n - n_disagreed, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_is_trusted_up_to_an_anchor_and_ends_with_its_first_end),
        cmocka_unit_test(chain_without_its_middle_is_incomplete),
        cmocka_unit_test(chain_to_nobody_we_know_is_untrusted),
        cmocka_unit_test(chain_that_has_ended_or_not_begun_is_told_apart),
        cmocka_unit_test(chain_with_a_wrong_signature_or_purpose_is_not_trusted),
        cmocka_unit_test(verdict_names_the_certificate_above_the_leaf),
        cmocka_unit_test(store_looks_into_a_folder),
        cmocka_unit_test(store_refuses_what_is_no_certificate),
        cmocka_unit_test(pem_in_any_order_becomes_a_chain),
        cmocka_unit_test(pem_of_two_leaves_is_refused),
        cmocka_unit_test(pem_of_one_ca_is_a_chain_of_one),
        cmocka_unit_test(chain_keeps_its_limits),
        cmocka_unit_test(chain_is_completed_from_what_is_known),
        cmocka_unit_test(status_names_and_ranks),
        cmocka_unit_test(chain_agrees_with_nist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
