/*
 * store/ticket_label: the labels of tickets one by one, in lower case, to be found by.
 */
#pragma once

#include "base/base.h"

struct err;
struct store_viewer;
struct tx;

/* Not for others than store/: exactly these, separated by blanks; each is found in any case. */
bool ticket_labels_put(struct tx *tx, int64_t ticket_id, const char *labels, struct err *err)
    must_check;

/* The labels of tickets that the viewer sees, each once, in their order. */
bool store_ticket_labels(struct tx *tx, const struct store_viewer *viewer, int64_t start_at,
    int64_t limit, void (*visit)(void *context, const char *label), void *context, struct err *err)
    must_check;
bool store_ticket_labels_count(struct tx *tx, const struct store_viewer *viewer, int64_t *ret,
    struct err *err) must_check;
