/*
 * net/tls_server: the certificate and key that certdesk itself serves HTTPS with.
 *
 * TLS 1.2 and 1.3, forward secrecy only, no renegotiation, no compression. The certificate can be
 * swapped at any time, from any thread: connections made afterwards get the new one, those under
 * way keep what they have.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;
struct tls_server;

/*
 * `chain_pem` is the certificate followed by its intermediates, `key_pem` its unencrypted private
 * key; both are borrowed for the call. ERR_INVALID if they do not parse or do not belong together.
 */
bool tls_server_new(struct span chain_pem, struct span key_pem, struct tls_server **ret,
    struct err *err) must_check;
bool tls_server_swap(struct tls_server *tls, struct span chain_pem, struct span key_pem,
    struct err *err) must_check;
void tls_server_free(struct tls_server *tls);

DEFINE_AUTOFREE(tls_server);
