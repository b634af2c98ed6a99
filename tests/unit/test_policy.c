/* F12: what a profile allows, as tables: rules, what is asked for, and every rule that it breaks.
 */
#include "testing.h"

#include "codec/json_in.h"
#include "core/policy.h"
#include "core/policy_list.h"
#include "core/policy_use.h"

#define WEB "{\"names\": {\"domains\": [\"example.org\", \"*.example.org\"]}}"
#define ANY "{\"names\": {\"domains\": [\"*\"], \"wildcards\": true}}"

/* "name_domain:sans[0] key_maker:key", in the order told. */
static void told(const struct policy_verdict *verdict, struct buf *ret)
{
    for (size_t i = 0; i < verdict->n; i++) {
        assert_true(verdict->items[i].message[0] != '\0');
        buf_addf(ret, "%s%s:%s", i ? " " : "", policy_rule_name(verdict->items[i].rule),
            verdict->items[i].field);
    }
}

static void judge(const char *rules, const struct policy_input *input, struct buf *ret)
{
    autodone(policy_verdict) struct policy_verdict verdict = { 0 };
    autofree(policy) struct policy *policy = NULL;
    struct err err = { 0 };

    assert_works(policy_from_json(rules, &policy, &err), &err);
    policy_judge(policy, input, &verdict);
    told(&verdict, ret);
}

/* ---- names that the server is to make a request for ---- */

