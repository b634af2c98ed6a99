/* vault/ledger: see the header. */
#include "vault/ledger.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/parse.h"

/* Opening: bursts that a fleet of deployments may need, and what can go on for ever. */
#define KEY_BURST 200
#define KEYS_PER_SECOND 2
#define SECRET_BURST 2000
#define SECRETS_PER_SECOND 50

#define N_FIELDS 6
#define LINE_SIZE 132 /* six numbers of twenty digits and a sign, blanks, a line feed */

/* A line of fixed length, overwritten in place: whoever is killed in between leaves one or the
 * other. */
static void save(const struct ledger *ledger)
{
    char line[LINE_SIZE + 1];

    if (ledger->fd < 0)
        return;
    int n = snprintf(line, sizeof line,
        "%21" PRId64 " %21" PRId64 " %21" PRId64 " %21" PRId64 " %21" PRId64 " %21" PRId64,
        ledger->keys.left, ledger->keys.at_ms, ledger->secrets.left, ledger->secrets.at_ms,
        ledger->n_opened, ledger->n_refused);

    if (n != LINE_SIZE - 1 || lseek(ledger->fd, 0, SEEK_SET) < 0)
        return;
    line[LINE_SIZE - 1] = '\n';
    ssize_t ignored = write(ledger->fd, line, LINE_SIZE);

    (void)ignored;
}

static bool parse(struct span line, int64_t *fields)
{
    struct span word;
    int n = 0;

    while (n < N_FIELDS && span_split(&line, ' ', &word)) {
        if (word.size == 0)
            continue;
        if (!parse_i64(span_trim(word), 0, INT64_MAX, &fields[n++], NULL))
            return false;
    }
    return n == N_FIELDS;
}

void ledger_init(struct ledger *ledger, int fd)
{
    int64_t f[N_FIELDS];
    char line[LINE_SIZE];
    ssize_t n = fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 ? read(fd, line, sizeof line) : -1;

    *ledger = (struct ledger){ .fd = fd,
        .keys = { .left = KEY_BURST },
        .secrets = { .left = SECRET_BURST } };
    if (n == LINE_SIZE && parse(span_of(line, LINE_SIZE), f)) {
        ledger->keys = (struct allowance){ f[0], f[1] };
        ledger->secrets = (struct allowance){ f[2], f[3] };
        ledger->n_opened = f[4];
        ledger->n_refused = f[5];
    }
}

void ledger_done(struct ledger *ledger)
{
    fd_close(ledger->fd);
    ledger->fd = -1;
}

int ledger_open(void)
{
    return open("opened", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* A clock that was set back earns nothing, and counts from where it is now. */
static bool spend(struct allowance *allowance, int64_t burst, int64_t per_second, int64_t now_ms)
{
    int64_t passed = now_ms - allowance->at_ms;
    int64_t earned = passed > burst * 1000 ? burst : passed * per_second / 1000;

    if (passed < 0)
        allowance->at_ms = now_ms;
    if (earned > 0) {
        allowance->left = earned > burst - allowance->left ? burst : allowance->left + earned;
        allowance->at_ms = now_ms;
    }
    if (allowance->left <= 0)
        return false;
    allowance->left--;
    return true;
}

bool ledger_spend(struct ledger *ledger, bool is_key, int64_t now_ms)
{
    bool ok = is_key ? spend(&ledger->keys, KEY_BURST, KEYS_PER_SECOND, now_ms)
                     : spend(&ledger->secrets, SECRET_BURST, SECRETS_PER_SECOND, now_ms);

    ledger->n_refused += !ok;
    save(ledger);
    return ok;
}

void ledger_count(struct ledger *ledger)
{
    ledger->n_opened++;
    save(ledger);
}
