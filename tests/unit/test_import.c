/*
 * import/read: what others' files hold, by the tables of verdicts that come with them; and what is
 * said of files that hold nothing for us. F25, F26.
 */
#include "testing_oracle.h"
#include "testing_x509.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "base/alloc.h"
#include "base/secret.h"
#include "codec/digest.h"
#include "codec/hex.h"
#include "import/found.h"
#include "import/read.h"
#include "import/reading.h"

/* As read_upload(), of one part. */
static bool read_file(struct span file, struct span password, struct found *found,
    struct import_refusal *refusal, struct err *err)
{
    struct import_upload upload = { .parts = { file }, .password = password };

    *refusal = (struct import_refusal){ 0 };
    *err = (struct err){ 0 };
    return read_upload(&upload, READING_ITERATIONS, found, refusal, err);
}

/* "%D0%9F" to bytes, over itself. */
static struct span percent_decoded(struct span text, uint8_t *field)
{
    size_t n = 0;

    for (size_t i = 0; i < text.size; i++) {
        struct err err = { 0 };

        if (text.data[i] != '%') {
            field[n++] = text.data[i];
            continue;
        }
        assert_works(hex_decode(span_slice(text, i + 1, 2), &field[n++], 1, &err), &err);
        i += 2;
    }
    return span_of(field, n);
}

static const char *hash_text(struct span bytes, char field[static 65])
{
    uint8_t hash[SHA256_SIZE];

    digest_sha256(bytes, hash);
    return hex_encode(span_of(hash, sizeof hash), field, 65);
}

/* ---- PKCS#12 ---- */

enum pfx_column {
    PFX_FILE,
    PFX_PASSWORD = 3,
    PFX_VERDICT,
    PFX_CERTS,
    PFX_KEYS,
    PFX_SPKI,
    PFX_LEAF,
    PFX_ALL,
    PFX_WRONG_OPENS = 11
};

static bool has_cert(const struct found *found, struct span sha256)
{
    for (size_t i = 0; i < found->n_certs; i++) {
        char text[65];

        if (span_is(sha256, hash_text(buf_span(&found->certs[i].der), text)))
            return true;
    }
    return false;
}

static void check_pfx_content(const struct found *found, const struct oracle_row *row,
    const char *name)
{
    struct span all = row->cells[PFX_ALL], one;
    char text[65];

    (void)snprintf(text, sizeof text, "%zu", found->n_certs);
    if (!span_is(row->cells[PFX_CERTS], text))
        fail_msg("%s: %s certificates", name, text);
    (void)snprintf(text, sizeof text, "%zu", found->n_keys);
    if (!span_is(row->cells[PFX_KEYS], text))
        fail_msg("%s: %s keys", name, text);
    if (found->n_keys > 0 &&
        !span_is(row->cells[PFX_SPKI], hash_text(buf_span(&found->keys[0].spki), text)))
        fail_msg("%s: another key", name);
    while (!span_is(all, "-") && span_split(&all, ',', &one))
        if (!has_cert(found, one))
            fail_msg("%s: a certificate is missing", name);
}

static void check_wrong_password(struct span file, const struct oracle_row *row, const char *name)
{
    autodone(found) struct found found = { 0 };
    struct import_refusal refusal;
    struct err err;

    if (span_is(row->cells[PFX_WRONG_OPENS], "1"))
        return;
    if (read_file(file, SPAN_LITERAL("not the password"), &found, &refusal, &err))
        fail_msg("%s: opens with a wrong password", name);
    if (refusal.fault != IMPORT_WRONG_PASSWORD)
        fail_msg("%s: a wrong password is told as %s: %s", name, import_fault_name(refusal.fault),
            err.msg);
}

static void check_pfx(const struct oracle_row *row)
{
    autofree(str) char *name = span_dup(row->cells[PFX_FILE]);
    autofree(str) char *path = xasprintf("pfx/files/%s", name);
    autodone(buf) struct buf file = oracle_file(path);
    autodone(found) struct found found = { 0 };
    struct span verdict = row->cells[PFX_VERDICT];
    struct import_refusal refusal;
    uint8_t password[256];
    struct err err;
    bool is_read = read_file(buf_span(&file), percent_decoded(row->cells[PFX_PASSWORD], password),
        &found, &refusal, &err);

    if (span_is(verdict, "reject") && is_read)
        fail_msg("%s was accepted", name);
    if (!is_read)
        assert_true(refusal.fault != IMPORT_FAULT_NONE);
    if (span_is(verdict, "optional") && !is_read)
        assert_int_equal(refusal.fault, IMPORT_UNSUPPORTED);
    if (span_is(verdict, "stretch-accept")) {
        if (!is_read)
            fail_msg("%s: %s", name, err.msg);
        assert_true(found.n_certs > 0 && found.n_keys == 1);
        check_wrong_password(buf_span(&file), row, name);
    }
    if (!span_starts_with(verdict, "accept"))
        return;
    if (!is_read)
        fail_msg("%s: %s", name, err.msg);
    check_pfx_content(&found, row, name);
    check_wrong_password(buf_span(&file), row, name);
}

