/* monitor/trust: see the header. */
#include "monitor/trust.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/secret.h"
#include "codec/digest.h"
#include "db/db.h"
#include "probe/client.h"
#include "store/trust_bundle.h"

#define PEM_MAX (16u << 20)

struct trust_keeper {
    pthread_mutex_t lock;
    struct probe_client *prober;
    struct probe_conf conf;
    char *allow;
    char *proxy;
    char *dns_servers;
    char *proxy_credential;
    uint8_t told[SHA256_SIZE]; /* of the bundles */
    bool is_told;
};

struct trust_keeper *trust_keeper_new(struct probe_client *prober)
{
    struct trust_keeper *keeper = xcalloc(1, sizeof *keeper);

    (void)pthread_mutex_init(&keeper->lock, NULL);
    keeper->prober = prober;
    return keeper;
}

static void set_secret(char **owned, const char *text)
{
    if (*owned)
        secret_wipe(*owned, strlen(*owned));
    str_set(owned, text);
}

void trust_keeper_free(struct trust_keeper *keeper)
{
    if (!keeper)
        return;
    (void)pthread_mutex_destroy(&keeper->lock);
    free(keeper->allow);
    free(keeper->proxy);
    free(keeper->dns_servers);
    set_secret(&keeper->proxy_credential, NULL);
    free(keeper);
}

void trust_keeper_set(struct trust_keeper *keeper, const struct probe_conf *conf)
{
    (void)pthread_mutex_lock(&keeper->lock);
    str_set(&keeper->allow, conf->allow);
    str_set(&keeper->proxy, conf->proxy);
    str_set(&keeper->dns_servers, conf->dns_servers);
    set_secret(&keeper->proxy_credential, conf->proxy_credential);
    keeper->conf = *conf;
    keeper->conf.allow = keeper->allow;
    keeper->conf.proxy = keeper->proxy;
    keeper->conf.dns_servers = keeper->dns_servers;
    keeper->conf.proxy_credential = keeper->proxy_credential;
    keeper->is_told = false;
    (void)pthread_mutex_unlock(&keeper->lock);
}

static bool read_bundles(struct db *db, struct buf *pem, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_READ, &tx, err) && store_trust_bundles_pem(tx, pem, err);
}

bool trust_keeper_refresh(struct trust_keeper *keeper, struct db *db, struct err *err)
{
    autodone(buf) struct buf pem = BUF_INIT(PEM_MAX);
    uint8_t hash[SHA256_SIZE];
    bool works = true;

    if (!read_bundles(db, &pem, err))
        return false;
    digest_sha256(buf_span(&pem), hash);
    (void)pthread_mutex_lock(&keeper->lock);
    if (!keeper->is_told || memcmp(hash, keeper->told, sizeof hash) != 0) {
        keeper->conf.trust_pem = buf_span(&pem);
        works = probe_client_configure(keeper->prober, &keeper->conf, err);
        keeper->conf.trust_pem = SPAN_EMPTY;
        keeper->is_told = works;
        memcpy(keeper->told, hash, sizeof hash);
    }
    (void)pthread_mutex_unlock(&keeper->lock);
    return works;
}
