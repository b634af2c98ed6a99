/* Certificates for tests: self-signed, P-256, for localhost and 127.0.0.1. */
#pragma once

#include "base/buf.h"

/* PEM of a new key and a certificate with this common name. */
void testing_make_cert(const char *common_name, struct buf *cert_pem, struct buf *key_pem);
