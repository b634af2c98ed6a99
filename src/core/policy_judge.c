/*
 * core/policy: what is asked for, held against a policy, rule by rule. Each rule looks at
 * everything and says everything that is wrong: a person mends a request once.
 */
#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/json.h"
#include "core/policy.h"
#include "core/policy_list.h"
#include "x509/name.h"

#define REPLACEMENT "\xef\xbf\xbd" /* what x509/name writes for control characters */

static const char *const rule_names[N_POLICY_RULES] = {
    [POLICY_KEY_MAKER] = "key_maker",
    [POLICY_KEY_ALGORITHM] = "key_algorithm",
    [POLICY_KEY_WEAK] = "key_weak",
    [POLICY_CSR_SIGNATURE] = "csr_signature",
    [POLICY_CSR_HASH] = "csr_hash",
    [POLICY_CSR_CA] = "csr_ca",
    [POLICY_NO_NAME] = "no_name",
    [POLICY_N_NAMES] = "n_names",
    [POLICY_NAME_MALFORMED] = "name_malformed",
    [POLICY_NAME_KIND] = "name_kind",
    [POLICY_NAME_DOMAIN] = "name_domain",
    [POLICY_NAME_WILDCARD] = "name_wildcard",
    [POLICY_COMMON_NAME] = "common_name",
    [POLICY_SUBJECT_MISSING] = "subject_missing",
    [POLICY_SUBJECT_FIELD] = "subject_field",
    [POLICY_SUBJECT_VALUE] = "subject_value",
    [POLICY_SUBJECT_MALFORMED] = "subject_malformed",
};

const char *policy_rule_name(enum policy_rule rule)
{
    ASSERT((size_t)rule < countof(rule_names));
    return rule_names[rule];
}

/* One judgement as it goes. */
struct judge {
    const struct policy *policy;
    const struct policy_input *input;
    struct policy_verdict *verdict;
};

static void break_rule(struct judge *judge, enum policy_rule rule, const char *field,
    const char *format, ...) printf_like(4, 5);

/* Of a request that somebody brought, every fault is the request's. */
static void break_rule(struct judge *judge, enum policy_rule rule, const char *field,
    const char *format, ...)
{
    struct policy_verdict *const verdict = judge->verdict;
    char message[512];
    va_list args;

    if (verdict->n == POLICY_BROKEN_MAX) {
        verdict->n_left_out++;
        return;
    }
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    verdict->items[verdict->n++] = (struct policy_broken){ .rule = rule,
        .field = xstrdup(judge->input->is_csr ? "csr" : field),
        .message = xstrdup(message) };
}

/* ---- the key, and the request itself ---- */

static void judge_key(struct judge *judge)
{
    const struct policy_input *const input = judge->input;
    const bool is_ours = !input->is_csr || input->is_server_key;
    autodone(buf) struct buf allowed = BUF_INIT(1024);

    if (judge->policy->maker == POLICY_BY_SERVER && !is_ours)
        break_rule(judge, POLICY_KEY_MAKER, "key",
            "the server makes the keys of this profile: leave the request out");
    if (judge->policy->maker == POLICY_BY_REQUESTER && is_ours)
        break_rule(judge, POLICY_KEY_MAKER, "key",
            "the server makes no keys for this profile: a request (CSR) is needed");
    if (input->is_weak_key) {
        break_rule(judge, POLICY_KEY_WEAK, "key", "the key is too weak: %s", input->key_fault);
        return;
    }
    if (input->key < N_POLICY_KEYS && judge->policy->keys[input->key])
        return;
    for (size_t i = 0; i < N_POLICY_KEYS; i++)
        if (judge->policy->keys[i])
            buf_addf(&allowed, "%s%s", allowed.size ? ", " : "",
                policy_key_name((enum policy_key)i));
    break_rule(judge, POLICY_KEY_ALGORITHM, "key", "the key is %s; the profile allows %s",
        input->key_text, buf_text(&allowed));
}

static bool is_weak_hash(const char *hash)
{
    static const char *const weak[] = { "md2", "md4", "md5", "md5-sha1", "mdc2", "sha", "sha1",
        "rsa-sha1", "ripemd160" };

    for (size_t i = 0; i < countof(weak); i++)
        if (strcmp(hash, weak[i]) == 0)
            return true;
    return false;
}

