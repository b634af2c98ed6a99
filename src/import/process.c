/* import/process: see the header. */
#include "import/process.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/secret.h"
#include "import/found.h"
#include "import/read.h"
#include "import/reading.h"
#include "import/wire.h"
#include "vault/parcel.h"

#define EXIT_FATAL 78
#define MEMORY_MAX ((rlim_t)512 << 20)

static void limit(__rlimit_resource_t what, rlim_t most)
{
    struct rlimit limit = { most, most };

    (void)setrlimit(what, &limit);
}

/* The address space of a sanitizer is terabytes. */
static void limit_resources(void)
{
    limit(RLIMIT_CPU, IMPORT_PROCESS_CPU_S);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NPROC, 0);
    if (!SANDBOX_SANITIZING)
        limit(RLIMIT_AS, MEMORY_MAX);
    (void)alarm(IMPORT_PROCESS_LIFE_S);
}

/* Everything the library would otherwise look for later, when it is too late. */
static bool warm_up(struct err *err)
{
    uint8_t public_key[PARCEL_PUBLIC_SIZE];
    autofree(secret) struct secret *ignored = NULL;

    if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS |
                                OPENSSL_INIT_ADD_ALL_DIGESTS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
            NULL) != 1)
        return fail(err, ERR_INTERNAL, "could not start the cryptographic library");
    read_prepare();
    return parcel_make_pair(public_key, &ignored, err);
}

static bool confine(struct err *err)
{
    struct sandbox_files nothing = { .no_tcp = true };

    return sandbox_files(&nothing, NULL, err) && sandbox_calls(SANDBOX_IMPORTER, err);
}

static bool put_found(struct buf *out, const struct found *found, const uint8_t *vault_key,
    struct err *err)
{
    buf_add_u32(out, (uint32_t)found->n_certs);
    for (size_t i = 0; i < found->n_certs; i++) {
        buf_add_u8(out, (uint8_t)found->certs[i].part);
        frame_put_bytes(out, buf_span(&found->certs[i].der));
    }
    buf_add_u32(out, (uint32_t)found->n_keys);
    for (size_t i = 0; i < found->n_keys; i++) {
        autodone(buf) struct buf parcel = BUF_INIT(128u << 10);
        const struct found_key *key = &found->keys[i];

        if (!parcel_close(vault_key, PARCEL_INFO, buf_span(&key->spki), secret_span(key->pkcs8),
                &parcel, err))
            return false;
        buf_add_u8(out, (uint8_t)key->part);
        frame_put_bytes(out, buf_span(&key->spki));
        frame_put_bytes(out, buf_span(&parcel));
    }
    return buf_check(out, "what is in the upload", err);
}

static bool parse(const struct frame *request, struct buf *out, struct import_refusal *refusal,
    struct err *err)
{
    autodone(found) struct found found = { 0 };
    struct import_upload upload = { 0 };

    if (request->type != IMPORT_PARSE || !wire_read_upload(request->payload, &upload, err))
        return err->kind != ERR_NONE || fail(err, ERR_INVALID, "unknown request");
    return read_upload(&upload, READING_ITERATIONS, &found, refusal, err) &&
           put_found(out, &found, upload.vault_key, err);
}

static bool serve(int fd, struct err *err)
{
    autodone(buf) struct buf in = BUF_INIT_SECRET(IMPORT_FRAME_MAX);
    autodone(buf) struct buf out = BUF_INIT(IMPORT_FRAME_MAX + FRAME_HEADER_SIZE);
    struct import_refusal refusal = { 0 };
    struct frame request;
    struct err why = { 0 };

    if (!frame_receive(fd, -1, &in, &request, NULL, NULL, err))
        return false;
    size_t begun = frame_begin(&out, request.request, IMPORT_DONE);

    if (!parse(&request, &out, &refusal, &why)) {
        buf_clear(&out);
        begun = frame_begin(&out, request.request, IMPORT_REFUSED);
        wire_put_refusal(&out, &refusal, &why);
    }
    frame_end(&out, begun);
    return frame_send_bytes(fd, buf_span(&out), err);
}

int import_process_main(int fd)
{
    struct err err = { 0 };

    secret_forbid_dumps();
    limit_resources();
    if (!warm_up(&err) || !confine(&err)) {
        fprintf(stderr, "certdesk: importer: %s\n", err.msg);
        return EXIT_FATAL;
    }
    if (serve(fd, &err) || err.kind == ERR_NOT_FOUND || err.kind == ERR_UNAVAILABLE)
        return 0; /* done, or the server has given up */
    log_error("importer.failed", KV_ERR(&err));
    return 1;
}
