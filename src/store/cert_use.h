/*
 * store/cert_use: is a record used by anything? Maintained on the record, for the filter "unused"
 * and for sorting by resources.
 *
 * Unused is what is on no resource, and what no endpoint serves: none of the record's endpoints
 * presents one of its versions, and none still waits for its first check. Whoever changes
 * associations, endpoints or observations of a record calls this after.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

bool store_cert_use_changed(struct tx *tx, int64_t certificate_id, struct err *err) must_check;

/* The same for less, where an endpoint was attached: that never ends a use. */
bool store_cert_use_grown(struct tx *tx, int64_t certificate_id, struct err *err) must_check;
