/*
 * vault_ca_lists: what an authority says of certificates that it issued: CRL and OCSP (F21).
 */
#include "testing_authority.h"

static void a_list_of_revoked_ones_revokes(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf csr = BUF_INIT(65536);
    autodone(buf) struct buf der = BUF_INIT(65536);
    autodone(buf) struct buf list = BUF_INIT(65536);
    autodone(made) struct made made;
    struct vault_ca_crl crl = { .number = 7, .entries = BUF_INIT(VAULT_CA_CRL_MAX) };
    struct err err = { 0 };

    struct vault_ca_leaf leaf = first_leaf(bench, &csr, &made);

    assert_works(sign(bench, &made, &leaf, &der, &err), &err);
    X509 *cert = cert_of(&der), *root = cert_of(&made.der);

    crl.this_at = made.now - 10;
    crl.next_at = made.now + DAY;
    for (int is_revoked = 0; is_revoked < 2; is_revoked++) {
        X509_CRL *parsed;

        if (is_revoked) {
            vault_ca_crl_add(&crl, SPAN_LITERAL("\x01\x02"), made.now - 20, 0);
            vault_ca_crl_add(&crl, span_of(serial, sizeof serial), made.now - 5, 1);
        }
        buf_clear(&list);
        assert_works(vault_ca_sign_crl(bench->client, buf_span(&made.sealed), &authority, &crl,
                         &list, &err),
            &err);
        const uint8_t *at = list.data;

        parsed = d2i_X509_CRL(NULL, &at, (long)list.size);
        assert_non_null(parsed);
        assert_int_equal(X509_CRL_verify(parsed, X509_get0_pubkey(root)), 1);
        assert_int_equal(verify_strictly(cert, root, parsed),
            is_revoked ? X509_V_ERR_CERT_REVOKED : X509_V_OK);
        X509_CRL_free(parsed);
    }
    vault_ca_crl_add(&crl, SPAN_LITERAL("\x03"), made.now,
        6); /* certificateHold: nothing is held */
    assert_fails(vault_ca_sign_crl(bench->client, buf_span(&made.sealed), &authority, &crl, &list,
                     &err),
        &err, ERR_INVALID);
    buf_done(&crl.entries);
    X509_free(cert);
    X509_free(root);
}

static void answers_to_ocsp_are_signed_and_say_what_was_asked(void **state)
{
    struct bench *bench = *state;
    autodone(buf) struct buf out = BUF_INIT(65536);
    autodone(made) struct made made;
    struct vault_ocsp ocsp = { .nonce = SPAN_LITERAL("0123456789abcdef") };
    struct err err = { 0 };

    (void)unlock_new(bench);
    assert_works(make(bench, (struct vault_ca_new){ .algorithm = VAULT_ED25519, .is_root = true },
                     &made, &err),
        &err);
    ocsp.this_at = made.now;
    ocsp.next_at = made.now + DAY;
    for (int i = 0; i < 3; i++)
        ocsp.items[ocsp.n_items++] = (struct vault_ocsp_item){ .hash = VAULT_OCSP_SHA256,
            .serial = span_of(serial, sizeof serial - (size_t)i),
            .status = (enum vault_ocsp_status)i,
            .revoked_at = i == VAULT_OCSP_REVOKED ? made.now - 60 : 0,
            .reason = i == VAULT_OCSP_REVOKED ? 1 : 0 };
    assert_works(vault_ca_sign_ocsp(bench->client, buf_span(&made.sealed), &authority, &ocsp, &out,
                     &err),
        &err);
    const uint8_t *at = out.data;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)out.size);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    X509 *root = cert_of(&made.der);
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *certs = sk_X509_new_null();

    sk_X509_push(certs, root);
    X509_STORE_add_cert(store, root);
    assert_int_equal(OCSP_basic_verify(basic, certs, store, 0), 1);
    for (int i = 0; i < 3; i++) {
        int reason = -1;

        assert_int_equal(OCSP_single_get0_status(OCSP_resp_get0(basic, i), &reason, NULL, NULL,
                             NULL),
            i);
        assert_int_equal(reason, i == 1 ? 1 : -1);
    }
    sk_X509_free(certs);
    X509_STORE_free(store);
    X509_free(root);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
}

int main(int argc, char **argv)
{
    be_a_vault_if_told(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_of_revoked_ones_revokes, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_to_ocsp_are_signed_and_say_what_was_asked, setup,
            teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
