/* vault/csr: see the header. */
#include "vault/csr.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/span.h"
#include "vault/general_name.h"
#include "vault/keys.h"

static size_t count_chars(const char *utf8)
{
    size_t n = 0;

    for (const char *p = utf8; *p; p++)
        n += ((unsigned char)*p & 0xC0) != 0x80;
    return n;
}

/* Sizes are the upper bounds of RFC 5280, appendix A.1, in characters. */
static bool add_attribute(X509_NAME *name, int nid, const char *text, size_t max, const char *what,
    struct err *err)
{
    if (!text || text[0] == '\0')
        return true;
    if (!parse_is_utf8(span_text(text)) || count_chars(text) > max)
        return fail(err, ERR_INVALID, "%s is longer than %zu characters, or not UTF-8", what, max);
    if (X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1,
            0) != 1)
        return fail(err, ERR_INVALID, "%s \"%s\" cannot be in a subject", what, text);
    return true;
}

bool csr_add_subject(X509_NAME *name, const struct vault_csr *csr, struct err *err)
{
    const struct {
        int nid;
        const char *text;
        size_t max;
        const char *what;
    } attributes[] = {
        { NID_countryName, csr->country, 2, "the country" },
        { NID_stateOrProvinceName, csr->state, 128, "the state" },
        { NID_localityName, csr->locality, 128, "the locality" },
        { NID_organizationName, csr->organization, 64, "the organization" },
        { NID_organizationalUnitName, csr->organizational_unit, 64, "the organizational unit" },
        { NID_commonName, csr->common_name, 64, "the common name" },
        { NID_serialNumber, csr->serial_number, 64, "the serial number" },
        { NID_pkcs9_emailAddress, csr->email_address, 255, "the e-mail address" },
    };

    if (csr->country && csr->country[0] && strlen(csr->country) != 2)
        return fail(err, ERR_INVALID, "the country \"%s\" is not a code of two letters",
            csr->country);
    for (size_t i = 0; i < countof(attributes); i++)
        if (!add_attribute(name, attributes[i].nid, attributes[i].text, attributes[i].max,
                attributes[i].what, err))
            return false;
    return true;
}

static bool set_ip_name(GENERAL_NAME *name, const char *text)
{
    uint8_t bytes[16];
    int size = inet_pton(AF_INET, text, bytes) == 1 ? 4 : inet_pton(AF_INET6, text, bytes) * 16;

    return size > 0 && general_name_set_bytes(name, span_of(bytes, (size_t)size));
}

static bool set_name(GENERAL_NAME *name, const char *san)
{
    struct span s = span_text(san);

    if (span_starts_with(s, "dns:"))
        return general_name_set_text(name, GEN_DNS, san + 4);
    if (span_starts_with(s, "ip:"))
        return set_ip_name(name, san + 3);
    if (span_starts_with(s, "email:"))
        return general_name_set_text(name, GEN_EMAIL, san + 6);
    if (span_starts_with(s, "uri:"))
        return general_name_set_text(name, GEN_URI, san + 4);
    return false;
}

static bool fill_names(GENERAL_NAMES *names, const struct vault_csr *csr, struct err *err)
{
    for (size_t i = 0; i < csr->n_sans; i++) {
        GENERAL_NAME *name = GENERAL_NAME_new();

        if (!name || !set_name(name, csr->sans[i])) {
            GENERAL_NAME_free(name);
            return fail(err, ERR_INVALID, "\"%s\" cannot be an alternative name", csr->sans[i]);
        }
        if (sk_GENERAL_NAME_push(names, name) <= 0) {
            GENERAL_NAME_free(name);
            return fail(err, ERR_INTERNAL, "could not build a request");
        }
    }
    return true;
}

static bool add_sans(X509_REQ *request, const struct vault_csr *csr, struct err *err)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    /* Critical where there is no subject beside it (RFC 5280, 4.1.2.6). */
    int critical = X509_NAME_entry_count(X509_REQ_get_subject_name(request)) == 0;
    bool ok = names && fill_names(names, csr, err);

    if (ok && (X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, critical, 0) != 1 ||
                  X509_REQ_add_extensions(request, extensions) != 1))
        ok = fail(err, ERR_INTERNAL, "could not build a request");
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    GENERAL_NAMES_free(names);
    return ok;
}

bool csr_sign(X509_REQ *request, EVP_PKEY *key, struct buf *der, struct err *err)
{
    uint8_t *bytes = NULL;

    if (X509_REQ_set_pubkey(request, key) != 1 ||
        X509_REQ_sign(request, key, keys_digest(key)) <= 0)
        return keys_fail_to_sign(key, "a request", err);
    int size = i2d_X509_REQ(request, &bytes);

    if (size <= 0)
        return fail(err, ERR_INTERNAL, "could not encode a request");
    buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    return buf_check(der, "a certification request", err);
}

bool csr_build(EVP_PKEY *key, const struct vault_csr *csr, struct buf *der, struct err *err)
{
    X509_REQ *request = X509_REQ_new();

    if (!request)
        return fail(err, ERR_INTERNAL, "could not build a request");
    bool ok = X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
              csr_add_subject(X509_REQ_get_subject_name(request), csr, err);

    if (ok && csr->n_sans == 0 && X509_NAME_entry_count(X509_REQ_get_subject_name(request)) == 0)
        ok = fail(err, ERR_INVALID, "a request needs a subject or an alternative name");
    if (ok && csr->n_sans > 0)
        ok = add_sans(request, csr, err);
    ok = ok && csr_sign(request, key, der, err);
    X509_REQ_free(request);
    return ok;
}
