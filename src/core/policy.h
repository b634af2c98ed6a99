/*
 * core/policy: what a profile allows to be issued. The one function that every path asks.
 *
 * A policy is read from a profile's rules, and judges what is asked for: a request (CSR) that
 * somebody brought, or the names and the key that the server is to make one for. Its answer lists
 * every rule that is broken. It judges what is asked for, not who asks: that is core/policy_use.
 *
 * Names of hosts are allowed by suffix: "example.org" is that name alone; "*.example.org" is every
 * name below it, one label deeper or many, and not itself; "*" is every name. A wildcard that is
 * asked for ("*.www.example.org") must be allowed as a kind, and each name that it covers by the
 * domains. The same domains are said of the part behind the @ of mail addresses.
 *
 * The common name must be among the names; where no others are asked for, it is taken as one. Of
 * certificates for clients it is not judged: it may be a person.
 */
#pragma once

#include "base/base.h"
#include "core/policy_input.h"

struct err;
struct json_in;
struct json_out;
struct json_problems;

#define POLICY_NAMES_DEFAULT 100 /* names in one certificate, unless the profile says otherwise */
#define POLICY_NAMES_MAX 1000    /* … but no more */
#define POLICY_LIST_MAX 1000     /* domains; ranges and fields are a tenth of it */
#define POLICY_RULES_MAX (256u << 10) /* bytes of the rules as JSON */
#define POLICY_BROKEN_MAX 64

/* Who makes the key. */
enum policy_maker { POLICY_BY_EITHER, POLICY_BY_SERVER, POLICY_BY_REQUESTER, N_POLICY_MAKERS };

/* What the certificates are for: their extended key usage. */
enum policy_usage { POLICY_FOR_SERVERS, POLICY_FOR_CLIENTS, POLICY_FOR_BOTH, N_POLICY_USAGES };

/* "server", "client", "both": as struct ca_order has it. */
const char *policy_usage_name(enum policy_usage usage);

/* A list of texts. With `is_any`, everything is in it. */
struct policy_list {
    char **items;
    size_t n;
    size_t room;
    bool is_any;
};

/* The value that a field of the subject must have. */
struct policy_fixed {
    char *field; /* "O" */
    char *value;
};

/* For reading; made by policy_new(), policy_read() and policy_from_json(). */
struct policy {
    bool keys[N_POLICY_KEYS]; /* that are allowed */
    enum policy_maker maker;
    struct policy_list domains;
    struct policy_list addresses; /* ranges, "192.0.2.0/24"; empty: no addresses */
    struct policy_list mail;      /* domains; empty: no mail addresses */
    bool allows_wildcards;
    bool allows_uris;
    int64_t max_names;
    struct policy_list required; /* fields of the subject, "O" */
    struct policy_list allowed;  /* is_any: all of them */
    struct policy_fixed *fixed;
    size_t n_fixed;
    size_t fixed_room;
    enum policy_usage usage;
};

/* What holds where nothing is said: common keys of 2048 bits or the like, no names at all. */
struct policy *policy_new(void) must_check;
void policy_free(struct policy *policy);

/*
 * Take over the members "key", "names" and "usage" of `in`, as the API has them; each that is there
 * replaces what `policy` said of it. What is wrong is complained of.
 */
void policy_read(struct policy *policy, struct json_in *in);

/* The same three members, written out in full. */
void policy_write(const struct policy *policy, struct json_out *out);

/* Can any name at all be asked for? A profile that allows none is a mistake. */
bool policy_allows_any_name(const struct policy *policy);

/* From profile.rules, which policy_write() wrote. The caller frees *ret. */
bool policy_from_json(const char *rules, struct policy **ret, struct err *err) must_check;

/* The key that the server makes where nobody has chosen: the first allowed of EC P-256, RSA 2048,
 * … False: none that it can make. */
bool policy_default_key(const struct policy *policy, enum policy_key *ret);

/* The value that a field of the subject has in any case; NULL: it may differ. */
const char *policy_fixed_value(const struct policy *policy, const char *field);

enum policy_rule {
    POLICY_KEY_MAKER,       /* "key_maker": the key is not to be made by them */
    POLICY_KEY_ALGORITHM,   /* "key_algorithm": not among the allowed */
    POLICY_KEY_WEAK,        /* "key_weak": too short, or of a kind that no profile can allow */
    POLICY_CSR_SIGNATURE,   /* "csr_signature": its own key did not sign it */
    POLICY_CSR_HASH,        /* "csr_hash": signed with MD5, SHA-1 and their like */
    POLICY_CSR_CA,          /* "csr_ca": it asks to become a CA */
    POLICY_NO_NAME,         /* "no_name": there is nothing to issue for */
    POLICY_N_NAMES,         /* "n_names": more than are allowed */
    POLICY_NAME_MALFORMED,  /* "name_malformed": no host name, address, mail address or URI */
    POLICY_NAME_KIND,       /* "name_kind": addresses, mail addresses, URIs, others: not allowed */
    POLICY_NAME_DOMAIN,     /* "name_domain": outside of the domains or ranges */
    POLICY_NAME_WILDCARD,   /* "name_wildcard": wildcards are not allowed */
    POLICY_COMMON_NAME,     /* "common_name": it is not among the names */
    POLICY_SUBJECT_MISSING, /* "subject_missing": a required field */
    POLICY_SUBJECT_FIELD,   /* "subject_field": one that is not allowed */
    POLICY_SUBJECT_VALUE,   /* "subject_value": not the one that is fixed */
    POLICY_SUBJECT_MALFORMED, /* "subject_malformed": control characters, too long, … */
    N_POLICY_RULES,
};

/* Stable, for programs. */
const char *policy_rule_name(enum policy_rule rule);

struct policy_broken {
    enum policy_rule rule;
    char *field;   /* where a form shows it: "csr", "sans[2]", "subject.O", "key" */
    char *message; /* for people; names what was asked for and what is allowed */
};

struct policy_verdict {
    struct policy_broken items[POLICY_BROKEN_MAX];
    size_t n; /* 0: it is allowed */
    size_t n_left_out;
};

/* Append to `verdict`, which was zeroed, every rule of `policy` that `input` breaks. */
void policy_judge(const struct policy *policy, const struct policy_input *input,
    struct policy_verdict *verdict);
void policy_verdict_done(struct policy_verdict *verdict);

/* False, ERR_INVALID, and a problem for each of them, if any rule is broken. `problems` may be
 * NULL. */
bool policy_verdict_check(const struct policy_verdict *verdict, struct json_problems *problems,
    struct err *err) must_check;

/* "broken": a list of {rule, field, message}, as a member of the object that is open. */
void policy_verdict_write(const struct policy_verdict *verdict, struct json_out *out);

/* What the three do together, for whoever asks with a profile's rules in hand. */
bool policy_require(const char *rules, const struct policy_input *input,
    struct json_problems *problems, struct err *err) must_check;

DEFINE_AUTOFREE(policy);
DEFINE_AUTODONE(policy_verdict);
