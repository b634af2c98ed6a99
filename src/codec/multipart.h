/*
 * codec/multipart: forms with files in them (multipart/form-data: RFC 7578, RFC 2046).
 *
 * Strict: the first boundary is where the body begins, the closing one must be there, lines end in
 * CRLF, every part is named. What a part holds is not copied, so that secrets stay where they are.
 * Errors name the byte.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;

#define MULTIPART_BOUNDARY_MAX 70 /* RFC 2046, 5.1.1 */
#define MULTIPART_PARTS_MAX 512
#define MULTIPART_HEAD_MAX 4096 /* of one part: all its fields */
#define MULTIPART_NAME_MAX 64
#define MULTIPART_FILENAME_MAX 255

struct multipart_part {
    char name[MULTIPART_NAME_MAX + 1];
    char filename[MULTIPART_FILENAME_MAX + 1]; /* as it was sent, cut where it is longer */
    bool has_filename;
    struct span content;
};

struct multipart {
    struct multipart_part *parts;
    size_t n_parts;
};

/* The boundary that a Content-Type field names. ERR_INVALID: it is not multipart/form-data, or has
 * none. */
bool multipart_boundary(const char *content_type, char field[static MULTIPART_BOUNDARY_MAX + 1],
    struct err *err) must_check;

/* Contents are borrowed from `body`. ERR_LIMIT names what there is too much of. */
bool multipart_parse(struct span body, const char *boundary, struct multipart *ret, struct err *err)
    must_check;
void multipart_done(struct multipart *form);

/* The first part of this name from *position on, which moves behind it; NULL where there is none.
 */
const struct multipart_part *multipart_next(const struct multipart *form, const char *name,
    size_t *position);

DEFINE_AUTODONE(multipart);
