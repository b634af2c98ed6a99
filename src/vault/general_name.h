/*
 * vault/general_name: the names of subjectAltName and nameConstraints, made of text (RFC 5280,
 * 4.2.1.6).
 */
#pragma once

#include <openssl/x509v3.h>

#include "base/base.h"
#include "base/span.h"

/* GEN_DNS, GEN_EMAIL, GEN_URI: printable ASCII without blanks. False: there are other characters,
 * or none at all, and `name` is as it was. */
bool general_name_set_text(GENERAL_NAME *name, int type, const char *text) must_check;

/* GEN_IPADD: an address, or in a constraint an address and its mask. */
bool general_name_set_bytes(GENERAL_NAME *name, struct span bytes) must_check;