static const struct {
    const char *rules;
    const char *names; /* the members of {subject, sans}, in JSON with ' for " */
    const char *broken;
} asked[] = {
    /* domains */
    { WEB, "'sans':[{'type':'dns','value':'example.org'}]", "" },
    { WEB, "'sans':[{'type':'dns','value':'www.example.org'}]", "" },
    { WEB, "'sans':[{'type':'dns','value':'a.b.c.example.org'}]", "" },
    { WEB, "'sans':[{'type':'dns','value':'WWW.Example.ORG'}]", "" },
    { WEB, "'sans':[{'type':'dns','value':'example.com'}]", "name_domain:sans[0]" },
    { WEB, "'sans':[{'type':'dns','value':'badexample.org'}]", "name_domain:sans[0]" },
    { WEB, "'sans':[{'type':'dns','value':'example.org.evil.test'}]", "name_domain:sans[0]" },
    { WEB,
        "'sans':[{'type':'dns','value':'a.example.org'},{'type':'dns','value':'b.test'},"
        "{'type':'dns','value':'c.test'}]",
        "name_domain:sans[1] name_domain:sans[2]" },
    { "{\"names\":{\"domains\":[\"*.example.org\"]}}",
        "'sans':[{'type':'dns','value':'example.org'}]", "name_domain:sans[0]" },
    { "{\"names\":{\"domains\":[\"example.org\"]}}",
        "'sans':[{'type':'dns','value':'www.example.org'}]", "name_domain:sans[0]" },
    { "{\"names\":{\"domains\":[\"EXAMPLE.org.\"]}}",
        "'sans':[{'type':'dns','value':'example.org'}]", "" },
    { ANY, "'sans':[{'type':'dns','value':'localhost'}]", "" },
    { "{\"names\":{\"ip\":true}}", "'sans':[{'type':'dns','value':'example.org'}]",
        "name_kind:sans[0]" },

    /* wildcards */
    { WEB, "'sans':[{'type':'dns','value':'*.example.org'}]", "name_wildcard:sans[0]" },
    { WEB, "'sans':[{'type':'dns','value':'*.example.com'}]",
        "name_wildcard:sans[0] name_domain:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'*.example.org'}]", "" },
    { "{\"names\":{\"domains\":[\"*.example.org\"],\"wildcards\":true}}",
        "'sans':[{'type':'dns','value':'*.example.org'}]", "" },
    { "{\"names\":{\"domains\":[\"*.example.org\"],\"wildcards\":true}}",
        "'sans':[{'type':'dns','value':'*.www.example.org'}]", "" },
    { "{\"names\":{\"domains\":[\"example.org\"],\"wildcards\":true}}",
        "'sans':[{'type':'dns','value':'*.example.org'}]", "name_domain:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'*'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'*.org'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'f*.example.org'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'www.*.org'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'*.*.example.org'}]", "name_malformed:sans[0]" },

    /* names as such */
    { ANY, "'sans':[{'type':'dns','value':'a b.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'example.org.'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'-a.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'a..example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'192.0.2.1'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'m\xc3\xbcnchen.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'xn--mnchen-3ya.example'}]", "" },
    { ANY, "'sans':[{'type':'dns','value':'XN--MNCHEN-3YA.example'}]", "" },
    { ANY, "'sans':[{'type':'dns','value':'xn--fiqs8s.example'}]", "" },
    { ANY, "'sans':[{'type':'dns','value':'xn--.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'xn--a-.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'xn--a_b.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'xn--99999999999.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'xn--0.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'xn--ib9b.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'xn--dn32g.example'}]", "" },
    { ANY, "'sans':[{'type':'dns','value':'xn--99999a.example'}]", "name_malformed:sans[0]" },
    { ANY, "'sans':[{'type':'dns','value':'xn--a-99999a.example'}]", "name_malformed:sans[0]" },

    /* addresses */
    { ANY, "'sans':[{'type':'ip','value':'192.0.2.1'}]", "name_kind:sans[0]" },
    { "{\"names\":{\"ip\":true}}", "'sans':[{'type':'ip','value':'192.0.2.1'}]", "" },
    { "{\"names\":{\"ip\":true}}", "'sans':[{'type':'ip','value':'2001:db8::1'}]", "" },
    { "{\"names\":{\"ip\":true}}", "'sans':[{'type':'ip','value':'192.0.2'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"ip\":[\"192.0.2.0/25\"]}}", "'sans':[{'type':'ip','value':'192.0.2.127'}]",
        "" },
    { "{\"names\":{\"ip\":[\"192.0.2.0/25\"]}}", "'sans':[{'type':'ip','value':'192.0.2.128'}]",
        "name_domain:sans[0]" },
    { "{\"names\":{\"ip\":[\"192.0.2.0/24\",\"10.0.0.0/8\"]}}",
        "'sans':[{'type':'ip','value':'10.255.0.1'}]", "" },
    { "{\"names\":{\"ip\":[\"192.0.2.0/24\",\"10.0.0.0/8\"]}}",
        "'sans':[{'type':'ip','value':'11.0.0.1'}]", "name_domain:sans[0]" },
    { "{\"names\":{\"ip\":[\"192.0.2.7\"]}}", "'sans':[{'type':'ip','value':'192.0.2.7'}]", "" },
    { "{\"names\":{\"ip\":[\"0.0.0.0/0\"]}}", "'sans':[{'type':'ip','value':'198.51.100.1'}]", "" },
    { "{\"names\":{\"ip\":[\"0.0.0.0/0\"]}}", "'sans':[{'type':'ip','value':'::1'}]",
        "name_domain:sans[0]" },
    { "{\"names\":{\"ip\":[\"2001:db8::/33\"]}}",
        "'sans':[{'type':'ip','value':'2001:db8:7fff::1'}]", "" },
    { "{\"names\":{\"ip\":[\"2001:db8::/33\"]}}",
        "'sans':[{'type':'ip','value':'2001:db8:8000::1'}]", "name_domain:sans[0]" },

    /* mail addresses */
    { ANY, "'sans':[{'type':'email','value':'a@example.org'}]", "name_kind:sans[0]" },
    { "{\"names\":{\"email\":true}}", "'sans':[{'type':'email','value':'a@example.org'}]", "" },
    { "{\"names\":{\"email\":[\"example.org\"]}}",
        "'sans':[{'type':'email','value':'a@Example.org'}]", "" },
    { "{\"names\":{\"email\":[\"example.org\"]}}",
        "'sans':[{'type':'email','value':'a@www.example.org'}]", "name_domain:sans[0]" },
    { "{\"names\":{\"email\":[\"example.org\",\"a.test\"]}}",
        "'sans':[{'type':'email','value':'a@b.test'}]", "name_domain:sans[0]" },
    { "{\"names\":{\"email\":true}}", "'sans':[{'type':'email','value':'example.org'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"email\":true}}", "'sans':[{'type':'email','value':'@example.org'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"email\":true}}", "'sans':[{'type':'email','value':'a@'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"email\":true}}", "'sans':[{'type':'email','value':'a@*.example.org'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"email\":true}}", "'sans':[{'type':'email','value':'a b@example.org'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"email\":true}}",
        "'sans':[{'type':'email','value':'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
        "ggggg@example.org'}]",
        "name_malformed:sans[0]" },

    /* URIs */
    { ANY, "'sans':[{'type':'uri','value':'spiffe://example.org/x'}]", "name_kind:sans[0]" },
    { "{\"names\":{\"uri\":true}}", "'sans':[{'type':'uri','value':'spiffe://example.org/x'}]",
        "" },
    { "{\"names\":{\"uri\":true}}", "'sans':[{'type':'uri','value':'urn:x'}]", "" },
    { "{\"names\":{\"uri\":true}}", "'sans':[{'type':'uri','value':'urn:'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"uri\":true}}", "'sans':[{'type':'uri','value':':x'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"uri\":true}}", "'sans':[{'type':'uri','value':'x'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"uri\":true}}", "'sans':[{'type':'uri','value':'1rn:x'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"uri\":true}}", "'sans':[{'type':'uri','value':'{rn:x'}]",
        "name_malformed:sans[0]" },
    { "{\"names\":{\"uri\":true}}", "'sans':[{'type':'uri','value':'urn:a b'}]",
        "name_malformed:sans[0]" },

    /* how many */
    { ANY, "'sans':[]", "no_name:sans" },
    { ANY, "", "no_name:sans" },
    { ANY, "'subject':{'O':'Example'}", "no_name:sans" },
    { "{\"names\":{\"domains\":[\"*\"],\"max_names\":1}}",
        "'sans':[{'type':'dns','value':'a.test'},{'type':'dns','value':'b..test'}]",
        "n_names:sans name_malformed:sans[1]" },

    /* the common name */
    { WEB, "'subject':{'CN':'www.example.org'}", "" },
    { WEB, "'subject':{'CN':'example.com'}", "name_domain:subject.CN" },
    { WEB, "'subject':{'CN':'192.0.2.1'}", "name_kind:subject.CN" },
    { "{\"names\":{\"ip\":true}}", "'subject':{'CN':'192.0.2.1'}", "" },
    { "{\"names\":{\"ip\":true}}",
        "'subject':{'CN':'192.0.2.1'},'sans':[{'type':'ip','value':'192.0.2.1'}]", "" },
    { "{\"names\":{\"ip\":true}}",
        "'subject':{'CN':'192.0.2.2'},'sans':[{'type':'ip','value':'192.0.2.1'}]",
        "common_name:subject.CN" },
    { "{\"names\":{\"ip\":true}}",
        "'subject':{'CN':'x'},'sans':[{'type':'ip','value':'192.0.2.1'}]",
        "common_name:subject.CN" },
    { WEB, "'subject':{'CN':'The Shop'}", "common_name:subject.CN" },
    { WEB, "'subject':{'CN':'The Shop'},'sans':[{'type':'dns','value':'www.example.org'}]",
        "common_name:subject.CN" },
    { WEB, "'subject':{'CN':'WWW.example.org'},'sans':[{'type':'dns','value':'www.example.org'}]",
        "" },
    { WEB, "'subject':{'CN':'b.example.org'},'sans':[{'type':'dns','value':'a.example.org'}]",
        "common_name:subject.CN" },
    { "{\"names\":{\"domains\":[\"*\"]},\"usage\":\"client\"}", "'subject':{'CN':'Ann Smith'}",
        "" },
    { "{\"names\":{\"domains\":[\"*\"]},\"usage\":\"client\"}", "'subject':{}", "no_name:sans" },
    { "{\"names\":{\"domains\":[\"*\"]},\"usage\":\"both\"}", "'subject':{'CN':'Ann Smith'}",
        "common_name:subject.CN" },

    /* the rest of the subject */
    { "{\"names\":{\"domains\":[\"*\"],\"subject\":{\"required\":[\"O\",\"C\"]}}}",
        "'subject':{'CN':'a.test'}", "subject_missing:subject.O subject_missing:subject.C" },
    { "{\"names\":{\"domains\":[\"*\"],\"subject\":{\"required\":[\"O\"],\"allowed\":[]}}}",
        "'subject':{'CN':'a.test','O':'Example'}", "" },
    { "{\"names\":{\"domains\":[\"*\"],\"subject\":{\"allowed\":[\"O\"]}}}",
        "'subject':{'CN':'a.test','O':'Example','OU':'Ops'}", "subject_field:subject.OU" },
    { "{\"names\":{\"domains\":[\"*\"],\"subject\":{\"allowed\":[],\"fixed\":{\"O\":\"Example\"}}}}",
        "'subject':{'CN':'a.test','O':'Example'}", "" },
    { "{\"names\":{\"domains\":[\"*\"],\"subject\":{\"required\":[\"O\"],\"fixed\":{\"O\":\"Example\"}}}}",
        "'subject':{'CN':'a.test'}", "" },
    { "{\"names\":{\"domains\":[\"*\"],\"subject\":{\"fixed\":{\"O\":\"Example\"}}}}",
        "'subject':{'CN':'a.test','O':'Else'}", "subject_value:subject.O" },
    { ANY, "'subject':{'CN':'a.test','C':'de'}", "subject_malformed:subject.C" },
    { ANY, "'subject':{'CN':'a.test','C':'D'}", "subject_malformed:subject.C" },
    { ANY, "'subject':{'CN':'a.test','C':'D1'}", "subject_malformed:subject.C" },
    { ANY, "'subject':{'CN':'a.test','C':'Dx'}", "subject_malformed:subject.C" },
    { ANY, "'subject':{'CN':'a.test','C':'DE'}", "" },
    { ANY, "'subject':{'CN':'a.test','O':'a\xef\xbf\xbd'}", "subject_malformed:subject.O" },
    { ANY,
        "'subject':{'CN':'a.test','O':'1234567890123456789012345678901234567890123456789012345678901"
        "2345'}",
        "subject_malformed:subject.O" },
    { ANY,
        "'subject':{'CN':'a.test','O':'\xc3\xbc"
        "23456789012345678901234567890123456789012345678901234567890"
        "1234'}",
        "" },
    { ANY, "'subject':{'CN':'a.test','emailAddress':'a@example.org'}",
        "name_kind:subject.emailAddress" },
    { "{\"names\":{\"domains\":[\"*\"],\"email\":[\"example.org\"]}}",
        "'subject':{'CN':'a.test','emailAddress':'a@example.org'}", "" },

    /* who makes the key */
    { "{\"names\":{\"domains\":[\"*\"]},\"key\":{\"made_by\":\"requester\"}}",
        "'subject':{'CN':'a.test'}", "key_maker:key" },
    { "{\"names\":{\"domains\":[\"*\"]},\"key\":{\"made_by\":\"server\"}}",
        "'subject':{'CN':'a.test'}", "" },
    { "{\"names\":{\"domains\":[\"*\"]},\"key\":{\"algorithms\":[\"ed25519\",\"rsa-4096\"]}}",
        "'subject':{'CN':'a.test'}", "key_algorithm:key" },
};

