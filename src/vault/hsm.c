/* vault/hsm: see the header. What is here speaks to the process; OpenSSL's side is token_key.c.
 */
#include "vault/hsm.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/rand.h"
#include "vault/hsm_call.h"
#include "vault/hsm_wire.h"

#define NEW_ID_SIZE 16

struct hsm {
    pthread_mutex_t calling; /* around all of it */
    int fd;                  /* -1: its process is gone */
    uint32_t n_calls;
};

void hsm_ref_put(struct buf *out, const struct hsm_ref *ref)
{
    frame_put_text(out, ref->serial);
    frame_put_bytes(out, span_of(ref->id, ref->id_size));
    frame_put_text(out, ref->label);
}

void hsm_id_read(struct frame_reader *r, struct hsm_ref *ret)
{
    struct span id = frame_read_bytes(r);

    if (id.size > sizeof ret->id)
        r->failed = true;
    ret->id_size = r->failed ? 0 : id.size;
    if (ret->id_size > 0)
        memcpy(ret->id, id.data, id.size);
}

void hsm_ref_read(struct frame_reader *r, struct hsm_ref *ret)
{
    frame_read_text_to(r, ret->serial, sizeof ret->serial);
    hsm_id_read(r, ret);
    frame_read_text_to(r, ret->label, sizeof ret->label);
}

struct hsm *hsm_new(int fd)
{
    struct hsm *hsm = xcalloc(1, sizeof *hsm);

    (void)pthread_mutex_init(&hsm->calling, NULL);
    hsm->fd = fd;
    return hsm;
}

bool hsm_is_gone(struct hsm *hsm)
{
    (void)pthread_mutex_lock(&hsm->calling);
    bool is_gone = hsm->fd < 0;

    (void)pthread_mutex_unlock(&hsm->calling);
    return is_gone;
}

/* One at a time: whoever lost the thread would take the answer to another's question. */
static bool exchange(struct hsm *hsm, const struct frame *request, struct buf *in,
    struct frame *ret, struct err *err)
{
    int64_t patience_ms = request->type == HSM_SIGN ? HSM_SIGN_MS : HSM_MAKE_MS;

    if (hsm->fd < 0)
        return fail(err, ERR_UNAVAILABLE, "its process has ended");
    if (frame_send(hsm->fd, request, NULL, 0, err) &&
        frame_receive(hsm->fd, patience_ms + HSM_GRACE_MS, in, ret, NULL, NULL, err) &&
        ret->request == request->request)
        return true;
    fd_close(hsm->fd);
    hsm->fd = -1;
    return fail(err, ERR_UNAVAILABLE, "its process has ended");
}

bool hsm_call(struct hsm *hsm, int type, const struct buf *payload, struct buf *in,
    struct frame_reader *ret, struct err *err)
{
    struct frame answer = { 0 };

    if (!hsm)
        return fail(err, ERR_CONFLICT,
            "the authority's key lies in a token, and the settings name none (ca.pkcs11_module)");
    if (!buf_check(payload, "a request to the token", err))
        return false;
    (void)pthread_mutex_lock(&hsm->calling);
    const struct frame request = { .request = ++hsm->n_calls,
        .type = (uint16_t)type,
        .payload = buf_span(payload) };
    bool ok = exchange(hsm, &request, in, &answer, err);

    (void)pthread_mutex_unlock(&hsm->calling);
    if (ok) {
        *ret = frame_reader_of(answer.payload);
        if (answer.type == HSM_DONE)
            return true;
        (void)frame_read_err(ret, err);
    }
    return err_wrap(err, "the token with the authority's key");
}

/* What was made, or found. */
static bool read_made(struct frame_reader *r, struct hsm_ref *ret, struct buf *spki,
    struct err *err)
{
    frame_read_text_to(r, ret->serial, sizeof ret->serial);
    hsm_id_read(r, ret);
    buf_add_span(spki, frame_read_bytes(r));
    return frame_reader_end(r, err) && buf_check(spki, "a public key", err);
}

bool hsm_make(struct hsm *hsm, enum vault_algorithm algorithm, const char *label,
    struct hsm_ref *ret, struct buf *spki, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(HSM_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(HSM_FRAME_MAX);
    uint8_t id[NEW_ID_SIZE];
    struct frame_reader r;

    if (algorithm == VAULT_P521 || algorithm == VAULT_ED25519)
        return fail(err, ERR_INVALID,
            "a key in a token is RSA, or on the curve P-256 or P-384; %s is neither",
            vault_algorithm_name(algorithm));
    *ret = (struct hsm_ref){ 0 };
    (void)snprintf(ret->label, sizeof ret->label, "%s", label);
    rand_bytes(id, sizeof id);
    buf_add_u8(&payload, (uint8_t)algorithm);
    frame_put_bytes(&payload, span_of(id, sizeof id));
    frame_put_text(&payload, ret->label);
    return hsm_call(hsm, HSM_MAKE, &payload, &in, &r, err) && read_made(&r, ret, spki, err);
}

bool hsm_take(struct hsm *hsm, const char *label, struct hsm_ref *ret, struct buf *spki,
    struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(HSM_FRAME_MAX);
    autodone(buf) struct buf in = BUF_INIT(HSM_FRAME_MAX);
    struct frame_reader r;

    *ret = (struct hsm_ref){ 0 };
    (void)snprintf(ret->label, sizeof ret->label, "%s", label);
    frame_put_text(&payload, ret->label);
    return hsm_call(hsm, HSM_TAKE, &payload, &in, &r, err) && read_made(&r, ret, spki, err);
}
