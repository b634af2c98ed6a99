/*
 * What servers say before and during a handshake: the dialogues of probe/starttls and the list of
 * certificates. The first byte picks the reader; the second how the bytes are cut into pieces.
 */
#include "base/buf.h"
#include "net/hosts.h"
#include "probe/certlist.h"
#include "probe/starttls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void talk(enum probe_protocol protocol, struct span bytes, size_t piece)
{
    autodone(buf) struct buf out = BUF_INIT(65536);
    autodone(starttls) struct starttls s;
    enum starttls_verdict verdict = STARTTLS_MORE;

    starttls_init(&s, protocol, "example.org", &out);
    while (verdict == STARTTLS_MORE && bytes.size > 0) {
        buf_clear(&out);
        verdict = starttls_feed(&s, span_slice(bytes, 0, piece), &out);
        bytes = span_slice(bytes, piece, SIZE_MAX);
    }
    ASSERT(verdict != STARTTLS_GO || s.in.size == 0);
    ASSERT(verdict != STARTTLS_REFUSED || s.reason[0]);
    ASSERT(buf_ok(&out));
}

static void list(struct span bytes, bool is_tls13)
{
    struct certlist certs;

    (void)certlist_parse(bytes, is_tls13, &certs);
    ASSERT(certs.n <= PROBE_CHAIN_MAX);
    for (size_t i = 0; i < certs.n; i++)
        ASSERT(certs.ders[i].data >= bytes.data &&
               certs.ders[i].data + certs.ders[i].size <= bytes.data + bytes.size);
}

static void find(struct span bytes)
{
    autofree(hosts) struct hosts *hosts = hosts_parse(bytes);
    struct net_addr addrs[4];

    (void)hosts_find(hosts, "localhost", addrs, countof(addrs));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const unsigned what = data[0] % (PROBE_N_PROTOCOLS + 2);
    const struct span bytes = span_of(data + 2, size - 2);

    if (what == PROBE_TLS)
        list(bytes, data[1] & 1);
    else if (what == PROBE_N_PROTOCOLS)
        find(bytes);
    else if (what < PROBE_N_PROTOCOLS)
        talk((enum probe_protocol)what, bytes, data[1] ? data[1] : SIZE_MAX);
    return 0;
}
