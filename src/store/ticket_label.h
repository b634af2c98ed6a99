/* store/ticket_label: the labels of tickets one by one, to be found by. Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/* Exactly these, separated by blanks; each is found in any case. */
bool ticket_labels_put(struct tx *tx, int64_t ticket_id, const char *labels, struct err *err)
    must_check;
