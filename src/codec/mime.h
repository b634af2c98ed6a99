/*
 * codec/mime: electronic mail as text: addresses, header fields, bodies (RFC 5322, 2045, 2047).
 *
 * Whatever text is given, a header field stays one field: line breaks and other control characters
 * in it become blanks, and what is not plain ASCII becomes encoded words. Lines are at most 76
 * characters long and end in CRLF.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;

#define MIME_ADDRESS_SIZE 255 /* 254 bytes (RFC 5321, 4.5.3.1.3, errata 1690), and a NUL */
#define MIME_NAME_SIZE 129

/* A mailbox: where mail goes, and whose that is; the name may be "". */
struct mime_mailbox {
    char name[MIME_NAME_SIZE];
    char address[MIME_ADDRESS_SIZE];
};

/*
 * Is it an address that any mail server takes: a dot-atom, "@", a domain name or an address in
 * brackets, all of it ASCII? ERR_INVALID says what is wrong.
 */
bool mime_address_check(struct span text, struct err *err) must_check;

/* "a@example.org", "Name <a@example.org>" or "\"Name\" <a@example.org>". */
bool mime_mailbox_parse(struct span text, struct mime_mailbox *ret, struct err *err) must_check;

/* Append "Name: text" of unstructured text (a subject). */
void mime_add_field(struct buf *out, const char *name, struct span text);

/* The same of a mailbox, and of an instant (RFC 5322, 3.3, in UTC). */
void mime_add_mailbox(struct buf *out, const char *name, const struct mime_mailbox *mailbox);
void mime_add_date(struct buf *out, const char *name, int64_t at);

/* UTF-8 text with "\n" as quoted-printable with CRLF, also at its end (RFC 2045, 6.7). */
void mime_add_quoted(struct buf *out, struct span text);
