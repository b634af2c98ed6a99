/*
 * api/settings: what admins set for all. Everybody may read it.
 *
 * Settings have an ETag like other rows; version 0 is "nobody has set anything".
 */
#pragma once

#include "api/api.h"

void settings_write_etag(struct api_call *call, int64_t version);
