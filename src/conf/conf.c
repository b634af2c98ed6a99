/*
 * conf/conf: see the header.
 *
 * Sources are laid over one another setting by setting, then what needs two settings to be judged
 * is checked once, at the end. Messages say where a value came from, never a value that may hold a
 * password.
 */
#include "conf/conf.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "conf/reader.h"
#include "conf/schema.h"

#define ENV_PREFIX "CERTDESK_"

struct conf {
    atomic_int n_refs;
    struct conf_value values[CONF_N_KEYS];
};

static void set_value(struct conf *conf, enum conf_key key, struct conf_value *value,
    const char *origin)
{
    conf_value_done(&conf->values[key]);
    conf->values[key] = *value;
    conf->values[key].origin = xstrdup(origin);
}

static bool set_text(struct conf *conf, enum conf_key key, struct span text, const char *origin,
    struct err *err)
{
    struct conf_value value;
    char name[64];

    if (!conf_value_parse(conf_item(key), text, &value, err))
        return err_wrap(err, "setting %s", conf_key_name(key, name));
    set_value(conf, key, &value, origin);
    return true;
}

static struct conf *conf_new_defaults(void)
{
    struct conf *conf = xcalloc(1, sizeof *conf);
    struct err err = { 0 };

    atomic_init(&conf->n_refs, 1);
    for (int i = 0; i < CONF_N_KEYS; i++) {
        enum conf_key key = (enum conf_key)i;
        const char *fallback = conf_item(key)->fallback;

        ASSERT(set_text(conf, key, span_text(fallback ? fallback : ""), "default", &err));
    }
    return conf;
}

/* What a file is being read into. */
struct loading {
    struct conf *conf;
    const char *file;
    int lines[CONF_N_KEYS]; /* where a setting was first given; 0: not yet */
};

static bool fail_unknown(const char *section, const char *name, struct err *err)
{
    const struct conf_item *guess = conf_schema_guess(section, name);

    if (section[0] == '\0')
        return fail(err, ERR_INVALID, "setting \"%s\" before the first section", name);
    if (!conf_schema_has_section(section))
        return fail(err, ERR_INVALID, "unknown section [%s]", section);
    if (guess)
        return fail(err, ERR_INVALID,
            "unknown setting \"%s\" in section [%s]; did you mean \"%s\"?", name, section,
            guess->name);
    guess = conf_schema_guess(NULL, name);
    if (guess && strcmp(guess->name, name) == 0)
        return fail(err, ERR_INVALID,
            "unknown setting \"%s\" in section [%s]; it belongs to section [%s]", name, section,
            guess->section);
    return fail(err, ERR_INVALID, "unknown setting \"%s\" in section [%s]", name, section);
}

/* A list may be given in several lines; they are put together. */
static char *joined(const struct loading *loading, enum conf_key key, const char *value)
{
    if (loading->lines[key] == 0 || conf_item(key)->type != CONF_RANGES)
        return xstrdup(value);
    return xasprintf("%s, %s", loading->conf->values[key].text, value);
}

static bool take_setting(void *context, const char *section, const char *name, const char *value,
    int line, struct err *err)
{
    struct loading *loading = context;
    enum conf_key key;

    if (!conf_schema_find(section, name, &key))
        return fail_unknown(section, name, err);
    if (conf_item(key)->env_only)
        return fail(err, ERR_INVALID,
            "setting %s.%s is a secret and may not be written into this file; use %s_file", section,
            name, name);
    if (loading->lines[key] != 0 && conf_item(key)->type != CONF_RANGES)
        return fail(err, ERR_INVALID, "setting %s.%s was given in line %d already", section, name,
            loading->lines[key]);
    autofree(str) char *text = joined(loading, key, value);
    autofree(str) char *origin = xasprintf("%s:%d", loading->file, line);

    if (loading->lines[key] == 0)
        loading->lines[key] = line;
    return set_text(loading->conf, key, span_text(text), origin, err);
}

static bool load_text(struct conf *conf, const char *name, struct span text, struct err *err)
{
    struct loading loading = { .conf = conf, .file = name };

    return conf_read(name, text, take_setting, &loading, err);
}

static bool load_file(struct conf *conf, const char *path, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(CONF_FILE_MAX);

    if (!fs_read(path, &text, err))
        return err_wrap(err, "could not read the configuration");
    return load_text(conf, path, buf_span(&text), err);
}