static void judge_request(struct judge *judge)
{
    const struct policy_input *const input = judge->input;

    if (!input->is_csr)
        return;
    if (input->has_unknown_signature)
        break_rule(judge, POLICY_CSR_SIGNATURE, "csr",
            "the request's signature algorithm is not supported");
    else if (!input->is_signed)
        break_rule(judge, POLICY_CSR_SIGNATURE, "csr",
            "the request is not signed by its own key: its signature does not verify");
    if (is_weak_hash(input->hash))
        break_rule(judge, POLICY_CSR_HASH, "csr",
            "the request is signed with %s, which proves nothing any more", input->hash);
    if (input->wants_to_be_ca)
        break_rule(judge, POLICY_CSR_CA, "csr", "the request asks for a CA's certificate");
    if (input->has_broken_names)
        break_rule(judge, POLICY_NAME_MALFORMED, "csr",
            "the request's list of names (subjectAltName) is malformed, or there are several");
}

/* ---- names ---- */

/* Said of a name: its kind is not allowed, or it is outside of what is. */
static void judge_host(struct judge *judge, const char *field, struct span host, const char *text)
{
    const char *const fault = policy_host_fault(host);
    const struct policy_list *const domains = &judge->policy->domains;

    if (fault) {
        break_rule(judge, POLICY_NAME_MALFORMED, field, "\"%s\": %s", text, fault);
        return;
    }
    if (host.data[0] == '*' && !judge->policy->allows_wildcards)
        break_rule(judge, POLICY_NAME_WILDCARD, field, "\"%s\": the profile allows no wildcards",
            text);
    if (domains->n == 0 && !domains->is_any)
        break_rule(judge, POLICY_NAME_KIND, field, "\"%s\": the profile allows no host names",
            text);
    else if (!policy_covers_host(domains, host))
        break_rule(judge, POLICY_NAME_DOMAIN, field,
            "\"%s\" is in none of the domains that the profile allows (%s%s)", text,
            domains->items[0], domains->n > 1 ? ", …" : "");
}

static void judge_address(struct judge *judge, const char *field, struct span address,
    const char *text)
{
    const struct policy_list *const ranges = &judge->policy->addresses;

    if (address.size != 4 && address.size != 16)
        break_rule(judge, POLICY_NAME_MALFORMED, field,
            "\"%s\": an address has 4 or 16 bytes, this one has %zu", text, address.size);
    else if (ranges->n == 0 && !ranges->is_any)
        break_rule(judge, POLICY_NAME_KIND, field, "%s: the profile allows no addresses", text);
    else if (!policy_covers_address(ranges, address))
        break_rule(judge, POLICY_NAME_DOMAIN, field,
            "%s is in none of the ranges that the profile allows (%s%s)", text, ranges->items[0],
            ranges->n > 1 ? ", …" : "");
}

static void judge_mail(struct judge *judge, const char *field, struct span mail, const char *text)
{
    const char *const fault = policy_mail_fault(mail);
    const struct policy_list *const domains = &judge->policy->mail;

    if (fault)
        break_rule(judge, POLICY_NAME_MALFORMED, field, "\"%s\": %s", text, fault);
    else if (domains->n == 0 && !domains->is_any)
        break_rule(judge, POLICY_NAME_KIND, field, "\"%s\": the profile allows no mail addresses",
            text);
    else if (!policy_covers_host(domains,
                 span_slice(mail, span_find_char(mail, '@') + 1, SIZE_MAX)))
        break_rule(judge, POLICY_NAME_DOMAIN, field,
            "\"%s\" is in none of the domains that the profile allows for mail addresses (%s%s)",
            text, domains->items[0], domains->n > 1 ? ", …" : "");
}

static void judge_uri(struct judge *judge, const char *field, struct span uri, const char *text)
{
    const char *const fault = policy_uri_fault(uri);

    if (fault)
        break_rule(judge, POLICY_NAME_MALFORMED, field, "\"%s\": %s", text, fault);
    else if (!judge->policy->allows_uris)
        break_rule(judge, POLICY_NAME_KIND, field, "\"%s\": the profile allows no URIs", text);
}

static void judge_name(struct judge *judge, const char *field, const struct policy_name *name)
{
    const struct cert_san san = { .kind = name->kind, .value = name->value };
    char text[CERT_SAN_TEXT_MAX];

    (void)cert_san_text(&san, text);
    switch (name->kind) {
    case CERT_SAN_DNS:
        judge_host(judge, field, name->value, text);
        return;
    case CERT_SAN_IP:
        judge_address(judge, field, name->value, text);
        return;
    case CERT_SAN_EMAIL:
        judge_mail(judge, field, name->value, text);
        return;
    case CERT_SAN_URI:
        judge_uri(judge, field, name->value, text);
        return;
    case CERT_SAN_OTHER:
        break_rule(judge, POLICY_NAME_KIND, field,
            "names of other kinds than hosts, addresses, mail addresses and URIs are not issued");
    }
}

