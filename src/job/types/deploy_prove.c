/* job/types/deploy_prove: see the header. */
#include "job/types/deploy_prove.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/hostport.h"
#include "codec/json.h"
#include "core/rows_endpoint.h"
#include "db/db.h"
#include "probe/client.h"
#include "store/endpoint.h"
#include "store/observation.h"

/* Together less than the job's lease. */
#define SUBMIT_WAIT_MS 2000
#define TOTAL_MS 7000
#define SHOWN_MAX 500

/* One endpoint of a round. The prober's thread fills it in. */
struct look {
    struct round *round;
    const struct resource_endpoint_row *endpoint;
    struct probe_result *result; /* NULL: see err */
    struct err err;
    struct observation_rows known; /* from checks before: whether an address is waived */
};

struct round {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    size_t n_pending;
    struct look *looks;
    size_t n;
};

void proof_done(struct proof *proof)
{
    buf_done(&proof->addresses);
}

static void answer(void *context, struct probe_result *result, const struct err *err)
{
    struct look *look = context;
    struct round *round = look->round;

    (void)pthread_mutex_lock(&round->lock);
    look->result = result;
    if (err)
        look->err = *err;
    round->n_pending--;
    (void)pthread_cond_signal(&round->answered);
    (void)pthread_mutex_unlock(&round->lock);
}

static bool read_known(struct db *db, struct round *round, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(db, TX_READ, &tx, err))
        return false;
    for (size_t i = 0; i < round->n; i++) {
        const struct resource_endpoint_row *at = round->looks[i].endpoint;
        const struct endpoint_key key = { at->host, at->port, at->sni, at->protocol, "" };
        autofree(endpoint_row) struct endpoint_row *row = NULL;

        if (!store_endpoint_find(tx, &key, &row, err) ||
            (row && !store_observations_of_endpoint(tx, row->id, &round->looks[i].known, err)))
            return false;
    }
    return true;
}

static void submit(struct round *round, struct probe_client *prober)
{
    for (size_t i = 0; i < round->n; i++) {
        struct look *look = &round->looks[i];
        struct probe_target target = { .id = (int64_t)i,
            .host = look->endpoint->host,
            .port = (int)look->endpoint->port,
            .sni = look->endpoint->sni,
            .timeouts = { .total_ms = TOTAL_MS } };
        bool is_known =
            probe_protocol_from_name(span_text(look->endpoint->protocol), &target.protocol);

        ASSERT(is_known); /* it was checked when it was taken */
        (void)pthread_mutex_lock(&round->lock);
        round->n_pending++;
        (void)pthread_mutex_unlock(&round->lock);
        if (!probe_client_submit(prober, &target, SUBMIT_WAIT_MS, answer, look, &look->err))
            answer(look, NULL, NULL);
    }
}

static void wait_for_all(struct round *round)
{
    (void)pthread_mutex_lock(&round->lock);
    while (round->n_pending > 0)
        (void)pthread_cond_wait(&round->answered, &round->lock);
    (void)pthread_mutex_unlock(&round->lock);
}

static bool is_waived(const struct look *look, const char *address)
{
    for (size_t i = 0; i < look->known.n; i++)
        if (look->known.items[i].is_waived && strcmp(look->known.items[i].address, address) == 0)
            return true;
    return false;
}

enum presented { AS_WANTED, OTHER_CHAIN, OTHER_LEAF, NOT_COMPARABLE };

static enum presented compare(const struct probe_result *result, const struct probe_sight *sight,
    const struct proof_chain *wanted)
{
    if (sight->error != PROBE_OK || sight->n_certs == 0)
        return NOT_COMPARABLE;
    const uint8_t *leaf = result->certs[sight->certs[0]].sha256;

    if (memcmp(leaf, wanted->sha256[0], SHA256_SIZE) != 0)
        return strcmp(probe_slot_name(sight->slot), wanted->slot) == 0 ? OTHER_LEAF
                                                                       : NOT_COMPARABLE;
    for (size_t i = 1; i < wanted->n; i++)
        if (i >= sight->n_certs ||
            memcmp(result->certs[sight->certs[i]].sha256, wanted->sha256[i], SHA256_SIZE) != 0)
            return OTHER_CHAIN;
    return AS_WANTED;
}

/* What one address comes to: of its sights, the one that counts. */
struct verdict {
    const struct probe_sight *sight;
    enum presented presented;
};

static struct verdict judge_address(const struct probe_result *result, size_t first,
    const struct proof_chain *wanted)
{
    const char *address = result->sights[first].address;
    struct verdict verdict = { &result->sights[first], NOT_COMPARABLE };

    for (size_t i = first; i < result->n_sights; i++) {
        const struct probe_sight *sight = &result->sights[i];
        enum presented presented = compare(result, sight, wanted);

        if (strcmp(sight->address, address) == 0 && presented < verdict.presented)
            verdict = (struct verdict){ sight, presented };
    }
    return verdict;
}

static bool is_first_of_address(const struct probe_result *result, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(result->sights[k].address, result->sights[i].address) == 0)
            return false;
    return true;
}

