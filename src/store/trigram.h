/*
 * store/trigram: how a text is asked of an index of three characters in a row (FTS5's tokenizer,
 * pg_trgm). Not for others than store/.
 *
 * SQLite uses the index only for LIKE without ESCAPE. So what LIKE would take for a wildcard
 * becomes "_", which is any character; where there was one, a second, exact LIKE looks again.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

bool trigram_is_wildcard(char c);

/* Has the text three characters in a row that are no wildcards? Others the index cannot find. */
bool trigram_has(const char *text);

/* Appends the text as a pattern for the index, without "%" around it; false if it had wildcards. */
bool trigram_add_pattern(struct buf *pattern, struct span text);

/* The same for a LIKE with ESCAPE '\\': wildcards mean themselves. */
void trigram_add_exact(struct buf *pattern, struct span text);

/*
 * For FTS5's MATCH: '"abc" AND "bcd"', the parts of a pattern of trigram_add_pattern(), with "%"
 * around it; it has some. More is found by them than by the pattern. The caller frees.
 */
char *trigram_match(const char *pattern) must_check;