static void judge_names(struct judge *judge)
{
    const struct policy_input *const input = judge->input;
    const size_t n = input->n_names + input->n_more_names;
    const size_t max = (size_t)judge->policy->max_names;

    if (n > max)
        break_rule(judge, POLICY_N_NAMES, "sans",
            "%zu names are asked for; the profile allows %zu in one certificate", n, max);
    for (size_t i = 0; i < input->n_names; i++) {
        char field[32];

        (void)snprintf(field, sizeof field, "sans[%zu]", i);
        judge_name(judge, field, &input->names[i]);
    }
}

/* ---- the subject ---- */

static bool is_common_name(const struct policy_field *field)
{
    return strcmp(field->name, "CN") == 0;
}

static size_t count_field(const struct policy_input *input, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < input->n_fields; i++)
        n += strcmp(input->fields[i].name, name) == 0;
    return n;
}

/* Is the text one of the names asked for, of whichever kind? */
static bool is_asked_for(const struct policy_input *input, struct span text)
{
    uint8_t address[16];
    const struct span bytes = span_of(address, name_parse_address(text, address));

    for (size_t i = 0; i < input->n_names; i++) {
        const struct policy_name *const name = &input->names[i];

        if (name->kind == CERT_SAN_IP ? bytes.size && span_equal(bytes, name->value)
                                      : name->value.size == text.size && text.size &&
                                            strncasecmp((const char *)name->value.data,
                                                (const char *)text.data, text.size) == 0)
            return true;
    }
    return false;
}

/* Clients look at the other names only (RFC 9525, 6.3); where there are none, it becomes one. */
static void judge_common_name(struct judge *judge, const struct policy_field *field)
{
    const struct policy_input *const input = judge->input;
    const int size = (int)(field->value.size < 200 ? field->value.size : 200);
    const char *const text = (const char *)field->value.data;
    uint8_t bytes[16];
    const struct span address = span_of(bytes, name_parse_address(field->value, bytes));

    if (judge->policy->usage == POLICY_FOR_CLIENTS || is_asked_for(input, field->value))
        return;
    if (input->n_names > 0)
        break_rule(judge, POLICY_COMMON_NAME, "subject.CN",
            "the common name \"%.*s\" is not among the names asked for", size, text);
    else if (address.size)
        judge_name(judge, "subject.CN",
            &(struct policy_name){ .kind = CERT_SAN_IP, .value = address });
    else if (name_is_host(field->value))
        judge_name(judge, "subject.CN",
            &(struct policy_name){ .kind = CERT_SAN_DNS, .value = field->value });
    else
        break_rule(judge, POLICY_COMMON_NAME, "subject.CN",
            "the common name \"%.*s\" is no host name, and no other names are asked for", size,
            text);
}

/* RFC 5280, appendix A.1. */
static size_t longest(const char *field)
{
    static const struct {
        const char *name;
        size_t max;
    } bounds[] = { { "CN", 64 }, { "O", 64 }, { "OU", 64 }, { "serialNumber", 64 }, { "title", 64 },
        { "C", 2 } };

    for (size_t i = 0; i < countof(bounds); i++)
        if (strcmp(bounds[i].name, field) == 0)
            return bounds[i].max;
    return 255;
}

static size_t n_characters(struct span text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.size; i++)
        n += (text.data[i] & 0xc0) != 0x80;
    return n;
}

/* What is wrong with a value as such; NULL: nothing. */
static const char *value_fault(const struct policy_field *field)
{
    const size_t n = n_characters(field->value);

    if (field->is_unreadable)
        return "its value is no text";
    if (n == 0)
        return "it is empty";
    if (span_find(field->value, SPAN_LITERAL(REPLACEMENT)) != SIZE_MAX)
        return "it has control characters, or is no text";
    if (n > longest(field->name))
        return "it is longer than a certificate can hold (RFC 5280, appendix A.1)";
    if (strcmp(field->name, "C") == 0 &&
        (n != 2 || field->value.data[0] < 'A' || field->value.data[0] > 'Z' ||
            field->value.data[1] < 'A' || field->value.data[1] > 'Z'))
        return "it is no country's code of two capital letters (ISO 3166)";
    return NULL;
}

