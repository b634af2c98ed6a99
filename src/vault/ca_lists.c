/* vault/ca_lists: see the header. */
#include "vault/ca_lists.h"

#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/frame.h"
#include "vault/ca_issue.h"
#include "vault/keys.h"

/* RFC 5280, 5.3.1: 7 is not used; 8 takes an entry off a list, which never happens here. */
static bool is_reason(uint8_t reason)
{
    return reason <= 10 && reason != 6 && reason != 7 && reason != 8;
}

/* ---- CRL ---- */

/* "unspecified" is best left out (RFC 5280, 5.3.1). */
static bool add_reason(X509_REVOKED *entry, uint8_t reason)
{
    ASN1_ENUMERATED *value;
    bool ok;

    if (reason == 0)
        return true;
    value = ASN1_ENUMERATED_new();
    ok = value && ASN1_ENUMERATED_set(value, reason) == 1 &&
         X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, 0) == 1;
    ASN1_ENUMERATED_free(value);
    return ok;
}

static bool fill_entry(X509_REVOKED *entry, struct frame_reader *r)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_TIME *when = ASN1_TIME_new();
    struct span number = frame_read_bytes(r);
    int64_t at = frame_read_i64(r);
    uint8_t reason = frame_read_u8(r);
    bool ok = !r->failed && serial && when && is_reason(reason) && ca_set_serial(serial, number) &&
              ca_set_time(when, at) && X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
              X509_REVOKED_set_revocationDate(entry, when) == 1 && add_reason(entry, reason);

    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(when);
    return ok;
}

static bool add_entries(X509_CRL *list, const struct vault_ca_crl *crl, struct err *err)
{
    struct frame_reader r = frame_reader_of(buf_span(&crl->entries));

    for (size_t i = 0; i < crl->n_entries; i++) {
        X509_REVOKED *entry = X509_REVOKED_new();

        if (!entry || !fill_entry(entry, &r) || X509_CRL_add0_revoked(list, entry) != 1) {
            X509_REVOKED_free(entry);
            return fail(err, ERR_INVALID, "entry %zu of the CRL cannot be in one", i + 1);
        }
    }
    (void)X509_CRL_sort(list);
    return frame_reader_end(&r, err);
}

static bool set_crl_dates(X509_CRL *list, const struct vault_ca_crl *crl, struct err *err)
{
    ASN1_TIME *this_time = ASN1_TIME_new();
    ASN1_TIME *next_time = ASN1_TIME_new();
    bool ok = this_time && next_time && crl->this_at < crl->next_at &&
              ca_set_time(this_time, crl->this_at) && ca_set_time(next_time, crl->next_at) &&
              X509_CRL_set1_lastUpdate(list, this_time) == 1 &&
              X509_CRL_set1_nextUpdate(list, next_time) == 1;

    ASN1_TIME_free(this_time);
    ASN1_TIME_free(next_time);
    return ok || fail(err, ERR_INVALID, "a CRL cannot have these dates");
}

static bool add_crl_extensions(X509_CRL *list, const struct ca_seal *seal, int64_t number)
{
    AUTHORITY_KEYID *issuer = AUTHORITY_KEYID_new();
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    bool ok = issuer && value && number > 0 && ASN1_INTEGER_set_int64(value, number) == 1;

    if (ok) {
        issuer->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(seal->cert));
        ok = issuer->keyid &&
             X509_CRL_add1_ext_i2d(list, NID_authority_key_identifier, issuer, 0, 0) == 1 &&
             X509_CRL_add1_ext_i2d(list, NID_crl_number, value, 0, 0) == 1;
    }
    AUTHORITY_KEYID_free(issuer);
    ASN1_INTEGER_free(value);
    return ok;
}

static bool sign_crl(X509_CRL *list, EVP_PKEY *key, struct buf *der, struct err *err)
{
    uint8_t *bytes = NULL;

    if (X509_CRL_sign(list, key, keys_digest(key)) <= 0)
        return keys_fail_to_sign(key, "a CRL", err);
    int size = i2d_X509_CRL(list, &bytes);

    if (size <= 0)
        return fail(err, ERR_INTERNAL, "could not encode a CRL");
    buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    return buf_check(der, "a CRL", err);
}

bool ca_lists_crl(const struct ca_seal *seal, const struct vault_ca_crl *crl, struct buf *der,
    struct err *err)
{
    X509_CRL *list = X509_CRL_new();
    bool ok = list && X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(list, X509_get_subject_name(seal->cert)) == 1;

    if (!ok)
        (void)fail(err, ERR_INTERNAL, "could not build a CRL");
    ok = ok && set_crl_dates(list, crl, err) && add_entries(list, crl, err);
    if (ok && !add_crl_extensions(list, seal, crl->number))
        ok = fail(err, ERR_INTERNAL, "could not build a CRL");
    ok = ok && sign_crl(list, seal->key, der, err);
    X509_CRL_free(list);
    return ok;
}

