/*
 * api/webfiles: the page's files, as the build put them into the binary (tools/embed).
 *
 * A binary that was built without the page has one plain /index.html that says so. The bytes are
 * constant data of the program: they cost no memory until they are read.
 */
#pragma once

#include "base/base.h"

struct web_file {
    const char *path;         /* as requested: "/index.html", "/assets/app-1a2b3c.js" */
    const char *content_type; /* for the Content-Type header */
    const char *etag;         /* for the ETag header, with its quotes; changes with the content */
    const uint8_t *bytes;
    size_t n_bytes;
    const uint8_t *gzip; /* the same as a gzip member; NULL where packing gains too little */
    size_t n_gzip;
};

/* Sorted by path. */
extern const struct web_file web_files[];
extern const size_t n_web_files;

/* api/openapi.yaml as JSON. */
extern const struct web_file openapi_file;
