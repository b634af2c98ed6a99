/* job/import_probe: look at what an import has made or changed, a few hundred records at a time. */
#include "base/err.h"
#include "db/db.h"
#include "job/types/types.h"
#include "job/types/updates.h"
#include "monitor/check.h"
#include "monitor/trust.h"
#include "store/endpoint.h"
#include "store/import.h"

#define BATCH 200

struct probing {
    struct job_run *run;
    struct import_row *import;
    int64_t line; /* the records up to here are done */
    int64_t n_done;
    struct check_totals totals;
};

/* Each endpoint once, of records that may be gone meanwhile. */
static bool gather(struct probing *probing, struct endpoint_rows *endpoints, int64_t *ret_line,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autodone(id_list) struct id_list records = { 0 };
    autodone(id_list) struct id_list known = { 0 };

    if (!tx_begin(probing->run->db, TX_READ, &tx, err) ||
        !store_import_changed(tx, probing->import->id, probing->line, BATCH, &records, ret_line,
            err))
        return false;
    for (size_t i = 0; i < records.n; i++) {
        autodone(endpoint_rows) struct endpoint_rows rows = { 0 };

        if (!store_endpoints_of_cert(tx, records.items[i], &rows, err))
            return false;
        for (size_t e = 0; e < rows.n; e++) {
            if (id_list_has(&known, rows.items[e].id))
                continue;
            id_list_add(&known, rows.items[e].id);
            *endpoint_rows_add(endpoints) = rows.items[e];
            rows.items[e] = (struct endpoint_row){ 0 }; /* moved */
        }
    }
    return true;
}

static bool keep_place(struct probing *probing, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(probing->run->db, TX_WRITE, &tx, err) &&
           job_run_progress_in(probing->run, tx, probing->n_done, probing->n_done, err) &&
           store_import_probed(tx, probing->import->id, probing->line, err) &&
           tx_commit(take(&tx), err);
}

static bool probe_all(struct probing *probing, struct err *err)
{
    for (;;) {
        autodone(endpoint_rows) struct endpoint_rows endpoints = { 0 };
        struct update_progress progress = { .run = probing->run, .done = probing->n_done };
        int64_t line;

        if (!gather(probing, &endpoints, &line, err))
            return false;
        if (!line)
            return true;
        if (!check_endpoints(probing->run->db, probing->run->services->prober, &endpoints,
                update_progress_tell, &progress, &probing->totals, err))
            return false;
        probing->n_done += (int64_t)endpoints.n;
        probing->line = line;
        if (!keep_place(probing, err))
            return false;
    }
}

static bool prepare(struct probing *probing, struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(probing->run->db, TX_READ, &tx, err) &&
           store_import_get(tx, &system, probing->run->row->object_id, &probing->import, err);
}

bool job_import_probe_run(struct job_run *run, struct err *err)
{
    struct probing probing = { .run = run };
    bool works = trust_keeper_refresh(run->services->trust, run->db, err);

    works = works && prepare(&probing, err);
    if (works) {
        probing.line = probing.import->probed_line;
        works = probe_all(&probing, err) && update_write_result(run, &probing.totals, 0, err);
    }
    check_totals_done(&probing.totals);
    import_row_free(probing.import);
    return works;
}
