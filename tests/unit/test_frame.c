/* base/frame: what one process sends is what the other reads, and nothing else gets through. */
#include "testing.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/frame.h"
#include "base/fs.h"

static void every_type_comes_back_as_it_was_written(void **state)
{
    (void)state;
    autodone(buf) struct buf out = BUF_INIT(FRAME_MAX);
    struct err err = { 0 };
    struct frame frame;
    size_t size;
    size_t begun = frame_begin(&out, 7, 300);

    buf_add_u8(&out, 0xFE);
    buf_add_u16(&out, 0xFEDC);
    buf_add_u32(&out, 0xFEDCBA98);
    buf_add_u64(&out, UINT64_C(0xFEDCBA9876543210));
    frame_put_i64(&out, INT64_MIN);
    frame_put_bool(&out, true);
    frame_put_bytes(&out, SPAN_LITERAL("\0\1\2"));
    frame_put_text(&out, "gr\xC3\xBC\xC3\x9F");
    frame_put_text(&out, NULL);
    frame_end(&out, begun);

    assert_int_equal(frame_parse(buf_span(&out), FRAME_MAX, &frame, &size), FRAME_WHOLE);
    assert_int_equal(size, out.size);
    assert_int_equal(frame.request, 7);
    assert_int_equal(frame.type, 300);
    struct frame_reader r = frame_reader_of(frame.payload);

    assert_int_equal(frame_read_u8(&r), 0xFE);
    assert_int_equal(frame_read_u16(&r), 0xFEDC);
    assert_int_equal(frame_read_u32(&r), 0xFEDCBA98);
    assert_true((uint64_t)frame_read_i64(&r) == UINT64_C(0xFEDCBA9876543210));
    assert_true(frame_read_i64(&r) == INT64_MIN);
    assert_true(frame_read_bool(&r));
    assert_true(span_equal(frame_read_bytes(&r), SPAN_LITERAL("\0\1\2")));
    assert_true(span_is(frame_read_text(&r, 100), "gr\xC3\xBC\xC3\x9F"));
    assert_true(span_is(frame_read_text(&r, 100), ""));
    assert_works(frame_reader_end(&r, &err), &err);
}

static void a_frame_is_seen_only_when_it_is_whole(void **state)
{
    (void)state;
    autodone(buf) struct buf out = BUF_INIT(FRAME_MAX);
    struct frame frame;
    size_t size;

    frame_add(&out, 1, 2, SPAN_LITERAL("hello"));
    for (size_t n = 0; n < out.size; n++)
        assert_int_equal(frame_parse(span_slice(buf_span(&out), 0, n), 5, &frame, &size),
            FRAME_MORE);
    assert_int_equal(frame_parse(buf_span(&out), 5, &frame, &size), FRAME_WHOLE);
    assert_int_equal(frame_parse(buf_span(&out), 4, &frame, &size), FRAME_BROKEN);
}

static const struct {
    const char *what;
    const char *bytes;
    size_t size;
    enum { READ_BOOL, READ_BYTES, READ_TEXT, READ_COUNT, READ_I64, READ_NOTHING } read;
} malformed[] = {
    { "a bool that is neither", "\2", 1, READ_BOOL },
    { "bytes longer than what is there", "\0\0\0\5abcd", 8, READ_BYTES },
    { "a length that would wrap", "\xFF\xFF\xFF\xFF", 4, READ_BYTES },
    { "text that is no UTF-8", "\0\0\0\1\xFF", 5, READ_TEXT },
    { "text with a NUL", "\0\0\0\2a\0", 6, READ_TEXT },
    { "text above its limit", "\0\0\0\5abcde", 9, READ_TEXT },
    { "more elements than bytes", "\0\0\1\0abcdefgh", 12, READ_COUNT },
    { "half an integer", "abcd", 4, READ_I64 },
    { "something after the end", "a", 1, READ_NOTHING },
};

static void malformed_payloads_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(malformed); i++) {
        struct frame_reader r = frame_reader_of(span_of(malformed[i].bytes, malformed[i].size));
        struct err err = { 0 };

        switch (malformed[i].read) {
        case READ_BOOL:
            frame_read_bool(&r);
            break;
        case READ_BYTES:
            assert_int_equal(frame_read_bytes(&r).size, 0);
            break;
        case READ_TEXT:
            assert_int_equal(frame_read_text(&r, 4).size, 0);
            break;
        case READ_COUNT:
            assert_int_equal(frame_read_count(&r, 1), 0);
            break;
        case READ_I64:
            assert_true(frame_read_i64(&r) == 0);
            break;
        case READ_NOTHING:
            break;
        }
        print_message("%s\n", malformed[i].what);
        assert_fails(frame_reader_end(&r, &err), &err, ERR_INVALID);
    }
}

