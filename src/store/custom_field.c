/* store/custom_field: see the header. */
#include "store/custom_field.h"

#include "base/alloc.h"
#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "db/many.h"
#include "store/cert_marks.h"
#include "store/kept_text.h"
#include "store/read.h"

#define COLUMNS "f.id, f.name, f.label, f.type, f.choices, f.is_required, f.row_version"

static bool read_row(struct stmt *q, struct custom_field_row *row)
{
    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->label = read_text(q, 2);
    row->choices = read_text(q, 4);
    row->is_required = stmt_bool(q, 5);
    row->row_version = stmt_i64(q, 6);
    return field_type_from_name(stmt_text(q, 3), &row->type);
}

static struct stmt *prepare_list(struct tx *tx, const struct store_viewer *viewer)
{
    struct stmt *q;

    if (!viewer)
        return tx_prepare(tx, "SELECT " COLUMNS ", 0 FROM custom_field f ORDER BY f.label, f.name");
    if (viewer->sees_all)
        return tx_prepare(tx, "SELECT " COLUMNS ", (SELECT count(*) FROM certificate_field v"
                              " WHERE v.field_id = f.id) FROM custom_field f"
                              " ORDER BY f.label, f.name");
    q = tx_prepare(tx, "SELECT " COLUMNS ", (SELECT count(*) FROM certificate_field v"
                       " WHERE v.field_id = f.id AND v.certificate_id IN (" ACCESSIBLE(
                           "$1") ")) FROM custom_field f ORDER BY f.label, f.name");
    stmt_bind_i64(q, 1, viewer->account_id);
    return q;
}

bool store_custom_fields(struct tx *tx, const struct store_viewer *viewer,
    struct custom_field_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = prepare_list(tx, viewer);

    while (stmt_next(q)) {
        struct custom_field_row *row = custom_field_rows_add(rows);

        ASSERT(read_row(q, row));
        row->n_used = stmt_i64(q, 7);
    }
    return stmt_end(q, err);
}

bool store_custom_field_get(struct tx *tx, const char *name, struct custom_field_row **ret,
    struct err *err)
{
    autofree(custom_field_row) struct custom_field_row *row = NULL;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " COLUMNS " FROM custom_field f WHERE f.name = $1");

    stmt_bind_text(q, 1, name);
    while (stmt_next(q)) {
        row = xcalloc(1, sizeof *row);
        ASSERT(read_row(q, row));
    }
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no custom field \"%s\"", name);
    *ret = take(&row);
    return true;
}

bool store_custom_field_add(struct tx *tx, struct custom_field_row *row, struct err *err)
{
    int64_t n = 0;
    int64_t id = 0;
    autofree(stmt) struct stmt *count = tx_prepare(tx, "SELECT count(*) FROM custom_field");
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO custom_field(name, label, type, choices, is_required)"
                       " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING RETURNING id");

    if (!read_number(count, &n, err))
        return false;
    if (n >= CUSTOM_FIELDS_MAX)
        return fail(err, ERR_LIMIT, "there are %d custom fields already", CUSTOM_FIELDS_MAX);
    stmt_bind_text(q, 1, row->name);
    stmt_bind_text(q, 2, row->label);
    stmt_bind_text(q, 3, field_type_name(row->type));
    stmt_bind_text(q, 4, row->choices);
    stmt_bind_bool(q, 5, row->is_required);
    if (!read_number(q, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_CONFLICT, "there is a custom field \"%s\" already", row->name);
    row->id = id;
    row->row_version = 1;
    return true;
}

static bool has_choice(const struct json *choices, const char *value)
{
    for (size_t i = 0; i < json_list_size(choices); i++) {
        const char *choice = json_as_text(json_list_item(choices, i));

        if (choice && strcmp(choice, value) == 0)
            return true;
    }
    return false;
}

static bool check_choices(struct tx *tx, const struct custom_field_row *row, struct err *err)
{
    autofree(json) struct json *choices = NULL;
    autofree(str) char *missing = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT DISTINCT value FROM certificate_field WHERE field_id = $1 ORDER BY value");

    if (row->type != FIELD_CHOICE)
        return true;
    if (!json_parse(span_text(row->choices), &choices, err))
        return false;
    stmt_bind_i64(q, 1, row->id);
    while (stmt_next(q)) {
        if (!missing && !has_choice(choices, stmt_text(q, 0)))
            missing = read_text(q, 0);
    }
    if (!stmt_end(q, err))
        return false;
    return !missing || fail(err, ERR_CONFLICT, "there are certificates whose \"%s\" is \"%s\"",
                           row->name, missing);
}