static void names_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(asked); i++) {
        autodone(policy_input) struct policy_input input = { 0 };
        autodone(buf) struct buf names = BUF_INIT(65536);
        autodone(buf) struct buf broken = BUF_INIT(65536);
        struct err err = { 0 };

        buf_addf(&names, "{%s}", asked[i].names);
        for (size_t at = 0; at < names.size; at++)
            if (names.data[at] == '\'')
                names.data[at] = '"';
        assert_works(policy_input_from_names(buf_text(&names), POLICY_EC_P256, &input, &err), &err);
        judge(asked[i].rules, &input, &broken);
        if (strcmp(buf_text(&broken), asked[i].broken) != 0)
            fail_msg("%s for %s: \"%s\", expected \"%s\"", asked[i].rules, buf_text(&names),
                buf_text(&broken), asked[i].broken);
    }
}

/* ---- requests that somebody brought ---- */

static const struct {
    const char *rules;
    struct policy_input input;
    const char *broken;
} brought[] = {
    { WEB, { .is_signed = true }, "" },
    { WEB, { .is_signed = false }, "csr_signature:csr" },
    { WEB, { .is_signed = true, .hash = "sha256" }, "" },
    { WEB, { .is_signed = true, .hash = "sha1" }, "csr_hash:csr" },
    { WEB, { .is_signed = true, .hash = "md5" }, "csr_hash:csr" },
    { WEB, { .is_signed = true, .wants_to_be_ca = true }, "csr_ca:csr" },
    { WEB, { .is_signed = true, .has_broken_names = true }, "name_malformed:csr" },
    { WEB, { .is_signed = true, .is_weak_key = true, .key = N_POLICY_KEYS }, "key_weak:csr" },
    { WEB, { .is_signed = true, .key = N_POLICY_KEYS }, "key_algorithm:csr" },
    { WEB, { .is_signed = true, .key = POLICY_ED25519 }, "key_algorithm:csr" },
    { WEB, { .is_signed = true, .n_more_names = 200 }, "n_names:csr" },
    { WEB, { .is_signed = true, .n_more_fields = 1 }, "subject_malformed:csr" },
    { WEB, { .hash = "sha1", .wants_to_be_ca = true, .key = POLICY_ED448 },
        "csr_signature:csr csr_hash:csr csr_ca:csr key_algorithm:csr" },
    { "{\"names\":{\"domains\":[\"*\"]},\"key\":{\"made_by\":\"server\"}}", { .is_signed = true },
        "key_maker:csr" },
    { "{\"names\":{\"domains\":[\"*\"]},\"key\":{\"made_by\":\"server\"}}",
        { .is_signed = true, .is_server_key = true }, "" },
    { "{\"names\":{\"domains\":[\"*\"]},\"key\":{\"made_by\":\"requester\"}}",
        { .is_signed = true, .is_server_key = true }, "key_maker:csr" },
    { "{\"names\":{\"domains\":[\"*\"]},\"key\":{\"made_by\":\"requester\"}}",
        { .is_signed = true }, "" },
    { "{\"names\":{\"domains\":[\"*\"],\"subject\":{\"fixed\":{\"O\":\"E\"}}}}",
        { .is_signed = true }, "subject_value:csr" },
};

