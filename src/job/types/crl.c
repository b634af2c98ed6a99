/*
 * job/crl: keep the lists of revoked certificates of the built-in authorities fresh.
 *
 * About one authority after a revocation or by hand, about all of them on schedule. One that fails
 * does not keep the others waiting.
 */
#include "base/err.h"
#include "base/log.h"
#include "ca/local/local.h"
#include "db/db.h"
#include "job/types/types.h"
#include "store/local_ca.h"

static bool find_all(struct job_run *run, struct id_list *ids, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (run->row->object_id) {
        id_list_add(ids, run->row->object_id);
        return true;
    }
    return tx_begin(run->db, TX_READ, &tx, err) && store_local_ca_active(tx, ids, err);
}

static bool refresh(struct job_run *run, int64_t id, int64_t *n_made, struct err *err)
{
    bool is_made = true;

    /* Again, in case something was revoked while it was made. */
    while (is_made) {
        if (!local_crl_refresh(run->db, run->services->vault, id, false, run->now, &is_made, err))
            return false;
        *n_made += is_made;
    }
    return true;
}

bool job_crl_run(struct job_run *run, struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };
    struct err last = { 0 };
    int64_t n_made = 0;
    bool ok = true;

    if (!find_all(run, &ids, err))
        return false;
    for (size_t i = 0; i < ids.n; i++) {
        struct err one = { 0 };

        if (refresh(run, ids.items[i], &n_made, &one))
            continue;
        if (one.kind == ERR_NOT_FOUND) /* it was deleted meanwhile */
            continue;
        log_error("ca.crl", KV_I64("ca", ids.items[i]), KV_ERR(&one));
        last = one;
        ok = false;
    }
    if (!ok) {
        *err = last;
        return false;
    }
    buf_addf(&run->result, "{\"made\": %" PRId64 "}", n_made);
    return true;
}