bool store_custom_field_save(struct tx *tx, struct custom_field_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE custom_field SET label = $3, choices = $4, is_required = $5,"
                       " row_version = row_version + 1 WHERE id = $1 AND row_version = $2");

    if (!check_choices(tx, row, err))
        return false;
    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    stmt_bind_text(q, 3, row->label);
    stmt_bind_text(q, 4, row->choices);
    stmt_bind_bool(q, 5, row->is_required);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail_stale(err, "custom field");
    row->row_version++;
    return true;
}

bool store_custom_field_delete(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM custom_field WHERE id = $1");

    stmt_bind_i64(q, 1, id);
    return stmt_run(q, err);
}

bool store_custom_field_count(struct tx *tx, int64_t id, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT count(*) FROM certificate_field WHERE field_id = $1");

    stmt_bind_i64(q, 1, id);
    return read_number(q, ret, err);
}

#define INTO_FIELDS                                                                                \
    "INSERT INTO certificate_field(certificate_id, field_id, value, expires_at, holders)"

/* Nothing was seen yet of a record that is being made. */
static const struct many_sql values_of_new = { INTO_FIELDS, "iiti", "$1, $2, $3, NULL, $4", "" };

static const struct many_sql values_of_known = { INTO_FIELDS, "iit",
    "$1, $2, $3, (SELECT c.expires_at FROM certificate c WHERE c.id = $1),"
    " (SELECT c.holders FROM certificate c WHERE c.id = $1)",
    "" };

struct many *custom_field_prepare(struct tx *tx)
{
    return tx_prepare_many(tx, &values_of_new);
}

static void add_value(struct many *rows, int64_t certificate_id,
    const struct custom_field_value *value)
{
    many_i64(rows, certificate_id);
    many_i64(rows, value->field_id);
    many_text(rows, value->value);
}

void custom_field_add(struct many *rows, int64_t certificate_id, int64_t holders,
    const struct custom_field_value *value)
{
    add_value(rows, certificate_id, value);
    many_i64(rows, holders);
}

static bool forget(struct tx *tx, int64_t certificate_id, int64_t field_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM certificate_field WHERE certificate_id = $1 AND field_id = $2");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, field_id);
    return stmt_run(q, err);
}

/* Until the transaction ends nobody else changes what is kept on the record. */
static bool lock_record(struct tx *tx, int64_t certificate_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare_locking(tx, "SELECT id FROM certificate WHERE id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    return stmt_run(q, err);
}

/* The record's column `fields` again, from its values. */
static bool keep_fields(struct tx *tx, int64_t certificate_id, struct err *err)
{
    autodone(buf) struct buf fields = BUF_INIT(FIELD_TEXT_MAX);
    autofree(stmt) struct stmt *values =
        tx_prepare(tx, "SELECT field_id, value FROM certificate_field WHERE certificate_id = $1"
                       " ORDER BY field_id");
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET fields = $2 WHERE id = $1");

    stmt_bind_i64(values, 1, certificate_id);
    while (stmt_next(values))
        field_text_add(&fields, stmt_i64(values, 0), stmt_text(values, 1));
    if (!stmt_end(values, err))
        return false;
    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_text(q, 2, buf_text(&fields));
    return stmt_run(q, err);
}

bool store_custom_field_put(struct tx *tx, int64_t certificate_id, int64_t field_id,
    const char *value, struct err *err)
{
    const struct custom_field_value now = { field_id, value };
    autofree(many) struct many *rows = tx_prepare_many(tx, &values_of_known);

    if (!lock_record(tx, certificate_id, err) || !forget(tx, certificate_id, field_id, err))
        return false;
    if (*value)
        add_value(rows, certificate_id, &now);
    return many_run(rows, err) && keep_fields(tx, certificate_id, err) &&
           cert_marks_write_labels(tx, certificate_id, err);
}

bool store_custom_field_value(struct tx *tx, int64_t certificate_id, int64_t field_id, char **ret,
    struct err *err)
{
    autofree(str) char *value = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT value FROM certificate_field WHERE certificate_id = $1 AND field_id = $2");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, field_id);
    while (stmt_next(q))
        value = read_text(q, 0);
    if (!stmt_end(q, err))
        return false;
    *ret = take(&value);
    return true;
}