static void requests_are_judged(void **state)
{
    struct policy_name name = { .kind = CERT_SAN_DNS, .value = SPAN_LITERAL("www.example.org") };

    (void)state;
    for (size_t i = 0; i < countof(brought); i++) {
        autodone(buf) struct buf broken = BUF_INIT(65536);
        struct policy_input input = brought[i].input;

        input.is_csr = true;
        input.names = &name;
        input.n_names = 1;
        judge(brought[i].rules, &input, &broken);
        if (strcmp(buf_text(&broken), brought[i].broken) != 0)
            fail_msg("request %zu: \"%s\", expected \"%s\"", i, buf_text(&broken),
                brought[i].broken);
    }
}

/* What only a request can hold. */
static const struct {
    enum cert_san_kind kind;
    struct span value;
    const char *broken;
} odd_names[] = {
    { CERT_SAN_DNS, SPAN_LITERAL("www.example.org\0.evil.test"), "name_malformed:csr" },
    { CERT_SAN_DNS, SPAN_EMPTY, "name_malformed:csr" },
    { CERT_SAN_IP, SPAN_LITERAL("\x01\x02\x03"), "name_malformed:csr" },
    { CERT_SAN_IP, SPAN_EMPTY, "name_malformed:csr" },
    { CERT_SAN_EMAIL, SPAN_LITERAL("a\0@example.org"), "name_malformed:csr" },
    { CERT_SAN_URI, SPAN_LITERAL("urn:\0"), "name_malformed:csr" },
    { CERT_SAN_OTHER, SPAN_LITERAL("\x06\x03"), "name_kind:csr" },
};

