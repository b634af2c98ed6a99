/* core/policy: how a policy is read and written; it judges in policy_judge.c. */
#include "core/policy.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/json_in.h"
#include "core/policy_list.h"
#include "core/rows.h"

#define TEXT_MAX 253
#define SHORT_LIST_MAX (POLICY_LIST_MAX / 10)

static const char *const makers[N_POLICY_MAKERS] = {
    [POLICY_BY_EITHER] = "either",
    [POLICY_BY_SERVER] = "server",
    [POLICY_BY_REQUESTER] = "requester",
};

static const char *const usages[N_POLICY_USAGES] = {
    [POLICY_FOR_SERVERS] = "server",
    [POLICY_FOR_CLIENTS] = "client",
    [POLICY_FOR_BOTH] = "both",
};

/* Fields of a subject that a profile can speak of; the common name is judged apart. */
static const char *const fields[] = { "O", "OU", "L", "ST", "C", "emailAddress", "serialNumber",
    "street", "postalCode", "businessCategory", "organizationIdentifier", "title", "GN", "SN",
    "UID", "DC", "dnQualifier", "pseudonym", "initials", "name", "description", "CN" };

const char *policy_usage_name(enum policy_usage usage)
{
    ASSERT((size_t)usage < countof(usages));
    return usages[usage];
}

struct policy *policy_new(void)
{
    struct policy *policy = xcalloc(1, sizeof *policy);

    policy->keys[POLICY_RSA_2048] = policy->keys[POLICY_RSA_3072] = policy->keys[POLICY_RSA_4096] =
        policy->keys[POLICY_EC_P256] = policy->keys[POLICY_EC_P384] = true;
    policy->allowed.is_any = true;
    policy->max_names = POLICY_NAMES_DEFAULT;
    return policy;
}

static void clear_fixed(struct policy *policy)
{
    for (size_t i = 0; i < policy->n_fixed; i++) {
        free(policy->fixed[i].field);
        free(policy->fixed[i].value);
    }
    policy->n_fixed = 0;
}

void policy_free(struct policy *policy)
{
    if (!policy)
        return;
    policy_list_done(&policy->domains);
    policy_list_done(&policy->addresses);
    policy_list_done(&policy->mail);
    policy_list_done(&policy->required);
    policy_list_done(&policy->allowed);
    clear_fixed(policy);
    free(policy->fixed);
    free(policy);
}

bool policy_default_key(const struct policy *policy, enum policy_key *ret)
{
    static const enum policy_key order[] = { POLICY_EC_P256, POLICY_RSA_2048, POLICY_RSA_3072,
        POLICY_EC_P384, POLICY_RSA_4096, POLICY_EC_P521, POLICY_ED25519 };

    for (size_t i = 0; i < countof(order); i++) {
        if (policy->keys[order[i]]) {
            *ret = order[i];
            return true;
        }
    }
    return false;
}

const char *policy_fixed_value(const struct policy *policy, const char *field)
{
    for (size_t i = 0; i < policy->n_fixed; i++)
        if (strcmp(policy->fixed[i].field, field) == 0)
            return policy->fixed[i].value;
    return NULL;
}

/* ---- reading ---- */

static void read_key(struct policy *policy, struct json_in *body)
{
    struct json_in in;
    bool is_any_there = false;

    if (!json_in_object_opt(body, "key", &in))
        return;
    if (json_in_has(&in, "algorithms")) {
        const size_t n = json_in_array(&in, "algorithms", N_POLICY_KEYS);

        memset(policy->keys, 0, sizeof policy->keys);
        for (size_t i = 0; i < n; i++) {
            const char *const name = json_in_item_text(&in, "algorithms", i, 1, 20);
            enum policy_key key;

            if (policy_key_from_name(name, &key))
                policy->keys[key] = true;
            else
                json_in_complain(&in, "algorithms", "there is no key \"%s\"", name);
        }
    }
    policy->maker = (enum policy_maker)json_in_enum_opt(&in, "made_by", makers, N_POLICY_MAKERS,
        (int)policy->maker);
    json_in_leave(&in);
    for (size_t i = 0; i < N_POLICY_KEYS; i++)
        is_any_there = is_any_there || policy->keys[i];
    if (!is_any_there)
        json_in_complain(&in, "algorithms", "at least one is needed");
}

