/* core/policy_input: see the header. */
#include "core/policy_input.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/json_in.h"
#include "x509/csr.h"
#include "x509/name.h"

#define NAMES_JSON_MAX (4U << 20)
#define RSA_BITS_MIN 2048
#define EC_BITS_MIN 256
#define EXPONENT_MIN 65537 /* CA/Browser Forum, Baseline Requirements, 6.1.6 */

static const struct {
    const char *name;
    const char *text;
    enum cert_key kind;
    int bits;
    const char *curve;
} keys[N_POLICY_KEYS] = {
    [POLICY_RSA_2048] = { "rsa-2048", "RSA with 2048 bits", CERT_KEY_RSA, 2048, "" },
    [POLICY_RSA_3072] = { "rsa-3072", "RSA with 3072 bits", CERT_KEY_RSA, 3072, "" },
    [POLICY_RSA_4096] = { "rsa-4096", "RSA with 4096 bits", CERT_KEY_RSA, 4096, "" },
    [POLICY_RSA_8192] = { "rsa-8192", "RSA with 8192 bits", CERT_KEY_RSA, 8192, "" },
    [POLICY_EC_P256] = { "ec-p256", "EC on P-256", CERT_KEY_EC, 256, "P-256" },
    [POLICY_EC_P384] = { "ec-p384", "EC on P-384", CERT_KEY_EC, 384, "P-384" },
    [POLICY_EC_P521] = { "ec-p521", "EC on P-521", CERT_KEY_EC, 521, "P-521" },
    [POLICY_ED25519] = { "ed25519", "Ed25519", CERT_KEY_ED25519, 0, "" },
    [POLICY_ED448] = { "ed448", "Ed448", CERT_KEY_ED448, 0, "" },
};

const char *policy_key_name(enum policy_key key)
{
    ASSERT((size_t)key < countof(keys));
    return keys[key].name;
}

bool policy_key_from_name(const char *name, enum policy_key *ret)
{
    for (size_t i = 0; i < countof(keys); i++) {
        if (strcmp(name, keys[i].name) == 0) {
            *ret = (enum policy_key)i;
            return true;
        }
    }
    return false;
}

/* ---- a request that somebody brought ---- */

static enum policy_key key_of(const struct csr *csr)
{
    for (size_t i = 0; i < countof(keys); i++) {
        const bool fits_bits = keys[i].bits == 0 || keys[i].bits == csr_key_bits(csr);

        if (keys[i].kind == csr_key(csr) && fits_bits &&
            strcmp(keys[i].curve, csr_key_curve(csr)) == 0)
            return (enum policy_key)i;
    }
    return N_POLICY_KEYS;
}

static void say_key(const struct csr *csr, struct policy_input *ret)
{
    char *const text = ret->key_text;
    const size_t size = sizeof ret->key_text;
    const char *const curve = csr_key_curve(csr);

    if (ret->key != N_POLICY_KEYS)
        span_copy_text(span_text(keys[ret->key].text), text, size);
    else if (csr_key(csr) == CERT_KEY_RSA)
        (void)snprintf(text, size, "RSA with %d bits", csr_key_bits(csr));
    else if (csr_key(csr) == CERT_KEY_EC)
        (void)snprintf(text, size, "EC on %s", curve[0] ? curve : "a curve without a name");
    else
        (void)snprintf(text, size, "%s", csr_key_algorithm(csr));
}

/* What no profile can allow. */
static void find_fault(const struct csr *csr, struct policy_input *ret)
{
    char *const fault = ret->key_fault;
    const size_t size = sizeof ret->key_fault;
    const int bits = csr_key_bits(csr);
    const int64_t e = csr_rsa_exponent(csr);

    if (csr_key(csr) == CERT_KEY_RSA && bits < RSA_BITS_MIN)
        (void)snprintf(fault, size, "an RSA key needs at least %d bits, this one has %d",
            RSA_BITS_MIN, bits);
    else if (csr_key(csr) == CERT_KEY_RSA && (e < EXPONENT_MIN || e % 2 == 0))
        (void)snprintf(fault, size,
            "its public exponent is %" PRId64 "; it must be odd and at least %d", e, EXPONENT_MIN);
    else if (csr_key(csr) == CERT_KEY_EC && bits < EC_BITS_MIN)
        (void)snprintf(fault, size, "a curve needs at least %d bits, this one has %d", EC_BITS_MIN,
            bits);
    else if (csr_key(csr) == CERT_KEY_DSA)
        (void)snprintf(fault, size, "nobody accepts DSA keys any more");
    ret->is_weak_key = fault[0] != '\0';
}

/* The common name is asked for as a name, too, where there is no other: core/policy knows. */
static void add_csr_names(const struct csr *csr, struct policy_input *ret)
{
    const size_t n = csr_n_sans(csr);
    struct cert_san san;
    size_t position = 0;

    ret->names =
        xcalloc(n < POLICY_INPUT_NAMES_MAX ? n + 1 : POLICY_INPUT_NAMES_MAX, sizeof *ret->names);
    while (ret->n_names < POLICY_INPUT_NAMES_MAX && csr_next_san(csr, &position, &san))
        ret->names[ret->n_names++] = (struct policy_name){ .kind = san.kind, .value = san.value };
    ret->n_more_names = n - ret->n_names;
}

