/*
 * auth/password: see the header.
 *
 * An unknown account costs the same as a wrong password: the candidate is hashed against a hash
 * made once from random bytes, so the time of an answer does not tell which names exist.
 */
#include "auth/password.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/rand.h"
#include "codec/digest.h"

/* 64 MiB and two passes: libsodium's "interactive" figures, and above OWASP's minimum (19 MiB, 2).
 */
#define OPS_LIMIT crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE
#define MEM_LIMIT crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_argon2id_STRBYTES, "the hash fits its field");

static const char *const common[] = { "1234567890", "12345678910", "0123456789", "password123",
    "password1234", "passwordpassword", "qwertyuiop", "qwerty12345", "letmein1234", "administrator",
    "changeme123", "iloveyou123", "welcome123", "certdesk123", "0987654321", "1q2w3e4r5t" };

/* So many are hashed at once, for the memory's sake. */
#define HASHES_MAX 4

static pthread_mutex_t hashing_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hashing_ended = PTHREAD_COND_INITIALIZER;
static int n_hashing; /* with hashing_lock */

static pthread_once_t decoy_once = PTHREAD_ONCE_INIT;
static char decoy_hash[PASSWORD_HASH_SIZE];

static void begin_hashing(void)
{
    (void)pthread_mutex_lock(&hashing_lock);
    while (n_hashing == HASHES_MAX)
        (void)pthread_cond_wait(&hashing_ended, &hashing_lock);
    n_hashing++;
    (void)pthread_mutex_unlock(&hashing_lock);
}

static void end_hashing(void)
{
    (void)pthread_mutex_lock(&hashing_lock);
    n_hashing--;
    (void)pthread_cond_signal(&hashing_ended);
    (void)pthread_mutex_unlock(&hashing_lock);
}

static void make_decoy(void)
{
    char random[32];

    rand_bytes(random, sizeof random);
    if (crypto_pwhash_argon2id_str(decoy_hash, random, sizeof random, OPS_LIMIT, MEM_LIMIT) != 0)
        decoy_hash[0] = '\0';
}

bool password_check_rules(struct span password, const char *account_name, struct err *err)
{
    if (password.size < PASSWORD_MIN)
        return fail(err, ERR_INVALID, "the password is shorter than %d bytes", PASSWORD_MIN);
    if (password.size > PASSWORD_MAX)
        return fail(err, ERR_LIMIT, "the password is longer than %d bytes", PASSWORD_MAX);
    if (!parse_is_utf8(password))
        return fail(err, ERR_INVALID, "the password is not valid UTF-8 text");
    if (account_name && span_is_nocase(password, account_name))
        return fail(err, ERR_INVALID, "the password is the name of the user");
    for (size_t i = 0; i < countof(common); i++)
        if (span_is_nocase(password, common[i]))
            return fail(err, ERR_INVALID, "the password is among the most common ones");
    return true;
}

bool password_hash(struct span password, char ret[static PASSWORD_HASH_SIZE], struct err *err)
{
    char hash[crypto_pwhash_argon2id_STRBYTES];

    begin_hashing();
    const int code = crypto_pwhash_argon2id_str(hash, (const char *)password.data, password.size,
        OPS_LIMIT, MEM_LIMIT);

    end_hashing();
    if (code != 0)
        return fail(err, ERR_UNAVAILABLE, "could not hash the password: not enough memory");
    memcpy(ret, hash, sizeof hash);
    return true;
}

bool password_stretch(struct span text, struct span salt, uint8_t ret[static 32], struct err *err)
{
    uint8_t digest[SHA256_SIZE];
    uint8_t stretched[32];

    _Static_assert(sizeof digest >= crypto_pwhash_SALTBYTES, "there is enough salt");
    digest_sha256(salt, digest);
    if (crypto_pwhash(stretched, sizeof stretched, (const char *)text.data, text.size, digest,
            OPS_LIMIT, MEM_LIMIT, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return fail(err, ERR_UNAVAILABLE, "could not hash the request: not enough memory");
    memcpy(ret, stretched, sizeof stretched);
    return true;
}

bool password_matches(struct span password, const char *hash)
{
    if (password.size > PASSWORD_MAX)
        password.size = PASSWORD_MAX + 1;
    (void)pthread_once(&decoy_once, make_decoy);
    begin_hashing();
    const int wrong = crypto_pwhash_argon2id_str_verify(hash ? hash : decoy_hash,
        password.data ? (const char *)password.data : "", password.size);

    end_hashing();
    return hash && wrong == 0;
}

void password_generate(char ret[static 24])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    char *at = ret;

    for (int i = 0; i < 20; i++) {
        if (i > 0 && i % 5 == 0)
            *at++ = '-';
        *at++ = letters[rand_below(sizeof letters - 1)];
    }
    *at = '\0';
}
