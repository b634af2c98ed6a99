/* monitor/add: see the header. */
#include "monitor/add.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/hostport.h"
#include "net/host.h"
#include "probe/probe.h"
#include "store/account.h"
#include "store/audit.h"
#include "store/endpoint.h"
#include "store/job.h"

#define RECORD_ENDPOINTS_MAX 10000

static bool parse_port(struct watch_place *place, int64_t port, int typed,
    enum probe_protocol protocol, struct err *err)
{
    if (port && (port < 1 || port > 65535))
        return fail(err, ERR_INVALID, "port %" PRId64 " is not between 1 and 65535", port);
    if (port && typed && port != typed)
        return fail(err, ERR_INVALID, "the host says port %d, and port says %" PRId64, typed, port);
    place->port = port ? port : typed ? typed : probe_protocol_port(protocol);
    return true;
}

/* "smtp://host" says how to begin, and where, as long as nothing else does. */
static bool parse_host(struct span text, int64_t port, struct host *ret, int *ret_typed,
    enum probe_protocol *protocol, struct err *err)
{
    struct hostport at;

    if (!hostport_parse(text, &at, err) || !host_parse(at.host, ret, err))
        return false;
    const char *const usual = hostport_scheme_protocol(at.scheme);

    *ret_typed = at.port;
    if (!usual || *protocol != PROBE_TLS)
        return true;
    (void)probe_protocol_from_name(span_text(usual), protocol);
    if (!at.port && !port)
        *ret_typed = hostport_scheme_port(at.scheme);
    return true;
}

static bool parse_sni(struct watch_place *place, const char *sni, const struct host *host,
    struct err *err)
{
    struct host parsed;

    if (!sni) {
        span_copy_text(host->is_address ? SPAN_EMPTY : span_text(host->text), place->sni,
            sizeof place->sni);
        return true;
    }
    if (sni[0] == '\0')
        return true;
    if (!host_parse(span_text(sni), &parsed, err))
        return false;
    if (parsed.is_address)
        return fail(err, ERR_INVALID, "an address cannot be sent as server name (RFC 6066, 3)");
    span_copy_text(span_text(parsed.text), place->sni, sizeof place->sni);
    return true;
}

static bool no_protocol(const char *protocol, struct err *err)
{
    autodone(buf) struct buf words = BUF_INIT(200);

    for (int i = 0; i < PROBE_N_PROTOCOLS; i++)
        buf_addf(&words, "%s%s", i ? ", " : "", probe_protocol_name((enum probe_protocol)i));
    return fail(err, ERR_INVALID, "there is no protocol \"%.40s\": it is one of %s", protocol,
        buf_text(&words));
}

bool watch_place_parse(const char *host, int64_t port, const char *sni, const char *protocol,
    struct watch_place *ret, const char **ret_field, struct err *err)
{
    enum probe_protocol how = PROBE_TLS;
    struct watch_place place = { 0 };
    struct host parsed;
    int typed = 0;

    *ret_field = "protocol";
    if (protocol && !probe_protocol_from_name(span_text(protocol), &how))
        return no_protocol(protocol, err);
    *ret_field = "host";
    if (!parse_host(span_text(host), port, &parsed, &typed, &how, err))
        return false;
    place.protocol = probe_protocol_name(how);
    span_copy_text(span_text(parsed.text), place.host, sizeof place.host);
    *ret_field = "port";
    if (!parse_port(&place, port, typed, how, err))
        return false;
    *ret_field = "sni";
    if (!parse_sni(&place, sni, &parsed, err))
        return false;
    *ret = place;
    return true;
}

void watch_place_key(const struct watch_place *place, struct endpoint_key *ret)
{
    *ret = (struct endpoint_key){
        .host = place->host,
        .port = place->port,
        .sni = place->sni,
        .protocol = place->protocol,
        .vantage = "",
    };
}

bool watch_attach(struct tx *tx, int64_t certificate_id, const struct watch_place *place,
    int64_t now, int64_t *ret_endpoint, struct err *err)
{
    struct endpoint_key key;

    watch_place_key(place, &key);
    return store_endpoint_put(tx, &key, now, ret_endpoint, NULL, err) &&
           store_endpoint_attach(tx, certificate_id, *ret_endpoint, err);
}

bool watch_add_place(struct tx *tx, int64_t certificate_id, const struct watch_place *place,
    int64_t now, int64_t *ret_endpoint, struct err *err)
{
    autodone(endpoint_rows) struct endpoint_rows rows = { 0 };

    if (!store_endpoints_of_cert(tx, certificate_id, &rows, err))
        return false;
    if (rows.n >= RECORD_ENDPOINTS_MAX)
        return fail(err, ERR_LIMIT, "a record has at most %d endpoints", RECORD_ENDPOINTS_MAX);
    for (size_t i = 0; i < rows.n; i++) {
        const struct endpoint_row *row = &rows.items[i];

        if (row->port == place->port && strcmp(row->host, place->host) == 0 &&
            strcmp(row->sni, place->sni) == 0 && strcmp(row->protocol, place->protocol) == 0)
            return fail(err, ERR_CONFLICT, "the record has the endpoint %s already",
                hostport_text(place->host, place->port).text);
    }
    return watch_attach(tx, certificate_id, place, now, ret_endpoint, err);
}

bool watch_look(struct tx *tx, int64_t certificate_id, int64_t account_id, int64_t now,
    int64_t *ret_job, struct err *err)
{
    autofree(str) char *key = xasprintf("probe:%" PRId64 ":%" PRId64, certificate_id, account_id);
    struct job_new job = { .type = "probe",
        .object_id = certificate_id,
        .dedupe_key = key,
        .due_at = now,
        .account_id = account_id };

    return store_job_add(tx, &job, now, ret_job, err);
}

bool watch_add(struct tx *tx, const struct watch_new *watch, int64_t now, int64_t *ret_id,
    int64_t *ret_job, struct err *err)
{
    struct endpoint_key *keys = xcalloc(watch->n_places + 1, sizeof *keys);
    struct cert_new cert = watch->cert;
    int64_t id;
    int64_t job = 0;
    bool works;

    for (size_t i = 0; i < watch->n_places; i++)
        watch_place_key(&watch->places[i], &keys[i]);
    cert.places = keys;
    cert.n_places = watch->n_places;
    works = store_cert_add(tx, &cert, now, &id, err);
    free(keys);
    if (!works || (watch->n_places && !watch_look(tx, id, watch->account_id, now, &job, err)))
        return false;
    *ret_id = id;
    *ret_job = job;
    return true;
}

bool watch_audit_added(struct tx *tx, const struct watch_new *watch, int64_t id, int64_t now,
    struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (!store_account_get(tx, watch->account_id, &account, err))
        return false;
    struct audit_entry entry = { .at = now,
        .account_id = account->id,
        .actor = account->name,
        .action = "certificate.create",
        .object_type = "certificate",
        .object_id = id,
        .object_name = watch->cert.name };

    return store_audit_add(tx, &entry, err);
}