static void add_csr_fields(const struct csr *csr, struct policy_input *ret)
{
    const size_t n = csr_n_fields(csr);

    ret->fields = xcalloc(POLICY_INPUT_FIELDS_MAX, sizeof *ret->fields);
    while (ret->n_fields < n && ret->n_fields < POLICY_INPUT_FIELDS_MAX) {
        const struct csr_field *const field = csr_field(csr, ret->n_fields);

        ret->fields[ret->n_fields++] = (struct policy_field){ .name = field->name,
            .value = span_text(field->value),
            .is_unreadable = !field->is_text };
    }
    ret->n_more_fields = n - ret->n_fields;
}

void policy_input_from_csr(const struct csr *csr, struct policy_input *ret)
{
    *ret = (struct policy_input){ .is_csr = true,
        .key = key_of(csr),
        .is_signed = csr_is_signed(csr),
        .has_unknown_signature = csr_has_unknown_signature(csr),
        .has_broken_names = !csr_sans_are_whole(csr),
        .wants_to_be_ca = csr_wants_ca(csr) };
    span_copy_text(span_text(csr_signature_hash(csr)), ret->hash, sizeof ret->hash);
    say_key(csr, ret);
    find_fault(csr, ret);
    add_csr_names(csr, ret);
    add_csr_fields(csr, ret);
}

/* ---- names that the server is to make a request for ---- */

static const char *const san_types[] = {
    [CERT_SAN_DNS] = "dns",
    [CERT_SAN_IP] = "ip",
    [CERT_SAN_EMAIL] = "email",
    [CERT_SAN_URI] = "uri",
};

/* What is kept while a struct policy_input borrows from it. */
struct kept {
    struct json *json;
    uint8_t (*addresses)[16];
};

static void read_name(struct json_in *in, size_t i, struct kept *kept, struct policy_input *ret)
{
    struct policy_name *const name = &ret->names[ret->n_names];
    struct json_in item;

    if (!json_in_item_object(in, "sans", i, &item))
        return;
    name->kind = (enum cert_san_kind)json_in_enum(&item, "type", san_types, countof(san_types));
    name->value = span_text(json_in_text(&item, "value", 1, 4096));
    json_in_leave(&item);
    if (name->kind == CERT_SAN_IP) {
        const size_t n = name_parse_address(name->value, kept->addresses[i]);

        name->value = span_of(kept->addresses[i], n);
    }
    ret->n_names++;
}

static void read_fields(struct json_in *in, struct policy_input *ret)
{
    const char *names[POLICY_INPUT_FIELDS_MAX];
    struct json_in subject;
    size_t n;

    if (!json_in_object_opt(in, "subject", &subject))
        return;
    n = json_in_names(&subject, names, JSON_IN_MEMBERS_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *const value = json_in_text_opt(&subject, names[i], 1, 4096, NULL);

        if (value)
            ret->fields[ret->n_fields++] =
                (struct policy_field){ .name = names[i], .value = span_text(value) };
    }
    json_in_leave(&subject);
}

static bool read_names(const struct json *json, struct kept *kept, struct policy_input *ret,
    struct err *err)
{
    autodone(json_problems) struct json_problems problems = { 0 };
    struct json_in in;

    json_in_init(&in, json, &problems);
    const size_t n = json_in_array_opt(&in, "sans", POLICY_INPUT_NAMES_MAX);

    ret->names = xcalloc(n ? n : 1, sizeof *ret->names);
    ret->fields = xcalloc(POLICY_INPUT_FIELDS_MAX, sizeof *ret->fields);
    kept->addresses = xcalloc(n ? n : 1, sizeof *kept->addresses);
    for (size_t i = 0; i < n; i++)
        read_name(&in, i, kept, ret);
    read_fields(&in, ret);
    return json_in_end(&in, err);
}

static void kept_free(struct kept *kept)
{
    json_free(kept->json);
    free(kept->addresses);
    free(kept);
}

bool policy_input_from_names(const char *names, enum policy_key key, struct policy_input *ret,
    struct err *err)
{
    autofree(json) struct json *json = NULL;
    struct policy_input input = { .key = key };
    struct kept *kept;

    if (!json_parse_within(span_text(names), NAMES_JSON_MAX, JSON_MAX_DEPTH, &json, err))
        return false;
    kept = xcalloc(1, sizeof *kept);
    kept->json = take(&json);
    input.kept = kept;
    span_copy_text(span_text(key < N_POLICY_KEYS ? keys[key].text : "no kind of key"),
        input.key_text, sizeof input.key_text);
    if (!read_names(kept->json, kept, &input, err)) {
        policy_input_done(&input);
        return false;
    }
    *ret = input;
    return true;
}

void policy_input_done(struct policy_input *input)
{
    if (input->kept)
        kept_free(input->kept);
    free(input->names);
    free(input->fields);
    *input = (struct policy_input){ 0 };
}