/* One item of a list, checked and added. */
typedef bool (*add_item)(struct policy_list *list, const char *text, struct err *err);

static bool add_domain(struct policy_list *list, const char *text, struct err *err)
{
    autofree(str) char *domain = NULL;

    if (!policy_domain_normalise(text, &domain, err))
        return false;
    policy_list_add(list, domain);
    return true;
}

static bool add_range(struct policy_list *list, const char *text, struct err *err)
{
    if (!policy_range_check(text, err))
        return false;
    policy_list_add(list, text);
    return true;
}

static bool is_field(const char *name)
{
    for (size_t i = 0; i < countof(fields); i++)
        if (strcmp(fields[i], name) == 0)
            return true;
    return false;
}

static bool add_field(struct policy_list *list, const char *text, struct err *err)
{
    if (!is_field(text))
        return fail(err, ERR_INVALID,
            "there is no field \"%s\" of a subject (CN, O, OU, L, ST, C, …)", text);
    policy_list_add(list, text);
    return true;
}

static void read_list(struct json_in *in, const char *name, size_t max, add_item add,
    struct policy_list *list)
{
    const size_t n = json_in_array_opt(in, name, max);

    policy_list_done(list);
    for (size_t i = 0; i < n; i++) {
        const char *const text = json_in_item_text(in, name, i, 1, TEXT_MAX);
        struct err err = { 0 };

        if (text[0] && !add(list, text, &err))
            json_in_complain(in, name, "%s", err.msg);
    }
}

/* true is everything, false and null nothing. */
static void read_bool_or_list(struct json_in *in, const char *name, size_t max, add_item add,
    struct policy_list *list)
{
    const struct json *const value = json_in_value(in, name);

    if (!json_in_has(in, name))
        return;
    if (value && json_as_bool(value, false) != json_as_bool(value, true)) {
        read_list(in, name, max, add, list);
        return;
    }
    policy_list_done(list);
    list->is_any = value && json_as_bool(value, false);
}

static void read_fixed(struct policy *policy, struct json_in *subject)
{
    const char *names[countof(fields)];
    struct json_in in;
    size_t n;

    clear_fixed(policy);
    if (!json_in_object_opt(subject, "fixed", &in))
        return;
    n = json_in_names(&in, names, countof(names));
    for (size_t i = 0; i < n; i++) {
        const char *const value = json_in_text(&in, names[i], 1, 128);

        if (!is_field(names[i]) || strcmp(names[i], "CN") == 0) {
            json_in_complain(&in, names[i], "there is no such field that can be fixed");
            continue;
        }
        policy->fixed = rows_make_room(policy->fixed, policy->n_fixed, &policy->fixed_room,
            sizeof *policy->fixed);
        policy->fixed[policy->n_fixed++] =
            (struct policy_fixed){ .field = xstrdup(names[i]), .value = xstrdup(value) };
    }
    json_in_leave(&in);
}

static void read_subject(struct policy *policy, struct json_in *names)
{
    struct json_in in;

    if (!json_in_object_opt(names, "subject", &in))
        return;
    if (json_in_has(&in, "required"))
        read_list(&in, "required", SHORT_LIST_MAX, add_field, &policy->required);
    if (json_in_has(&in, "allowed")) {
        read_list(&in, "allowed", SHORT_LIST_MAX, add_field, &policy->allowed);
        policy->allowed.is_any = json_in_is_null(&in, "allowed");
    }
    if (json_in_has(&in, "fixed"))
        read_fixed(policy, &in);
    json_in_leave(&in);
}

