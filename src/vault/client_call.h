/* vault/client_call: what the files of vault/client share. */
#pragma once

#include "base/frame.h"
#include "vault/client_keys.h"
#include "vault/protocol.h"

struct err;

/* One request and its answer, which `in` keeps and *ret reads from; another vault is waited for
 * where there is patience. */
bool vault_call(struct vault_client *client, enum vault_request type, const struct buf *payload,
    struct buf *in, struct frame_reader *ret, struct err *err) must_check;

bool vault_check_binding(const struct vault_binding *binding, struct err *err) must_check;

/* The next bytes of an answer, added to `ret`. */
static inline void vault_take_bytes(struct frame_reader *r, struct buf *ret)
{
    buf_add_span(ret, frame_read_bytes(r));
}