static void judge_field(struct judge *judge, const struct policy_field *field)
{
    const struct policy *const policy = judge->policy;
    const char *const fixed = policy_fixed_value(policy, field->name);
    const char *const fault = value_fault(field);
    char place[80];

    (void)snprintf(place, sizeof place, "subject.%s", field->name);
    if (fault) {
        break_rule(judge, POLICY_SUBJECT_MALFORMED, place, "%s: %s", field->name, fault);
        return;
    }
    if (is_common_name(field)) {
        judge_common_name(judge, field);
        return;
    }
    if (fixed && !span_is(field->value, fixed))
        break_rule(judge, POLICY_SUBJECT_VALUE, place, "%s must be \"%s\"", field->name, fixed);
    if (!fixed && !policy_list_has(&policy->allowed, field->name) &&
        !policy_list_has(&policy->required, field->name))
        break_rule(judge, POLICY_SUBJECT_FIELD, place,
            "the profile does not allow %s in the subject", field->name);
    if (strcmp(field->name, "emailAddress") == 0)
        judge_name(judge, place,
            &(struct policy_name){ .kind = CERT_SAN_EMAIL, .value = field->value });
}

/* A request that the server makes gets the fixed values by itself. */
static void judge_missing(struct judge *judge)
{
    const struct policy *const policy = judge->policy;
    const struct policy_input *const input = judge->input;
    char place[80];

    for (size_t i = 0; i < policy->required.n; i++) {
        const char *const name = policy->required.items[i];

        (void)snprintf(place, sizeof place, "subject.%s", name);
        if (!count_field(input, name) && !policy_fixed_value(policy, name))
            break_rule(judge, POLICY_SUBJECT_MISSING, place,
                "the profile requires %s in the subject", name);
    }
    for (size_t i = 0; input->is_csr && i < policy->n_fixed; i++) {
        const struct policy_fixed *const fixed = &policy->fixed[i];

        if (!count_field(input, fixed->field))
            break_rule(judge, POLICY_SUBJECT_VALUE, "csr", "%s must be \"%s\", and is missing",
                fixed->field, fixed->value);
    }
}

static void judge_subject(struct judge *judge)
{
    const struct policy_input *const input = judge->input;
    const bool has_name = judge->policy->usage == POLICY_FOR_CLIENTS ? input->n_fields > 0
                                                                     : count_field(input, "CN") > 0;

    if (input->n_names == 0 && !has_name && !input->has_broken_names)
        break_rule(judge, POLICY_NO_NAME, "sans", "no name is asked for");
    if (input->n_more_fields > 0)
        break_rule(judge, POLICY_SUBJECT_MALFORMED, "subject",
            "the subject has more than %d fields", POLICY_INPUT_FIELDS_MAX);
    for (size_t i = 0; i < input->n_fields; i++)
        judge_field(judge, &input->fields[i]);
    judge_missing(judge);
}

void policy_judge(const struct policy *policy, const struct policy_input *input,
    struct policy_verdict *verdict)
{
    struct judge judge = { .policy = policy, .input = input, .verdict = verdict };

    judge_request(&judge);
    judge_key(&judge);
    judge_names(&judge);
    judge_subject(&judge);
}

/* ---- the verdict ---- */

void policy_verdict_done(struct policy_verdict *verdict)
{
    for (size_t i = 0; i < verdict->n; i++) {
        free(verdict->items[i].field);
        free(verdict->items[i].message);
    }
    *verdict = (struct policy_verdict){ 0 };
}

bool policy_verdict_check(const struct policy_verdict *verdict, struct json_problems *problems,
    struct err *err)
{
    const size_t n = verdict->n + verdict->n_left_out;

    if (n == 0)
        return true;
    for (size_t i = 0; problems && i < verdict->n; i++)
        json_problems_add(problems, verdict->items[i].field, verdict->items[i].message);
    if (n == 1)
        return fail(err, ERR_INVALID, "the profile does not allow this: %s",
            verdict->items[0].message);
    return fail(err, ERR_INVALID, "the profile does not allow this, for %zu reasons; the first: %s",
        n, verdict->items[0].message);
}

void policy_verdict_write(const struct policy_verdict *verdict, struct json_out *out)
{
    json_begin_array(out, "broken");
    for (size_t i = 0; i < verdict->n; i++) {
        const struct policy_broken *const broken = &verdict->items[i];

        json_begin_object(out, NULL);
        json_str(out, "rule", policy_rule_name(broken->rule));
        json_str(out, "field", broken->field);
        json_str(out, "message", broken->message);
        json_end(out);
    }
    json_end(out);
}

bool policy_require(const char *rules, const struct policy_input *input,
    struct json_problems *problems, struct err *err)
{
    autodone(policy_verdict) struct policy_verdict verdict = { 0 };
    autofree(policy) struct policy *policy = NULL;

    if (!policy_from_json(rules, &policy, err))
        return false;
    policy_judge(policy, input, &verdict);
    return policy_verdict_check(&verdict, problems, err);
}
