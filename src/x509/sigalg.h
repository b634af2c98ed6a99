/*
 * x509/sigalg: signature algorithms that OpenSSL computes, and does not know by their numbers.
 */
#pragma once

/* Before what may be so signed is parsed: once is enough, from any thread. ECDSA with SHA-3 is added
 * (NIST's id-ecdsa-with-sha3-224 to -512), which OpenSSL 3.0 makes, and refuses to verify. */
void sigalg_learn(void);
