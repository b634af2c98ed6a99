/*
 * x509/lint: what is questionable about a certificate for a TLS server, though it may be served and
 * trusted.
 */
#pragma once

#include "base/base.h"

struct cert;

#define LINT_MAX 12

struct lint_finding {
    const char *code;  /* stable: "weak_key"; lives for ever */
    char message[160]; /* for people: "RSA key of 1024 bits; 2048 are the least" */
};

/*
 * Up to LINT_MAX findings, in the order of the codes below; returns how many. `is_public`: its
 * chain ends at a root that browsers trust, so the rules of the CA/Browser Forum are for it.
 *
 * weak_key, weak_signature, no_names (a host is found in subjectAltName only), is_ca,
 * no_server_auth, client_auth (public ones only: on its way out), long_validity, backwards (it ends
 * before it begins), odd_serial (negative or longer than 20 bytes: RFC 5280, 4.1.2.2)
 */
size_t lint_cert(const struct cert *cert, bool is_public, struct lint_finding ret[static LINT_MAX]);