static void read_names(struct policy *policy, struct json_in *body)
{
    struct json_in in;

    if (!json_in_object_opt(body, "names", &in))
        return;
    if (json_in_has(&in, "domains"))
        read_list(&in, "domains", POLICY_LIST_MAX, add_domain, &policy->domains);
    policy->allows_wildcards = json_in_bool_opt(&in, "wildcards", policy->allows_wildcards);
    read_bool_or_list(&in, "ip", SHORT_LIST_MAX, add_range, &policy->addresses);
    read_bool_or_list(&in, "email", POLICY_LIST_MAX, add_domain, &policy->mail);
    policy->allows_uris = json_in_bool_opt(&in, "uri", policy->allows_uris);
    policy->max_names = json_in_i64_opt(&in, "max_names", 1, POLICY_NAMES_MAX, policy->max_names);
    read_subject(policy, &in);
    json_in_leave(&in);
}

void policy_read(struct policy *policy, struct json_in *in)
{
    read_key(policy, in);
    read_names(policy, in);
    policy->usage = (enum policy_usage)json_in_enum_opt(in, "usage", usages, N_POLICY_USAGES,
        (int)policy->usage);
}

bool policy_allows_any_name(const struct policy *policy)
{
    return policy->domains.n > 0 || policy->addresses.n > 0 || policy->addresses.is_any ||
           policy->mail.n > 0 || policy->mail.is_any || policy->allows_uris ||
           policy->usage == POLICY_FOR_CLIENTS;
}

bool policy_from_json(const char *rules, struct policy **ret, struct err *err)
{
    autodone(json_problems) struct json_problems problems = { 0 };
    autofree(policy) struct policy *policy = policy_new();
    autofree(json) struct json *json = NULL;
    struct json_in in;

    if (!json_parse(span_text(rules), &json, err))
        return err_wrap(err, "the profile's rules");
    json_in_init(&in, json, &problems);
    policy_read(policy, &in);
    if (!json_in_end(&in, err))
        return err_wrap(err, "the profile's rules");
    *ret = take(&policy);
    return true;
}

/* ---- writing ---- */

static void write_list(struct json_out *out, const char *key, const struct policy_list *list)
{
    json_begin_array(out, key);
    for (size_t i = 0; i < list->n; i++)
        json_str(out, NULL, list->items[i]);
    json_end(out);
}

static void write_bool_or_list(struct json_out *out, const char *key,
    const struct policy_list *list)
{
    if (list->n > 0)
        write_list(out, key, list);
    else
        json_bool(out, key, list->is_any);
}

static void write_subject(const struct policy *policy, struct json_out *out)
{
    json_begin_object(out, "subject");
    write_list(out, "required", &policy->required);
    if (policy->allowed.is_any)
        json_put_null(out, "allowed");
    else
        write_list(out, "allowed", &policy->allowed);
    json_begin_object(out, "fixed");
    for (size_t i = 0; i < policy->n_fixed; i++)
        json_str(out, policy->fixed[i].field, policy->fixed[i].value);
    json_end(out);
    json_end(out);
}

void policy_write(const struct policy *policy, struct json_out *out)
{
    json_begin_object(out, "key");
    json_begin_array(out, "algorithms");
    for (size_t i = 0; i < N_POLICY_KEYS; i++)
        if (policy->keys[i])
            json_str(out, NULL, policy_key_name((enum policy_key)i));
    json_end(out);
    json_str(out, "made_by", makers[policy->maker]);
    json_end(out);
    json_begin_object(out, "names");
    write_list(out, "domains", &policy->domains);
    json_bool(out, "wildcards", policy->allows_wildcards);
    write_bool_or_list(out, "ip", &policy->addresses);
    write_bool_or_list(out, "email", &policy->mail);
    json_bool(out, "uri", policy->allows_uris);
    write_subject(policy, out);
    json_i64(out, "max_names", policy->max_names);
    json_end(out);
    json_str(out, "usage", policy_usage_name(policy->usage));
}
