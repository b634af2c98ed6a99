/* vault/recovery: the key pair of backups, in its forms, and what is sealed to it. */
#include <string.h>

#include "testing.h"

#include "base/secret.h"
#include "vault/recovery.h"

static void both_halves_come_back_from_their_texts(void **state)
{
    autodone(recovery_key) struct recovery_key key;
    autodone(recovery_key) struct recovery_key again = { 0 };
    autodone(buf) struct buf file = BUF_INIT_SECRET(4096);
    uint8_t public_half[RECOVERY_PUBLIC_SIZE];
    char text[RECOVERY_TEXT_SIZE];
    struct err err = { 0 };

    (void)state;
    recovery_key_make(&key);
    recovery_public_text(key.public_half, text);
    assert_works(recovery_public_parse(text, public_half, &err), &err);
    assert_memory_equal(public_half, key.public_half, sizeof public_half);
    recovery_key_write(&key, &file);
    assert_works(recovery_key_read(buf_span(&file), &again, &err), &err);
    assert_memory_equal(again.public_half, key.public_half, sizeof public_half);
}

static void a_slip_in_the_text_is_noticed(void **state)
{
    autodone(recovery_key) struct recovery_key key;
    uint8_t public_half[RECOVERY_PUBLIC_SIZE];
    char text[RECOVERY_TEXT_SIZE];
    struct err err = { 0 };

    (void)state;
    recovery_key_make(&key);
    recovery_public_text(key.public_half, text);
    for (size_t i = 0; text[i]; i++) {
        char was = text[i];

        text[i] = was == '0' ? '1' : '0';
        assert_fails(recovery_public_parse(text, public_half, &err), &err, ERR_INVALID);
        text[i] = was;
    }
    text[20] = '\0';
    assert_fails(recovery_public_parse(text, public_half, &err), &err, ERR_INVALID);
    assert_fails(recovery_public_parse("", public_half, &err), &err, ERR_INVALID);
}

static void a_file_that_is_none_is_told(void **state)
{
    static const char *const files[] = { "", "certdesk recovery key 1\n",
        "certdesk recovery key 1\nabcd\n", "certdesk recovery key 2\n00\n", "\n\n" };
    autodone(recovery_key) struct recovery_key key = { 0 };
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < countof(files); i++)
        assert_fails(recovery_key_read(span_text(files[i]), &key, &err), &err, ERR_INVALID);
}

static void a_data_key_opens_for_its_own_row_alone(void **state)
{
    static const struct vault_binding row = { VAULT_TLS, "key/1" }, other = { VAULT_TLS, "key/2" },
                                      purpose = { VAULT_SECRET, "key/1" };
    autodone(recovery_key) struct recovery_key key, stranger;
    autodone(buf) struct buf sealed = BUF_INIT(4096);
    autofree(secret) struct secret *data_key = secret_new_zeroed(32);
    autofree(secret) struct secret *opened = NULL;
    struct err err = { 0 };

    (void)state;
    recovery_key_make(&key);
    recovery_key_make(&stranger);
    memset(secret_bytes(data_key), 7, 32);
    assert_works(recovery_seal_data_key(key.public_half, data_key, &row, &sealed, &err), &err);
    assert_fails(recovery_open_data_key(&key, buf_span(&sealed), &other, &opened, &err), &err,
        ERR_INVALID);
    assert_fails(recovery_open_data_key(&key, buf_span(&sealed), &purpose, &opened, &err), &err,
        ERR_INVALID);
    assert_fails(recovery_open_data_key(&stranger, buf_span(&sealed), &row, &opened, &err), &err,
        ERR_INVALID);
    assert_works(recovery_open_data_key(&key, buf_span(&sealed), &row, &opened, &err), &err);
    assert_true(secret_equal(secret_span(opened), secret_span(data_key)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_halves_come_back_from_their_texts),
        cmocka_unit_test(a_slip_in_the_text_is_noticed),
        cmocka_unit_test(a_file_that_is_none_is_told),
        cmocka_unit_test(a_data_key_opens_for_its_own_row_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
