/*
 * notify/smtp/mail: a message as electronic mail: text and HTML of the same, in one
 * multipart/alternative (RFC 5322, RFC 2046).
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "codec/mime.h"
#include "notify/notify.h"

/*
 * The whole mail. Its Message-ID and its boundary follow from the delivery's uid, so that a second
 * attempt can be told from a second message.
 */
void mail_write(const struct notice *notice, const struct mime_mailbox *from, struct buf *out);
