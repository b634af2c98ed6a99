/* core/bundle: certificates and keys in a heap, sorted out. F27. */
#include "testing_x509.h"

#include "core/bundle.h"
#include "x509/chain.h"

/* A small world: a root, two intermediates, leaves. */
struct world {
    struct made root, upper, lower, leaf, other, renewed, stranger;
};

static struct world world;

static int setup(void **state)
{
    (void)state;
    world.root = make((struct order){ .cn = "Root", .constraints = "critical,CA:TRUE" });
    world.upper = make(
        (struct order){ .cn = "Upper", .constraints = "critical,CA:TRUE", .issuer = &world.root });
    world.lower = make(
        (struct order){ .cn = "Lower", .constraints = "critical,CA:TRUE", .issuer = &world.upper });
    world.leaf = make((struct order){ .cn = "leaf", .issuer = &world.lower });
    world.renewed = make((struct order){ .cn = "leaf",
        .issuer = &world.lower,
        .same_key = &world.leaf,
        .not_before = 1700000001 });
    world.other = make((struct order){ .cn = "other", .issuer = &world.lower });
    world.stranger = make((struct order){ .cn = "Stranger CA", .constraints = "critical,CA:TRUE" });
    return 0;
}

static int teardown(void **state)
{
    struct made *all[] = { &world.root, &world.upper, &world.lower, &world.leaf, &world.other,
        &world.renewed, &world.stranger };

    (void)state;
    for (size_t i = 0; i < countof(all); i++)
        made_done(all[i]);
    return 0;
}

#define HEAP_MAX 8

/* Given as letters: R root, U upper, L lower, l leaf, n renewed, o other, S stranger; lower case
 * behind a "+" is part of the chain. */
struct heap {
    struct cert *owned[HEAP_MAX];
    struct bundle_cert certs[HEAP_MAX];
    size_t n;
    struct bundle_key keys[HEAP_MAX];
    size_t n_keys;
};

static const struct made *named(char letter)
{
    return letter == 'R'   ? &world.root
           : letter == 'U' ? &world.upper
           : letter == 'L' ? &world.lower
           : letter == 'l' ? &world.leaf
           : letter == 'n' ? &world.renewed
           : letter == 'o' ? &world.other
                           : &world.stranger;
}

static struct cert *cert_named(char letter)
{
    autodone(buf) struct buf der = made_der(named(letter));
    struct cert *cert = NULL;
    struct err err = { 0 };

    assert_works(cert_from_der(buf_span(&der), &cert, &err), &err);
    return cert;
}

static void heap_fill(struct heap *heap, const char *certs, const char *keys)
{
    bool is_chain = false;

    *heap = (struct heap){ 0 };
    for (; *certs; certs++) {
        if (*certs == '+') {
            is_chain = true;
            continue;
        }
        heap->owned[heap->n] = cert_named(*certs);
        heap->certs[heap->n] = (struct bundle_cert){ heap->owned[heap->n], is_chain };
        heap->n++;
    }
    for (; *keys; keys++) {
        autofree(cert) struct cert *cert = cert_named(*keys);

        memcpy(heap->keys[heap->n_keys++].spki_sha256, cert_spki_sha256(cert), CERT_SHA256_SIZE);
    }
}

static void heap_done(struct heap *heap)
{
    for (size_t i = 0; i < heap->n; i++)
        cert_free(heap->owned[i]);
}

/* "lLU lL": the chains, by the same letters. */
static void describe(const struct bundle *bundle, char *field)
{
    static const char letters[] = "RULlnoS";

    for (size_t i = 0; i < bundle->n_leaves; i++) {
        const struct chain *chain = bundle->leaves[i].chain;

        if (i > 0)
            *field++ = ' ';
        for (size_t c = 0; c < chain_size(chain); c++) {
            for (const char *p = letters; *p; p++) {
                autofree(cert) struct cert *cert = cert_named(*p);

                if (span_equal(cert_der(cert), cert_der(chain_cert(chain, c))))
                    *field++ = *p;
            }
        }
    }
    *field = '\0';
}

