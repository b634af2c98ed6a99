/*
 * codec/fold: texts made equal that people take for the same word.
 *
 * Full Unicode case folding, then composed (NFC): "Straße", "STRASSE" and "strasse" are one, and so
 * are an "é" of one character and one of two. What is folded is compared, searched and sorted,
 * never shown. The table is libunistring's, not the locale's, so every node folds alike.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

/* The caller frees. What is not UTF-8 has its ASCII letters lower-cased, and stays as it is. */
char *text_fold(const char *text) must_check;
char *text_fold_span(struct span text) must_check;
