/* monitor/facts: see the header. */
#include "monitor/facts.h"

#include <string.h>

#include "codec/json.h"
#include "store/version.h"
#include "x509/cert.h"

#define SANS_KEPT 100
#define WORDS_MAX (256u << 10)

/* The first hundred SANs as JSON, and what the record is to be found by, a name a line. */
static void write_names(const struct cert *cert, struct buf *sans, struct buf *words)
{
    struct json_out out;
    struct cert_san san;
    char text[CERT_SAN_TEXT_MAX];
    size_t position = 0;

    json_out_init(&out, sans);
    json_begin_array(&out, NULL);
    buf_add_text(words, cert_common_name(cert));
    for (size_t i = 0; i < SANS_KEPT && cert_next_san(cert, &position, &san); i++) {
        cert_san_text(&san, text);
        json_begin_object(&out, NULL);
        json_str(&out, "type", cert_san_kind_name(san.kind));
        json_str(&out, "value", text);
        json_end(&out);
        buf_add_char(words, '\n');
        buf_add_text(words, text);
    }
    json_end(&out);
}

bool facts_put_cert(struct tx *tx, const struct cert *cert, int64_t now, int64_t *ret_id,
    const char **ret_slot, struct err *err)
{
    autodone(buf) struct buf sans = BUF_INIT(WORDS_MAX);
    autodone(buf) struct buf words = BUF_INIT(WORDS_MAX);

    if (!store_version_find(tx, cert_sha256(cert), ret_id, err))
        return false;
    if (ret_slot)
        *ret_slot = cert_slot(cert);
    if (*ret_id)
        return true;
    write_names(cert, &sans, &words);
    struct version_facts facts = {
        .der = cert_der(cert),
        .slot = cert_slot(cert),
        .serial = cert_serial(cert),
        .subject = cert_subject(cert),
        .issuer = cert_issuer(cert),
        .name = cert_name(cert),
        .sans = buf_text(&sans),
        .names = buf_text(&words),
        .n_sans = (int64_t)cert_n_sans(cert),
        .not_before = cert_not_before(cert),
        .not_after = cert_not_after(cert),
        .key_algorithm = cert_key_algorithm(cert),
        .key_size = cert_key_bits(cert),
        .signature_algorithm = cert_signature_algorithm(cert),
        .is_ca = cert_is_ca(cert),
        .is_self_signed = cert_is_self_signed(cert),
        .is_staging = cert_is_staging(cert),
    };

    memcpy(facts.sha256, cert_sha256(cert), sizeof facts.sha256);
    memcpy(facts.spki_sha256, cert_spki_sha256(cert), sizeof facts.spki_sha256);
    return store_version_put(tx, &facts, now, ret_id, NULL, err);
}

bool facts_put_der(struct tx *tx, struct span der, int64_t now, int64_t *ret_id, struct err *err)
{
    autofree(cert) struct cert *cert = NULL;

    return cert_from_der(der, &cert, err) && facts_put_cert(tx, cert, now, ret_id, NULL, err);
}
