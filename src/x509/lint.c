/* x509/lint: see the header. */
#include "x509/lint.h"

#include "base/clock.h"
#include "x509/cert.h"

#define SERIAL_MAX_DIGITS 40

/* One check: false where there is nothing to say. */
typedef bool (*lint_check)(const struct cert *cert, bool is_public, char message[static 160]);

static bool weak_key(const struct cert *cert, bool is_public, char message[static 160])
{
    const int least = cert_key(cert) == CERT_KEY_EC ? 224 : 2048;
    const enum cert_key key = cert_key(cert);

    (void)is_public;
    if (key != CERT_KEY_RSA && key != CERT_KEY_EC && key != CERT_KEY_DSA)
        return false;
    if (key != CERT_KEY_DSA && (cert_key_bits(cert) == 0 || cert_key_bits(cert) >= least))
        return false;
    if (key == CERT_KEY_DSA)
        (void)snprintf(message, 160, "DSA key: browsers and servers have given it up");
    else
        (void)snprintf(message, 160, "%s key of %d bits; %d are the least",
            key == CERT_KEY_RSA ? "RSA" : "EC", cert_key_bits(cert), least);
    return true;
}

static bool weak_signature(const struct cert *cert, bool is_public, char message[static 160])
{
    static const char *const weak[] = { "md2", "md4", "md5", "sha1", "SHA1" };

    (void)is_public;
    if (cert_is_self_signed(cert)) /* nobody relies on it */
        return false;
    for (size_t i = 0; i < countof(weak); i++) {
        if (strstr(cert_signature_algorithm(cert), weak[i])) {
            (void)snprintf(message, 160, "signed with %s, which can be forged",
                cert_signature_algorithm(cert));
            return true;
        }
    }
    return false;
}

static bool no_names(const struct cert *cert, bool is_public, char message[static 160])
{
    struct cert_san san;
    size_t position = 0;

    (void)is_public;
    while (cert_next_san(cert, &position, &san))
        if (san.kind == CERT_SAN_DNS || san.kind == CERT_SAN_IP)
            return false;
    (void)snprintf(message, 160, "no host name in subjectAltName; the common name does not count");
    return true;
}

static bool is_ca(const struct cert *cert, bool is_public, char message[static 160])
{
    (void)is_public;
    if (cert_is_ca(cert))
        (void)snprintf(message, 160, "a CA certificate, served as if it were a server's");
    return cert_is_ca(cert);
}

static bool no_server_auth(const struct cert *cert, bool is_public, char message[static 160])
{
    char first[64];

    (void)is_public;
    if (!cert_text(cert, CERT_EXTENDED_KEY_USAGE, 0, first, sizeof first) ||
        cert_has_extended_key_usage(cert, "serverAuth") ||
        cert_has_extended_key_usage(cert, "anyExtendedKeyUsage"))
        return false;
    (void)snprintf(message, 160, "its extended key usage leaves out TLS servers");
    return true;
}

static bool client_auth(const struct cert *cert, bool is_public, char message[static 160])
{
    if (!is_public || !cert_has_extended_key_usage(cert, "clientAuth"))
        return false;
    (void)snprintf(message, 160,
        "may be used by TLS clients, too; public CAs stop issuing such certificates");
    return true;
}

/* What the CA/Browser Forum allows, by the day of issue (Baseline Requirements, 6.3.2). */
static const struct {
    int64_t issued_at;
    int days;
} lifetimes[] = {
    { INT64_C(1868227200), 47 },  /* 2029-03-15 */
    { INT64_C(1805068800), 100 }, /* 2027-03-15 */
    { INT64_C(1773532800), 200 }, /* 2026-03-15 */
    { INT64_C(1598918400), 398 }, /* 2020-09-01 */
    { INT64_MIN, 825 },
};

static bool long_validity(const struct cert *cert, bool is_public, char message[static 160])
{
    const int64_t days = clock_days_between(cert_not_before(cert), cert_not_after(cert));
    int allowed = 825; /* what platforms take from private CAs */

    for (size_t i = 0; is_public && i < countof(lifetimes); i++) {
        if (cert_not_before(cert) >= lifetimes[i].issued_at) {
            allowed = lifetimes[i].days;
            break;
        }
    }
    if (days <= allowed)
        return false;
    (void)snprintf(message, 160, "valid for %" PRId64 " days; %d are allowed", days, allowed);
    return true;
}

static bool backwards(const struct cert *cert, bool is_public, char message[static 160])
{
    (void)is_public;
    if (cert_not_after(cert) >= cert_not_before(cert))
        return false;
    (void)snprintf(message, 160, "it ends before it begins");
    return true;
}

static bool odd_serial(const struct cert *cert, bool is_public, char message[static 160])
{
    const char *const serial = cert_serial(cert);
    const size_t n_zeros = strspn(serial, "0");

    (void)is_public;
    if (serial[0] == '-')
        (void)snprintf(message, 160, "the serial number is negative");
    else if (strlen(serial) - n_zeros > SERIAL_MAX_DIGITS)
        (void)snprintf(message, 160, "the serial number is longer than 20 bytes");
    else
        return false;
    return true;
}

static const struct {
    const char *code;
    lint_check check;
} checks[] = {
    { "weak_key", weak_key },
    { "weak_signature", weak_signature },
    { "no_names", no_names },
    { "is_ca", is_ca },
    { "no_server_auth", no_server_auth },
    { "client_auth", client_auth },
    { "long_validity", long_validity },
    { "backwards", backwards },
    { "odd_serial", odd_serial },
};

size_t lint_cert(const struct cert *cert, bool is_public, struct lint_finding ret[static LINT_MAX])
{
    size_t n = 0;

    _Static_assert(countof(checks) <= LINT_MAX, "each check may find something");
    for (size_t i = 0; i < countof(checks); i++) {
        if (checks[i].check(cert, is_public, ret[n].message))
            ret[n++].code = checks[i].code;
    }
    return n;
}