static void odd_names_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(odd_names); i++) {
        autodone(buf) struct buf broken = BUF_INIT(65536);
        struct policy_name name = { .kind = odd_names[i].kind, .value = odd_names[i].value };
        struct policy_input input = { .is_csr = true,
            .is_signed = true,
            .names = &name,
            .n_names = 1 };

        judge("{\"names\":{\"domains\":[\"*\"],\"ip\":true,\"email\":true,\"uri\":true}}", &input,
            &broken);
        assert_string_equal(buf_text(&broken), odd_names[i].broken);
    }
}

static void fields_that_are_no_text_are_refused(void **state)
{
    autodone(buf) struct buf broken = BUF_INIT(65536);
    struct policy_field fields[] = { { .name = "CN", .value = SPAN_LITERAL("a.test") },
        { .name = "O", .is_unreadable = true }, { .name = "OU", .value = SPAN_EMPTY } };
    struct policy_input input = { .is_csr = true,
        .is_signed = true,
        .fields = fields,
        .n_fields = countof(fields) };

    (void)state;
    judge(ANY, &input, &broken);
    assert_string_equal(buf_text(&broken), "subject_malformed:csr subject_malformed:csr");
}

/* ---- verdicts ---- */

static void a_verdict_has_an_end(void **state)
{
    autodone(policy_verdict) struct policy_verdict verdict = { 0 };
    autodone(json_problems) struct json_problems problems = { 0 };
    autofree(policy) struct policy *policy = policy_new();
    struct policy_name names[100];
    struct policy_input input = { .names = names, .n_names = countof(names) };
    autodone(buf) struct buf text = BUF_INIT(65536);
    struct json_out out;
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < countof(names); i++)
        names[i] = (struct policy_name){ CERT_SAN_DNS, SPAN_LITERAL("a.test") };
    policy_judge(policy, &input, &verdict);
    assert_int_equal(verdict.n, POLICY_BROKEN_MAX);
    assert_int_equal(verdict.n_left_out, 100 - POLICY_BROKEN_MAX);
    assert_fails(policy_verdict_check(&verdict, &problems, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "for 100 reasons; the first: \"a.test\"");
    assert_int_equal(problems.n, JSON_PROBLEMS_MAX);
    assert_string_equal(problems.items[0].field, "sans[0]");
    json_out_init(&out, &text);
    json_begin_object(&out, NULL);
    policy_verdict_write(&verdict, &out);
    json_end(&out);
    assert_works(json_out_check(&out, &err), &err);
    assert_contains(buf_text(&text), "{\"broken\":[{\"rule\":\"name_kind\",\"field\":\"sans[0]\",");
}

