/*
 * conf/schema: the table itself. What values may be is checked in value.c.
 *
 * A new setting is a row here, a name in conf.h, and a paragraph in certdesk.conf(5), which the
 * documentation check compares with this table.
 */
#include "conf/schema.h"

#include <string.h>

#define KIB INT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define SECOND_MS INT64_C(1000)
#define HOUR_MS (3600 * SECOND_MS)

static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const smtp_modes[] = { "starttls", "tls", "none", NULL };
static const char *const vault_sources[] = { "file", "passphrase", "pkcs11", NULL };
static const char *const web_schemes[] = { "http", "https", NULL };
static const char *const database_schemes[] = { "sqlite", "postgresql", "postgres", NULL };

const struct conf_item conf_schema[CONF_N_KEYS] = {
    [CONF_SERVER_LISTEN] = { "server", "listen", CONF_LISTEN, .fallback = "127.0.0.1:8080",
        .summary = "address and port to serve HTTP or HTTPS on" },
    [CONF_SERVER_DATA] = { "server", "data", CONF_PATH, .fallback = "/var/lib/certdesk",
        .summary = "directory of database and keys; made with mode 0700" },
    [CONF_SERVER_TLS_CERT] = { "server", "tls_cert", CONF_PATH, .reloads = true,
        .summary = "PEM file with the server's own certificate and its intermediates" },
    [CONF_SERVER_TLS_KEY] = { "server", "tls_key", CONF_PATH, .reloads = true,
        .summary = "PEM file with the private key of tls_cert" },
    [CONF_SERVER_PUBLIC_URL] = { "server", "public_url", CONF_URL, .choices = web_schemes,
        .summary =
            "the address under which users reach this server, for links in mails and tickets" },
    [CONF_SERVER_TRUSTED_PROXIES] = { "server", "trusted_proxies", CONF_RANGES,
        .summary = "proxies in front of the server whose X-Forwarded-For is believed" },
    [CONF_SERVER_WORKERS] = { "server", "workers", CONF_I64, 1, 64, .fallback = "8",
        .summary = "threads that run requests and jobs, each with a database connection" },
    [CONF_SERVER_SHUTDOWN_TIMEOUT] = { "server", "shutdown_timeout", CONF_DURATION, 0, HOUR_MS,
        .fallback = "10s", .reloads = true,
        .summary = "how long requests and jobs under way may take to end after SIGTERM" },
    [CONF_SERVER_ADMIN_PASSWORD] = { "server", "admin_password", CONF_TEXT,
        .env = "CERTDESK_ADMIN_PASSWORD", .is_secret = true, .env_only = true,
        .summary = "password of the user admin, who is made at the first start" },
    [CONF_SERVER_ADMIN_PASSWORD_FILE] = { "server", "admin_password_file", CONF_PATH,
        .env = "CERTDESK_ADMIN_PASSWORD_FILE",
        .summary = "file with the password of the user admin, who is made at the first start" },
    [CONF_SERVER_ADMIN_TOKEN_FILE] = { "server", "admin_token_file", CONF_PATH,
        .env = "CERTDESK_ADMIN_TOKEN_FILE",
        .summary = "where to write an API token of admin, mode 0600" },
    [CONF_DATABASE_URL] = { "database", "url", CONF_URL, .choices = database_schemes,
        .is_secret = true,
        .summary =
            "postgresql://… for PostgreSQL; without it, an SQLite file in the data directory" },
    [CONF_DATABASE_CACHE] = { "database", "cache", CONF_SIZE, MIB, 4 * GIB, .fallback = "8M",
        .summary = "page cache of each SQLite connection" },
    [CONF_DATABASE_MAP] = { "database", "map", CONF_SIZE, 0, 1024 * GIB, .fallback = "16G",
        .summary = "how much of an SQLite file may be read as memory; 0: nothing" },
    [CONF_VAULT_SOURCE] = { "vault", "source", CONF_ENUM, .choices = vault_sources, .reloads = true,
        .summary = "where new master keys come from" },
    [CONF_VAULT_PASSPHRASE_FILE] = { "vault", "passphrase_file", CONF_PATH, .reloads = true,
        .summary =
            "file with the passphrase that the master key is derived from, instead of a key file" },
    [CONF_VAULT_OLD_PASSPHRASE_FILE] = { "vault", "old_passphrase_file", CONF_PATH, .reloads = true,
        .summary = "file with the passphrase of before, while it is being changed" },
    [CONF_VAULT_PKCS11_MODULE] = { "vault", "pkcs11_module", CONF_PATH, .reloads = true,
        .summary = "PKCS#11 module of the token whose key wraps the master key" },
    [CONF_VAULT_PKCS11_TOKEN] = { "vault", "pkcs11_token", CONF_TEXT, .reloads = true,
        .summary = "label of that token" },
    [CONF_VAULT_PKCS11_KEY] = { "vault", "pkcs11_key", CONF_TEXT, .fallback = "certdesk",
        .reloads = true, .summary = "label of the AES key on that token" },
    [CONF_VAULT_PKCS11_PIN_FILE] = { "vault", "pkcs11_pin_file", CONF_PATH, .reloads = true,
        .summary = "file with the user's PIN of that token" },
    [CONF_PROBE_ALLOW] = { "probe", "allow", CONF_RANGES, .reloads = true,
        .summary = "loopback, link-local and metadata addresses that may be probed all the same" },
    [CONF_PROBE_DNS_SERVERS] = { "probe", "dns_servers", CONF_TEXT, .reloads = true,
        .summary = "DNS servers to ask, ADDRESS[:PORT] with commas, instead of the system's" },
    [CONF_PROBE_DNS_TIMEOUT] = { "probe", "dns_timeout", CONF_DURATION, 100, HOUR_MS,
        .fallback = "5s", .reloads = true, .summary = "time for resolving a name" },
    [CONF_PROBE_CONNECT_TIMEOUT] = { "probe", "connect_timeout", CONF_DURATION, 100, HOUR_MS,
        .fallback = "5s", .reloads = true, .summary = "time for connecting to an address" },
    [CONF_PROBE_STARTTLS_TIMEOUT] = { "probe", "starttls_timeout", CONF_DURATION, 100, HOUR_MS,
        .fallback = "5s", .reloads = true, .summary = "time for what is said before TLS begins" },
    [CONF_PROBE_HANDSHAKE_TIMEOUT] = { "probe", "handshake_timeout", CONF_DURATION, 100, HOUR_MS,
        .fallback = "10s", .reloads = true, .summary = "time for the TLS handshake" },
    [CONF_PROBE_TOTAL_TIMEOUT] = { "probe", "total_timeout", CONF_DURATION, 100, HOUR_MS,
        .fallback = "20s", .reloads = true, .summary = "time for one address, all in all" },
    [CONF_PROBE_MAX_IN_FLIGHT] = { "probe", "max_in_flight", CONF_I64, 1, 50000, .fallback = "1000",
        .reloads = true, .summary = "connections of the prober at once" },
    [CONF_PROBE_PER_ADDRESS] = { "probe", "per_address", CONF_I64, 1, 1000, .fallback = "16",
        .reloads = true, .summary = "connections of the prober to one address at once" },
    [CONF_PROBE_PROXY] = { "probe", "proxy", CONF_TEXT, .reloads = true,
        .summary = "HTTP proxy, HOST:PORT, that probes go through with CONNECT" },
    [CONF_PROBE_PROXY_CREDENTIAL_FILE] = { "probe", "proxy_credential_file", CONF_PATH,
        .reloads = true,
        .summary = "file with the one line \"user:password\" that is shown to the proxy" },
    [CONF_CA_ALLOW] = { "ca", "allow", CONF_RANGES, .reloads = true,
        .summary = "loopback, link-local and metadata addresses at which CAs and Jira may be" },
    [CONF_CA_PKCS11_MODULE] = { "ca", "pkcs11_module", CONF_PATH, .reloads = true,
        .summary = "PKCS#11 module of the token that keys of built-in CAs may lie in" },
    [CONF_CA_PKCS11_TOKEN] = { "ca", "pkcs11_token", CONF_TEXT, .reloads = true,
        .summary = "label of that token" },
    [CONF_CA_PKCS11_PIN_FILE] = { "ca", "pkcs11_pin_file", CONF_PATH, .reloads = true,
        .summary = "file with the user's PIN of that token" },
    [CONF_CA_PKCS11_KEY] = { "ca", "pkcs11_key", CONF_TEXT, .reloads = true,
        .summary = "label of a key pair in that token that a CA may be made with" },
    [CONF_DEPLOY_DIRECTORIES] = { "deploy", "directories", CONF_TEXT,
        .summary = "directories, with commas, below which resources' files are written and their "
                   "sockets connected to" },
    [CONF_DEPLOY_ALLOW] = { "deploy", "allow", CONF_RANGES, .fallback = "127.0.0.0/8, ::1",
        .summary = "addresses of resources to which keys may be sent without encryption" },
    [CONF_WEBHOOK_ALLOW] = { "webhook", "allow", CONF_RANGES, .reloads = true,
        .summary = "loopback, link-local and metadata addresses at which webhooks may be" },
    [CONF_WEBHOOK_CA_FILE] = { "webhook", "ca_file", CONF_PATH, .reloads = true,
        .summary = "PEM file with the CAs that webhooks' certificates must come from, instead of "
                   "the system's" },
    [CONF_WEBHOOK_TIMEOUT] = { "webhook", "timeout", CONF_DURATION, 100, 50 * SECOND_MS,
        .fallback = "10s", .reloads = true, .summary = "time for one call, all in all" },
    [CONF_SMTP_HOST] = { "smtp", "host", CONF_TEXT, .reloads = true,
        .summary = "mail server that mails are handed to; without one there are none" },
    [CONF_SMTP_PORT] = { "smtp", "port", CONF_I64, 0, 65535, .fallback = "0", .reloads = true,
        .summary = "its port; 0 is 587, 465 or 25, as tls says" },
    [CONF_SMTP_TLS] = { "smtp", "tls", CONF_ENUM, .choices = smtp_modes, .fallback = "starttls",
        .reloads = true, .summary = "how the connection to the mail server is encrypted" },
    [CONF_SMTP_USER] = { "smtp", "user", CONF_TEXT, .reloads = true,
        .summary = "user to sign in to the mail server as" },
    [CONF_SMTP_PASSWORD_FILE] = { "smtp", "password_file", CONF_PATH, .reloads = true,
        .summary = "file with the password of that user" },
    [CONF_SMTP_FROM] = { "smtp", "from", CONF_TEXT, .reloads = true,
        .summary = "sender of mails, ADDRESS or NAME <ADDRESS>" },
    [CONF_SMTP_CA_FILE] = { "smtp", "ca_file", CONF_PATH, .reloads = true,
        .summary = "PEM file with the CAs that the mail server's certificate must come from, "
                   "instead of the system's" },
    [CONF_SMTP_TIMEOUT] = { "smtp", "timeout", CONF_DURATION, 100, 50 * SECOND_MS,
        .fallback = "30s", .reloads = true, .summary = "time for handing over one mail" },
    [CONF_AUDIT_SYSLOG] = { "audit", "syslog", CONF_TEXT, .fallback = "local",
        .summary = "system log that signed checkpoints of the audit log go to" },
    [CONF_BACKUP_RECOVERY_KEY] = { "backup", "recovery_key", CONF_TEXT,
        .summary = "public recovery key that backups are encrypted to" },
    [CONF_LOG_LEVEL] = { "log", "level", CONF_ENUM, .choices = log_levels, .fallback = "info",
        .reloads = true, .summary = "the least important lines that are logged" },
    [CONF_LIMITS_CONNECTIONS] = { "limits", "connections", CONF_I64, 10, 1000000,
        .fallback = "20000", .summary = "HTTP connections at once" },
    [CONF_LIMITS_CONNECTIONS_PER_ADDRESS] = { "limits", "connections_per_address", CONF_I64, 0,
        1000000, .fallback = "256",
        .summary = "HTTP connections of one address at once, loopback excepted; 0 is no limit" },
    [CONF_METRICS_CERTIFICATE_CAP] = { "metrics", "certificate_cap", CONF_I64, 0, 1000000,
        .fallback = "1000",
        .summary = "certificates with a metric of their own; the soonest to expire are shown" },
    [CONF_METRICS_ALLOW] = { "metrics", "allow", CONF_RANGES, .fallback = "127.0.0.0/8, ::1",
        .summary = "addresses that may read /metrics without a token" },
};

