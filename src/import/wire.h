/*
 * import/wire: what is said between the server and the process that parses an upload.
 *
 * One frame each way: the upload as IMPORT_PARSE, then IMPORT_DONE with what was found, or
 * IMPORT_REFUSED with the fault, the part and an error. Neither side believes the other before it
 * has measured: the server is sent an upload's content, after all.
 */
#pragma once

#include "base/base.h"
#include "base/frame.h"
#include "import/client.h"

struct err;

#define IMPORT_FRAME_MAX (IMPORT_UPLOAD_MAX + (256u << 10))

enum import_frame {
    IMPORT_PARSE = 1,  /* vault key[32], password, key password, and the three parts: bytes each */
    IMPORT_DONE = 100, /* certificates: u8 part, bytes; keys: u8 part, bytes spki, bytes parcel */
    IMPORT_REFUSED,    /* u8 fault, u8 part, error */
};

/* Send an upload piece by piece, so that there is no second copy of it. */
bool wire_send_upload(int fd, const struct import_upload *upload, struct err *err) must_check;

/* `ret` borrows from the payload. */
bool wire_read_upload(struct span payload, struct import_upload *ret, struct err *err) must_check;

void wire_put_refusal(struct buf *out, const struct import_refusal *refusal, const struct err *err);

/* Fills in `err` from it, and returns false, whatever it is. */
bool wire_read_refusal(struct span payload, struct import_refusal *ret, struct err *err);

/* The caller frees what is in *ret. */
bool wire_read_result(struct span payload, struct import_result *ret, struct err *err) must_check;
