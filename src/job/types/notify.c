/* job/notify: the renewal scan: records for which a notification period has passed. */
#include "base/err.h"
#include "base/log.h"
#include "codec/json.h"
#include "db/db.h"
#include "job/types/types.h"
#include "monitor/told.h"
#include "notify/notifier.h"
#include "notify/outbox.h"
#include "store/cert_refresh.h"
#include "store/settings.h"

#define BATCH 200

static bool read_batch(struct job_run *run, struct notification_settings *settings,
    struct id_list *ids, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_READ, &tx, err) &&
           store_notification_settings(tx, settings, NULL, err) &&
           store_cert_ids_to_notify(tx, run->now, BATCH, ids, err);
}

/* What the scan has put down for each recipient goes out as one message to each. */
static bool send_digests(struct job_run *run, struct outbox_made *made, struct err *err)
{
    struct outbox outbox =
        outbox_begin(run->db, run->services->notifier, run->services->vault, run->now);

    if (!outbox_bundle(&outbox, EVENT_EXPIRY, made, err))
        return false;
    if (made->n_messages > 0)
        job_runner_kick(run->services->runner);
    return true;
}

struct telling {
    struct job_run *run;
    const struct notification_settings *settings;
    int64_t id;
    int64_t n_told;
};

static bool tell(struct tx *tx, void *arg, struct err *err)
{
    struct telling *t = arg;

    t->n_told = 0;
    return told_expiry(tx, t->id, t->settings, t->run->now, &t->n_told, err);
}

/* One record, one transaction: a broken one does not keep the others from being told. */
static bool tell_one(struct job_run *run, int64_t id, const struct notification_settings *settings,
    int64_t *told, struct err *err)
{
    struct telling t = { run, settings, id, 0 };

    if (!tx_run(run->db, TX_WRITE, tell, &t, err))
        return false;
    *told += t.n_told;
    return true;
}

static bool delay(struct tx *tx, void *arg, struct err *err)
{
    const struct telling *t = arg;

    return store_cert_set_notify_at(tx, t->id, t->run->now + 3600, err);
}

/* So that a record that fails is not found again in this run. */
static bool put_off(struct job_run *run, int64_t id, struct err *err)
{
    struct telling t = { run, NULL, id, 0 };

    return tx_run(run->db, TX_WRITE, delay, &t, err);
}

static bool tell_batch(struct job_run *run, const struct id_list *ids,
    const struct notification_settings *settings, int64_t *told, int64_t *failed, struct err *err)
{
    for (size_t i = 0; i < ids->n; i++) {
        struct err cause = { 0 };

        if (tell_one(run, ids->items[i], settings, told, &cause))
            continue;
        if (cause.kind == ERR_UNAVAILABLE) {
            *err = cause;
            return false;
        }
        log_error("notify.failed", KV_I64("certificate", ids->items[i]), KV_ERR(&cause));
        (*failed)++;
        if (!put_off(run, ids->items[i], err))
            return false;
    }
    return true;
}

bool job_notify_run(struct job_run *run, struct err *err)
{
    struct json_out out;
    int64_t looked = 0;
    int64_t told = 0;
    int64_t failed = 0;
    struct outbox_made made = { 0 };

    for (;;) {
        autodone(id_list) struct id_list ids = { 0 };
        struct notification_settings settings;

        if (!read_batch(run, &settings, &ids, err))
            return false;
        if (ids.n == 0)
            break;
        settings.has_email = settings.has_email && notifier_has_mail(run->services->notifier);
        if (!tell_batch(run, &ids, &settings, &told, &failed, err))
            return false;
        looked += (int64_t)ids.n;
        if (!job_run_progress(run, looked, looked, err))
            return false;
    }
    if (!send_digests(run, &made, err))
        return false;
    json_out_init(&out, &run->result);
    json_begin_object(&out, NULL);
    json_i64(&out, "looked_at", looked);
    json_i64(&out, "told", told);
    json_i64(&out, "failed", failed);
    json_i64(&out, "messages", made.n_messages);
    json_i64(&out, "without_address", made.n_without_address);
    json_end(&out);
    return json_out_check(&out, err);
}
