/* probe/trust: a table of verdicts, in which a newer one takes an older one's place. */
#include "probe/trust.h"

#include "base/alloc.h"
#include "x509/trust_judge.h"

#define REMEMBERED 4096U
#define REMEMBERED_SECONDS 600

struct memory {
    uint8_t key[32];
    int64_t judged_at; /* 0: empty */
    int64_t until;
    struct chain_verdict verdict;
};

struct trust {
    struct trust_store *store;
    struct memory *memories; /* REMEMBERED, made when the first is needed; found by the key */
};

bool trust_new(const char *system_dir, struct span pem, struct trust **ret, struct err *err)
{
    autofree(trust) struct trust *trust = xcalloc(1, sizeof(*trust));

    if (!trust_store_new(system_dir, pem, &trust->store, err))
        return false;
    *ret = take(&trust);
    return true;
}

void trust_free(struct trust *trust)
{
    if (!trust)
        return;
    trust_store_free(trust->store);
    free(trust->memories);
    free(trust);
}

/* The clock may have been set back, or a path may have ended since. */
static bool still_holds(const struct memory *memory, const uint8_t key[static 32], int64_t now)
{
    return memory->judged_at <= now && now < memory->until &&
           memcmp(memory->key, key, sizeof(memory->key)) == 0;
}

void trust_judge(struct trust *trust, const uint8_t key[static 32], X509 *leaf,
    STACK_OF(X509) * sent, int64_t now, struct chain_verdict *ret)
{
    if (!trust->memories)
        trust->memories = xcalloc(REMEMBERED, sizeof(trust->memories[0]));
    struct memory *const memory =
        &trust->memories[((size_t)key[0] | (size_t)key[1] << 8) % REMEMBERED];

    if (!still_holds(memory, key, now)) {
        trust_store_judge(trust->store, leaf, sent, now, &memory->verdict);
        memcpy(memory->key, key, sizeof(memory->key));
        memory->judged_at = now;
        memory->until = now + REMEMBERED_SECONDS;
        if (memory->verdict.path_expires_at > now &&
            memory->verdict.path_expires_at < memory->until)
            memory->until = memory->verdict.path_expires_at;
    }
    *ret = memory->verdict;
}
