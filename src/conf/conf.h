/*
 * conf/conf: the settings, checked, as one snapshot that never changes.
 *
 * Every setting is a row of the table in conf/schema.c: its name, what it may be, and the sentence
 * that manual, --help and error messages show. A snapshot is made from, the later winning: the
 * defaults; the file; the environment (CERTDESK_SECTION_NAME, and the short names of the table);
 * and the command line. A name that the table does not have is an error that tells its line.
 *
 * Snapshots are counted: conf_ref() for whoever keeps one, conf_free() gives it back. They may be
 * read by any thread. A reload makes a new one.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct conf;
struct err;

enum conf_key {
    CONF_SERVER_LISTEN,
    CONF_SERVER_DATA,
    CONF_SERVER_TLS_CERT,
    CONF_SERVER_TLS_KEY,
    CONF_SERVER_PUBLIC_URL,
    CONF_SERVER_TRUSTED_PROXIES,
    CONF_SERVER_WORKERS,
    CONF_SERVER_SHUTDOWN_TIMEOUT,
    CONF_SERVER_ADMIN_PASSWORD,
    CONF_SERVER_ADMIN_PASSWORD_FILE,
    CONF_SERVER_ADMIN_TOKEN_FILE,
    CONF_DATABASE_URL,
    CONF_DATABASE_CACHE,
    CONF_DATABASE_MAP,
    CONF_VAULT_SOURCE,
    CONF_VAULT_PASSPHRASE_FILE,
    CONF_VAULT_OLD_PASSPHRASE_FILE,
    CONF_VAULT_PKCS11_MODULE,
    CONF_VAULT_PKCS11_TOKEN,
    CONF_VAULT_PKCS11_KEY,
    CONF_VAULT_PKCS11_PIN_FILE,
    CONF_PROBE_ALLOW,
    CONF_PROBE_DNS_SERVERS,
    CONF_PROBE_DNS_TIMEOUT,
    CONF_PROBE_CONNECT_TIMEOUT,
    CONF_PROBE_STARTTLS_TIMEOUT,
    CONF_PROBE_HANDSHAKE_TIMEOUT,
    CONF_PROBE_TOTAL_TIMEOUT,
    CONF_PROBE_MAX_IN_FLIGHT,
    CONF_PROBE_PER_ADDRESS,
    CONF_PROBE_PROXY,
    CONF_PROBE_PROXY_CREDENTIAL_FILE,
    CONF_CA_ALLOW,
    CONF_CA_PKCS11_MODULE,
    CONF_CA_PKCS11_TOKEN,
    CONF_CA_PKCS11_PIN_FILE,
    CONF_CA_PKCS11_KEY,
    CONF_DEPLOY_DIRECTORIES,
    CONF_DEPLOY_ALLOW,
    CONF_WEBHOOK_ALLOW,
    CONF_WEBHOOK_CA_FILE,
    CONF_WEBHOOK_TIMEOUT,
    CONF_SMTP_HOST,
    CONF_SMTP_PORT,
    CONF_SMTP_TLS,
    CONF_SMTP_USER,
    CONF_SMTP_PASSWORD_FILE,
    CONF_SMTP_FROM,
    CONF_SMTP_CA_FILE,
    CONF_SMTP_TIMEOUT,
    CONF_AUDIT_SYSLOG,
    CONF_BACKUP_RECOVERY_KEY,
    CONF_LOG_LEVEL,
    CONF_LIMITS_CONNECTIONS,
    CONF_LIMITS_CONNECTIONS_PER_ADDRESS,
    CONF_METRICS_CERTIFICATE_CAP,
    CONF_METRICS_ALLOW,
    CONF_N_KEYS
};

enum conf_type {
    CONF_TEXT,     /* any UTF-8 without control characters */
    CONF_PATH,     /* of a file or directory; a relative one starts where certdesk was started */
    CONF_I64,      /* a whole number from min to max */
    CONF_BOOL,     /* true or false, yes or no, on or off */
    CONF_DURATION, /* "500ms", "5s", "10m", "2h", "1d": conf_i64() gives milliseconds */
    CONF_SIZE,     /* "64k", "8M", "1G", or bytes: conf_i64() gives bytes */
    CONF_ENUM,     /* one of `choices` */
    CONF_LISTEN,   /* ADDRESS:PORT, [IPV6]:PORT */
    CONF_RANGES,   /* a list of addresses and CIDR ranges: "10.0.0.0/8, ::1" */
    CONF_URL,      /* with one of the schemes in `choices` */
};

struct conf_item {
    const char *section;
    const char *name;
    enum conf_type type;
    int64_t min; /* CONF_I64, CONF_DURATION (ms), CONF_SIZE (bytes) */
    int64_t max;
    const char *const *choices; /* CONF_ENUM, CONF_URL; ends with NULL */
    const char *fallback;       /* as one would write it; "" is unset */
    const char *env;            /* a short name besides CERTDESK_SECTION_NAME, or NULL */
    bool reloads;               /* does SIGHUP change it? */
    bool is_secret;             /* may hold a password: never shown */
    bool env_only;              /* may not be written into the file */
    const char *summary;        /* one sentence without full stop */
};

const struct conf_item *conf_item(enum conf_key key);

/* "server.listen" as messages and `config list` name it. */
const char *conf_key_name(enum conf_key key, char field[static 64]);

struct conf_override {
    enum conf_key key;
    const char *value;
    const char *flag; /* "--listen", for the message */
};

struct conf_sources {
    const char *file; /* must be there; NULL: CONF_DEFAULT_FILE if that is */
    char *const *env; /* as environ; NULL: none */
    const struct conf_override *overrides;
    size_t n_overrides;
};

#define CONF_DEFAULT_FILE "/etc/certdesk/certdesk.conf"
#define CONF_LINE_MAX 197 /* bytes; inih cuts longer lines, so they are refused */
#define CONF_FILE_MAX (1u << 20)

/* ERR_INVALID "certdesk.conf:12: unknown setting \"lisen\" in section [server]". */
bool conf_load(const struct conf_sources *sources, struct conf **ret, struct err *err) must_check;

/* From text instead of a file; `name` stands for it in messages. */
bool conf_load_text(const char *name, struct span text, struct conf **ret, struct err *err)
    must_check;

struct conf *conf_ref(struct conf *conf) must_check;
void conf_free(struct conf *conf);

/* "" where nothing is set; borrowed from the snapshot. For any type, as it was written. */
const char *conf_text(const struct conf *conf, enum conf_key key);
bool conf_is_set(const struct conf *conf, enum conf_key key);

/* Types CONF_I64, CONF_DURATION, CONF_SIZE, CONF_BOOL (0 or 1), CONF_ENUM (place in choices). */
int64_t conf_i64(const struct conf *conf, enum conf_key key);

/* CONF_LISTEN: the address without brackets, and the port. */
const char *conf_address(const struct conf *conf, enum conf_key key, uint16_t *ret_port);

/* Where the value comes from: "default", "certdesk.conf:12", "CERTDESK_PROBE_ALLOW", "--listen". */
const char *conf_origin(const struct conf *conf, enum conf_key key);

/* Does the key differ between the two? */
bool conf_differs(const struct conf *a, const struct conf *b, enum conf_key key);

/* All that is set, for the other end of a channel; unpacking checks it like a file. */
void conf_pack(const struct conf *conf, struct buf *out);
bool conf_unpack(struct span packed, struct conf **ret, struct err *err) must_check;

DEFINE_AUTOFREE(conf);
