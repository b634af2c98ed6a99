/*
 * cli: certdesk audit verify, list, export.
 *
 * What verifies reads the database itself: neither the server nor whoever runs it has to be
 * believed. Exit status 0: the log is whole; 1: it is not, or could not be read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/offline.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "db/db.h"
#include "store/audit_proof.h"
#include "store/database.h"

#define ANSWER_MAX 4096
#define PATH_MAX_BYTES 4096

#define USAGE                                                                                      \
    "usage: certdesk audit verify [--checkpoint SEQ:HASH] [--signer KEY]\n"                        \
    "                             " OFFLINE_USAGE " [-o table|json]\n"                             \
    "       certdesk audit list [--actor NAME] [--action ACTION] [--from DATE] [--to DATE]\n"      \
    "                           [-o table|json]\n"                                                 \
    "       certdesk audit export [--actor NAME] [--action ACTION] [--from DATE] [--to DATE]\n"    \
    "                             [-o FILE]\n"

struct verify {
    struct offline offline;
    struct audit_expected expected;
    bool json;
};

static int usage(void)
{
    fputs(USAGE, stderr);
    return CLI_USAGE;
}

static bool read_checkpoint(const char *text, struct audit_expected *ret, struct err *err)
{
    struct span rest = span_text(text);
    struct span seq;

    if (!span_split(&rest, ':', &seq) || !parse_i64(seq, 1, INT64_MAX, &ret->seq, err) ||
        !hex_decode(rest, ret->hash, sizeof ret->hash, err))
        return fail(err, ERR_INVALID,
            "--checkpoint wants the number of a link and its hash: 1042:64 hexadecimal digits");
    return true;
}

static bool read_option(const char *flag, const char *value, struct verify *verify, struct err *err)
{
    uint8_t key[32];

    if (strcmp(flag, "--checkpoint") == 0)
        return read_checkpoint(value, &verify->expected, err);
    if (strcmp(flag, "--signer") == 0) {
        verify->expected.signer = value;
        if (!hex_decode(span_text(value), key, sizeof key, err))
            return err_wrap(err, "--signer wants 64 hexadecimal digits");
        return true;
    }
    if (strcmp(flag, "-o") == 0 || strcmp(flag, "--output") == 0) {
        verify->json = strcmp(value, "json") == 0;
        if (verify->json || strcmp(value, "table") == 0)
            return true;
        return fail(err, ERR_INVALID, "-o wants table or json");
    }
    return fail(err, ERR_INVALID, "unknown option \"%s\"", flag);
}

/* In one transaction: what is written meanwhile is not seen half. */
static bool prove(const struct verify *verify, struct audit_proof *ret, struct err *err)
{
    autofree(conf) struct conf *conf = NULL;
    autofree(db) struct db *db = NULL;
    autofree(tx) struct tx *tx = NULL;

    return offline_conf(&verify->offline, &conf, err) && database_open_existing(conf, &db, err) &&
           tx_begin(db, TX_READ, &tx, err) && store_audit_prove(tx, &verify->expected, ret, err);
}

static void print_json(const struct audit_proof *proof)
{
    autodone(buf) struct buf text = BUF_INIT(ANSWER_MAX);
    struct json_out out;

    json_out_init(&out, &text);
    json_begin_object(&out, NULL);
    json_bool(&out, "intact", proof->chain.broken_seq == 0);
    json_i64(&out, "links", proof->chain.n_links);
    json_i64(&out, "waiting", proof->chain.n_waiting);
    json_i64_or_null(&out, "broken_at", proof->chain.broken_seq);
    json_str(&out, "reason", proof->chain.broken_seq ? proof->chain.reason : NULL);
    json_i64(&out, "checkpoints", proof->n_checkpoints);
    json_i64_or_null(&out, "verified_up_to", proof->vouched_seq);
    json_str(&out, "signer", proof->signer[0] ? proof->signer : NULL);
    json_end(&out);
    puts(buf_text(&text));
}

