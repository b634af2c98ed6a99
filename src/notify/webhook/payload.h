/*
 * notify/webhook/payload: the JSON of a call: certdesk's own, or what Slack (and Mattermost, which
 * takes the same) or Microsoft Teams show as a message.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "notify/notify.h"

struct err;

/* The names of the templates, in the order of the API's enum; the last is NULL. */
extern const char *const payload_templates[];

bool payload_write(const struct notice *notice, struct buf *out, struct err *err) must_check;

/*
 * The value of X-Certdesk-Signature: "t=UNIX TIME,v1=HEX", where HEX is HMAC-SHA-256 of the time,
 * a dot and the body, with the webhook's secret as the key.
 */
void payload_sign(struct span secret, int64_t at, struct span body, struct buf *out);

/* Append "sha256=" and the HMAC of the body: WebSub's form, and Jira's. */
void payload_sign_hub(struct span secret, struct span body, struct buf *out);