static void pfx_files_of_others_are_read(void **state)
{
    size_t n = 0;

    (void)state;
    oracle_need("pfx");
    autodone(buf) struct buf table = oracle_file("pfx/expect.tsv");
    struct span rest = buf_span(&table);
    struct oracle_row row;

    (void)oracle_next_row(&rest, &row);
    for (; oracle_next_row(&rest, &row); n++)
        check_pfx(&row);
    assert_int_equal(n, 59);
}

/* ---- keys ---- */

enum key_column { KEY_FILE, KEY_FORMAT = 3, KEY_PASSWORD, KEY_VERDICT, KEY_SPKI };

static void check_key_wrong_password(struct span file, const struct oracle_row *row,
    const char *name)
{
    autodone(found) struct found found = { 0 };
    struct import_refusal refusal;
    struct err err;

    if (row->cells[KEY_PASSWORD].size == 0)
        return;
    /* test-ca.key.der stands in the table with the password of its PEM, and needs none. */
    if (read_file(file, SPAN_LITERAL("not the password"), &found, &refusal, &err)) {
        found_done(&found);
        assert_true(read_file(file, SPAN_EMPTY, &found, &refusal, &err));
        return;
    }
    if (refusal.fault != IMPORT_WRONG_PASSWORD)
        fail_msg("%s: a wrong password is told as %s: %s", name, import_fault_name(refusal.fault),
            err.msg);
    if (read_file(file, SPAN_EMPTY, &found, &refusal, &err) ||
        refusal.fault != IMPORT_PASSWORD_NEEDED)
        fail_msg("%s: a missing password is told as %s: %s", name, import_fault_name(refusal.fault),
            err.msg);
}

static void check_key(const struct oracle_row *row)
{
    autofree(str) char *name = span_dup(row->cells[KEY_FILE]);
    autofree(str) char *path = xasprintf("keys/files/%s", name);
    autodone(buf) struct buf file = oracle_file(path);
    autodone(found) struct found found = { 0 };
    struct span verdict = row->cells[KEY_VERDICT];
    struct import_refusal refusal;
    uint8_t password[256];
    char hash[65];
    struct err err;
    bool is_read = read_file(buf_span(&file), percent_decoded(row->cells[KEY_PASSWORD], password),
        &found, &refusal, &err);

    if (span_is(verdict, "accept") && !is_read)
        fail_msg("%s: %s", name, err.msg);
    if (span_is(verdict, "reject-or-unsupported") && is_read)
        fail_msg("%s was accepted", name);
    if (!is_read) {
        assert_true(refusal.fault != IMPORT_FAULT_NONE);
        return;
    }
    assert_int_equal(found.n_keys, 1);
    if (!span_is(row->cells[KEY_SPKI], "-") &&
        !span_is(row->cells[KEY_SPKI], hash_text(buf_span(&found.keys[0].spki), hash)))
        fail_msg("%s: another key", name);
    check_key_wrong_password(buf_span(&file), row, name);
}

static void key_files_of_others_are_read(void **state)
{
    size_t n = 0;

    (void)state;
    oracle_need("keys");
    autodone(buf) struct buf table = oracle_file("keys/expect.tsv");
    struct span rest = buf_span(&table);
    struct oracle_row row;

    (void)oracle_next_row(&rest, &row);
    for (; oracle_next_row(&rest, &row); n++)
        check_key(&row);
    assert_int_equal(n, 151);
}

/* ---- certificates ---- */

static void check_cert(const struct oracle_row *row)
{
    autofree(str) char *name = span_dup(row->cells[0]);
    autofree(str) char *path = xasprintf("x509/der/%s.der", name);
    autodone(buf) struct buf file = oracle_file(path);
    autodone(found) struct found found = { 0 };
    struct span verdict = row->cells[4];
    struct import_refusal refusal;
    struct err err;
    bool is_read = read_file(buf_span(&file), SPAN_EMPTY, &found, &refusal, &err);

    if (span_is(verdict, "import") && !is_read)
        fail_msg("%s: %s", name, err.msg);
    if (span_is(verdict, "reject") && is_read)
        fail_msg("%s was accepted", name);
    if (!is_read)
        return;
    assert_int_equal(found.n_certs, 1);
    assert_int_equal(found.n_keys, 0);
    assert_true(span_equal(buf_span(&found.certs[0].der), buf_span(&file)));
}

static void certificates_of_others_are_read_as_they_are(void **state)
{
    size_t n = 0;

    (void)state;
    oracle_need("x509");
    autodone(buf) struct buf table = oracle_file("x509/expect.tsv");
    struct span rest = buf_span(&table);
    struct oracle_row row;

    (void)oracle_next_row(&rest, &row);
    for (; oracle_next_row(&rest, &row); n++)
        check_cert(&row);
    assert_int_equal(n, 2247);
}

static int setup(void **state)
{
    (void)state;
    read_prepare();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pfx_files_of_others_are_read),
        cmocka_unit_test(key_files_of_others_are_read),
        cmocka_unit_test(certificates_of_others_are_read_as_they_are),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
