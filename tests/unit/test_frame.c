/* base/frame: round trips, and every way a payload can be wrong. */
#include "testing.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"

static void a_frame_goes_round(void **state)
{
    autodone(buf) struct buf payload = BUF_INIT(1000);
    autodone(buf) struct buf wire = BUF_INIT(1000);
    struct frame frame = { 0 };
    struct frame_reader reader;
    struct err err = { 0 };
    char text[8];
    size_t size;

    (void)state;
    buf_add_u8(&payload, 7);
    buf_add_u64(&payload, UINT64_MAX - 1);
    frame_add_text(&payload, "hello");
    frame_add_bytes(&payload, SPAN_EMPTY);
    frame_write(&wire, 42, 3, buf_span(&payload));
    for (size_t n = 0; n < wire.size; n++) {
        assert_works(frame_read(span_of(wire.data, n), 1000, &frame, &size, &err), &err);
        assert_int_equal(size, 0);
    }
    assert_works(frame_read(buf_span(&wire), 1000, &frame, &size, &err), &err);
    assert_int_equal(size, wire.size);
    assert_int_equal(frame.id, 42);
    assert_int_equal(frame.type, 3);
    frame_reader_init(&reader, frame.payload);
    assert_int_equal(frame_u8(&reader), 7);
    assert_true(frame_i64(&reader) == -2);
    frame_text(&reader, text, sizeof text);
    assert_string_equal(text, "hello");
    assert_int_equal(frame_bytes(&reader).size, 0);
    assert_works(frame_reader_end(&reader, &err), &err);
}

static void a_frame_over_the_limit_is_refused_by_its_header(void **state)
{
    static const uint8_t header[] = { 0, 1, 0, 0, 0, 0, 0, 1, 0, 1 };
    struct frame frame;
    struct err err = { 0 };
    size_t size;

    (void)state;
    assert_fails(frame_read(span_of(header, sizeof header), 65535, &frame, &size, &err), &err,
        ERR_LIMIT);
    assert_works(frame_read(span_of(header, sizeof header), 65536, &frame, &size, &err), &err);
}

static void reading_past_the_end_gives_nothing_and_is_told(void **state)
{
    static const uint8_t cut[] = { 0, 0, 0, 9, 'a' };
    static const uint8_t nul[] = { 0, 0, 0, 2, 'a', 0 };
    struct frame_reader reader;
    struct err err = { 0 };
    char text[8] = "x";

    (void)state;
    frame_reader_init(&reader, span_of(cut, sizeof cut));
    assert_int_equal(frame_bytes(&reader).size, 0);
    assert_int_equal(frame_u8(&reader), 0);
    assert_fails(frame_reader_end(&reader, &err), &err, ERR_INVALID);
    frame_reader_init(&reader, span_of(nul, sizeof nul));
    frame_text(&reader, text, sizeof text);
    assert_string_equal(text, "");
    assert_fails(frame_reader_end(&reader, &err), &err, ERR_INVALID);
    frame_reader_init(&reader, span_of(nul, 3));
    (void)frame_u16(&reader);
    assert_fails(frame_reader_end(&reader, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "too many");
}

static void a_descriptor_travels_with_a_frame(void **state)
{
    autodone(buf) struct buf in = BUF_INIT(1000);
    struct frame frame;
    struct err err = { 0 };
    int pair[2];
    int pipes[2];
    int got = -1;
    char byte = 0;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(pipe(pipes), 0);
    assert_works(frame_send(pair[0], 1, 2, SPAN_LITERAL("take it"), pipes[1], &err), &err);
    assert_works(frame_receive(pair[1], 1000, &in, &frame, &got, &err), &err);
    assert_true(span_is(frame.payload, "take it"));
    assert_true(got >= 0);
    assert_int_equal(write(got, "!", 1), 1);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(byte, '!');
    (void)close(pair[0]);
    assert_fails(frame_receive(pair[1], 1000, &in, &frame, &got, &err), &err, ERR_UNAVAILABLE);
    (void)close(pair[1]);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_goes_round),
        cmocka_unit_test(a_frame_over_the_limit_is_refused_by_its_header),
        cmocka_unit_test(reading_past_the_end_gives_nothing_and_is_told),
        cmocka_unit_test(a_descriptor_travels_with_a_frame),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
