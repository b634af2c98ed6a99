/* x509: a certificate or a chain from a stranger; everything that can be asked of it is. */
#include "base/err.h"
#include "base/parse.h"
#include "core/names.h"
#include "x509/cert.h"
#include "x509/chain.h"
#include "x509/trust_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_text(const char *text)
{
    ASSERT(parse_is_utf8(span_text(text)));
}

static void ask(const struct cert *cert)
{
    autodone(name_set) struct name_set names = { 0 };
    char field[CERT_SAN_TEXT_MAX];
    size_t position = 0;
    size_t n = 0;
    struct cert_san san;

    must_be_text(cert_subject(cert));
    must_be_text(cert_issuer(cert));
    must_be_text(cert_name(cert));
    ASSERT(cert_name(cert)[0] != '\0');
    must_be_text(cert_serial(cert));
    for (n = 0; cert_next_san(cert, &position, &san); n++)
        must_be_text(cert_san_text(&san, field));
    ASSERT(n == cert_n_sans(cert));
    for (int kind = CERT_EXTENDED_KEY_USAGE; kind <= CERT_CRL_URL; kind++)
        for (size_t i = 0; i < 50 && cert_text(cert, (enum cert_texts)kind, i, field, 64); i++)
            must_be_text(field);
    name_set_add_cert(&names, cert);
    name_set_sort(&names);
    (void)name_set_covers(&names, "www.example.org");
    (void)name_set_covers(&names, "192.0.2.1");
}

static void ask_chain(struct span bytes)
{
    autofree(chain) struct chain *chain = NULL;
    autofree(trust_store) struct trust_store *store = NULL;
    struct chain_verdict verdict;
    struct err err = { 0 };

    if (!chain_from_pem(bytes, &chain, &err) || !trust_store_new("", bytes, &store, &err))
        return;
    chain_verify(chain, store, INT64_C(1800000000), &verdict);
    must_be_text(verdict.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree(cert) struct cert *cert = NULL;
    struct err err = { 0 };

    const struct span bytes = span_of(data, size);
    const bool is_der = size > 0 && data[0] == 0x30;

    if (is_der ? cert_from_der(bytes, &cert, &err) : cert_from_pem(bytes, &cert, &err))
        ask(cert);
    ask_chain(bytes);
    return 0;
}
