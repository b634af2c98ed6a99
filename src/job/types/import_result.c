/* job/types/import_result: what an import says when it is done (job/types/import_file.h). */
#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "db/db.h"
#include "job/queue.h"
#include "job/types/import_file.h"
#include "store/import.h"

#define ERRORS_SHOWN 100

/* The errors of one record, up to *room more. */
static bool write_errors(struct json_out *out, const char *detail, size_t *room, struct err *err)
{
    autofree(json) struct json *json = NULL;

    if (!json_parse(span_text(detail), &json, err))
        return false;
    const struct json *errors = json_member(json, "errors");

    for (size_t i = 0; i < json_list_size(errors) && *room > 0; i++, (*room)--)
        json_value(out, NULL, json_list_item(errors, i));
    return true;
}

static bool write_first_errors(struct tx *tx, const struct import_row *import, struct json_out *out,
    struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;
    const struct import_records_request request = { .id = import->id,
        .action = IMPORT_FAILED,
        .limit = ERRORS_SHOWN };
    autodone(import_record_rows) struct import_record_rows rows = { 0 };
    size_t room = ERRORS_SHOWN;

    if (import->problem[0])
        json_raw(out, NULL, span_text(import->problem));
    if (!store_import_records(tx, &system, &request, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++)
        if (!write_errors(out, rows.items[i].detail, &room, err))
            return false;
    return true;
}

bool import_result_write(struct job_run *run, int64_t import_id, struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;
    autofree(tx) struct tx *tx = NULL;
    autofree(import_row) struct import_row *import = NULL;
    struct json_out out;

    if (!tx_begin(run->db, TX_READ, &tx, err) ||
        !store_import_get(tx, &system, import_id, &import, err))
        return false;
    json_out_init(&out, &run->result);
    json_begin_object(&out, NULL);
    json_i64(&out, "import", import->id);
    json_bool(&out, "dry_run", import->is_dry_run);
    json_str(&out, "delimiter", import->delimiter);
    for (int action = 0; action < N_IMPORT_ACTIONS; action++)
        json_i64(&out, import_action_name((enum import_action)action), import->place.n[action]);
    json_begin_array(&out, "errors");
    if (!write_first_errors(tx, import, &out, err))
        return false;
    json_end(&out);
    json_end(&out);
    return json_out_check(&out, err);
}
