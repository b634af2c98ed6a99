/*
 * conf/reader: certdesk.conf as lines, on inih.
 *
 * Sections in brackets, "name = value" below them, comments after "#" or ";" at the start of a
 * line, or after " ;". inih would cut long lines in two, so they are refused before it sees them;
 * it would join indented lines to the one before, so it does not see the indentation.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;

/* One setting. To refuse it, fill in `err` and return false; name and line are put in front. */
typedef bool (*conf_visit)(void *context, const char *section, const char *name, const char *value,
    int line, struct err *err);

/* ERR_INVALID "NAME:LINE: …", with the first thing that is wrong. */
bool conf_read(const char *name, struct span text, conf_visit visit, void *context, struct err *err)
    must_check;
