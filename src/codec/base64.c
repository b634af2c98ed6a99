/* codec/base64: see the header. The work is libsodium's, which does it in constant time. */
#include "codec/base64.h"

#include <sodium.h>

#include "base/err.h"

static void encode(struct span bytes, int variant, struct buf *out)
{
    const size_t size = sodium_base64_encoded_len(bytes.size, variant);
    uint8_t *const room = buf_extend(out, size);

    if (!room)
        return;
    sodium_bin2base64((char *)room, size, bytes.data, bytes.size, variant);
    out->size--; /* its NUL, which a buf does not count */
}

void base64_encode(struct span bytes, struct buf *out)
{
    encode(bytes, sodium_base64_VARIANT_ORIGINAL, out);
}

void base64_encode_url(struct span bytes, struct buf *out)
{
    encode(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING, out);
}

/* libsodium takes some bytes above 127 for digits. */
static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] > 0x7f)
            return false;
    return true;
}

static bool decode(struct span text, int variant, const char *what, struct buf *out,
    struct err *err)
{
    const size_t before = out->size;
    const size_t room = text.size / 4 * 3 + 3;
    uint8_t *const bytes = buf_extend(out, room);
    const char *end = NULL;
    size_t size = 0;

    if (!bytes)
        return buf_check(out, what, err);
    const bool is_ok = is_ascii(text) &&
                       sodium_base642bin(bytes, room, (const char *)text.data, text.size, NULL,
                           &size, &end, variant) == 0 &&
                       end == (const char *)text.data + text.size;

    out->size = before + (is_ok ? size : 0);
    out->data[out->size] = '\0';
    return is_ok || fail(err, ERR_INVALID, "this is no %s", what);
}

bool base64_decode(struct span text, struct buf *out, struct err *err)
{
    return decode(text, sodium_base64_VARIANT_ORIGINAL, "base64", out, err);
}

bool base64_decode_url(struct span text, struct buf *out, struct err *err)
{
    return decode(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING, "base64url", out, err);
}