const struct conf_item *conf_item(enum conf_key key)
{
    ASSERT((unsigned)key < CONF_N_KEYS);
    return &conf_schema[key];
}

const char *conf_key_name(enum conf_key key, char field[static 64])
{
    const struct conf_item *item = conf_item(key);

    (void)snprintf(field, 64, "%s.%s", item->section, item->name);
    return field;
}

bool conf_schema_find(const char *section, const char *name, enum conf_key *ret)
{
    for (int i = 0; i < CONF_N_KEYS; i++) {
        if (strcmp(conf_schema[i].section, section) == 0 &&
            strcmp(conf_schema[i].name, name) == 0) {
            *ret = (enum conf_key)i;
            return true;
        }
    }
    return false;
}

bool conf_schema_has_section(const char *section)
{
    for (int i = 0; i < CONF_N_KEYS; i++)
        if (strcmp(conf_schema[i].section, section) == 0)
            return true;
    return false;
}

#define GUESS_MAX 40

/* Levenshtein's distance; names longer than GUESS_MAX are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t row[GUESS_MAX + 1];
    size_t n_a = strlen(a), n_b = strlen(b);

    if (n_a > GUESS_MAX || n_b > GUESS_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = change < step ? change : step;
        }
    }
    return row[n_b];
}

const struct conf_item *conf_schema_guess(const char *section, const char *name)
{
    const struct conf_item *best = NULL;
    size_t best_distance = 3;

    for (int i = 0; i < CONF_N_KEYS; i++) {
        if (section && strcmp(conf_schema[i].section, section) != 0)
            continue;
        size_t d = distance(conf_schema[i].name, name);

        if (d < best_distance) {
            best = &conf_schema[i];
            best_distance = d;
        }
    }
    return best;
}
