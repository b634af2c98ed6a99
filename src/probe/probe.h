/*
 * probe/probe: what is asked of a prober and what it answers, in one process or across two.
 *
 * A target is one endpoint: a host, a port, and how TLS is begun there. Its result holds one sight
 * for each address behind the host, or two where a server keeps an RSA and an ECDSA certificate.
 * Whatever happened, there is a result: a failed sight says in which way. The names of the
 * enumerators (probe_error_name() and its kin) are what the database, the API and the command line
 * show; they never change.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

#define PROBE_ADDRESSES_MAX 64      /* behind one name; further ones are not looked at */
#define PROBE_CHAIN_MAX 16          /* certificates in one chain */
#define PROBE_DER_MAX (1U << 20)    /* bytes of one certificate */
#define PROBE_RESULT_MAX (8U << 20) /* bytes of all different certificates of one target */
#define PROBE_HOST_MAX 253          /* RFC 1035, 2.3.4 */

enum probe_protocol {
    PROBE_TLS,
    PROBE_SMTP,
    PROBE_IMAP,
    PROBE_POP3,
    PROBE_FTP,
    PROBE_LDAP,
    PROBE_POSTGRES,
    PROBE_MYSQL,
    PROBE_XMPP,
    PROBE_N_PROTOCOLS
};

enum probe_error {
    PROBE_OK,
    PROBE_DNS,                    /* no such name, no address, no answer */
    PROBE_REFUSED,                /* nobody listens there */
    PROBE_TIMEOUT,                /* the message says in which phase */
    PROBE_UNREACHABLE,            /* the network says that it cannot be reached */
    PROBE_NOT_ROUTABLE,           /* this host has no route for the address: not checked */
    PROBE_TLS_ALERT,              /* the handshake was broken off, by the server or by us */
    PROBE_NOT_TLS,                /* what it speaks is not TLS */
    PROBE_STARTTLS_REFUSED,       /* it does not offer, or did not properly begin, TLS */
    PROBE_CERTIFICATE_UNREADABLE, /* malformed, or beyond the limits above */
    PROBE_CLOSED,                 /* closed or reset before the handshake was done */
    PROBE_DENIED,                 /* an address that must not be probed from here */
    PROBE_PROXY,                  /* the outbound proxy would not or could not */
    PROBE_INTERNAL,
    PROBE_N_ERRORS
};

/* Which of a server's certificates it is, by kind of key. */
enum probe_slot { PROBE_SLOT_NONE, PROBE_SLOT_RSA, PROBE_SLOT_ECDSA, PROBE_SLOT_OTHER };

/* How far the chain that was sent can be trusted, best first. */
enum probe_chain {
    PROBE_CHAIN_NONE, /* nothing was seen */
    PROBE_CHAIN_TRUSTED,
    PROBE_CHAIN_NOT_YET_VALID,  /* leads to a trusted root, but something has not begun */
    PROBE_CHAIN_EXPIRED,        /* leads to a trusted root, but something has ended */
    PROBE_CHAIN_INCOMPLETE,     /* an issuer was not sent and is not known */
    PROBE_CHAIN_SELF_SIGNED,    /* the leaf signed itself and is not in the trust store */
    PROBE_CHAIN_UNTRUSTED_ROOT, /* complete, up to a root that is not in the trust store */
    PROBE_CHAIN_BAD_SIGNATURE,
    PROBE_CHAIN_INVALID /* a constraint is violated; the message says which */
};

/* Milliseconds; 0 takes the configured value. */
struct probe_timeouts {
    int dns_ms;       /* 5,000 */
    int connect_ms;   /* 5,000 */
    int starttls_ms;  /* 5,000 */
    int handshake_ms; /* 10,000 */
    int total_ms;     /* 20,000: one connection, all of its phases together */
};

