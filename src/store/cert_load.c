/* store/cert_load: see the header. */
#include "store/cert_load.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/json.h"
#include "db/kept.h"
#include "store/custom_field.h"
#include "store/kept_text.h"
#include "store/read.h"
#include "store/select.h"
#include "store/version_read.h"

/*
 * What the record keeps of other tables is not asked for there (adr/0008). A life is only looked
 * for where there is one.
 */
#define FROM_RECORD                                                                                \
    "SELECT c.id, c.name, c.description, c.is_imported, c.is_managed, c.owner_id, c.owner_name,"   \
    " c.assignee_id, a.name, c.business_group_id, c.business_group_name, c.required_names,"        \
    " c.notify_periods, c.created_at, c.updated_at, c.row_version, c.version_id, c.begins_at,"     \
    " c.expires_at, c.expiring_at, c.revoked_at, c.notify_at, h.last_checked_at, h.last_error,"    \
    " c.alert, c.record_version_id, c.ca_certificate_id, c.chain_status, c.n_endpoints,"           \
    " c.sealed_key_id, c.tags, c.fields, c.n_resources, k.project, k.number, p.name, s.status,"    \
    " c.version_text"                                                                              \
    "  FROM certificate c"                                                                         \
    "  JOIN certificate_check h ON h.certificate_id = c.id"                                        \
    "  LEFT JOIN account a ON a.id = c.assignee_id"                                                \
    "  LEFT JOIN certificate_life l"                                                               \
    "    ON l.certificate_id = CASE WHEN c.is_managed = TRUE THEN c.id END"                        \
    "  LEFT JOIN profile p ON p.id = l.profile_id"                                                 \
    "  LEFT JOIN ticket s ON s.id = l.ticket_id"                                                   \
    "  LEFT JOIN ticket k ON k.id = (SELECT max(t.id) FROM ticket t"                               \
    "       WHERE t.certificate_id = c.id AND t.resolved_at IS NULL)"                              \
    " WHERE c.id IN ("

/* What the record keeps of its version; NULL stays where there is none, or it was too long. */
static bool read_kept_version(struct stmt *q, int column, struct cert_row *row, struct err *err)
{
    if (!row->version_id || stmt_is_null(q, column))
        return true;
    row->version = xcalloc(1, sizeof *row->version);
    row->version->id = row->version_id;
    return version_text_read(stmt_blob(q, column), row->version) ||
           fail(err, ERR_INTERNAL, "what is kept of a version cannot be read");
}

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
    row->sealed_key_id = stmt_i64(q, 29);
    row->tags = read_text(q, 30);
    row->fields = read_text(q, 31);
    row->n_resources = stmt_i64(q, 32);
    row->resources = xstrdup("");
    if (!stmt_is_null(q, 33))
        row->ticket_key = xasprintf("%s-%" PRId64, stmt_text(q, 33), stmt_i64(q, 34));
    row->profile = read_text_or_null(q, 35);
    row->stage = read_text_or_null(q, 36);
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

static struct stmt *prepare_resources(struct tx *tx, const int64_t *ids, size_t n, int64_t unused)
{
    autodone(select) struct select select = SELECT_INIT;

    (void)unused;
    select_add(&select, "SELECT DISTINCT s.certificate_id, r.name"
                        "  FROM association s JOIN resource r ON r.id = s.resource_id"
                        " WHERE s.certificate_id IN (");
    select_ids(&select, ids, n);
    select_add(&select, ") ORDER BY s.certificate_id, r.name");
    return select_prepare(tx, &select);
}

static bool read_resources(struct stmt *q, struct cert_rows *rows, struct err *err)
{
    while (stmt_next(q)) {
        struct cert_row *row = find_row(rows, 0, stmt_i64(q, 0));

        if (row)
            append(&row->resources, stmt_text(q, 1));
    }
    return stmt_end(q, err);
}

/* Only of those that have any. */
static bool load_resources(struct tx *tx, struct cert_rows *rows, struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };
    autofree(stmt) struct stmt *q = NULL;

    for (size_t i = 0; i < rows->n; i++) {
        if (rows->items[i].n_resources)
            id_list_add(&ids, rows->items[i].id);
    }
    if (ids.n == 0)
        return true;
    q = prepare_resources(tx, ids.items, ids.n, 0);
    return read_resources(q, rows, err);
}

