/*
 * life/answer: is what a CA sent what was asked of it?
 *
 * Nothing that a CA says is believed: a certificate for another key would be deployed beside a key
 * that does not match, one for other names would take a service down.
 */
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "db/db.h"
#include "life/work.h"
#include "monitor/bring.h"
#include "x509/csr.h"
#include "x509/trust_store.h"

/* Clocks differ; a certificate that begins later than that is of no use now. */
#define SLACK_SECONDS 300

void life_issue_done(struct life_issue *issue)
{
    chain_free(issue->chain);
    issue->chain = NULL;
}

static bool same_name(const struct cert_san *a, const struct cert_san *b)
{
    if (a->kind != b->kind || a->value.size != b->value.size)
        return false;
    return a->kind == CERT_SAN_DNS ? strncasecmp((const char *)a->value.data,
                                         (const char *)b->value.data, a->value.size) == 0
                                   : span_equal(a->value, b->value);
}

static bool leaf_has(const struct cert *leaf, const struct cert_san *wanted)
{
    struct cert_san san;

    for (size_t at = 0; cert_next_san(leaf, &at, &san);)
        if (same_name(&san, wanted))
            return true;
    return false;
}

/* The common name is a name of its own where the request lists none, and may be one besides. */
static bool is_common_name(const struct csr *csr, const struct cert_san *san)
{
    char text[CERT_SAN_TEXT_MAX];

    return strcasecmp(cert_san_text(san, text), csr_common_name(csr)) == 0;
}

static bool was_asked(const struct csr *csr, const struct cert_san *san)
{
    struct cert_san asked;

    for (size_t at = 0; csr_next_san(csr, &at, &asked);)
        if (same_name(&asked, san))
            return true;
    return is_common_name(csr, san);
}

bool life_check_agreed(const struct life_case *c, const struct csr *csr, struct err *err)
{
    autofree(csr) struct csr *agreed = NULL;
    struct cert_san san;
    char text[CERT_SAN_TEXT_MAX];

    if (c->profile->n_approvals == 0 || c->request->csr.size == 0)
        return true;
    if (!csr_from_any(buf_span(&c->request->csr), &agreed, err))
        return false;
    for (size_t at = 0; csr_next_san(csr, &at, &san);)
        if (!was_asked(agreed, &san))
            return fail(err, ERR_CONFLICT,
                "nobody has approved the name %s: ask for it in a ticket of its own",
                cert_san_text(&san, text));
    return strcmp(csr_subject(csr), csr_subject(agreed)) == 0 ||
           fail(err, ERR_CONFLICT,
               "the subject is not the one that was approved (%s): ask for it in a ticket of its "
               "own",
               csr_subject(agreed));
}

static bool check_names(const struct csr *csr, const struct cert *leaf, struct err *err)
{
    struct cert_san san;
    char text[CERT_SAN_TEXT_MAX];

    for (size_t at = 0; csr_next_san(csr, &at, &san);)
        if (!leaf_has(leaf, &san))
            return fail(err, ERR_UPSTREAM, "the certificate lacks the name %s",
                cert_san_text(&san, text));
    for (size_t at = 0; cert_next_san(leaf, &at, &san);)
        if (!was_asked(csr, &san))
            return fail(err, ERR_UPSTREAM, "the certificate has a name that was not asked for: %s",
                cert_san_text(&san, text));
    return true;
}

static bool check_leaf(const struct order_row *order, const struct csr *csr,
    const struct cert *leaf, int64_t now, struct err *err)
{
    if (!cert_is_for_key(leaf, csr_spki_sha256(csr)))
        return fail(err, ERR_UPSTREAM, "the certificate is for another key");
    if (cert_is_ca(leaf))
        return fail(err, ERR_UPSTREAM, "the certificate is one of a certificate authority");
    if (order->serial[0] && strcmp(order->serial, cert_serial(leaf)) != 0)
        return fail(err, ERR_UPSTREAM, "the certificate has another serial number than was chosen");
    if (cert_not_after(leaf) <= now)
        return fail(err, ERR_UPSTREAM, "the certificate has expired");
    if (cert_not_before(leaf) > now + SLACK_SECONDS)
        return fail(err, ERR_UPSTREAM, "the certificate is not valid yet");
    return check_names(csr, leaf, err);
}

/* Whose certificate stands alone must be known in another way: trusted, or our own. */
static bool check_chain(const struct chain *chain, bool is_known, struct err *err)
{
    for (size_t i = 0; i + 1 < chain_size(chain); i++)
        if (!cert_is_issued_by(chain_cert(chain, i), chain_cert(chain, i + 1)))
            return fail(err, ERR_UPSTREAM,
                "the certificate is not signed by what was sent as its "
                "issuer");
    return chain_size(chain) > 1 || is_known ||
           fail(err, ERR_UPSTREAM, "nothing is known of whoever signed the certificate");
}

/* What the inventory knows above it, and what the chain is worth. */
static bool judge(struct life *life, struct chain *chain, struct life_issue *ret, struct err *err)
{
    struct brought brought = { .chain = chain };
    autofree(trust_store) struct trust_store *trust = NULL;
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(life->db, TX_READ, &tx, err) || !bring_trust(tx, &trust, err) ||
        !bring_judge(tx, trust, &brought, life->now, err))
        return false;
    ret->status = brought.status;
    ret->path_expires_at = brought.path_expires_at;
    return true;
}

bool life_issue_check(struct life *life, const struct order_row *order, const struct csr *csr,
    const struct ca_answer *answer, bool is_own, struct life_issue *ret, struct err *err)
{
    autofree(chain) struct chain *chain = NULL;
    struct err cause = { 0 };

    if (!chain_from_pem(buf_span(&answer->chain_pem), &chain, &cause))
        return fail(err, ERR_UPSTREAM, "no usable certificate came: %s", cause.msg);
    if (!check_leaf(order, csr, chain_leaf(chain), life->now, err) ||
        !judge(life, chain, ret, err) ||
        !check_chain(chain, is_own || ret->status == CHAIN_TRUSTED, err))
        return false;
    ret->chain = take(&chain);
    span_copy_text(span_text(answer->number), ret->number, sizeof ret->number);
    span_copy_text(span_text(answer->link), ret->link, sizeof ret->link);
    return true;
}
