/* probe/wire: see the header. Fields are written and read in the order of the structs. */
#include "probe/wire.h"

#include "base/err.h"
#include "base/frame.h"
#include "base/secret.h"

#define CONF_TEXT_MAX 65536
#define TIMEOUT_MAX_MS 3600000

static void put_timeouts(struct buf *out, const struct probe_timeouts *timeouts)
{
    const int list[] = { timeouts->dns_ms, timeouts->connect_ms, timeouts->starttls_ms,
        timeouts->handshake_ms, timeouts->total_ms };

    for (size_t i = 0; i < countof(list); i++)
        buf_add_u32(out, list[i] > 0 ? (uint32_t)list[i] : 0);
}

static int get_int(struct frame_reader *r, uint32_t max)
{
    const uint32_t value = frame_read_u32(r);

    if (value > max)
        r->failed = true;
    return value > max ? 0 : (int)value;
}

static struct probe_timeouts get_timeouts(struct frame_reader *r)
{
    struct probe_timeouts timeouts;

    timeouts.dns_ms = get_int(r, TIMEOUT_MAX_MS);
    timeouts.connect_ms = get_int(r, TIMEOUT_MAX_MS);
    timeouts.starttls_ms = get_int(r, TIMEOUT_MAX_MS);
    timeouts.handshake_ms = get_int(r, TIMEOUT_MAX_MS);
    timeouts.total_ms = get_int(r, TIMEOUT_MAX_MS);
    return timeouts;
}

static bool check_text(const char *what, const char *text, struct err *err)
{
    return !text || strlen(text) <= WIRE_HOST_MAX ||
           fail(err, ERR_LIMIT, "the %s is longer than %d bytes", what, WIRE_HOST_MAX);
}

bool wire_put_target(struct buf *out, const struct probe_target *target, struct err *err)
{
    if (!check_text("host", target->host, err) || !check_text("SNI", target->sni, err) ||
        !check_text("proxy", target->proxy, err))
        return false;
    if (target->port < 1 || target->port > 65535)
        return fail(err, ERR_INVALID, "%d is not a port between 1 and 65535", target->port);
    frame_put_i64(out, target->id);
    frame_put_text(out, target->host);
    buf_add_u16(out, (uint16_t)target->port);
    frame_put_text(out, target->sni);
    buf_add_u8(out, (uint8_t)target->protocol);
    frame_put_bool(out, target->is_first_key_only);
    put_timeouts(out, &target->timeouts);
    frame_put_text(out, target->proxy);
    return true;
}

/* An enumerator below `n`; else the reader fails. */
static unsigned get_enum(struct frame_reader *r, unsigned n)
{
    const unsigned value = frame_read_u8(r);

    if (value >= n)
        r->failed = true;
    return value < n ? value : 0;
}

bool wire_get_target(struct span payload, struct wire_target *ret, struct err *err)
{
    struct frame_reader r = frame_reader_of(payload);
    struct probe_target *const target = &ret->target;

    *target = (struct probe_target){ .id = frame_read_i64(&r) };
    frame_read_text_to(&r, ret->host, sizeof(ret->host));
    target->port = frame_read_u16(&r);
    frame_read_text_to(&r, ret->sni, sizeof(ret->sni));
    target->protocol = (enum probe_protocol)get_enum(&r, PROBE_N_PROTOCOLS);
    target->is_first_key_only = frame_read_bool(&r);
    target->timeouts = get_timeouts(&r);
    frame_read_text_to(&r, ret->proxy, sizeof(ret->proxy));
    target->host = ret->host;
    target->sni = ret->sni;
    target->proxy = ret->proxy;
    return frame_reader_end(&r, err);
}

void wire_put_conf(struct buf *out, const struct probe_conf *conf)
{
    put_timeouts(out, &conf->timeouts);
    buf_add_u32(out, conf->max_in_flight > 0 ? (uint32_t)conf->max_in_flight : 0);
    buf_add_u32(out, conf->max_per_address > 0 ? (uint32_t)conf->max_per_address : 0);
    frame_put_text(out, conf->allow);
    frame_put_text(out, conf->proxy);
    frame_put_text(out, conf->dns_servers);
    frame_put_bool(out, conf->system_trust_dir != NULL);
    frame_put_text(out, conf->system_trust_dir);
    frame_put_text(out, conf->proxy_credential);
    frame_put_bytes(out, conf->trust_pem);
}

bool wire_get_conf(struct span payload, struct wire_conf *ret, struct err *err)
{
    struct frame_reader r = frame_reader_of(payload);
    struct probe_conf *const conf = &ret->conf;

    *conf = (struct probe_conf){ .timeouts = get_timeouts(&r) };
    conf->max_in_flight = get_int(&r, 100000);
    conf->max_per_address = get_int(&r, 100000);
    for (size_t i = 0; i < 3; i++)
        ret->texts[i] = frame_read_text_dup(&r, CONF_TEXT_MAX);
    const bool has_dir = frame_read_bool(&r);
    ret->texts[3] = frame_read_text_dup(&r, CONF_TEXT_MAX);
    ret->texts[4] = frame_read_text_dup(&r, PROBE_CREDENTIAL_MAX);
    conf->allow = ret->texts[0];
    conf->proxy = ret->texts[1];
    conf->dns_servers = ret->texts[2];
    conf->proxy_credential = ret->texts[4];
    conf->system_trust_dir = has_dir ? ret->texts[3] : NULL;
    conf->trust_pem = frame_read_bytes(&r);
    return frame_reader_end(&r, err);
}

