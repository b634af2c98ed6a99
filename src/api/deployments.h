/* api/deployments: certificates on their way, for the handlers that send them. */
#pragma once

#include "api/api.h"
#include "core/rows_resource.h"

/* The record belongs in that place from now on: what it ought to serve is queued, if its key is
 * here. The caller may deploy there. */
bool deployments_place(struct api_call *call, const struct resource_row *resource, const char *slot,
    int64_t certificate_id, struct err *err) must_check;

/*
 * The record has another certificate: it is queued for each place where the caller may deploy,
 * if they may use the record's key. Others' places wait for somebody who may.
 */
bool deployments_follow(struct api_call *call, int64_t certificate_id, struct err *err) must_check;
