/* x509/sigalg: see the header. */
#include "x509/sigalg.h"

#include <openssl/objects.h>
#include <pthread.h>

#include "base/base.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void learn(void)
{
    static const struct {
        int algorithm;
        int hash;
    } rows[] = {
        { NID_ecdsa_with_SHA3_224, NID_sha3_224 },
        { NID_ecdsa_with_SHA3_256, NID_sha3_256 },
        { NID_ecdsa_with_SHA3_384, NID_sha3_384 },
        { NID_ecdsa_with_SHA3_512, NID_sha3_512 },
    };

    for (size_t i = 0; i < countof(rows); i++) {
        if (!OBJ_find_sigid_algs(rows[i].algorithm, NULL, NULL))
            (void)OBJ_add_sigid(rows[i].algorithm, rows[i].hash, NID_X9_62_id_ecPublicKey);
    }
}

void sigalg_learn(void)
{
    (void)pthread_once(&once, learn);
}
