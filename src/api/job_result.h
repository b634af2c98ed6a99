/*
 * api/job_result: what came of a job, for whoever asks now.
 *
 * A result names the records that whoever had it done could see then. Those that they may not see
 * any more are left out, though the counts stay; those that are gone are still named.
 */
#pragma once

#include "api/api.h"

/* `result` is JSON, or NULL. */
bool job_result_write(struct api_call *call, const char *key, const char *result, struct err *err)
    must_check;