static void the_first_failure_is_remembered(void **state)
{
    (void)state;
    struct frame_reader r = frame_reader_of(SPAN_LITERAL("abc"));
    struct err err = { 0 };

    assert_int_equal(frame_read_u32(&r), 0);
    assert_int_equal(frame_read_u8(&r), 0);
    assert_fails(frame_reader_end(&r, &err), &err, ERR_INVALID);
}

static void an_error_travels_whole(void **state)
{
    (void)state;
    autodone(buf) struct buf out = BUF_INIT(FRAME_MAX);
    struct err sent = { 0 }, got = { 0 };

    fail(&sent, ERR_CONFLICT, "no");
    err_detail(&sent, "because");
    frame_put_err(&out, &sent);
    struct frame_reader r = frame_reader_of(buf_span(&out));

    assert_false(frame_read_err(&r, &got));
    assert_int_equal(got.kind, ERR_CONFLICT);
    assert_string_equal(got.msg, "no");
    assert_string_equal(got.detail, "because");

    r = frame_reader_of(SPAN_LITERAL("\x77"));
    assert_false(frame_read_err(&r, &got));
    assert_int_equal(got.kind, ERR_INTERNAL);
}

struct ends {
    int a, b;
};

static struct ends new_pair(void)
{
    struct ends ends;
    struct err err = { 0 };

    assert_works(frame_pair(&ends.a, &ends.b, &err), &err);
    return ends;
}

static void descriptors_travel_with_their_frame(void **state)
{
    (void)state;
    struct ends ends = new_pair();
    int pipe_fds[2], got[FRAME_FDS_MAX];
    size_t n = 99;
    autodone(buf) struct buf payload = BUF_INIT(100);
    struct frame frame = { .request = 1, .type = 1, .payload = SPAN_LITERAL("first") };
    struct err err = { 0 };
    char c = 0;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_works(frame_send(ends.a, &frame, NULL, 0, &err), &err);
    frame.request = 2;
    assert_works(frame_send(ends.a, &frame, pipe_fds, 1, &err), &err);

    assert_works(frame_receive(ends.b, 1000, &payload, &frame, got, &n, &err), &err);
    assert_int_equal(frame.request, 1);
    assert_int_equal(n, 0);
    assert_works(frame_receive(ends.b, 1000, &payload, &frame, got, &n, &err), &err);
    assert_int_equal(frame.request, 2);
    assert_int_equal(n, 1);
    assert_true(span_is(frame.payload, "first"));
    assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    assert_int_equal(read(got[0], &c, 1), 1);
    assert_int_equal(c, 'x');
    int all[] = { got[0], pipe_fds[0], pipe_fds[1], ends.a, ends.b };

    for (size_t i = 0; i < countof(all); i++)
        fd_close(all[i]);
}

static void a_peer_that_ends_is_told_apart(void **state)
{
    (void)state;
    autodone(buf) struct buf payload = BUF_INIT(8);
    struct frame frame = { 0 };
    struct err err = { 0 };
    struct ends ends = new_pair();

    assert_fails(frame_receive(ends.b, 0, &payload, &frame, NULL, NULL, &err), &err,
        ERR_UNAVAILABLE);
    assert_int_equal(write(ends.a, "\0\0\0\4\0\0\0\0\0\0ab", 12), 12);
    fd_close(ends.a);
    assert_fails(frame_receive(ends.b, 1000, &payload, &frame, NULL, NULL, &err), &err,
        ERR_UNAVAILABLE);
    assert_fails(frame_receive(ends.b, 1000, &payload, &frame, NULL, NULL, &err), &err,
        ERR_NOT_FOUND);
    assert_fails(frame_send(ends.b, &frame, NULL, 0, &err), &err, ERR_UNAVAILABLE);
    fd_close(ends.b);
}

static void a_frame_above_the_limit_is_refused_before_memory_is_asked_for(void **state)
{
    (void)state;
    autodone(buf) struct buf payload = BUF_INIT(8);
    struct frame frame = { 0 };
    struct err err = { 0 };
    struct ends ends = new_pair();

    assert_int_equal(write(ends.a, "\xFF\xFF\xFF\xFF\0\0\0\0\0\0", 10), 10);
    assert_fails(frame_receive(ends.b, 1000, &payload, &frame, NULL, NULL, &err), &err, ERR_LIMIT);
    fd_close(ends.a);
    fd_close(ends.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back_as_it_was_written),
        cmocka_unit_test(a_frame_is_seen_only_when_it_is_whole),
        cmocka_unit_test(malformed_payloads_are_told),
        cmocka_unit_test(the_first_failure_is_remembered),
        cmocka_unit_test(an_error_travels_whole),
        cmocka_unit_test(descriptors_travel_with_their_frame),
        cmocka_unit_test(a_peer_that_ends_is_told_apart),
        cmocka_unit_test(a_frame_above_the_limit_is_refused_before_memory_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
