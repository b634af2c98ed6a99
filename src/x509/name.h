/*
 * x509/name: a distinguished name as a person reads it, and host names compared.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct X509_name_st;

/*
 * Append `name` as RFC 4514 writes it, most specific first. Strings of whatever type become UTF-8;
 * what is no character, and control characters, become U+FFFD. Values of types that are no text are
 * written as "#" and hexadecimal (RFC 4514, 2.4).
 */
void name_write(const struct X509_name_st *name, struct buf *out);

/* The same, cut at `max` bytes. The caller frees. */
char *name_text(const struct X509_name_st *name, size_t max) must_check;

/* Append the most specific value of an attribute, by its OpenSSL number (NID_commonName), as text.
 */
bool name_write_attribute(const struct X509_name_st *name, int nid, struct buf *out);

/* The same, cut at `max` bytes; "" where there is none. The caller frees. */
char *name_attribute_text(const struct X509_name_st *name, int nid, size_t max) must_check;

/*
 * Append type and value of the n-th attribute, counted as the DER has them; the type as in
 * name_write(). *is_text is false, and nothing appended to `value`, for values that are no text.
 * False past the last.
 */
bool name_write_nth(const struct X509_name_st *name, size_t n, struct buf *type, struct buf *value,
    bool *is_text);

/* Cut what was appended at `max` bytes, on a character's border, and end it in "…". */
void name_cut(struct buf *text, size_t max);

/*
 * Does the DNS-ID `pattern` cover `host`, both in A-labels and any case? A wildcard is the whole
 * left-most label, covers exactly one label, and has at least two more behind it (RFC 9525, 6.3). A
 * dot at the end of `host` is ignored.
 */
bool name_pattern_covers(struct span pattern, struct span host);

/* Is it a host name or a wildcard pattern in A-labels, as far as letters and lengths go? */
bool name_is_host(struct span text);

/* An IPv4 or IPv6 address, in brackets or not, as its 4 or 16 bytes; 0 where it is none. */
size_t name_parse_address(struct span text, uint8_t bytes[static 16]);
