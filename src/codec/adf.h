/*
 * codec/adf: the Atlassian Document Format, in which Jira's REST version 3 has its rich text.
 *
 * Texts are kept as plain text with a few marks that people write anyway: a blank line between
 * paragraphs, "- " and "1. " for lists, "# " for headings, "----" for a rule, ``` or {code} around
 * code. PEM needs no marks to be code. What is written here reads back as the text it was made of,
 * but for blanks that carry no meaning.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;
struct json;
struct json_out;

#define ADF_DEPTH_MAX 24    /* nodes within nodes */
#define ADF_NODES_MAX 20000 /* in one document */

/*
 * Append the document as text, no more than `out` may hold. ERR_INVALID: it is no document;
 * ERR_LIMIT: it is too deep, of too many nodes, or its text is too long. Nodes and marks that mean
 * nothing to us are passed through to their text.
 */
bool adf_to_text(const struct json *document, struct buf *out, struct err *err) must_check;

/* Write the text as a document. It satisfies Atlassian's schema: no text node is empty. */
void adf_write(struct json_out *out, const char *key, struct span text);
