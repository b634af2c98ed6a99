/* base/frame: whatever a process sends that was taken over. The first byte picks what is read. */
#include "base/err.h"
#include "base/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_payload(struct frame_reader r, uint8_t how)
{
    struct err err;
    char field[32];
    uint8_t fixed[32];

    switch (how % 6) {
    case 0:
        while (!r.failed && r.rest.size > 0)
            (void)frame_read_bytes(&r);
        break;
    case 1:
        for (size_t n = frame_read_count(&r, 5); n > 0; n--)
            frame_read_text_to(&r, field, sizeof field);
        break;
    case 2:
        (void)frame_read_err(&r, &err);
        break;
    case 3:
        frame_read_fixed(&r, fixed, sizeof fixed);
        (void)frame_read_i64(&r);
        (void)frame_read_bool(&r);
        break;
    case 4:
        free(frame_read_text_dup(&r, 1000));
        (void)frame_read_u16(&r);
        break;
    default:
        (void)frame_read_i64(&r);
        break;
    }
    (void)!frame_reader_end(&r, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    struct frame frame;
    size_t used;

    while (frame_parse(rest, 65536, &frame, &used) == FRAME_WHOLE) {
        read_payload(frame_reader_of(frame.payload), (uint8_t)frame.type);
        rest = span_slice(rest, used, SIZE_MAX);
    }
    return 0;
}
