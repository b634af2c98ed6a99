/* job/types/import_outcome: what an import says of one record (job/types/import_plan.h). */
#include "base/err.h"
#include "codec/json.h"
#include "job/types/import_plan.h"

static void write_errors(const struct import_record *record, struct buf *detail)
{
    struct json_out out;

    json_out_init(&out, detail);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "errors");
    for (size_t i = 0; i < record->n_errors; i++) {
        json_begin_object(&out, NULL);
        json_i64(&out, "line", record->errors[i].line);
        json_str(&out, "column", record->errors[i].column[0] ? record->errors[i].column : NULL);
        json_str(&out, "message", record->errors[i].message);
        json_end(&out);
    }
    json_end(&out);
    json_end(&out);
}

static void write_lines(const struct import_record *record, struct buf *lines)
{
    struct json_out out;

    json_out_init(&out, lines);
    json_begin_array(&out, NULL);
    for (size_t i = 0; i < record->lines.n; i++)
        json_i64(&out, NULL, record->lines.items[i]);
    json_end(&out);
}

bool import_plan_outcome(const struct import_record *record, struct import_plan *plan, int64_t id,
    struct import_record_row *ret, struct err *err)
{
    autodone(buf) struct buf lines = BUF_INIT(1U << 20);

    *ret = (struct import_record_row){ .line = record->line,
        .action = plan->action,
        .name = plan->name,
        .certificate_id = id };
    if (plan->action == IMPORT_FAILED) {
        buf_clear(&plan->detail);
        write_errors(record, &plan->detail);
        ret->cells = (char *)record->cells.data;
    }
    ret->detail = (char *)plan->detail.data;
    if (record->lines.n > 1)
        write_lines(record, &lines);
    if (!buf_check(&lines, "list of lines", err) ||
        !buf_check(&plan->detail, "list of changes", err))
        return false;
    if (lines.size)
        ret->lines = buf_take_text(&lines);
    return true;
}
