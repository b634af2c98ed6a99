/*
 * x509/cert: OpenSSL parses; everything anybody may ask for is worked out once, so that nothing
 * changes behind the back of a second reader. Extensions are read by x509/cert_ext.
 */
#include "x509/cert.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "x509/cert_struct.h"
#include "x509/name.h"
#include "x509/pem.h"
#include "x509/sigalg.h"

static const char *const pem_labels[] = { "CERTIFICATE", "X509 CERTIFICATE", NULL };

/* ---- parts ---- */

bool cert_read_instant(const ASN1_TIME *time, int64_t *ret)
{
    struct tm tm;

    if (!ASN1_TIME_to_tm(time, &tm))
        return false;
    *ret = clock_from_civil(&(struct civil){
        .year = tm.tm_year + 1900,
        .month = tm.tm_mon + 1,
        .day = tm.tm_mday,
        .hour = tm.tm_hour,
        .minute = tm.tm_min,
        .second = tm.tm_sec,
    });
    return true;
}

static void read_serial(struct cert *cert)
{
    const ASN1_INTEGER *const serial = X509_get0_serialNumber(cert->x509);
    const uint8_t *const data = ASN1_STRING_get0_data(serial);
    const size_t size = (size_t)ASN1_STRING_length(serial);
    autodone(buf) struct buf text = BUF_INIT(CERT_SERIAL_MAX + 8);

    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        buf_add_char(&text, '-');
    for (size_t i = 0; i < size && text.size <= CERT_SERIAL_MAX; i++)
        buf_addf(&text, "%02x", data[i]);
    if (size == 0)
        buf_add_text(&text, "00");
    name_cut(&text, CERT_SERIAL_MAX);
    span_copy_text(buf_span(&text), cert->serial, sizeof cert->serial);
}

static char *choose_name(const struct cert *cert)
{
    char field[CERT_SAN_TEXT_MAX];
    size_t position = 0;
    struct cert_san san;

    if (cert->common_name[0])
        return xstrdup(cert->common_name);
    if (cert_next_san(cert, &position, &san) && cert_san_text(&san, field)[0])
        return xstrdup(field);
    if (cert->subject[0])
        return xstrdup(cert->subject);
    return xasprintf("serial %s", cert->serial);
}

static bool is_staging_issuer(const char *issuer)
{
    static const char *const marks[] = { "(STAGING)", "Fake LE " };

    for (size_t i = 0; i < countof(marks); i++)
        if (strstr(issuer, marks[i]))
            return true;
    return false;
}

static void read_names(struct cert *cert)
{
    const X509_NAME *const subject = X509_get_subject_name(cert->x509);

    cert->subject = name_text(subject, CERT_NAME_MAX);
    cert->issuer = name_text(X509_get_issuer_name(cert->x509), CERT_NAME_MAX);
    cert->common_name = name_attribute_text(subject, NID_commonName, CERT_NAME_MAX);
    cert->name = choose_name(cert);
    cert->is_staging = is_staging_issuer(cert->issuer);
}

static void read_signature_algorithm(struct cert *cert)
{
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *oid = NULL;

    X509_get0_signature(NULL, &algorithm, cert->x509);
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    OBJ_obj2txt(cert->signature_algorithm, sizeof cert->signature_algorithm, oid, 0);
}

static void read_digests(struct cert *cert)
{
    EVP_Digest(cert->der.data, cert->der.size, cert->sha256, NULL, EVP_sha256(), NULL);
    EVP_Digest(cert->der.data, cert->der.size, cert->sha1, NULL, EVP_sha1(), NULL);
}

static bool is_signed_by(const X509 *x509, const X509 *issuer)
{
    EVP_PKEY *const key = X509_get0_pubkey(issuer);

    sigalg_learn();
    /* X509_verify() takes a pointer that could write; it only fills caches under its own lock. */
    const bool is_ok =
        X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(issuer)) == 0 && key &&
        X509_verify((X509 *)(uintptr_t)x509, key) == 1;

    ERR_clear_error();
    return is_ok;
}

/* ---- from outside ---- */

static bool read_all(struct cert *cert, struct err *err)
{
    if (!cert_read_instant(X509_get0_notBefore(cert->x509), &cert->not_before) ||
        !cert_read_instant(X509_get0_notAfter(cert->x509), &cert->not_after))
        return fail(err, ERR_INVALID, "the certificate's validity is unreadable");
    read_serial(cert);
    cert_read_extensions(cert);
    read_names(cert);
    key_facts_read(X509_get_X509_PUBKEY(cert->x509), X509_get0_pubkey(cert->x509), &cert->key);
    read_signature_algorithm(cert);
    read_digests(cert);
    cert->is_self_signed = is_signed_by(cert->x509, cert->x509);
    ERR_clear_error();
    return true;
}

static bool malformed(struct err *err)
{
    const char *const reason = ERR_reason_error_string(ERR_peek_error());

    fail(err, ERR_INVALID, "the certificate is malformed: %s", reason ? reason : "it ends early");
    ERR_clear_error();
    return false;
}

static void drop(struct memo_part *part)
{
    cert_free((struct cert *)part);
}

/* Authorities are met again and again; others only while something is done with them. */
static struct memo authorities = MEMO_INIT(drop);
static struct memo others = MEMO_INIT(drop);

