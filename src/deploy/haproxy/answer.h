/*
 * deploy/haproxy/answer: what HAProxy says, read with care: it may be another version, or not
 * HAProxy at all.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "deploy/deploy.h"

/* "show ssl cert NAME". False: it is not known there. */
bool answer_read_cert(struct span text, struct deploy_current *ret) must_check;

/*
 * The names of "show ssl cert", from *rest on; false past the last. is_open: not a certificate but
 * the one for which a transaction is open.
 */
struct answer_name {
    struct span name;
    bool is_open;
};
bool answer_next_name(struct span *rest, struct answer_name *ret);

/* Is a line of the answer exactly this? */
bool answer_has_line(struct span text, const char *line);

/* The certificate of which "set ssl cert" says that a transaction was created or updated; empty:
 * none. */
struct span answer_transaction(struct span text);

/*
 * What it said, for people: one line, cleaned and cut, without any word that is part of `sent`:
 * what was not understood is often said back, and this was a key.
 */
#define ANSWER_SAID_MAX 200
void answer_said(struct span text, struct span sent, char ret[static ANSWER_SAID_MAX]);
