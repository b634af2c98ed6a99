/* api/schedules: the list of schedules, which the dashboard shows as well. */
#pragma once

#include "api/api.h"

bool schedules_write(struct api_call *call, const char *key, struct err *err) must_check;