static bool parse(struct span der, struct cert **ret, struct err *err)
{
    autofree(cert) struct cert *cert = xcalloc(1, sizeof *cert);
    const unsigned char *end = der.data;

    atomic_init(&cert->part.n_users, 1);
    buf_init(&cert->der, CERT_MAX_BYTES);
    cert->x509 = d2i_X509(NULL, &end, (long)der.size);
    if (!cert->x509)
        return malformed(err);
    if ((size_t)(end - der.data) != der.size)
        return fail(err, ERR_INVALID, "there are %zu bytes after the certificate",
            der.size - (size_t)(end - der.data));
    buf_add_span(&cert->der, der);
    if (!read_all(cert, err))
        return false;
    memo_keep(cert->is_ca ? &authorities : &others, cert->sha256, &cert->part, der.size);
    *ret = take(&cert);
    return true;
}

bool cert_from_der(struct span der, struct cert **ret, struct err *err)
{
    uint8_t sha256[SHA256_SIZE];
    struct memo_part *known;

    if (der.size > CERT_MAX_BYTES)
        return fail(err, ERR_LIMIT, "the certificate is larger than %u bytes", CERT_MAX_BYTES);
    if (der.size == 0)
        return fail(err, ERR_INVALID, "there is no certificate");
    digest_sha256(der, sha256);
    known = memo_find(&authorities, sha256);
    if (!known)
        known = memo_find(&others, sha256);
    if (!known)
        return parse(der, ret, err);
    *ret = (struct cert *)known;
    return true;
}

bool cert_from_pem(struct span pem, struct cert **ret, struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);
    bool found = false;

    /* Base64 is a third larger than what it says. */
    if (pem.size > 2 * CERT_MAX_BYTES)
        return fail(err, ERR_LIMIT, "the certificate is larger than %u bytes", CERT_MAX_BYTES);
    if (!pem_next(&pem, pem_labels, &der, &found, err))
        return false;
    if (!found)
        return fail(err, ERR_INVALID, "there is no certificate in the PEM text");
    return cert_from_der(buf_span(&der), ret, err);
}

void cert_free(struct cert *cert)
{
    if (!cert || !memo_part_release(&cert->part))
        return;
    X509_free(cert->x509);
    buf_done(&cert->der);
    free(cert->subject);
    free(cert->issuer);
    free(cert->common_name);
    free(cert->name);
    free(cert);
}

/* ---- questions ---- */

struct span cert_der(const struct cert *cert)
{
    return buf_span(&cert->der);
}

void cert_to_pem(const struct cert *cert, struct buf *pem)
{
    pem_write(cert_der(cert), "CERTIFICATE", pem);
}

const uint8_t *cert_sha256(const struct cert *cert)
{
    return cert->sha256;
}

const uint8_t *cert_sha1(const struct cert *cert)
{
    return cert->sha1;
}

const uint8_t *cert_spki_sha256(const struct cert *cert)
{
    return cert->key.spki_sha256;
}

const char *cert_serial(const struct cert *cert)
{
    return cert->serial;
}

const char *cert_subject(const struct cert *cert)
{
    return cert->subject;
}

const char *cert_issuer(const struct cert *cert)
{
    return cert->issuer;
}

const char *cert_common_name(const struct cert *cert)
{
    return cert->common_name;
}

const char *cert_name(const struct cert *cert)
{
    return cert->name;
}

int64_t cert_not_before(const struct cert *cert)
{
    return cert->not_before;
}

int64_t cert_not_after(const struct cert *cert)
{
    return cert->not_after;
}

enum cert_key cert_key(const struct cert *cert)
{
    return cert->key.kind;
}

const char *cert_key_algorithm(const struct cert *cert)
{
    return cert->key.algorithm;
}

int cert_key_bits(const struct cert *cert)
{
    return cert->key.bits;
}

const char *cert_key_curve(const struct cert *cert)
{
    return cert->key.curve;
}

const char *cert_slot(const struct cert *cert)
{
    return key_slot(&cert->key);
}

const char *cert_signature_algorithm(const struct cert *cert)
{
    return cert->signature_algorithm;
}

bool cert_is_ca(const struct cert *cert)
{
    return cert->is_ca;
}

int64_t cert_path_length(const struct cert *cert)
{
    return cert->path_length;
}

bool cert_is_self_signed(const struct cert *cert)
{
    return cert->is_self_signed;
}

bool cert_is_staging(const struct cert *cert)
{
    return cert->is_staging;
}

bool cert_is_for_key(const struct cert *cert, const uint8_t spki_sha256[static CERT_SHA256_SIZE])
{
    return memcmp(cert->key.spki_sha256, spki_sha256, CERT_SHA256_SIZE) == 0;
}

bool cert_is_issued_by(const struct cert *cert, const struct cert *issuer)
{
    /* Not for others to see: whoever asks gets the same answer with it and without it. */
    struct cert *const memory = (struct cert *)(uintptr_t)cert;
    enum cert_seen nobody = SEEN_NOBODY;

    if (atomic_load(&memory->seen) == SEEN_ISSUER &&
        memcmp(cert->seen_sha256, issuer->sha256, CERT_SHA256_SIZE) == 0)
        return true;
    if (!is_signed_by(cert->x509, issuer->x509))
        return false;
    if (atomic_compare_exchange_strong(&memory->seen, &nobody, SEEN_BEING_WRITTEN)) {
        memcpy(memory->seen_sha256, issuer->sha256, CERT_SHA256_SIZE);
        atomic_store(&memory->seen, SEEN_ISSUER);
    }
    return true;
}
