/*
 * cli/ask: what a person types, or a program writes, when a word of the command line asks.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"

struct err;

#define ASK_LINE_MAX 2048

/* Append a line of standard input; without echo on a terminal where it is a password. */
bool ask_line(const char *prompt, bool is_password, struct buf *answer, struct err *err) must_check;

/* Is there somebody to ask? */
bool ask_can(void);

/* Append the first line of a file ("-": of standard input), for passwords in files. */
bool ask_file(const char *path, struct buf *answer, struct err *err) must_check;

/* Append a whole file ("-": standard input). */
bool ask_content(const char *path, struct buf *content, struct err *err) must_check;