/* ---- OCSP ---- */

static const EVP_MD *digest_of(enum vault_ocsp_hash hash)
{
    switch (hash) {
    case VAULT_OCSP_SHA256:
        return EVP_sha256();
    case VAULT_OCSP_SHA384:
        return EVP_sha384();
    case VAULT_OCSP_SHA512:
        return EVP_sha512();
    case VAULT_OCSP_SHA1:
        break;
    }
    return EVP_sha1();
}

/* The number as it was asked for: of a stranger's, so of any size and sign. */
static bool set_asked_serial(ASN1_INTEGER *serial, struct span bytes)
{
    serial->type = V_ASN1_INTEGER;
    return bytes.size > 0 && bytes.size <= 2 * VAULT_CA_SERIAL_MAX &&
           ASN1_STRING_set(serial, bytes.data, (int)bytes.size) == 1;
}

/* The times that all answers of a response share. */
struct ocsp_times {
    ASN1_TIME *this_time;
    ASN1_TIME *next_time;
    ASN1_TIME *revoked;
};

static bool add_item(OCSP_BASICRESP *basic, const struct ca_seal *seal,
    const struct vault_ocsp_item *item, const struct ocsp_times *times)
{
    static const int statuses[] = { V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED,
        V_OCSP_CERTSTATUS_UNKNOWN };
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    bool is_revoked = item->status == VAULT_OCSP_REVOKED;
    OCSP_CERTID *id = NULL;
    bool ok = serial && is_reason(item->reason) && set_asked_serial(serial, item->serial) &&
              (!is_revoked || ca_set_time(times->revoked, item->revoked_at));

    if (ok)
        id = OCSP_cert_id_new(digest_of(item->hash), X509_get_subject_name(seal->cert),
            X509_get0_pubkey_bitstr(seal->cert), serial);
    ok = id && OCSP_basic_add1_status(basic, id, statuses[item->status],
                   item->reason ? item->reason : OCSP_REVOKED_STATUS_NOSTATUS,
                   is_revoked ? times->revoked : NULL, times->this_time, times->next_time);
    OCSP_CERTID_free(id);
    ASN1_INTEGER_free(serial);
    return ok;
}

static bool add_items(OCSP_BASICRESP *basic, const struct ca_seal *seal,
    const struct vault_ocsp *ocsp)
{
    struct ocsp_times times = { ASN1_TIME_new(), ASN1_TIME_new(), ASN1_TIME_new() };
    bool ok = times.this_time && times.next_time && times.revoked && ocsp->n_items > 0 &&
              ca_set_time(times.this_time, ocsp->this_at) &&
              ca_set_time(times.next_time, ocsp->next_at);

    for (size_t i = 0; ok && i < ocsp->n_items; i++)
        ok = add_item(basic, seal, &ocsp->items[i], &times);
    ASN1_TIME_free(times.this_time);
    ASN1_TIME_free(times.next_time);
    ASN1_TIME_free(times.revoked);
    return ok;
}

/* OpenSSL takes the nonce as bytes that it may change, and does not. */
static bool add_nonce(OCSP_BASICRESP *basic, struct span nonce)
{
    uint8_t bytes[VAULT_OCSP_NONCE_MAX];

    if (nonce.size == 0)
        return true;
    memcpy(bytes, nonce.data, nonce.size);
    return OCSP_basic_add1_nonce(basic, bytes, (int)nonce.size) == 1;
}

static bool put_response(OCSP_BASICRESP *basic, struct buf *der, struct err *err)
{
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    uint8_t *bytes = NULL;
    int size = response ? i2d_OCSP_RESPONSE(response, &bytes) : -1;

    if (size > 0)
        buf_add(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
    OCSP_RESPONSE_free(response);
    return size > 0 ? buf_check(der, "an OCSP answer", err)
                    : fail(err, ERR_INTERNAL, "could not encode an OCSP answer");
}

bool ca_lists_ocsp(const struct ca_seal *seal, const struct vault_ocsp *ocsp, struct buf *der,
    struct err *err)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    /* Signed by the issuer itself, whose certificate the asker has. */
    bool ok = (basic && add_items(basic, seal, ocsp) && add_nonce(basic, ocsp->nonce)) ||
              fail(err, ERR_INVALID, "could not build an OCSP answer");

    ok = ok &&
         (OCSP_basic_sign(basic, seal->cert, seal->key, keys_digest(seal->key), NULL,
              OCSP_NOCERTS | OCSP_RESPID_KEY) == 1 ||
             keys_fail_to_sign(seal->key, "an OCSP answer", err)) &&
         put_response(basic, der, err);
    OCSP_BASICRESP_free(basic);
    return ok;
}
