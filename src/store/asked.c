/* store/asked: see the header. */
#include "store/asked.h"

#include "db/db.h"
#include "store/select.h"

static void ask_more(struct asked *asked)
{
    const size_t most = db_is_postgres(tx_db(asked->tx)) ? ASKED_MAX : 1;

    asked->n_q = asked->n_read = 0;
    while (asked->n_q < most && asked->n_asked < asked->n) {
        const size_t rest = asked->n - asked->n_asked;
        const size_t n = rest < SELECT_IDS_MAX ? rest : SELECT_IDS_MAX;
        struct stmt *const q =
            asked->prepare(asked->tx, asked->ids + asked->n_asked, n, asked->arg);

        stmt_ask(q);
        asked->q[asked->n_q++] = q;
        asked->n_asked += n;
    }
}

void asked_begin(struct asked *asked, struct tx *tx, asked_prepare prepare, int64_t arg,
    const int64_t *ids, size_t n)
{
    *asked = (struct asked){ .tx = tx, .prepare = prepare, .arg = arg, .ids = ids, .n = n };
    ask_more(asked);
}

struct stmt *asked_next(struct asked *asked)
{
    if (asked->n_read > 0) {
        stmt_free(asked->q[asked->n_read - 1]);
        asked->q[asked->n_read - 1] = NULL;
    }
    if (asked->n_read == asked->n_q)
        ask_more(asked);
    return asked->n_q > 0 ? asked->q[asked->n_read++] : NULL;
}

void asked_done(struct asked *asked)
{
    for (size_t i = 0; i < asked->n_q; i++)
        stmt_free(asked->q[i]);
    *asked = (struct asked){ 0 };
}
