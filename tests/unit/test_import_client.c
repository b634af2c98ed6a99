/*
 * import/client: processes that behave, and some that do not. The real one is a child of the test;
 * the others are the far end of a socket.
 */
#include "testing_x509.h"

#include <openssl/pem.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "base/fs.h"
#include "base/secret.h"
#include "import/client.h"
#include "import/process.h"
#include "import/wire.h"
#include "vault/parcel.h"

#define THREADS 12

struct bench {
    struct import_client *client;
    int (*make)(void); /* the socket that is offered, or -1; NULL: none ever is */
    bool refuses;
    pthread_t offers[THREADS * 2];
    int n_offers;
};

static struct bench bench;

/* From another thread, as the supervisor's do: the client is locked while it asks. */
static void *offer(void *arg)
{
    (void)arg;
    import_client_offer(bench.client, bench.make());
    return NULL;
}

static bool ask(void *arg, struct err *err)
{
    (void)arg;
    if (bench.refuses)
        return fail(err, ERR_UNAVAILABLE, "no supervisor");
    if (bench.make)
        assert_int_equal(pthread_create(&bench.offers[bench.n_offers++], NULL, offer, NULL), 0);
    return true;
}

static void start(int (*make_one)(void))
{
    const struct import_client_conf conf = { .ask = ask,
        .start_timeout_ms = make_one ? 20000 : 50,
        .parse_timeout_ms = 300 };

    bench = (struct bench){ .make = make_one, .client = import_client_new(&conf) };
}

static void stop(void)
{
    for (int i = 0; i < bench.n_offers; i++)
        assert_int_equal(pthread_join(bench.offers[i], NULL), 0);
    import_client_free(bench.client);
}

static bool parse_text(const char *text, struct import_result *ret, struct import_refusal *refusal,
    struct err *err)
{
    struct import_upload upload = { .parts = { span_text(text) } };

    upload.vault_key[0] = 9; /* a point like any other */
    *err = (struct err){ 0 };
    return import_parse(bench.client, &upload, ret, refusal, err);
}

/* ---- processes that do not behave ---- */

static int far_end = -1; /* of the last pair; closed by the next */

static int make_silent(void)
{
    int ours = -1;
    struct err err = { 0 };

    fd_close(far_end);
    assert_works(frame_pair(&ours, &far_end, &err), &err);
    return ours;
}

static int make_dead(void)
{
    int ours = make_silent();

    fd_close(far_end);
    far_end = -1;
    return ours;
}

static int make_none(void)
{
    return -1;
}

static int make_with_answer(uint16_t type, struct span payload)
{
    int ours = make_silent();
    const struct frame frame = { .type = type, .payload = payload };
    struct err err = { 0 };

    assert_works(frame_send(far_end, &frame, NULL, 0, &err), &err);
    return ours;
}

static int make_babbling(void)
{
    return make_with_answer(77, SPAN_LITERAL("?"));
}

static int make_lying(void)
{
    return make_with_answer(IMPORT_DONE, SPAN_LITERAL("\xff\xff\xff\xff"));
}

static int make_endless(void)
{
    static const uint8_t head[FRAME_HEADER_SIZE] = { 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 0, 100 };
    int ours = make_silent();
    struct err err = { 0 };

    assert_works(frame_send_bytes(far_end, span_of(head, sizeof head), &err), &err);
    return ours;
}

