/* probe/probe: results and the words for what is in them. */
#include "probe/probe.h"

#include "base/alloc.h"

static const struct {
    const char *name;
    int port;
} protocols[PROBE_N_PROTOCOLS] = {
    [PROBE_TLS] = { "tls", 443 },
    [PROBE_SMTP] = { "smtp", 25 },
    [PROBE_IMAP] = { "imap", 143 },
    [PROBE_POP3] = { "pop3", 110 },
    [PROBE_FTP] = { "ftp", 21 },
    [PROBE_LDAP] = { "ldap", 389 },
    [PROBE_POSTGRES] = { "postgres", 5432 },
    [PROBE_MYSQL] = { "mysql", 3306 },
    [PROBE_XMPP] = { "xmpp", 5222 },
};

const char *probe_protocol_name(enum probe_protocol protocol)
{
    return protocols[protocol].name;
}

bool probe_protocol_from_name(struct span name, enum probe_protocol *ret)
{
    for (size_t i = 0; i < countof(protocols); i++) {
        if (span_is(name, protocols[i].name)) {
            *ret = (enum probe_protocol)i;
            return true;
        }
    }
    return false;
}

int probe_protocol_port(enum probe_protocol protocol)
{
    return protocols[protocol].port;
}

const char *probe_error_name(enum probe_error error)
{
    static const char *const names[PROBE_N_ERRORS] = {
        [PROBE_OK] = "",
        [PROBE_DNS] = "dns",
        [PROBE_REFUSED] = "refused",
        [PROBE_TIMEOUT] = "timeout",
        [PROBE_UNREACHABLE] = "unreachable",
        [PROBE_NOT_ROUTABLE] = "not_routable",
        [PROBE_TLS_ALERT] = "tls_alert",
        [PROBE_NOT_TLS] = "not_tls",
        [PROBE_STARTTLS_REFUSED] = "starttls_refused",
        [PROBE_CERTIFICATE_UNREADABLE] = "certificate_unreadable",
        [PROBE_CLOSED] = "closed",
        [PROBE_DENIED] = "denied",
        [PROBE_PROXY] = "proxy",
        [PROBE_INTERNAL] = "internal",
    };

    return names[error];
}

const char *probe_slot_name(enum probe_slot slot)
{
    static const char *const names[] = {
        [PROBE_SLOT_NONE] = "",
        [PROBE_SLOT_RSA] = "rsa",
        [PROBE_SLOT_ECDSA] = "ecdsa",
        [PROBE_SLOT_OTHER] = "other",
    };

    return names[slot];
}

const char *probe_chain_name(enum probe_chain chain)
{
    static const char *const names[] = {
        [PROBE_CHAIN_NONE] = "",
        [PROBE_CHAIN_TRUSTED] = "trusted",
        [PROBE_CHAIN_NOT_YET_VALID] = "not_yet_valid",
        [PROBE_CHAIN_EXPIRED] = "expired",
        [PROBE_CHAIN_INCOMPLETE] = "incomplete",
        [PROBE_CHAIN_SELF_SIGNED] = "self_signed",
        [PROBE_CHAIN_UNTRUSTED_ROOT] = "untrusted_root",
        [PROBE_CHAIN_BAD_SIGNATURE] = "bad_signature",
        [PROBE_CHAIN_INVALID] = "invalid",
    };

    return names[chain];
}

void probe_result_free(struct probe_result *result)
{
    if (!result)
        return;
    for (size_t i = 0; i < result->n_certs; i++)
        free((void *)(uintptr_t)result->certs[i].der.data);
    free(result->certs);
    free(result->sights);
    free(result);
}

enum probe_error probe_result_error(const struct probe_result *result, const char **message)
{
    if (message)
        *message = result->message;
    if (result->error != PROBE_OK)
        return result->error;
    for (size_t i = 0; i < result->n_sights; i++) {
        const struct probe_sight *const sight = &result->sights[i];

        /* An address this host has no route for was not checked; it did not fail. */
        if (sight->error == PROBE_OK || sight->error == PROBE_NOT_ROUTABLE)
            continue;
        if (message)
            *message = sight->message;
        return sight->error;
    }
    return PROBE_OK;
}

bool probe_result_add_cert(struct probe_result *result, const uint8_t sha256[static 32],
    struct span der, uint16_t *ret)
{
    for (size_t i = 0; i < result->n_certs; i++) {
        if (memcmp(result->certs[i].sha256, sha256, 32) == 0) {
            *ret = (uint16_t)i;
            return true;
        }
    }
    if (der.size > PROBE_RESULT_MAX - result->n_cert_bytes)
        return false;

    result->certs = xreallocarray(result->certs, result->n_certs + 1, sizeof(result->certs[0]));
    struct probe_cert *const cert = &result->certs[result->n_certs];

    memcpy(cert->sha256, sha256, 32);
    cert->der = span_of(xmemdup(der.data, der.size), der.size);
    result->n_cert_bytes += der.size;
    *ret = (uint16_t)result->n_certs++;
    return true;
}

struct probe_sight *probe_result_add_sight(struct probe_result *result)
{
    result->sights = xreallocarray(result->sights, result->n_sights + 1, sizeof(result->sights[0]));
    struct probe_sight *const sight = &result->sights[result->n_sights++];

    *sight = (struct probe_sight){ 0 };
    return sight;
}
