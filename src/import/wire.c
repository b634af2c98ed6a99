/* import/wire: see the header. Who finds things writes IMPORT_DONE itself (import/process). */
#include "import/wire.h"

#include "base/alloc.h"
#include "base/err.h"

#define CERT_BYTES_MAX (1u << 20)
#define KEY_BYTES_MAX (128u << 10)

const char *import_fault_field(enum import_fault fault, enum import_part part,
    bool has_key_password)
{
    static const char *const parts[] = { "file", "key", "chain" };

    if (fault != IMPORT_WRONG_PASSWORD && fault != IMPORT_PASSWORD_NEEDED)
        return parts[part];
    return part == IMPORT_KEY && (has_key_password || fault == IMPORT_PASSWORD_NEEDED)
               ? "key_password"
               : "password";
}

static bool send_bytes(int fd, struct span bytes, struct err *err)
{
    uint8_t raw[4];
    struct buf size = { .data = raw, .room = sizeof raw, .max = sizeof raw };

    size.data[0] = (uint8_t)(bytes.size >> 24);
    size.data[1] = (uint8_t)(bytes.size >> 16);
    size.data[2] = (uint8_t)(bytes.size >> 8);
    size.data[3] = (uint8_t)bytes.size;
    return frame_send_bytes(fd, span_of(raw, sizeof raw), err) && frame_send_bytes(fd, bytes, err);
}

bool wire_send_upload(int fd, const struct import_upload *upload, struct err *err)
{
    autodone(buf) struct buf head = BUF_INIT(FRAME_HEADER_SIZE);
    size_t size = IMPORT_PUBLIC_SIZE + 4 + upload->password.size + 4 + upload->key_password.size;

    for (size_t i = 0; i < N_IMPORT_PARTS; i++)
        size += 4 + upload->parts[i].size;
    if (size > IMPORT_FRAME_MAX)
        return fail(err, ERR_LIMIT, "the upload is larger than %u bytes", IMPORT_UPLOAD_MAX);
    buf_add_u32(&head, (uint32_t)size);
    buf_add_u32(&head, 1);
    buf_add_u16(&head, IMPORT_PARSE);
    if (!frame_send_bytes(fd, buf_span(&head), err) ||
        !frame_send_bytes(fd, span_of(upload->vault_key, IMPORT_PUBLIC_SIZE), err) ||
        !send_bytes(fd, upload->password, err) || !send_bytes(fd, upload->key_password, err))
        return false;
    for (size_t i = 0; i < N_IMPORT_PARTS; i++)
        if (!send_bytes(fd, upload->parts[i], err))
            return false;
    return true;
}

bool wire_read_upload(struct span payload, struct import_upload *ret, struct err *err)
{
    struct frame_reader r = frame_reader_of(payload);

    frame_read_fixed(&r, ret->vault_key, IMPORT_PUBLIC_SIZE);
    ret->password = frame_read_bytes(&r);
    ret->key_password = frame_read_bytes(&r);
    for (size_t i = 0; i < N_IMPORT_PARTS; i++)
        ret->parts[i] = frame_read_bytes(&r);
    if (!frame_reader_end(&r, err))
        return false;
    if (ret->password.size > IMPORT_PASSWORD_MAX || ret->key_password.size > IMPORT_PASSWORD_MAX)
        return fail(err, ERR_LIMIT, "a password is longer than %d bytes", IMPORT_PASSWORD_MAX);
    return true;
}

void wire_put_refusal(struct buf *out, const struct import_refusal *refusal, const struct err *err)
{
    buf_add_u8(out, (uint8_t)refusal->fault);
    buf_add_u8(out, (uint8_t)refusal->part);
    frame_put_err(out, err);
}

/* A part's number; a wrong one fails the reader. */
static enum import_part read_part(struct frame_reader *r)
{
    uint8_t part = frame_read_u8(r);

    if (part >= N_IMPORT_PARTS)
        r->failed = true;
    return r->failed ? IMPORT_FILE : (enum import_part)part;
}

bool wire_read_refusal(struct span payload, struct import_refusal *ret, struct err *err)
{
    struct frame_reader r = frame_reader_of(payload);
    uint8_t fault = frame_read_u8(&r);

    ret->part = read_part(&r);
    if (fault >= N_IMPORT_FAULTS)
        r.failed = true;
    ret->fault = r.failed ? IMPORT_FAULT_NONE : (enum import_fault)fault;
    return frame_read_err(&r, err);
}

void import_result_done(struct import_result *result)
{
    for (size_t i = 0; i < result->n_certs; i++)
        buf_done(&result->certs[i].der);
    for (size_t i = 0; i < result->n_keys; i++) {
        buf_done(&result->keys[i].spki);
        buf_done(&result->keys[i].parcel);
    }
    free(result->certs);
    free(result->keys);
    *result = (struct import_result){ 0 };
}

/* A copy; more than `max` fails the reader. */
static void read_copy(struct frame_reader *r, size_t max, struct buf *ret)
{
    struct span bytes = frame_read_bytes(r);

    buf_init(ret, max);
    buf_add_span(ret, bytes);
    if (!buf_ok(ret))
        r->failed = true;
}

bool wire_read_result(struct span payload, struct import_result *ret, struct err *err)
{
    struct frame_reader r = frame_reader_of(payload);
    struct import_result found = { 0 };
    size_t n_certs = frame_read_count(&r, 5);

    if (n_certs > IMPORT_CERTS_MAX)
        return fail(err, ERR_INVALID, "there are more than %d certificates", IMPORT_CERTS_MAX);
    found.certs = xcalloc(n_certs + 1, sizeof *found.certs);
    for (; found.n_certs < n_certs; found.n_certs++) {
        found.certs[found.n_certs].part = read_part(&r);
        read_copy(&r, CERT_BYTES_MAX, &found.certs[found.n_certs].der);
    }
    size_t n_keys = frame_read_count(&r, 9);

    if (n_keys > IMPORT_KEYS_MAX)
        n_keys = 0; /* and then the frame does not end where it should */
    found.keys = xcalloc(n_keys + 1, sizeof *found.keys);
    for (; found.n_keys < n_keys; found.n_keys++) {
        found.keys[found.n_keys].part = read_part(&r);
        read_copy(&r, KEY_BYTES_MAX, &found.keys[found.n_keys].spki);
        read_copy(&r, KEY_BYTES_MAX, &found.keys[found.n_keys].parcel);
    }
    if (!frame_reader_end(&r, err)) {
        import_result_done(&found);
        return false;
    }
    *ret = found;
    return true;
}
