/* store/cert_load: see the header. */
#include "store/cert_load.h"

#include "base/err.h"
#include "codec/json.h"
#include "store/read.h"
#include "store/select.h"
#include "store/version_read.h"

#define N_COLUMNS 35

#define FROM_RECORD                                                                                \
    "SELECT c.id, c.name, c.description, c.is_imported, c.is_managed, c.owner_id, o.name,"         \
    " c.assignee_id, a.name, c.business_group_id, g.name, c.required_names, c.notify_periods,"     \
    " c.created_at, c.updated_at, c.row_version, c.version_id, c.begins_at, c.expires_at,"         \
    " c.expiring_at, c.revoked_at, c.notify_at, h.last_checked_at, h.last_error, c.alert,"         \
    " r.id, r.ca_certificate_id, r.chain_status,"                                                  \
    " (SELECT count(*) FROM certificate_endpoint e WHERE e.certificate_id = c.id),"                \
    " k.id, k.project, k.number, r.sealed_key_id, p.name, s.status, " VERSION_COLUMNS              \
    "  FROM certificate c"                                                                         \
    "  JOIN certificate_check h ON h.certificate_id = c.id"                                        \
    "  JOIN account o ON o.id = c.owner_id"                                                        \
    "  LEFT JOIN account a ON a.id = c.assignee_id"                                                \
    "  LEFT JOIN business_group g ON g.id = c.business_group_id"                                   \
    "  LEFT JOIN version v ON v.id = c.version_id"                                                 \
    "  LEFT JOIN record_version r ON r.certificate_id = c.id AND r.version_id = c.version_id"      \
    "  LEFT JOIN certificate_life l ON l.certificate_id = c.id"                                    \
    "  LEFT JOIN profile p ON p.id = l.profile_id"                                                 \
    "  LEFT JOIN ticket s ON s.id = l.ticket_id"                                                   \
    "  LEFT JOIN ticket k ON k.id = (SELECT max(t.id) FROM ticket t"                               \
    "       WHERE t.certificate_id = c.id AND t.resolved_at IS NULL)"                              \
    " WHERE c.id IN ("

static void read_row(struct stmt *q, struct cert_row *row)
{
    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->description = read_text(q, 2);
    row->is_imported = stmt_bool(q, 3);
    row->is_managed = stmt_bool(q, 4);
    row->owner_id = stmt_i64(q, 5);
    row->owner = read_text(q, 6);
    row->assignee_id = stmt_i64(q, 7);
    row->assignee = read_text_or_null(q, 8);
    row->business_group_id = stmt_i64(q, 9);
    row->business_group = read_text_or_null(q, 10);
    row->required_names = read_text_or_null(q, 11);
    row->notify_periods = read_text_or_null(q, 12);
    row->created_at = stmt_i64(q, 13);
    row->updated_at = stmt_i64(q, 14);
    row->row_version = stmt_i64(q, 15);
    row->version_id = stmt_i64(q, 16);
    row->begins_at = stmt_i64(q, 17);
    row->expires_at = stmt_i64(q, 18);
    row->expiring_at = stmt_i64(q, 19);
    row->revoked_at = stmt_i64(q, 20);
    row->notify_at = stmt_i64(q, 21);
    row->last_checked_at = stmt_i64(q, 22);
    row->last_error = read_text(q, 23);
    row->alert = read_text(q, 24);
    row->record_version_id = stmt_i64(q, 25);
    row->ca_certificate_id = read_text_or_null(q, 26);
    row->chain_status = read_text(q, 27);
    row->n_endpoints = stmt_i64(q, 28);
    if (!stmt_is_null(q, 29))
        row->ticket_key = xasprintf("%s-%" PRId64, stmt_text(q, 30), stmt_i64(q, 31));
    row->sealed_key_id = stmt_i64(q, 32);
    row->profile = read_text_or_null(q, 33);
    row->stage = read_text_or_null(q, 34);
    if (row->version_id) {
        row->version = xcalloc(1, sizeof *row->version);
        version_read(q, N_COLUMNS, row->version);
    }
}

static struct cert_row *find_row(struct cert_rows *rows, size_t from, int64_t id)
{
    for (size_t i = from; i < rows->n; i++) {
        if (rows->items[i].id == id)
            return &rows->items[i];
    }
    return NULL;
}

/* Append "name" to a list separated by ";". */
static void append(char **list, const char *name)
{
    char *longer = **list ? xasprintf("%s;%s", *list, name) : xstrdup(name);

    free(*list);
    *list = longer;
}

