/*
 * codec/hostport: "host[:port]" as people paste it, taken apart, and written again.
 *
 * Whether the host is a name that can be looked up is not judged here.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;

struct hostport {
    struct span host;   /* without brackets; points into the text */
    int port;           /* 0: none was given */
    struct span scheme; /* "https" of "https://…"; empty without one */
};

/*
 * "www.example.org", "www.example.org:8443", "192.0.2.1:25", "[2001:db8::1]:443", a bare
 * "2001:db8::1", and any of them between "https://" (or another scheme) and a path, which is
 * dropped. Blanks around it are ignored; an internationalised name is kept as given. ERR_INVALID
 * says what is wrong: "port 70000 is not between 1 and 65535".
 */
bool hostport_parse(struct span text, struct hostport *ret, struct err *err) must_check;

/* Both together again, as one writes them. */
struct hostport_text {
    char text[264]; /* a name has 253 bytes at most (RFC 1035, 2.3.4) */
};

/* "www.example.org:443"; an IPv6 address in brackets: "[2001:db8::1]:443" (RFC 3986, 3.2.2). */
struct hostport_text hostport_text(const char *host, int64_t port);

/* 443 for "https", 465 for "smtps", …; 0 for a scheme that has no port of its own here. */
int hostport_scheme_port(struct span scheme);

/* How TLS is begun there: "smtp" (STARTTLS) for "smtp", "tls" for "smtps"; NULL likewise. */
const char *hostport_scheme_protocol(struct span scheme);