static bool read_versions(struct tx *tx, const struct id_list *ids, struct cert_rows *rows,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select,
        "SELECT c.id, " VERSION_COLUMNS "  FROM certificate c JOIN version v ON v.id = c.version_id"
        " WHERE c.id IN (");
    select_ids(&select, ids->items, ids->n);
    select_add(&select, ")");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        struct cert_row *row = find_row(rows, 0, stmt_i64(q, 0));

        if (!row || row->version)
            continue;
        row->version = xcalloc(1, sizeof *row->version);
        version_read(q, 1, row->version);
    }
    return stmt_end(q, err);
}

/* Those that were too long to be kept with their records. */
static bool load_versions(struct tx *tx, struct cert_rows *rows, struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };

    for (size_t i = 0; i < rows->n; i++) {
        if (rows->items[i].version_id && !rows->items[i].version)
            id_list_add(&ids, rows->items[i].id);
    }
    return ids.n == 0 || read_versions(tx, &ids, rows, err);
}

/* The custom fields that there are, by name. */
struct field {
    int64_t id;
    char *name;
    bool is_number;
};

struct fields {
    struct field items[CUSTOM_FIELDS_MAX];
    size_t n;
};

static void fields_free(struct fields *fields)
{
    if (!fields)
        return;
    for (size_t i = 0; i < fields->n; i++)
        free(fields->items[i].name);
    free(fields);
}
DEFINE_AUTOFREE(fields);

static void release_fields(void *fields)
{
    fields_free(fields);
}

static struct stmt *prepare_fields(struct tx *tx)
{
    return tx_prepare(tx, "SELECT id, name, type FROM custom_field ORDER BY name");
}

/* What was asked ahead is read in any case: a failure would be told by nobody. */
static bool read_fields(struct cert_loading *loading, struct fields *fields, struct err *err)
{
    autofree(stmt) struct stmt *q = take(&loading->fields);

    if (!q)
        q = prepare_fields(loading->tx);
    while (stmt_next(q) && fields->n < CUSTOM_FIELDS_MAX)
        fields->items[fields->n++] = (struct field){ stmt_i64(q, 0), read_text(q, 1),
            strcmp(stmt_text(q, 2), "number") == 0 };
    return stmt_end(q, err);
}

/* Read anew only after a change. The transaction's. */
static bool find_fields(struct cert_loading *loading, const struct fields **ret, struct err *err)
{
    static const char key;
    struct tx *const tx = loading->tx;
    autofree(fields) struct fields *fields = NULL;
    void *kept = NULL;

    if (!kept_find(tx, &key, &kept, err))
        return false;
    if (!kept || loading->fields) {
        fields = xcalloc(1, sizeof *fields);
        if (!read_fields(loading, fields, err))
            return false;
    }
    if (!kept) {
        kept = take(&fields);
        kept_add(tx, &key, kept, release_fields);
    }
    *ret = kept;
    return true;
}

/* A record's values, each at the place of its field; those of fields that are gone are left out. */
static void place_values(const struct fields *fields, const char *text,
    struct span values[static CUSTOM_FIELDS_MAX])
{
    struct span rest = span_text(text);
    struct span value;
    int64_t id;

    while (field_text_next(&rest, &id, &value)) {
        for (size_t i = 0; i < fields->n; i++) {
            if (fields->items[i].id == id)
                values[i] = value;
        }
    }
}

/* As kept, to JSON. A number was made one when it was stored: JSON as it is. */
static void write_fields(const struct fields *fields, struct buf *buf, struct cert_row *row)
{
    struct span values[CUSTOM_FIELDS_MAX] = { 0 };
    struct json_out out;

    place_values(fields, row->fields, values);
    buf_clear(buf);
    json_out_init(&out, buf);
    json_begin_object(&out, NULL);
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *const field = &fields->items[i];

        if (values[i].size && field->is_number)
            json_raw(&out, field->name, values[i]);
        else if (values[i].size)
            json_str_span(&out, field->name, values[i]);
    }
    json_end(&out);
    str_set(&row->fields, buf_text(buf));
}