static void rules_are_required_in_one_step(void **state)
{
    autodone(policy_input) struct policy_input input = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_works(policy_input_from_names("{\"subject\": {\"CN\": \"a.test\"}}", POLICY_RSA_2048,
                     &input, &err),
        &err);
    assert_works(policy_require(ANY, &input, NULL, &err), &err);
    assert_fails(policy_require(WEB, &input, NULL, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "the profile does not allow this: \"a.test\" is in none of");
    assert_fails(policy_require("{", &input, NULL, &err), &err, ERR_INVALID);
    assert_fails(policy_require("{\"x\":1}", &input, NULL, &err), &err, ERR_INVALID);
}

/* ---- reading and writing ---- */

static void what_is_written_is_read_again(void **state)
{
    static const char *const texts[] = {
        "{\"key\":{\"algorithms\":[\"rsa-2048\",\"rsa-3072\",\"rsa-4096\",\"ec-p256\",\"ec-p384\"],"
        "\"made_by\":\"either\"},\"names\":{\"domains\":[],\"wildcards\":false,\"ip\":false,"
        "\"email\":false,\"uri\":false,\"subject\":{\"required\":[],\"allowed\":null,\"fixed\":{}},"
        "\"max_names\":100},\"usage\":\"server\"}",
        "{\"key\":{\"algorithms\":[\"rsa-8192\",\"ec-p521\",\"ed25519\",\"ed448\"],\"made_by\":"
        "\"server\"},\"names\":{\"domains\":[\"*\",\"a.test\"],\"wildcards\":true,\"ip\":"
        "[\"10.0.0.0/8\",\"::1\"],\"email\":[\"a.test\"],\"uri\":true,\"subject\":{\"required\":"
        "[\"O\"],\"allowed\":[\"OU\",\"CN\"],\"fixed\":{\"C\":\"DE\",\"L\":\"Ulm\"}},\"max_names\":1000"
        "},\"usage\":\"both\"}",
        "{\"key\":{\"algorithms\":[\"ec-p256\"],\"made_by\":\"requester\"},\"names\":{\"domains\":"
        "[],\"wildcards\":false,\"ip\":true,\"email\":true,\"uri\":false,\"subject\":{\"required\":"
        "[],\"allowed\":[],\"fixed\":{}},\"max_names\":1},\"usage\":\"client\"}",
    };

    (void)state;
    for (size_t i = 0; i < countof(texts); i++) {
        autofree(policy) struct policy *policy = NULL;
        autodone(buf) struct buf text = BUF_INIT(65536);
        struct json_out out;
        struct err err = { 0 };

        assert_works(policy_from_json(texts[i], &policy, &err), &err);
        json_out_init(&out, &text);
        json_begin_object(&out, NULL);
        policy_write(policy, &out);
        json_end(&out);
        assert_string_equal(buf_text(&text), texts[i]);
        assert_int_equal(policy_allows_any_name(policy), i > 0);
    }
}

static const struct {
    const char *rules;
    const char *says;
} refused[] = {
    { "{\"key\":{\"algorithms\":[]}}", "key.algorithms: at least one" },
    { "{\"key\":{\"algorithms\":[\"dsa\"]}}", "there is no key \"dsa\"" },
    { "{\"key\":{\"made_by\":\"x\"}}", "key.made_by" },
    { "{\"key\":1}", "key" },
    { "{\"names\":1}", "names" },
    { "{\"names\":{\"domains\":\"*\"}}", "names.domains" },
    { "{\"names\":{\"domains\":[\"a/b\"]}}", "\"a/b\" is no domain: it is no host name" },
    { "{\"names\":{\"domains\":[\"*.\"]}}", "it is empty" },
    { "{\"names\":{\"domains\":[\"*.*.a.test\"]}}", "\"*\" stands alone" },
    { "{\"names\":{\"domains\":[\"**\"]}}", "is no domain" },
    { "{\"names\":{\"domains\":[\"192.0.2.1\"]}}", "is an address" },
    { "{\"names\":{\"ip\":[\"x\"]}}", "\"x\" is no range of addresses" },
    { "{\"names\":{\"ip\":[\"::1/129\"]}}", "names.ip" },
    { "{\"names\":{\"ip\":[\"1.2.3.4/\"]}}", "names.ip" },
    { "{\"names\":{\"ip\":5}}", "names.ip" },
    { "{\"names\":{\"subject\":{\"required\":[\"Q\"]}}}", "there is no field \"Q\"" },
    { "{\"names\":{\"subject\":{\"fixed\":{\"Q\":\"x\"}}}}", "names.subject.fixed.Q" },
    { "{\"names\":{\"subject\":{\"fixed\":{\"CN\":\"x\"}}}}", "names.subject.fixed.CN" },
    { "{\"names\":{\"domains\":[\"\"]}}", "names.domains" },
    { "{\"names\":{\"subject\":{\"fixed\":{\"O\":1}}}}", "names.subject.fixed.O" },
    { "{\"names\":{\"subject\":5}}", "names.subject" },
    { "{\"names\":{\"max_names\":1001}}", "names.max_names" },
    { "{\"usage\":\"x\"}", "usage" },
    { "[]", "a JSON object is needed" },
};

static void rules_that_are_none_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        autofree(policy) struct policy *policy = NULL;
        struct err err = { 0 };

        assert_fails(policy_from_json(refused[i].rules, &policy, &err), &err, ERR_INVALID);
        assert_contains(err.msg, refused[i].says);
        assert_null(policy);
    }
}

