/* codec/hex: bytes as lower-case hexadecimal digits, and back. */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;

/* `field` must have room for two digits a byte and a NUL. Returns it. */
const char *hex_encode(struct span bytes, char *field, size_t field_size);

/* Exactly `size` bytes; both cases are understood. ERR_INVALID for anything else. */
bool hex_decode(struct span text, uint8_t *ret, size_t size, struct err *err) must_check;
