/* deploy/pem: see the header. */
#include "deploy/pem.h"

#include <string.h>

#include "base/secret.h"
#include "codec/base64.h"
#include "deploy/deploy.h"

#define LINE_BYTES 48 /* 64 characters (RFC 7468, 2) */
#define LINE_TEXT 65  /* with the line break */
#define BEGIN "-----BEGIN PRIVATE KEY-----\n"
#define END "-----END PRIVATE KEY-----\n"

static uint8_t *append(uint8_t *at, const void *data, size_t size)
{
    memcpy(at, data, size);
    return at + size;
}

struct secret *deploy_pem(const struct deploy_material *material)
{
    struct span key = secret_span(material->pkcs8);
    size_t n_lines = (key.size + LINE_BYTES - 1) / LINE_BYTES;
    size_t room = material->chain_pem.size + strlen(BEGIN) + n_lines * LINE_TEXT + strlen(END);
    struct secret *whole = secret_new_zeroed(room);
    uint8_t *at = append(secret_bytes(whole), material->chain_pem.data, material->chain_pem.size);

    at = append(at, BEGIN, strlen(BEGIN));
    for (size_t i = 0; i < key.size; i += LINE_BYTES) {
        struct buf line = BUF_INIT_SECRET(LINE_TEXT + 1);

        base64_encode(span_slice(key, i, LINE_BYTES), &line);
        buf_add_char(&line, '\n');
        at = append(at, line.data, line.size);
        buf_done(&line);
    }
    at = append(at, END, strlen(END));
    size_t size = (size_t)(at - secret_bytes(whole));

    if (size == room)
        return whole;
    struct secret *cut = secret_new(span_of(secret_bytes(whole), size));

    secret_free(whole);
    return cut;
}