static bool load_fields(struct cert_loading *loading, struct cert_rows *rows, struct err *err)
{
    autodone(buf) struct buf buf = BUF_INIT(JSON_MAX_BYTES);
    const struct fields *fields = NULL;
    bool has_any = false;

    for (size_t i = 0; i < rows->n; i++)
        has_any = has_any || rows->items[i].fields[0];
    if ((has_any || loading->fields) && !find_fields(loading, &fields, err))
        return false;
    for (size_t i = 0; i < rows->n; i++)
        if (rows->items[i].fields[0])
            write_fields(fields, &buf, &rows->items[i]);
        else
            str_set(&rows->items[i].fields, "{}");
    return true;
}

static struct stmt *prepare_records(struct tx *tx, const int64_t *ids, size_t n, int64_t unused)
{
    autodone(select) struct select select = SELECT_INIT;

    (void)unused;
    select_add(&select, FROM_RECORD);
    select_ids(&select, ids, n);
    select_add(&select, ")");
    return select_prepare(tx, &select);
}

static bool read_records(struct stmt *q, struct cert_rows *rows, struct err *err)
{
    while (stmt_next(q)) {
        struct cert_row *row = cert_rows_add(rows);

        read_row(q, row);
        if (!read_kept_version(q, 37, row, err))
            return false;
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

void cert_load_ask(struct cert_loading *loading, struct tx *tx, const int64_t *ids, size_t n)
{
    loading->tx = tx;
    loading->asks_ahead = db_is_postgres(tx_db(tx));
    asked_begin(&loading->records, tx, prepare_records, 0, ids, n);
    /* Something has resources or fields on nearly every page, and asking in vain costs less than
     * waiting. */
    if (loading->asks_ahead) {
        asked_begin(&loading->resources, tx, prepare_resources, 0, ids, n);
        loading->fields = prepare_fields(tx);
        stmt_ask(loading->fields);
    }
}

static bool load_some(struct cert_loading *loading, struct stmt *q, const int64_t *ids, size_t n,
    struct cert_rows *rows, struct err *err)
{
    autodone(cert_rows) struct cert_rows found = { 0 };

    if (!read_records(q, &found, err) || !load_versions(loading->tx, &found, err) ||
        !(loading->asks_ahead ? read_resources(asked_next(&loading->resources), &found, err)
                              : load_resources(loading->tx, &found, err)) ||
        !load_fields(loading, &found, err))
        return err_wrap(err, "could not read the records");
    put_in_order(ids, n, &found);
    for (size_t i = 0; i < found.n; i++)
        *cert_rows_add(rows) = found.items[i];
    found.n = 0;
    return true;
}

bool cert_load_read(struct cert_loading *loading, struct cert_rows *rows, struct err *err)
{
    const struct asked *const records = &loading->records;
    struct stmt *q;

    for (size_t i = 0; (q = asked_next(&loading->records)); i += SELECT_IDS_MAX) {
        const size_t rest = records->n - i;

        if (!load_some(loading, q, records->ids + i, rest < SELECT_IDS_MAX ? rest : SELECT_IDS_MAX,
                rows, err))
            return false;
    }
    return true;
}

bool cert_load_read_one(struct cert_loading *loading, struct cert_row **ret, struct err *err)
{
    const int64_t id = loading->records.ids[0];
    autodone(cert_rows) struct cert_rows rows = { 0 };

    if (!cert_load_read(loading, &rows, err))
        return false;
    if (rows.n == 0)
        return fail(err, ERR_NOT_FOUND, "there is no certificate %" PRId64, id);
    *ret = xmalloc(sizeof **ret);
    **ret = rows.items[0];
    rows.n = 0;
    return true;
}

void cert_loading_done(struct cert_loading *loading)
{
    asked_done(&loading->records);
    asked_done(&loading->resources);
    stmt_free(take(&loading->fields));
}

bool cert_load(struct tx *tx, const int64_t *ids, size_t n, struct cert_rows *rows, struct err *err)
{
    autodone(cert_loading) struct cert_loading loading = { 0 };

    cert_load_ask(&loading, tx, ids, n);
    return cert_load_read(&loading, rows, err);
}
