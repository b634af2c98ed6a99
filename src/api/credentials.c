/*
 * api/credentials: see the header. A table without chains: who comes to a place that is taken takes
 * it, and the other is verified again.
 */
#include "api/credentials.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/rand.h"
#include "base/secret.h"
#include "codec/digest.h"

#define N_PLACES 1024

struct place {
    uint8_t mac[SHA256_SIZE];
    int64_t until; /* 0: empty */
};

struct credentials {
    pthread_mutex_t lock;
    uint8_t key[SHA256_SIZE];
    struct place places[N_PLACES];
};

struct credentials *credentials_new(void)
{
    struct credentials *credentials = xcalloc(1, sizeof *credentials);

    pthread_mutex_init(&credentials->lock, NULL);
    rand_bytes(credentials->key, sizeof credentials->key);
    return credentials;
}

void credentials_free(struct credentials *credentials)
{
    if (!credentials)
        return;
    pthread_mutex_destroy(&credentials->lock);
    secret_wipe(credentials, sizeof *credentials);
    free(credentials);
}

static void compute(const struct credentials *credentials, const struct account_row *account,
    struct span password, uint8_t mac[static SHA256_SIZE])
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(8192);

    buf_add_u64(&text, (uint64_t)account->id);
    buf_add_text(&text, account->password_hash ? account->password_hash : "");
    buf_add_u8(&text, 0);
    buf_add_span(&text, password);
    ASSERT(buf_ok(&text));
    digest_hmac_sha256(span_of(credentials->key, sizeof credentials->key), buf_span(&text), mac);
}

static struct place *place_of(struct credentials *credentials, const uint8_t *mac)
{
    return &credentials->places[(mac[0] << 8 | mac[1]) % N_PLACES];
}

bool credentials_know(struct credentials *credentials, const struct account_row *account,
    struct span password, int64_t now)
{
    uint8_t mac[SHA256_SIZE];
    bool knows;

    compute(credentials, account, password, mac);
    pthread_mutex_lock(&credentials->lock);
    const struct place *place = place_of(credentials, mac);

    knows = place->until > now && place->until <= now + CREDENTIALS_SECONDS &&
            secret_equal(span_of(place->mac, sizeof place->mac), span_of(mac, sizeof mac));
    pthread_mutex_unlock(&credentials->lock);
    return knows;
}

void credentials_keep(struct credentials *credentials, const struct account_row *account,
    struct span password, int64_t now)
{
    uint8_t mac[SHA256_SIZE];

    compute(credentials, account, password, mac);
    pthread_mutex_lock(&credentials->lock);
    struct place *place = place_of(credentials, mac);

    memcpy(place->mac, mac, sizeof mac);
    place->until = now + CREDENTIALS_SECONDS;
    pthread_mutex_unlock(&credentials->lock);
}