static void names_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = { "", "[]", "{\"sans\":[1]}", "{\"sans\":[{\"type\":\"x\"}]}",
        "{\"sans\":{}}", "{\"subject\":[]}", "{\"subject\":{\"O\":[]}}", "{\"more\":1}",
        "{\"sans\":[{\"type\":\"dns\",\"value\":\"a\",\"b\":1}]}" };

    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        struct policy_input input = { 0 };
        struct err err = { 0 };

        assert_fails(policy_input_from_names(bad[i], POLICY_RSA_2048, &input, &err), &err,
            ERR_INVALID);
        assert_null(input.names);
    }
}

static void the_server_chooses_a_key_that_is_allowed(void **state)
{
    static const struct {
        const char *keys;
        const char *chosen; /* NULL: none that it can make */
    } rows[] = {
        { "\"rsa-2048\",\"ec-p256\"", "ec-p256" },
        { "\"rsa-4096\",\"rsa-3072\"", "rsa-3072" },
        { "\"ed25519\",\"rsa-8192\"", "ed25519" },
        { "\"rsa-8192\",\"ed448\"", NULL },
    };

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        autofree(policy) struct policy *policy = NULL;
        autodone(buf) struct buf rules = BUF_INIT(1024);
        enum policy_key key = N_POLICY_KEYS;
        struct err err = { 0 };

        buf_addf(&rules, "{\"key\":{\"algorithms\":[%s]}}", rows[i].keys);
        assert_works(policy_from_json(buf_text(&rules), &policy, &err), &err);
        assert_int_equal(policy_default_key(policy, &key), rows[i].chosen != NULL);
        if (rows[i].chosen)
            assert_string_equal(policy_key_name(key), rows[i].chosen);
    }
}

