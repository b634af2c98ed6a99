/* codec/sealed_stream: what was written comes back, and nothing else does. */
#include <string.h>
#include <unistd.h>

#include "testing.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "codec/sealed_stream.h"

static const uint8_t key[SEALED_STREAM_KEY_SIZE] = "one key";
#define PREAMBLE SPAN_LITERAL("title")

static int temporary(void)
{
    struct err err = { 0 };
    int fd = -1;

    assert_works(fs_open_temporary("/tmp", &fd, &err), &err);
    return fd;
}

static void write_stream(int fd, size_t size, uint8_t digest[static SEALED_STREAM_DIGEST_SIZE])
{
    struct sealed_writer *writer = NULL;
    uint8_t *bytes = xcalloc(1, size + 1);
    struct err err = { 0 };

    memset(bytes, 'a', size);
    assert_works(sealed_writer_new(fd, PREAMBLE, key, &writer, &err), &err);
    assert_works(sealed_write(writer, span_of(bytes, size), &err), &err);
    assert_works(sealed_writer_end(writer, digest, &err), &err);
    sealed_writer_free(writer);
    free(bytes);
}

static bool read_stream(int fd, size_t size, struct span preamble, const uint8_t *with,
    uint8_t digest[static SEALED_STREAM_DIGEST_SIZE], struct err *err)
{
    autofree(sealed_reader) struct sealed_reader *reader = NULL;
    uint8_t *bytes = xcalloc(1, size + 1);

    assert_int_equal(lseek(fd, (off_t)PREAMBLE.size, SEEK_SET), PREAMBLE.size);
    bool works = sealed_reader_new(fd, preamble, with, &reader, err) &&
                 sealed_read(reader, bytes, size, err) && sealed_reader_end(reader, digest, err);

    for (size_t i = 0; works && i < size; i++)
        assert_int_equal(bytes[i], 'a');
    free(bytes);
    return works;
}

/* Around the size of a chunk, which is where the last one may be empty. */
static void every_size_comes_back(void **state)
{
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 300000 };

    (void)state;
    for (size_t i = 0; i < countof(sizes); i++) {
        uint8_t written[SEALED_STREAM_DIGEST_SIZE], read[SEALED_STREAM_DIGEST_SIZE];
        autoclose int fd = temporary();
        struct err err = { 0 };

        write_stream(fd, sizes[i], written);
        assert_works(read_stream(fd, sizes[i], PREAMBLE, key, read, &err), &err);
        assert_memory_equal(written, read, sizeof read);
        if (sizes[i] > 0)
            assert_fails(read_stream(fd, sizes[i] - 1, PREAMBLE, key, read, &err), &err,
                ERR_INVALID);
        assert_fails(read_stream(fd, sizes[i] + 1, PREAMBLE, key, read, &err), &err, ERR_INVALID);
    }
}

static void another_key_or_preamble_opens_nothing(void **state)
{
    static const uint8_t other[SEALED_STREAM_KEY_SIZE] = "another key";
    uint8_t digest[SEALED_STREAM_DIGEST_SIZE];
    autoclose int fd = temporary();
    struct err err = { 0 };

    (void)state;
    write_stream(fd, 1000, digest);
    assert_fails(read_stream(fd, 1000, PREAMBLE, other, digest, &err), &err, ERR_INVALID);
    assert_fails(read_stream(fd, 1000, SPAN_LITERAL("tItle"), key, digest, &err), &err,
        ERR_INVALID);
}

static void no_byte_can_be_changed_or_cut_off(void **state)
{
    uint8_t digest[SEALED_STREAM_DIGEST_SIZE];
    autoclose int fd = temporary();
    struct err err = { 0 };

    (void)state;
    write_stream(fd, 200, digest);
    off_t size = lseek(fd, 0, SEEK_END);

    for (off_t at = (off_t)PREAMBLE.size; at < size; at++) {
        uint8_t byte = 0;

        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_fails(read_stream(fd, 200, PREAMBLE, key, digest, &err), &err, ERR_INVALID);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    for (off_t left = size - 1; left >= (off_t)PREAMBLE.size; left--) {
        assert_int_equal(ftruncate(fd, left), 0);
        assert_fails(read_stream(fd, 200, PREAMBLE, key, digest, &err), &err, ERR_INVALID);
    }
}

/* A whole stream without its last chunk: every chunk of it is genuine. */
static void the_end_cannot_be_left_out(void **state)
{
    uint8_t digest[SEALED_STREAM_DIGEST_SIZE];
    autoclose int fd = temporary();
    struct err err = { 0 };

    (void)state;
    write_stream(fd, 65536, digest);
    off_t size = lseek(fd, 0, SEEK_END);

    assert_int_equal(ftruncate(fd, size - 4 - 17), 0); /* the empty last chunk */
    assert_fails(read_stream(fd, 65536, PREAMBLE, key, digest, &err), &err, ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(another_key_or_preamble_opens_nothing),
        cmocka_unit_test(no_byte_can_be_changed_or_cut_off),
        cmocka_unit_test(the_end_cannot_be_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
