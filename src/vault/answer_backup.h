/*
 * vault/answer_backup: what a backup needs: a key for its file, every data key sealed to the
 * recovery key, and a signature.
 *
 * Which recovery key that is was said when the vault was started, by whoever started it: nobody
 * who talks to the vault can have keys sealed to a key of their own.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/frame.h"

struct err;
struct vault;

/* VAULT_BEGIN_BACKUP, VAULT_EXPORT_KEY, VAULT_SIGN_BACKUP: the rest of the request is read from
 * `r`. */
bool answer_begin_backup(const struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err) must_check;
bool answer_export_key(const struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err) must_check;
bool answer_adopt_key(const struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err) must_check;
bool answer_sign_backup(const struct vault *vault, struct frame_reader *r, struct buf *out,
    struct err *err) must_check;
