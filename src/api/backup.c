/* api/backup: a backup, as the file that is sent; and the standby of a server that was restored. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/tables.h"
#include "backup/backup.h"
#include "base/err.h"
#include "base/fs.h"
#include "db/db.h"
#include "job/types/audit_key.h"
#include "job/types/types.h"
#include "store/job.h"
#include "store/sealed_key.h"
#include "store/standby.h"

/* Written down before it is sent: who has a copy of everything is to be known. */
static bool audit_backup(struct api_call *call, const struct backup_result *result, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    char after[160];

    (void)snprintf(after, sizeof after,
        "{\"bytes\":%" PRId64 ",\"rows\":%" PRId64 ",\"keys\":%" PRId64 "}", result->size,
        result->counts.n_rows, result->counts.n_keys);
    if (!tx_begin(call->db, TX_WRITE, &tx, err))
        return false;
    call->tx = tx;
    bool works = api_audit(call, "backup.create", 0, call->filename, NULL, after, err);

    call->tx = NULL;
    return works && tx_commit(take(&tx), err);
}

static bool create_backup(struct api_call *call, struct err *err)
{
    const struct backup_order order = { .db = call->db,
        .vault = call->services->vault,
        .tmp_dir = call->services->tmp_dir,
        .node = call->services->node,
        .now = call->now };
    autodone(sealed_key_row) struct sealed_key_row signer;
    struct backup_result result = { .fd = -1 };
    time_t at = (time_t)call->now;
    struct tm tm;

    sealed_key_row_init(&signer); /* a server that was just started has none yet */
    if (!audit_key_get(call->db, call->services->vault, call->now, &signer, err) ||
        !backup_write(&order, &result, err))
        return false;
    call->reply_fd = result.fd;
    call->reply_size = result.size;
    call->media_type = "application/octet-stream";
    if (gmtime_r(&at, &tm))
        (void)strftime(call->filename, sizeof call->filename, "certdesk-%Y%m%dT%H%M%SZ.backup",
            &tm);
    return audit_backup(call, &result, err);
}

static bool write_standby(struct api_call *call, struct err *err)
{
    struct standby standby;

    if (!store_standby_get(call->tx, &standby, err))
        return false;
    json_bool(&call->reply, "standby", standby.is_on);
    json_time_or_null(&call->reply, "since", standby.since);
    json_str(&call->reply, "reason", standby.is_on ? standby.reason : NULL);
    return true;
}

/* What waited for the end of the standby does not wait for its next look at it. */
static bool hurry_outside(struct api_call *call, struct err *err)
{
    for (const struct job_type *type = job_types; type->name; type++)
        if (type->acts_outside && !store_job_hurry_type(call->tx, type->name, call->now, err))
            return false;
    return true;
}

static bool standby_end(struct api_call *call, struct err *err)
{
    struct standby before;

    if (!store_standby_get(call->tx, &before, err))
        return false;
    if (!before.is_on)
        return write_standby(call, err);
    call->wakes_jobs = true;
    return store_standby_end(call->tx, err) && hurry_outside(call, err) &&
           api_audit(call, "standby.end", 0, "", before.reason, NULL, err) &&
           write_standby(call, err);
}

const struct api_route backup_routes[] = {
    { "POST", "/backup", ROLE_ADMIN, API_WRITES | API_NO_TX | API_BODY_NONE | API_REPLY_RAW,
        create_backup, 0 },
    { "GET", "/standby", ROLE_USER, API_READS, write_standby, 0 },
    { "POST", "/standby/end", ROLE_ADMIN, API_WRITES | API_BODY_NONE, standby_end, 0 },
    { 0 },
};