static void print_text(const struct audit_proof *proof)
{
    if (proof->chain.broken_seq)
        printf("broken at link %" PRId64 ": %s\n", proof->chain.broken_seq, proof->chain.reason);
    else
        puts("intact");
    printf("%" PRId64 " links hold", proof->chain.n_links);
    if (proof->vouched_seq)
        printf(", the first %" PRId64 " of them signed by %s", proof->vouched_seq, proof->signer);
    puts("");
    if (proof->chain.n_waiting)
        printf("%" PRId64 " newer entries wait for the next run of the schedule \"audit\"\n",
            proof->chain.n_waiting);
}

/* ---- the log as the server shows it ---- */

struct log_options {
    const char *actor;
    const char *action;
    const char *from;
    const char *to;
    const char *output; /* of an export; NULL: standard output */
};

#define FILTER_OPTIONS                                                                             \
    { "actor", required_argument, offsetof(struct log_options, actor), NULL },                     \
        { "action", required_argument, offsetof(struct log_options, action), NULL },               \
        { "from", required_argument, offsetof(struct log_options, from), NULL },                   \
    {                                                                                              \
        "to", required_argument, offsetof(struct log_options, to), NULL                            \
    }

static void add_filter(struct buf *path, const struct log_options *o)
{
    items_add_query(path, "actor", o->actor);
    items_add_query(path, "action", o->action);
    items_add_query(path, "from", o->from);
    items_add_query(path, "to", o->to);
}

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "AT", "at" }, { "WHO", "actor" },
        { "FROM", "address" }, { "WHAT", "action" }, { "ON", "object_name" }, { 0 } };
    autodone(buf) struct buf path = BUF_INIT(PATH_MAX_BYTES);

    buf_add_text(&path, "/audit?limit=500");
    add_filter(&path, call->asked);
    return items_print(call->remote, buf_text(&path), columns, call->json, err);
}

static int run_list(int argc, char **argv)
{
    static const struct verb_option options[] = { FILTER_OPTIONS, { 0 } };
    static const struct verb verbs[] = { { "list", 0, 0, list }, { 0 } };
    static const struct verbs word = { .usage = USAGE, .verbs = verbs, .options = options };
    struct log_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}

static bool export(const struct verb_call *call, struct err *err)
{
    const struct log_options *const o = call->asked;
    autodone(buf) struct buf path = BUF_INIT(PATH_MAX_BYTES);

    buf_add_text(&path, "/audit.csv");
    add_filter(&path, o);
    return remote_save(call->remote, buf_text(&path), o->output, err);
}

static int run_export(int argc, char **argv)
{
    static const struct verb_option options[] = { FILTER_OPTIONS,
        { "output", required_argument, offsetof(struct log_options, output), NULL }, { 0 } };
    static const struct verb verbs[] = { { "export", 0, 0, export }, { 0 } };
    static const struct verbs word = { .usage = USAGE, .verbs = verbs, .options = options };
    struct log_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}

int cli_audit(int argc, char **argv)
{
    struct verify verify = { 0 };
    struct audit_proof proof;
    struct err err = { 0 };

    if (argc > 1 && strcmp(argv[1], "list") == 0)
        return run_list(argc, argv);
    if (argc > 1 && strcmp(argv[1], "export") == 0)
        return run_export(argc, argv);
    if (argc < 2 || strcmp(argv[1], "verify") != 0)
        return usage();
    offline_init(&verify.offline);
    for (int i = 2; i < argc;) {
        if (offline_take(&verify.offline, argc, argv, &i))
            continue;
        if (i + 1 >= argc)
            return usage();
        if (!read_option(argv[i], argv[i + 1], &verify, &err)) {
            (void)output_fail(&err);
            return CLI_USAGE;
        }
        i += 2;
    }
    if (!prove(&verify, &proof, &err))
        return output_fail(&err);
    if (verify.json)
        print_json(&proof);
    else
        print_text(&proof);
    return proof.chain.broken_seq ? CLI_FAILED : CLI_OK;
}
