/*
 * deploy/file: a file with a key, written beside the one it replaces and put in its place later.
 *
 * Between the two steps lies what may still fail elsewhere: so that whoever reads the file never
 * finds something that was refused. The new file has the mode and group of the old one, if we may
 * set them, else 0600.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;

struct staged_file {
    char *path;
    char *temporary; /* NULL: nothing is staged */
};

/* Write and flush. What a run that died left behind is overwritten. */
bool staged_file_write(struct staged_file *file, const char *path, struct span content,
    struct err *err) must_check;

/* Put it in place, and flush the directory. */
bool staged_file_install(struct staged_file *file, struct err *err) must_check;

/* What was not installed is removed. */
void staged_file_done(struct staged_file *file);

DEFINE_AUTODONE(staged_file);