void wire_conf_done(struct wire_conf *conf)
{
    if (conf->texts[4])
        secret_wipe(conf->texts[4], strlen(conf->texts[4]));
    for (size_t i = 0; i < countof(conf->texts); i++)
        free(conf->texts[i]);
}

void wire_put_cert(struct buf *out, const struct probe_cert *cert)
{
    buf_add(out, cert->sha256, sizeof(cert->sha256));
    frame_put_bytes(out, cert->der);
}

bool wire_get_cert(struct span payload, struct probe_result *result, struct err *err)
{
    struct frame_reader r = frame_reader_of(payload);
    const size_t n_before = result->n_certs;
    uint8_t sha256[32];
    uint16_t place;

    frame_read_fixed(&r, sha256, sizeof(sha256));
    const struct span der = frame_read_bytes(&r);
    if (!frame_reader_end(&r, err))
        return false;
    if (der.size > PROBE_DER_MAX || !probe_result_add_cert(result, sha256, der, &place))
        return fail(err, ERR_LIMIT, "the prober sent larger certificates than allowed");
    return place == n_before || fail(err, ERR_INVALID, "the prober sent a certificate twice");
}

static void put_sight(struct buf *out, const struct probe_sight *sight)
{
    frame_put_text(out, sight->address);
    buf_add_u8(out, (uint8_t)sight->error);
    frame_put_text(out, sight->message);
    buf_add_u8(out, (uint8_t)sight->slot);
    buf_add_u8(out, (uint8_t)sight->chain);
    frame_put_text(out, sight->chain_message);
    frame_put_bool(out, sight->is_name_ok);
    frame_put_bool(out, sight->is_complete_path);
    frame_put_i64(out, sight->path_expires_at);
    buf_add_u8(out, (uint8_t)sight->n_certs);
    for (size_t i = 0; i < sight->n_certs; i++)
        buf_add_u16(out, sight->certs[i]);
    frame_put_text(out, sight->protocol);
    frame_put_text(out, sight->cipher);
    frame_put_text(out, sight->kx_group);
    frame_put_i64(out, sight->connect_us);
    frame_put_i64(out, sight->starttls_us);
    frame_put_i64(out, sight->handshake_us);
}

static void get_sight(struct frame_reader *r, size_t n_certs, struct probe_sight *sight)
{
    frame_read_text_to(r, sight->address, sizeof(sight->address));
    sight->error = (enum probe_error)get_enum(r, PROBE_N_ERRORS);
    frame_read_text_to(r, sight->message, sizeof(sight->message));
    sight->slot = (enum probe_slot)get_enum(r, PROBE_SLOT_OTHER + 1);
    sight->chain = (enum probe_chain)get_enum(r, PROBE_CHAIN_INVALID + 1);
    frame_read_text_to(r, sight->chain_message, sizeof(sight->chain_message));
    sight->is_name_ok = frame_read_bool(r);
    sight->is_complete_path = frame_read_bool(r);
    sight->path_expires_at = frame_read_i64(r);
    sight->n_certs = get_enum(r, PROBE_CHAIN_MAX + 1);
    for (size_t i = 0; i < sight->n_certs; i++) {
        sight->certs[i] = frame_read_u16(r);
        if (sight->certs[i] >= n_certs)
            r->failed = true;
    }
    if (sight->error == PROBE_OK && sight->n_certs == 0)
        r->failed = true;
    frame_read_text_to(r, sight->protocol, sizeof(sight->protocol));
    frame_read_text_to(r, sight->cipher, sizeof(sight->cipher));
    frame_read_text_to(r, sight->kx_group, sizeof(sight->kx_group));
    sight->connect_us = frame_read_i64(r);
    sight->starttls_us = frame_read_i64(r);
    sight->handshake_us = frame_read_i64(r);
}

void wire_put_result(struct buf *out, const struct probe_result *result)
{
    frame_put_i64(out, result->id);
    buf_add_u8(out, (uint8_t)result->error);
    frame_put_text(out, result->message);
    frame_put_bool(out, result->is_dns_complete);
    frame_put_i64(out, result->dns_us);
    buf_add_u8(out, (uint8_t)result->n_sights);
    for (size_t i = 0; i < result->n_sights; i++)
        put_sight(out, &result->sights[i]);
}

bool wire_get_result(struct span payload, struct probe_result *result, struct err *err)
{
    struct frame_reader r = frame_reader_of(payload);

    result->id = frame_read_i64(&r);
    result->error = (enum probe_error)get_enum(&r, PROBE_N_ERRORS);
    frame_read_text_to(&r, result->message, sizeof(result->message));
    result->is_dns_complete = frame_read_bool(&r);
    result->dns_us = frame_read_i64(&r);
    const unsigned n = get_enum(&r, 2 * PROBE_ADDRESSES_MAX + 1);
    for (unsigned i = 0; i < n && !r.failed; i++)
        get_sight(&r, result->n_certs, probe_result_add_sight(result));
    return frame_reader_end(&r, err);
}
