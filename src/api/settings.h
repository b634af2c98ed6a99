/*
 * api/settings: what admins set for all. Everybody may read it.
 *
 * Settings have an ETag like other rows; version 0 is "nobody has set anything".
 */
#pragma once

#include "api/api.h"

void settings_write_etag(struct api_call *call, int64_t version);

/* 412 if If-Match names another version. */
bool settings_check_version(struct api_call *call, int64_t version, struct err *err) must_check;