/* Everything in it is borrowed for the call that takes it. */
struct probe_target {
    int64_t id;       /* the caller's; comes back in the result */
    const char *host; /* a name (IDN as UTF-8 is fine), or an address, in brackets or not */
    int port;
    const char *sni; /* sent and compared; NULL or "": the host, or nothing for an address */
    enum probe_protocol protocol;
    bool is_first_key_only; /* do not look for a second certificate of another kind of key */
    struct probe_timeouts timeouts;
    const char *proxy; /* "host:port" of an HTTP proxy; NULL or "": direct */
};

/* One certificate of a result. Equal ones are there once. */
struct probe_cert {
    uint8_t sha256[32];
    struct span der; /* owned by the result */
};

/* What one address served, for one kind of key. */
struct probe_sight {
    char address[46]; /* "192.0.2.1", "2001:db8::1"; "proxy" behind an outbound proxy */
    enum probe_error error;
    char message[160]; /* why it failed; empty where it did not */
    /*
     * After a failure it is NONE, or the kind of key that could not be asked for although the
     * address had just shown its other certificate.
     */
    enum probe_slot slot;

    /* From here on only where error is PROBE_OK; certs also where they could not be read. */
    enum probe_chain chain;
    char chain_message[160]; /* what is wrong with the chain; empty where it is trusted */
    bool is_name_ok;         /* a subjectAltName covers the SNI, or the host (RFC 9525, 6) */
    bool is_complete_path;   /* path_expires_at is that of a verified path */
    int64_t path_expires_at; /* earliest end along the verified path without its anchor, else the
                                leaf's own */
    size_t n_certs;          /* as sent, leaf first */
    uint16_t certs[PROBE_CHAIN_MAX]; /* places in the result's certs */
    char protocol[16];               /* "TLSv1.3" */
    char cipher[48];                 /* as OpenSSL calls it: "TLS_AES_256_GCM_SHA384" */
    char kx_group[32];               /* "X25519"; "" where the key exchange has no group */

    /* Microseconds; 0 for a phase that was not entered. */
    int64_t connect_us;
    int64_t starttls_us;
    int64_t handshake_us;
};

struct probe_result {
    int64_t id;
    /*
     * PROBE_OK where the name was resolved and the addresses were looked at, whatever came of them;
     * else there are no sights, and this says why.
     */
    enum probe_error error;
    char message[160];
    bool is_dns_complete; /* false: A or AAAA could not be asked, so addresses may be missing */
    int64_t dns_us;

    size_t n_cert_bytes; /* of all certs together, at most PROBE_RESULT_MAX */
    size_t n_certs;
    struct probe_cert *certs;
    size_t n_sights;
    struct probe_sight *sights;
};

void probe_result_free(struct probe_result *result);
DEFINE_AUTOFREE(probe_result);

/* The one error that stands for the whole: the result's own, else the first failed sight's. */
enum probe_error probe_result_error(const struct probe_result *result, const char **message);

/*
 * Put a certificate in, unless it is there; *ret is its place. `der` is copied. False where it
 * would be more than PROBE_RESULT_MAX.
 */
bool probe_result_add_cert(struct probe_result *result, const uint8_t sha256[static 32],
    struct span der, uint16_t *ret) must_check;

/* A new sight at the end, zeroed. It moves when the next one is added. */
struct probe_sight *probe_result_add_sight(struct probe_result *result);

/* "tls", "smtp", … */
const char *probe_protocol_name(enum probe_protocol protocol);
bool probe_protocol_from_name(struct span name, enum probe_protocol *ret);

/* 443, 25, 143, …; the port on which TLS is begun inside the protocol. */
int probe_protocol_port(enum probe_protocol protocol);

/* "", "dns", "refused", "timeout", …; PROBE_OK is the empty string. */
const char *probe_error_name(enum probe_error error);

/* "", "rsa", "ecdsa", "other". */
const char *probe_slot_name(enum probe_slot slot);

/* "", "trusted", "expired", "incomplete", … */
const char *probe_chain_name(enum probe_chain chain);
