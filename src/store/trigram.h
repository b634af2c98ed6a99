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
 * For pg_trgm, which takes what stands beside a letter or digit, if it is neither, for the end of a
 * word, and looks for words that begin with "0" or end with "e" as well: of a million names a
 * great part. The runs of letters and digits of a pattern, each at least three characters; 0 where
 * one is shorter, as then such ends may be all there is to look for, or where there are more than
 * `room`.
 */
size_t trigram_runs(struct span pattern, struct span *runs, size_t room);

/*
 * For FTS5's MATCH: '"abc" AND "bcd"', the parts of a pattern of trigram_add_pattern(), with "%"
 * around it; it has some. More is found by them than by the pattern. The caller frees.
 */
char *trigram_match(const char *pattern) must_check;