static void a_process_that_fails_is_told_as_such(void **state)
{
    static const struct {
        const char *what;
        int (*make)(void);
        enum err_kind kind;
    } cases[] = {
        { "never comes", NULL, ERR_UNAVAILABLE },
        { "cannot be started", make_none, ERR_UNAVAILABLE },
        { "is dead", make_dead, ERR_UNAVAILABLE },
        { "is silent", make_silent, ERR_UNAVAILABLE },
        { "babbles", make_babbling, ERR_INTERNAL },
        { "lies", make_lying, ERR_INVALID },
        { "says that there is no end", make_endless, ERR_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(import_result) struct import_result result = { 0 };
        struct import_refusal refusal = { 0 };
        struct err err;

        start(cases[i].make);
        if (parse_text("x", &result, &refusal, &err) || err.kind != cases[i].kind)
            fail_msg("a process that %s: %s %s", cases[i].what, err_kind_name(err.kind), err.msg);
        assert_int_equal(refusal.fault, IMPORT_FAULT_NONE);
        assert_int_equal(result.n_certs, 0);
        stop();
    }
    fd_close(far_end);
    far_end = -1;
}

static void without_a_supervisor_there_is_no_process(void **state)
{
    struct import_result result = { 0 };
    struct import_refusal refusal;
    struct err err;

    (void)state;
    start(make_none);
    bench.refuses = true;
    assert_fails(parse_text("x", &result, &refusal, &err), &err, ERR_UNAVAILABLE);
    bench.refuses = false;
    import_client_stop(bench.client);
    assert_fails(parse_text("x", &result, &refusal, &err), &err, ERR_UNAVAILABLE);
    stop();
}

static void what_is_offered_to_nobody_is_let_go_of(void **state)
{
    char byte;

    (void)state;
    start(NULL);
    import_client_offer(bench.client, make_silent());
    assert_int_equal(read(far_end, &byte, 1), 0);
    fd_close(far_end);
    far_end = -1;
    stop();
}

/* ---- the real one ---- */

/* Made while there is one thread: a child of many may find locks that nobody opens any more. */
static int prepared[THREADS];
static int n_prepared;

static void prepare(int n)
{
    struct err err = { 0 };

    for (n_prepared = 0; n_prepared < n; n_prepared++) {
        int theirs = -1;

        assert_works(frame_pair(&prepared[n_prepared], &theirs, &err), &err);
        pid_t pid = fork();

        if (pid == 0) {
            for (int i = 0; i <= n_prepared; i++)
                fd_close(prepared[i]);
            _exit(import_process_main(theirs));
        }
        fd_close(theirs);
    }
}

static int make_real(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    (void)pthread_mutex_lock(&lock);
    int fd = prepared[--n_prepared];

    (void)pthread_mutex_unlock(&lock);
    return fd;
}

static void reap(int n)
{
    for (int i = 0; i < n; i++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
}

/* A certificate and its key in PEM; the caller frees the text. */
static char *pem_of(const struct made *made)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    assert_int_equal(PEM_write_bio_X509(bio, made->x509), 1);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, made->key, NULL, NULL, 0, NULL, NULL), 1);
    long size = BIO_get_mem_data(bio, &text);
    char *copy = xstrndup(text, (size_t)size);

    BIO_free(bio);
    return copy;
}

static void a_key_comes_back_only_for_the_vault(void **state)
{
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });
    autodone(import_result) struct import_result result = { 0 };
    autofree(secret) struct secret *half = NULL;
    autofree(secret) struct secret *key = NULL;
    autofree(str) char *text = pem_of(&site);
    struct import_upload upload = { .parts = { span_text(text) } };
    struct import_refusal refusal;
    struct err err = { 0 };

    (void)state;
    prepare(1);
    start(make_real);
    assert_works(parcel_make_pair(upload.vault_key, &half, &err), &err);
    assert_works(import_parse(bench.client, &upload, &result, &refusal, &err), &err);
    assert_int_equal(result.n_certs, 1);
    assert_int_equal(result.n_keys, 1);
    assert_works(parcel_open(half, PARCEL_INFO, buf_span(&result.keys[0].spki),
                     buf_span(&result.keys[0].parcel), &key, &err),
        &err);
    /* The private number (RFC 5915) is in nothing that the answer has in the open. */
    struct span part = span_slice(secret_span(key), 36, 16);

    assert_int_equal(span_find(buf_span(&result.keys[0].parcel), part), SIZE_MAX);
    assert_int_equal(span_find(buf_span(&result.certs[0].der), part), SIZE_MAX);
    stop();
    reap(1);
}

static void a_refusal_says_which_part_and_why(void **state)
{
    struct import_result result = { 0 };
    struct import_refusal refusal;
    struct err err = { 0 };

    (void)state;
    prepare(1);
    start(make_real);
    assert_fails(parse_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
                            "-----END OPENSSH PRIVATE KEY-----\n",
                     &result, &refusal, &err),
        &err, ERR_INVALID);
    assert_int_equal(refusal.fault, IMPORT_UNSUPPORTED);
    assert_int_equal(refusal.part, IMPORT_FILE);
    assert_contains(err.msg, "ssh-keygen");
    stop();
    reap(1);
}

static void *parse_one(void *arg)
{
    autodone(import_result) struct import_result result = { 0 };
    struct import_refusal refusal;
    struct err err;

    assert_works(parse_text(arg, &result, &refusal, &err), &err);
    assert_int_equal(result.n_keys, 1);
    return NULL;
}

static void many_uploads_take_turns(void **state)
{
    autodone(made) struct made site = make((struct order){ .cn = "www.example.org" });
    autofree(str) char *text = pem_of(&site);
    pthread_t threads[THREADS];

    (void)state;
    prepare(THREADS);
    start(make_real);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, parse_one, text), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(bench.n_offers, THREADS);
    stop();
    reap(THREADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_fails_is_told_as_such),
        cmocka_unit_test(without_a_supervisor_there_is_no_process),
        cmocka_unit_test(what_is_offered_to_nobody_is_let_go_of),
        cmocka_unit_test(a_key_comes_back_only_for_the_vault),
        cmocka_unit_test(a_refusal_says_which_part_and_why),
        cmocka_unit_test(many_uploads_take_turns),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
