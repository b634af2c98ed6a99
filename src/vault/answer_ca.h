/* vault/answer_ca: the part of vault/answer that signs for the built-in authority. */
#pragma once

#include "base/base.h"

struct buf;
struct err;
struct frame_reader;
struct vault;

/* Lets go of the vault's lock while the key is made, which takes long. */
bool answer_ca_make(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
    must_check;
bool answer_ca_install(struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err) must_check;
bool answer_ca_sign(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
    must_check;
bool answer_ca_sign_crl(struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err) must_check;
bool answer_ca_prove(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
    must_check;
bool answer_ca_sign_ocsp(struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err) must_check;