static const char *words_of(const struct verdict *verdict)
{
    switch (verdict->presented) {
    case AS_WANTED:
        return "";
    case OTHER_CHAIN:
        return "it presents the certificate with another chain";
    case OTHER_LEAF:
        return "it presents another certificate";
    case NOT_COMPARABLE:
        break;
    }
    return verdict->sight->error == PROBE_OK ? "it presents a certificate for another kind of key"
                                             : verdict->sight->message;
}

static void blame(struct proof *proof, const struct look *look, const char *address,
    const char *what)
{
    if (proof->why[0])
        return;
    autofree(str) char *why =
        xasprintf("%.100s%s%s: %s", hostport_text(look->endpoint->host, look->endpoint->port).text,
            address ? " at " : "", address ? address : "", what);

    span_copy_text(span_text(why), proof->why, sizeof proof->why);
}

/* {endpoint, address, fingerprint, is_expected, error, checked_at} */
static void show(struct json_out *out, const struct look *look, const struct verdict *verdict,
    const char *error, int64_t now)
{
    const struct hostport_text endpoint = hostport_text(look->endpoint->host, look->endpoint->port);
    const struct probe_sight *sight = verdict ? verdict->sight : NULL;

    json_begin_object(out, NULL);
    json_str(out, "endpoint", endpoint.text);
    json_str(out, "address", sight ? sight->address : NULL);
    if (sight && sight->error == PROBE_OK && sight->n_certs)
        json_hex(out, "fingerprint",
            span_of(look->result->certs[sight->certs[0]].sha256, SHA256_SIZE));
    else
        json_put_null(out, "fingerprint");
    json_bool(out, "is_expected", verdict && verdict->presented == AS_WANTED);
    json_str(out, "error", error[0] ? error : NULL);
    json_time(out, "checked_at", now);
    json_end(out);
}

static void judge_look(const struct look *look, const struct proof_chain *wanted, int64_t now,
    struct proof *ret, struct json_out *out)
{
    const struct probe_result *result = look->result;
    const char *whole = !result                     ? look->err.msg
                        : result->error != PROBE_OK ? result->message
                                                    : "not all of its addresses could be found out";

    if (!result || result->error != PROBE_OK || !result->is_dns_complete) {
        ret->is_good = false;
        blame(ret, look, NULL, whole);
        show(out, look, NULL, whole, now);
    }
    for (size_t i = 0; result && i < result->n_sights; i++) {
        if (!is_first_of_address(result, i) || result->sights[i].error == PROBE_NOT_ROUTABLE ||
            is_waived(look, result->sights[i].address))
            continue;
        struct verdict verdict = judge_address(result, i, wanted);
        bool is_expected = verdict.presented == AS_WANTED;

        ret->n_addresses++;
        ret->n_expected += is_expected;
        ret->is_good &= is_expected;
        if (!is_expected)
            blame(ret, look, verdict.sight->address, words_of(&verdict));
        if (ret->n_addresses <= SHOWN_MAX)
            show(out, look, &verdict, words_of(&verdict), now);
    }
}

static bool judge(const struct round *round, const struct proof_chain *wanted, int64_t now,
    struct proof *ret, struct err *err)
{
    struct json_out out;

    ret->is_good = true;
    ret->n_addresses = ret->n_expected = 0;
    ret->why[0] = '\0';
    buf_clear(&ret->addresses);
    json_out_init(&out, &ret->addresses);
    json_begin_array(&out, NULL);
    for (size_t i = 0; i < round->n; i++)
        judge_look(&round->looks[i], wanted, now, ret, &out);
    json_end(&out);
    if (ret->is_good && ret->n_addresses == 0) {
        ret->is_good = false;
        span_copy_text(SPAN_LITERAL("no address could be looked at"), ret->why, sizeof ret->why);
    }
    return json_out_check(&out, err);
}

static bool look_and_judge(struct db *db, struct probe_client *prober, struct round *round,
    const struct proof_chain *wanted, int64_t now, struct proof *ret, struct err *err)
{
    if (!read_known(db, round, err))
        return false;
    submit(round, prober);
    wait_for_all(round);
    if (!probe_client_is_connected(prober))
        return fail(err, ERR_UNAVAILABLE, "there is no prober just now");
    return judge(round, wanted, now, ret, err);
}

bool prove_round(struct db *db, struct probe_client *prober,
    const struct resource_endpoint_rows *endpoints, const struct proof_chain *wanted, int64_t now,
    struct proof *ret, struct err *err)
{
    struct round round = { .n = endpoints->n };

    round.looks = xcalloc(round.n ? round.n : 1, sizeof *round.looks);
    (void)pthread_mutex_init(&round.lock, NULL);
    (void)pthread_cond_init(&round.answered, NULL);
    for (size_t i = 0; i < round.n; i++)
        round.looks[i] = (struct look){ .round = &round, .endpoint = &endpoints->items[i] };
    bool ok = look_and_judge(db, prober, &round, wanted, now, ret, err);

    for (size_t i = 0; i < round.n; i++) {
        probe_result_free(round.looks[i].result);
        observation_rows_done(&round.looks[i].known);
    }
    (void)pthread_cond_destroy(&round.answered);
    (void)pthread_mutex_destroy(&round.lock);
    free(round.looks);
    return ok;
}
