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

/* So many records are told of in one transaction: others who open tickets wait for its end. */
#define TOGETHER 20

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
    struct id_list ids; /* borrowed */
    int64_t n_told;
};

static bool tell(struct tx *tx, void *arg, struct err *err)
{
    struct telling *t = arg;

    t->n_told = 0;
    return told_expiry(tx, &t->ids, t->settings, t->run->now, &t->n_told, err);
}

static bool delay(struct tx *tx, void *arg, struct err *err)
{
    const struct telling *t = arg;

    return store_cert_set_notify_at(tx, t->ids.items[0], t->run->now + 3600, err);
}

/* A record that fails by itself is put off, so that it is not found again in this run. */
static bool tell_one(struct telling *t, int64_t *told, int64_t *failed, struct err *err)
{
    struct err cause = { 0 };

    if (tx_run(t->run->db, TX_WRITE, tell, t, &cause)) {
        *told += t->n_told;
        return true;
    }
    if (cause.kind == ERR_UNAVAILABLE) {
        *err = cause;
        return false;
    }
    log_error("notify.failed", KV_I64("certificate", t->ids.items[0]), KV_ERR(&cause));
    (*failed)++;
    return tx_run(t->run->db, TX_WRITE, delay, t, err);
}

/* Some in one transaction; where that fails, each in its own, so that a broken record does not keep
 * the others from being told. */
static bool tell_some(struct telling *t, int64_t *told, int64_t *failed, struct err *err)
{
    struct telling one = { .run = t->run, .settings = t->settings };
    struct err cause = { 0 };

    if (t->ids.n > 1 && tx_run(t->run->db, TX_WRITE, tell, t, &cause)) {
        *told += t->n_told;
        return true;
    }
    for (size_t i = 0; i < t->ids.n; i++) {
        one.ids = (struct id_list){ .items = &t->ids.items[i], .n = 1 };
        if (!tell_one(&one, told, failed, err))
            return false;
    }
    return true;
}

static bool tell_batch(struct job_run *run, const struct id_list *ids,
    const struct notification_settings *settings, int64_t *told, int64_t *failed, struct err *err)
{
    for (size_t i = 0; i < ids->n; i += TOGETHER) {
        struct telling t = { .run = run, .settings = settings };

        t.ids = (struct id_list){ .items = ids->items + i,
            .n = ids->n - i < TOGETHER ? ids->n - i : TOGETHER };
        if (!tell_some(&t, told, failed, err))
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
