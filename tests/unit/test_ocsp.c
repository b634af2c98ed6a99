/* F21: questions about certificates, from anybody; the questions are those of the fuzz target. */
#include "testing.h"

#include "base/buf.h"
#include "base/fs.h"
#include "x509/ocsp.h"

#define FOLDER "tests/fuzz/corpus/ocsp/"

static bool parse(const char *name, struct ocsp_request *ret, struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(65536);
    char path[128];
    struct err lost = { 0 };

    (void)snprintf(path, sizeof path, FOLDER "%s", name);
    assert_works(fs_read(path, &der, &lost), &lost);
    return ocsp_request_parse(buf_span(&der), ret, err);
}

static const struct {
    const char *name;
    size_t n_items;
    enum ocsp_hash hash;
    size_t nonce_size;
} understood[] = {
    { "sha1", 1, OCSP_SHA1, 0 },
    { "sha256-nonce", 1, OCSP_SHA256, 16 },
    { "sha512", 1, OCSP_SHA512, 128 },
    { "sixteen", 16, OCSP_SHA1, 0 },
};

static void a_question_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(understood); i++) {
        struct ocsp_request request;
        char serial[2 * OCSP_SERIAL_MAX + 1];
        struct err err = { 0 };

        assert_works(parse(understood[i].name, &request, &err), &err);
        assert_int_equal(request.n_items, understood[i].n_items);
        assert_int_equal(request.items[0].hash, understood[i].hash);
        assert_int_equal(request.nonce_size, understood[i].nonce_size);
        if (request.n_items == 16)
            assert_string_equal(ocsp_item_serial(&request.items[15], serial), "10");
    }
}

static const struct {
    const char *name;
    enum err_kind kind;
    const char *says;
} refused[] = {
    { "nonsense", ERR_INVALID, "no OCSP request" },
    { "cut", ERR_INVALID, "no OCSP request" },
    { "nonce-129", ERR_INVALID, "nonce" },
    { "seventeen", ERR_LIMIT, "more than 16" },
    { "long-serial", ERR_INVALID, "cannot be understood" },
    { "negative", ERR_INVALID, "cannot be understood" },
};

static void what_is_no_question_is_refused(void **state)
{
    static const uint8_t large[OCSP_REQUEST_MAX + 1];
    struct ocsp_request request;
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        assert_fails(parse(refused[i].name, &request, &err), &err, refused[i].kind);
        assert_contains(err.msg, refused[i].says);
    }
    assert_fails(ocsp_request_parse(SPAN_EMPTY, &request, &err), &err, ERR_INVALID);
    assert_fails(ocsp_request_parse(span_of(large, sizeof large), &request, &err), &err, ERR_LIMIT);
}

static void why_there_is_no_answer_is_an_answer(void **state)
{
    static const enum ocsp_refusal all[] = { OCSP_MALFORMED, OCSP_INTERNAL_ERROR, OCSP_TRY_LATER,
        OCSP_UNAUTHORIZED };

    (void)state;
    for (size_t i = 0; i < countof(all); i++) {
        autodone(buf) struct buf der = BUF_INIT(16);
        const uint8_t expected[] = { 0x30, 3, 0x0A, 1, (uint8_t)all[i] };

        ocsp_write_refusal(all[i], &der);
        assert_true(span_equal(buf_span(&der), span_of(expected, sizeof expected)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_understood),
        cmocka_unit_test(what_is_no_question_is_refused),
        cmocka_unit_test(why_there_is_no_answer_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