/* ---- who may use it, and who must agree ---- */

static void use_follows_the_list(void **state)
{
    static const struct {
        struct policy_use use;
        bool is_disabled;
        enum err_kind kind; /* ERR_NONE: may */
    } rows[] = {
        { { .is_restricted = false }, false, ERR_NONE },
        { { .is_restricted = true }, false, ERR_DENIED },
        { { .is_restricted = true, .is_listed = true }, false, ERR_NONE },
        { { .is_restricted = true, .is_admin = true }, false, ERR_NONE },
        { { .is_restricted = true, .is_system = true }, false, ERR_NONE },
        { { .is_admin = true }, true, ERR_CONFLICT },
        { { .is_restricted = true }, true, ERR_DENIED },
    };

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        struct profile_row profile = { .name = (char[]){ "web" },
            .is_disabled = rows[i].is_disabled };
        struct err err = { 0 };
        bool may = policy_use_check(&profile, &rows[i].use, &err);

        assert_int_equal(may, rows[i].kind == ERR_NONE);
        if (!may) {
            assert_int_equal(err.kind, rows[i].kind);
            assert_contains(err.msg, "\"web\"");
        }
    }
    assert_true(policy_use_sees(&rows[1].use, true));
    assert_false(policy_use_sees(&rows[1].use, false));
}

static void approvals_are_counted(void **state)
{
    static const struct {
        int64_t needed;
        struct policy_approvals given;
        const char *says; /* NULL: enough */
    } rows[] = {
        { 0, { 0, 0 }, NULL },
        { 0, { 0, 1 }, NULL },
        { 2, { 0, 0 }, "2 more of the group \"security\"" },
        { 2, { 1, 0 }, "1 more of the group \"security\"" },
        { 2, { 2, 0 }, NULL },
        { 2, { 3, 0 }, NULL },
        { 2, { 2, 1 }, "1 of the group \"security\" said no" },
    };
    struct profile_row profile = { .name = (char[]){ "web" },
        .approver_group = (char[]){ "security" } };
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        profile.n_approvals = rows[i].needed;
        if (rows[i].says) {
            assert_fails(policy_approvals_check(&profile, &rows[i].given, &err), &err,
                ERR_CONFLICT);
            assert_contains(err.msg, rows[i].says);
        } else {
            assert_works(policy_approvals_check(&profile, &rows[i].given, &err), &err);
        }
    }
    assert_works(policy_may_approve(&profile, true, false, &err), &err);
    assert_fails(policy_may_approve(&profile, true, true, &err), &err, ERR_DENIED);
    assert_fails(policy_may_approve(&profile, false, false, &err), &err, ERR_DENIED);
    profile.n_approvals = 0;
    assert_fails(policy_may_approve(&profile, true, false, &err), &err, ERR_CONFLICT);
}

static void words_are_stable(void **state)
{
    enum policy_key key;

    (void)state;
    assert_string_equal(policy_usage_name(POLICY_FOR_SERVERS), "server");
    assert_string_equal(policy_usage_name(POLICY_FOR_CLIENTS), "client");
    assert_string_equal(policy_usage_name(POLICY_FOR_BOTH), "both");
    for (size_t i = 0; i < N_POLICY_KEYS; i++) {
        assert_true(policy_key_from_name(policy_key_name((enum policy_key)i), &key));
        assert_int_equal(key, i);
    }
    assert_false(policy_key_from_name("rsa", &key));
    for (size_t i = 0; i < N_POLICY_RULES; i++)
        assert_non_null(policy_rule_name((enum policy_rule)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_judged),
        cmocka_unit_test(requests_are_judged),
        cmocka_unit_test(odd_names_are_refused),
        cmocka_unit_test(fields_that_are_no_text_are_refused),
        cmocka_unit_test(a_verdict_has_an_end),
        cmocka_unit_test(rules_are_required_in_one_step),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(rules_that_are_none_are_refused),
        cmocka_unit_test(names_that_are_none_are_refused),
        cmocka_unit_test(the_server_chooses_a_key_that_is_allowed),
        cmocka_unit_test(use_follows_the_list),
        cmocka_unit_test(approvals_are_counted),
        cmocka_unit_test(words_are_stable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