static const struct {
    const char *certs;
    const char *keys;
    const char *chains; /* NULL: refused */
    const char *says;
    size_t n_extra;
    bool is_reordered; /* the first */
} cases[] = {
    { "l", "", "l", NULL, 0, false },
    { "lLU", "", "lLU", NULL, 0, false },
    { "lLUR", "l", "lLUR", NULL, 0, false },
    { "RULl", "l", "lLUR", NULL, 0, true },
    { "l+RLU", "l", "lLUR", NULL, 0, true },
    { "UlRL", "", "lLUR", NULL, 0, true },
    { "lU", "l", "l", NULL, 1, false }, /* Lower is missing: Upper hangs in the air */
    { "lLS", "", "lL", NULL, 1, false },
    { "lo", "lo", "l o", NULL, 0, false },
    { "loL", "ol", "oL lL", NULL, 0, false },
    { "loL", "o", "oL", NULL, 1, false },
    { "loL", "", "lL oL", NULL, 0, false },
    { "ln", "l", "n", NULL, 1, false }, /* the newest of a key's certificates */
    { "R", "", "R", NULL, 0, false },
    { "LUR", "", "LUR", NULL, 0, false },
    { "L+U", "", "LU", NULL, 0, false },
    { "R", "R", "R", NULL, 0, false },
    { "+lL", "", "lL", NULL, 0, false }, /* all of it was called a chain */
    { "+lL", "l", "lL", NULL, 0, false },
    { "U+l", "", "U", NULL, 1, false }, /* the file is what is wanted */
    { "U+l", "l", NULL, "belongs to none", 0, false },
    { "l+oL", "o", NULL, "belongs to none", 0, false }, /* a key's own certificate beside it */
    { "RS", "", NULL, "2 CA certificates", 0, false },
    { "l", "o", NULL, "does not belong to the certificate", 0, false },
    { "lL", "o", NULL, "belongs to none", 0, false },
    { "lL", "lo", NULL, "belongs to none", 0, false },
    { "", "l", NULL, "no certificate", 0, false },
    { "", "", NULL, "no certificate", 0, false },
};

static void a_heap_is_sorted_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(bundle) struct bundle bundle = { 0 };
        struct heap heap;
        char chains[64] = "";
        struct err err = { 0 };

        heap_fill(&heap, cases[i].certs, cases[i].keys);
        bool works = bundle_sort(heap.certs, heap.n, heap.keys, heap.n_keys, &bundle, &err);

        heap_done(&heap);
        describe(&bundle, chains);
        if (works != (cases[i].chains != NULL))
            fail_msg("%s with keys %s: %s %s", cases[i].certs, cases[i].keys, chains, err.msg);
        if (!works) {
            assert_contains(err.msg, cases[i].says);
            assert_int_equal(bundle.n_leaves, 0);
            continue;
        }
        if (strcmp(chains, cases[i].chains) != 0 || bundle.n_extra != cases[i].n_extra ||
            bundle.leaves[0].is_reordered != cases[i].is_reordered)
            fail_msg("%s with keys %s: %s, %zu extra%s", cases[i].certs, cases[i].keys, chains,
                bundle.n_extra, bundle.leaves[0].is_reordered ? ", reordered" : "");
        for (size_t k = 0; k < bundle.n_leaves; k++)
            assert_true((bundle.leaves[k].key == BUNDLE_NO_KEY) == (cases[i].keys[0] == '\0'));
    }
}

/* Hundreds of one name: the signatures that are looked at are counted, not what a stranger likes.
 */
static void a_heap_of_one_name_is_given_up(void **state)
{
    struct cert *certs[60];
    struct bundle_cert heap[countof(certs)];
    autodone(bundle) struct bundle bundle = { 0 };
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < countof(certs); i++) {
        autodone(made) struct made one =
            make((struct order){ .cn = "One", .constraints = "critical,CA:TRUE" });
        autodone(buf) struct buf der = made_der(&one);

        assert_works(cert_from_der(buf_span(&der), &certs[i], &err), &err);
        heap[i] = (struct bundle_cert){ certs[i], false };
    }
    assert_false(bundle_sort(heap, countof(heap), NULL, 0, &bundle, &err));
    for (size_t i = 0; i < countof(certs); i++)
        cert_free(certs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heap_is_sorted_out),
        cmocka_unit_test(a_heap_of_one_name_is_given_up),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