static bool load_tags(struct tx *tx, const int64_t *ids, size_t n, struct cert_rows *rows,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select,
        "SELECT certificate_id, tag FROM certificate_tag WHERE certificate_id IN (");
    select_ids(&select, ids, n);
    select_add(&select, ") ORDER BY certificate_id, tag");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        struct cert_row *row = find_row(rows, 0, stmt_i64(q, 0));

        if (row)
            append(&row->tags, stmt_text(q, 1));
    }
    return stmt_end(q, err);
}

static bool load_resources(struct tx *tx, const int64_t *ids, size_t n, struct cert_rows *rows,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT DISTINCT s.certificate_id, r.name"
                        "  FROM association s JOIN resource r ON r.id = s.resource_id"
                        " WHERE s.certificate_id IN (");
    select_ids(&select, ids, n);
    select_add(&select, ") ORDER BY s.certificate_id, r.name");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        struct cert_row *row = find_row(rows, 0, stmt_i64(q, 0));

        if (row)
            append(&row->resources, stmt_text(q, 1));
    }
    return stmt_end(q, err);
}

struct field_writer {
    struct cert_row *row; /* whose fields are being written; NULL: nobody's yet */
    struct buf buf;
    struct json_out out;
};

static void end_fields(struct field_writer *writer)
{
    if (!writer->row)
        return;
    json_end(&writer->out);
    str_set(&writer->row->fields, buf_text(&writer->buf));
    buf_clear(&writer->buf);
    writer->row = NULL;
}

static void begin_fields(struct field_writer *writer, struct cert_row *row)
{
    if (writer->row == row)
        return;
    end_fields(writer);
    writer->row = row;
    json_out_init(&writer->out, &writer->buf);
    json_begin_object(&writer->out, NULL);
}

/* A number was made one when it was stored: JSON as it is. */
static bool load_fields(struct tx *tx, const int64_t *ids, size_t n, struct cert_rows *rows,
    struct err *err)
{
    struct field_writer writer = { .buf = BUF_INIT(JSON_MAX_BYTES) };
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT v.certificate_id, f.name, f.type, v.value"
                        "  FROM certificate_field v JOIN custom_field f ON f.id = v.field_id"
                        " WHERE v.certificate_id IN (");
    select_ids(&select, ids, n);
    select_add(&select, ") ORDER BY v.certificate_id, f.name");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        struct cert_row *row = find_row(rows, 0, stmt_i64(q, 0));
        autofree(str) char *name = read_text(q, 1);
        bool is_number = strcmp(stmt_text(q, 2), "number") == 0;

        if (!row)
            continue;
        begin_fields(&writer, row);
        if (is_number)
            json_raw(&writer.out, name, span_text(stmt_text(q, 3)));
        else
            json_str(&writer.out, name, stmt_text(q, 3));
    }
    end_fields(&writer);
    buf_done(&writer.buf);
    return stmt_end(q, err);
}

static bool load_records(struct tx *tx, const int64_t *ids, size_t n, struct cert_rows *rows,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, FROM_RECORD);
    select_ids(&select, ids, n);
    select_add(&select, ")");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        struct cert_row *row = cert_rows_add(rows);

        read_row(q, row);
        row->tags = xstrdup("");
        row->resources = xstrdup("");
        row->fields = xstrdup("{}");
    }
    return stmt_end(q, err);
}

/* Databases give rows in any order: swap each into the place of its id. */
static void put_in_order(const int64_t *ids, size_t n, struct cert_rows *rows)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        struct cert_row *row = find_row(rows, at, ids[i]);
        struct cert_row moved;

        if (!row)
            continue;
        moved = rows->items[at];
        rows->items[at++] = *row;
        *row = moved;
    }
}

static bool load_some(struct tx *tx, const int64_t *ids, size_t n, struct cert_rows *rows,
    struct err *err)
{
    autodone(cert_rows) struct cert_rows found = { 0 };

    if (!load_records(tx, ids, n, &found, err) || !load_tags(tx, ids, n, &found, err) ||
        !load_resources(tx, ids, n, &found, err) || !load_fields(tx, ids, n, &found, err))
        return err_wrap(err, "could not read the records");
    put_in_order(ids, n, &found);
    for (size_t i = 0; i < found.n; i++)
        *cert_rows_add(rows) = found.items[i];
    found.n = 0;
    return true;
}

bool cert_load(struct tx *tx, const int64_t *ids, size_t n, struct cert_rows *rows, struct err *err)
{
    for (size_t i = 0; i < n; i += SELECT_IDS_MAX) {
        size_t n_now = n - i < SELECT_IDS_MAX ? n - i : SELECT_IDS_MAX;

        if (!load_some(tx, ids + i, n_now, rows, err))
            return false;
    }
    return true;
}
