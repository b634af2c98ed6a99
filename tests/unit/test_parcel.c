/* vault/parcel: what is closed for one key opens with that key, and with nothing else. */
#include "testing.h"

#include "base/secret.h"
#include "codec/hex.h"
#include "vault/parcel.h"

#define TEXT SPAN_LITERAL("a private key")

static void a_parcel_opens_for_whom_it_was_closed(void **state)
{
    static const size_t sizes[] = { 1, 13, 64, 2048, 65536 };
    autofree(secret) struct secret *half = NULL;
    uint8_t public_key[PARCEL_PUBLIC_SIZE];
    struct err err = { 0 };

    (void)state;
    assert_works(parcel_make_pair(public_key, &half, &err), &err);
    for (size_t i = 0; i < countof(sizes); i++) {
        autofree(secret) struct secret *clear = secret_new_zeroed(sizes[i]);
        autofree(secret) struct secret *back = NULL;
        autodone(buf) struct buf parcel = BUF_INIT(1U << 20);

        memset(secret_bytes(clear), 0x5a, sizes[i]);
        assert_works(parcel_close(public_key, PARCEL_INFO, TEXT, secret_span(clear), &parcel, &err),
            &err);
        assert_int_equal(parcel.size, sizes[i] + PARCEL_OVERHEAD);
        assert_works(parcel_open(half, PARCEL_INFO, TEXT, buf_span(&parcel), &back, &err), &err);
        assert_true(span_equal(secret_span(back), secret_span(clear)));
    }
}

/* Made by another implementation of RFC 9180 (the npm package @hpke/core). */
static void a_parcel_of_another_implementation_opens(void **state)
{
    static const char half_hex[] =
        "b0d3d5b09746c25c4e50f2e55e14c0e6864f0646cd5cabea9a80241a92bd835b";
    static const char parcel_hex[] =
        "13bd0d7b3286c958c6d3114358e36c18ccf98ee4223ce7a5c790b451e02c7179"
        "776847baeec32e873596ccd146fcb4c6d8d79397c6d7d51da6351eec5c";
    autofree(secret) struct secret *half = secret_new_zeroed(PARCEL_PRIVATE_SIZE);
    autofree(secret) struct secret *back = NULL;
    uint8_t parcel[(sizeof parcel_hex - 1) / 2];
    struct err err = { 0 };

    (void)state;
    assert_works(hex_decode(span_text(half_hex), secret_bytes(half), PARCEL_PRIVATE_SIZE, &err),
        &err);
    assert_works(hex_decode(span_text(parcel_hex), parcel, sizeof parcel, &err), &err);
    assert_works(parcel_open(half, PARCEL_INFO, SPAN_LITERAL("aad bytes"),
                     span_of(parcel, sizeof parcel), &back, &err),
        &err);
    assert_true(span_equal(secret_span(back), TEXT));
}

static void a_parcel_that_was_touched_stays_closed(void **state)
{
    autofree(secret) struct secret *half = NULL;
    autofree(secret) struct secret *other = NULL;
    autodone(buf) struct buf parcel = BUF_INIT(1024);
    uint8_t public_key[PARCEL_PUBLIC_SIZE], other_public[PARCEL_PUBLIC_SIZE];
    struct secret *never = NULL;
    struct err err = { 0 };

    (void)state;
    assert_works(parcel_make_pair(public_key, &half, &err), &err);
    assert_works(parcel_make_pair(other_public, &other, &err), &err);
    assert_works(parcel_close(public_key, PARCEL_INFO, TEXT, TEXT, &parcel, &err), &err);
    for (size_t i = 0; i < parcel.size; i++) {
        if (i == PARCEL_PUBLIC_SIZE - 1)
            continue; /* its highest bit counts for nothing (RFC 7748, 5) */
        parcel.data[i] ^= 0x80;
        assert_fails(parcel_open(half, PARCEL_INFO, TEXT, buf_span(&parcel), &never, &err), &err,
            ERR_INVALID);
        parcel.data[i] ^= 0x80;
    }
    for (size_t n = 0; n < parcel.size; n++)
        assert_fails(parcel_open(half, PARCEL_INFO, TEXT, span_of(parcel.data, n), &never, &err),
            &err, ERR_INVALID);
    assert_fails(parcel_open(other, PARCEL_INFO, TEXT, buf_span(&parcel), &never, &err), &err,
        ERR_INVALID);
    assert_fails(parcel_open(half, SPAN_LITERAL("?"), TEXT, buf_span(&parcel), &never, &err), &err,
        ERR_INVALID);
    assert_fails(parcel_open(half, PARCEL_INFO, SPAN_EMPTY, buf_span(&parcel), &never, &err), &err,
        ERR_INVALID);
    assert_null(never);
}

static void a_public_key_that_gives_nothing_away_is_refused(void **state)
{
    static const uint8_t zero[PARCEL_PUBLIC_SIZE];
    autodone(buf) struct buf parcel = BUF_INIT(1024);
    struct err err = { 0 };

    (void)state;
    assert_fails(parcel_close(zero, PARCEL_INFO, TEXT, TEXT, &parcel, &err), &err, ERR_INTERNAL);
    assert_int_equal(parcel.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parcel_opens_for_whom_it_was_closed),
        cmocka_unit_test(a_parcel_of_another_implementation_opens),
        cmocka_unit_test(a_parcel_that_was_touched_stays_closed),
        cmocka_unit_test(a_public_key_that_gives_nothing_away_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