/* CERTDESK_PROBE_ALLOW is for probe.allow. */
static char *env_name(const struct conf_item *item)
{
    char *name = xasprintf(ENV_PREFIX "%s_%s", item->section, item->name);

    for (char *p = name; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return name;
}

static bool is_env_of(const struct conf_item *item, const char *name)
{
    autofree(str) char *full = env_name(item);

    return strcmp(full, name) == 0 || (item->env && strcmp(item->env, name) == 0);
}

/* Does the name begin like those of a section? Others, as CERTDESK_URL, are somebody else's. */
static bool looks_like_setting(const char *name)
{
    for (int i = 0; i < CONF_N_KEYS; i++) {
        autofree(str) char *full = env_name(conf_item((enum conf_key)i));
        size_t n = strlen(ENV_PREFIX) + strlen(conf_item((enum conf_key)i)->section) + 1;

        if (strncmp(full, name, n) == 0)
            return true;
    }
    return false;
}

static bool load_variable(struct conf *conf, const char *variable, struct err *err)
{
    struct span rest = span_text(variable), part;

    if (!span_starts_with(rest, ENV_PREFIX) || !span_split(&rest, '=', &part))
        return true;
    autofree(str) char *name = span_dup(part);

    for (int i = 0; i < CONF_N_KEYS; i++) {
        if (!is_env_of(conf_item((enum conf_key)i), name))
            continue;
        if (!set_text(conf, (enum conf_key)i, rest, name, err))
            return err_wrap(err, "environment variable %s", name);
        return true;
    }
    if (looks_like_setting(name))
        return fail(err, ERR_INVALID, "unknown setting in environment variable %s", name);
    return true;
}

static bool check_vault(const struct conf *conf, struct err *err)
{
    bool has_token = conf_is_set(conf, CONF_VAULT_PKCS11_MODULE);
    const char *source = conf_text(conf, CONF_VAULT_SOURCE);

    if (strcmp(source, "passphrase") == 0 && !conf_is_set(conf, CONF_VAULT_PASSPHRASE_FILE))
        return fail(err, ERR_INVALID,
            "setting vault.source is passphrase, so vault.passphrase_file is needed");
    if (strcmp(source, "pkcs11") == 0 && !has_token)
        return fail(err, ERR_INVALID,
            "setting vault.source is pkcs11, so vault.pkcs11_module is needed");
    if (has_token != conf_is_set(conf, CONF_VAULT_PKCS11_TOKEN) ||
        has_token != conf_is_set(conf, CONF_VAULT_PKCS11_PIN_FILE))
        return fail(err, ERR_INVALID,
            "settings vault.pkcs11_module, vault.pkcs11_token and vault.pkcs11_pin_file are needed"
            " together");
    return true;
}

static bool check_ca(const struct conf *conf, struct err *err)
{
    bool has_token = conf_is_set(conf, CONF_CA_PKCS11_MODULE);

    if (has_token == conf_is_set(conf, CONF_CA_PKCS11_TOKEN) &&
        has_token == conf_is_set(conf, CONF_CA_PKCS11_PIN_FILE) &&
        (has_token || !conf_is_set(conf, CONF_CA_PKCS11_KEY)))
        return true;
    return fail(err, ERR_INVALID,
        "settings ca.pkcs11_module, ca.pkcs11_token and ca.pkcs11_pin_file are needed together, "
        "and ca.pkcs11_key only beside them");
}

static bool check_whole(const struct conf *conf, struct err *err)
{
    if (conf_is_set(conf, CONF_SERVER_TLS_CERT) != conf_is_set(conf, CONF_SERVER_TLS_KEY))
        return fail(err, ERR_INVALID,
            "settings server.tls_cert and server.tls_key are needed together");
    if (conf_is_set(conf, CONF_SERVER_ADMIN_PASSWORD) &&
        conf_is_set(conf, CONF_SERVER_ADMIN_PASSWORD_FILE))
        return fail(err, ERR_INVALID,
            "settings server.admin_password and server.admin_password_file exclude each other");
    if (!conf_is_set(conf, CONF_SERVER_DATA))
        return fail(err, ERR_INVALID, "setting server.data is empty");
    if (!conf_is_set(conf, CONF_SERVER_LISTEN))
        return fail(err, ERR_INVALID, "setting server.listen is empty");
    return check_vault(conf, err) && check_ca(conf, err);
}

/* An empty value puts a number or choice back to its default: nothing would read "unset" there. */
static void restore_defaults(struct conf *conf)
{
    struct err err = { 0 };

    for (int i = 0; i < CONF_N_KEYS; i++) {
        const struct conf_item *item = conf_item((enum conf_key)i);
        bool needs = item->type == CONF_I64 || item->type == CONF_DURATION ||
                     item->type == CONF_SIZE || item->type == CONF_ENUM || item->type == CONF_BOOL;

        if (needs && conf->values[i].text[0] == '\0' && item->fallback)
            ASSERT(set_text(conf, (enum conf_key)i, span_text(item->fallback), "default", &err));
    }
}

bool conf_load(const struct conf_sources *sources, struct conf **ret, struct err *err)
{
    autofree(conf) struct conf *conf = conf_new_defaults();
    const char *file = sources->file;

    if (!file && fs_exists(CONF_DEFAULT_FILE))
        file = CONF_DEFAULT_FILE;
    if (file && !load_file(conf, file, err))
        return false;
    for (char *const *variable = sources->env; variable && *variable; variable++)
        if (!load_variable(conf, *variable, err))
            return false;
    for (size_t i = 0; i < sources->n_overrides; i++) {
        const struct conf_override *o = &sources->overrides[i];

        if (!set_text(conf, o->key, span_text(o->value), o->flag, err))
            return err_wrap(err, "option %s", o->flag);
    }
    restore_defaults(conf);
    if (!check_whole(conf, err))
        return false;
    *ret = take(&conf);
    return true;
}

bool conf_load_text(const char *name, struct span text, struct conf **ret, struct err *err)
{
    autofree(conf) struct conf *conf = conf_new_defaults();

    if (!load_text(conf, name, text, err))
        return false;
    restore_defaults(conf);
    if (!check_whole(conf, err))
        return false;
    *ret = take(&conf);
    return true;
}

struct conf *conf_ref(struct conf *conf)
{
    atomic_fetch_add(&conf->n_refs, 1);
    return conf;
}

void conf_free(struct conf *conf)
{
    if (!conf || atomic_fetch_sub(&conf->n_refs, 1) > 1)
        return;
    for (int i = 0; i < CONF_N_KEYS; i++)
        conf_value_done(&conf->values[i]);
    free(conf);
}

const char *conf_text(const struct conf *conf, enum conf_key key)
{
    return conf->values[key].text;
}

bool conf_is_set(const struct conf *conf, enum conf_key key)
{
    return conf->values[key].text[0] != '\0';
}

int64_t conf_i64(const struct conf *conf, enum conf_key key)
{
    enum conf_type type = conf_item(key)->type;

    ASSERT(type == CONF_I64 || type == CONF_DURATION || type == CONF_SIZE || type == CONF_BOOL ||
           type == CONF_ENUM);
    return conf->values[key].number;
}

const char *conf_address(const struct conf *conf, enum conf_key key, uint16_t *ret_port)
{
    ASSERT(conf_item(key)->type == CONF_LISTEN);
    *ret_port = conf->values[key].port;
    return conf->values[key].address;
}

const char *conf_origin(const struct conf *conf, enum conf_key key)
{
    return conf->values[key].origin;
}

bool conf_differs(const struct conf *a, const struct conf *b, enum conf_key key)
{
    return strcmp(a->values[key].text, b->values[key].text) != 0;
}

void conf_pack(const struct conf *conf, struct buf *out)
{
    buf_add_u32(out, CONF_N_KEYS);
    for (int i = 0; i < CONF_N_KEYS; i++) {
        frame_put_text(out, conf_item((enum conf_key)i)->section);
        frame_put_text(out, conf_item((enum conf_key)i)->name);
        frame_put_text(out, conf->values[i].text);
        frame_put_text(out, conf->values[i].origin);
    }
}

static bool unpack_setting(struct frame_reader *r, struct conf *conf, struct err *err)
{
    autofree(str) char *section = frame_read_text_dup(r, 64);
    autofree(str) char *name = frame_read_text_dup(r, 64);
    struct span text = frame_read_text(r, CONF_FILE_MAX);
    autofree(str) char *origin = frame_read_text_dup(r, CONF_FILE_MAX);
    enum conf_key key;

    if (r->failed)
        return frame_reader_end(r, err);
    if (!conf_schema_find(section, name, &key))
        return fail(err, ERR_INVALID, "unknown setting %s.%s", section, name);
    return set_text(conf, key, text, origin, err);
}

bool conf_unpack(struct span packed, struct conf **ret, struct err *err)
{
    autofree(conf) struct conf *conf = conf_new_defaults();
    struct frame_reader r = frame_reader_of(packed);

    for (size_t n = frame_read_count(&r, 16); n > 0; n--)
        if (!unpack_setting(&r, conf, err))
            return false;
    if (!frame_reader_end(&r, err) || !check_whole(conf, err))
        return false;
    *ret = take(&conf);
    return true;
}
