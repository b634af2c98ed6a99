/* store/cert_sheet: see the header. */
#include "store/cert_sheet.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "store/read.h"
#include "store/select.h"

/* The last id is repeated up to one of two numbers, so that there are two statements to keep. */
static void add_ids(struct select *select, const int64_t *ids, size_t n)
{
    const size_t n_padded = n == 1 ? 1 : CERT_SHEET_MAX;

    for (size_t i = 0; i < n_padded; i++) {
        if (i)
            select_add(select, ", ");
        select_i64(select, ids[i < n ? i : n - 1]);
    }
    select_add(select, ")");
}

static void read_record(struct stmt *q, struct cert_sheet_row *row)
{
    struct cert_row *cert = &row->cert;
    const struct span sha256 = stmt_blob(q, 16);

    cert->id = stmt_i64(q, 0);
    cert->name = read_text(q, 1);
    cert->description = read_text(q, 2);
    cert->is_imported = stmt_bool(q, 3);
    cert->is_managed = stmt_bool(q, 4);
    cert->owner = read_text_or_null(q, 5);
    cert->assignee = read_text_or_null(q, 6);
    cert->business_group = read_text_or_null(q, 7);
    cert->version_id = stmt_i64(q, 8);
    cert->begins_at = stmt_i64(q, 9);
    cert->expires_at = stmt_i64(q, 10);
    cert->expiring_at = stmt_i64(q, 11);
    cert->revoked_at = stmt_i64(q, 12);
    cert->last_checked_at = stmt_i64(q, 13);
    cert->last_error = read_text(q, 14);
    row->serial = read_text_or_null(q, 15);
    if (sha256.size == sizeof row->sha256)
        memcpy(row->sha256, sha256.data, sizeof row->sha256);
    row->sans = read_text_or_null(q, 17);
    row->issuer = read_text(q, 18);
}

static bool read_records(struct tx *tx, const int64_t *ids, size_t n, struct cert_sheet *sheet,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select,
        "SELECT c.id, c.name, c.description, c.is_imported, c.is_managed, c.owner_name, a.name,"
        " c.business_group_name, c.version_id, c.begins_at, c.expires_at, c.expiring_at,"
        " c.revoked_at, k.last_checked_at, k.last_error, v.serial, v.sha256, v.sans, c.issuer"
        "  FROM certificate c"
        "  LEFT JOIN certificate_check k ON k.certificate_id = c.id"
        "  LEFT JOIN account a ON a.id = c.assignee_id"
        "  LEFT JOIN version v ON v.id = c.version_id WHERE c.id IN (");
    add_ids(&select, ids, n);
    select_add(&select, " ORDER BY c.id");
    q = select_prepare(tx, &select);
    while (stmt_next(q) && sheet->n < n)
        read_record(q, &sheet->rows[sheet->n++]);
    return stmt_end(q, err);
}

static struct cert_sheet_row *find_row(struct cert_sheet *sheet, int64_t id)
{
    size_t low = 0;
    size_t high = sheet->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (sheet->rows[middle].cert.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sheet->n && sheet->rows[low].cert.id == id ? &sheet->rows[low] : NULL;
}

/* Append "name" to a list separated by ";". */
static void append(char **list, const char *name)
{
    char *longer = *list ? xasprintf("%s;%s", *list, name) : xstrdup(name);

    free(*list);
    *list = longer;
}

static bool read_places(struct tx *tx, const int64_t *ids, size_t n, struct cert_sheet *sheet,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select,
        "SELECT l.certificate_id, e.host, e.port, e.sni, e.protocol, e.last_checked_at, e.error"
        "  FROM certificate_endpoint l JOIN endpoint e ON e.id = l.endpoint_id"
        " WHERE l.certificate_id IN (");
    add_ids(&select, ids, n);
    select_add(&select, " ORDER BY l.certificate_id, e.host, e.port, e.id");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        sheet->places = rows_make_room(sheet->places, sheet->n_places, &sheet->places_room,
            sizeof *sheet->places);
        sheet->places[sheet->n_places++] =
            (struct cert_sheet_place){ .certificate_id = stmt_i64(q, 0),
                .host = read_text(q, 1),
                .port = stmt_i64(q, 2),
                .sni = read_text(q, 3),
                .protocol = read_text(q, 4),
                .last_checked_at = stmt_i64(q, 5),
                .error = read_text(q, 6) };
    }
    for (size_t i = 0; i < sheet->n_places; i++) {
        struct cert_sheet_row *row = find_row(sheet, sheet->places[i].certificate_id);

        if (row && row->n_places++ == 0)
            row->places = &sheet->places[i];
    }
    return stmt_end(q, err);
}

static bool read_shares(struct tx *tx, const int64_t *ids, size_t n, struct cert_sheet *sheet,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT x.certificate_id, a.name, g.name FROM certificate_access x"
                        "  LEFT JOIN account a ON a.id = x.account_id"
                        "  LEFT JOIN user_group g ON g.id = x.group_id"
                        " WHERE x.relation = 'share' AND x.certificate_id IN (");
    add_ids(&select, ids, n);
    select_add(&select, " ORDER BY x.certificate_id, COALESCE(a.name, g.name)");
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        struct cert_sheet_row *row = find_row(sheet, stmt_i64(q, 0));
        const bool is_group = stmt_is_null(q, 1);

        if (row)
            append(is_group ? &row->share_groups : &row->share_users,
                stmt_text(q, is_group ? 2 : 1));
    }
    return stmt_end(q, err);
}

static bool read_list(struct stmt *q, struct cert_sheet *sheet, bool is_tags, struct err *err)
{
    while (stmt_next(q)) {
        struct cert_sheet_row *row = find_row(sheet, stmt_i64(q, 0));

        if (row)
            append(is_tags ? &row->cert.tags : &row->cert.resources, stmt_text(q, 1));
    }
    return stmt_end(q, err);
}

static bool read_tags(struct tx *tx, const int64_t *ids, size_t n, struct cert_sheet *sheet,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select,
        "SELECT certificate_id, tag FROM certificate_tag WHERE certificate_id IN (");
    add_ids(&select, ids, n);
    select_add(&select, " ORDER BY certificate_id, tag");
    q = select_prepare(tx, &select);
    return read_list(q, sheet, true, err);
}

static bool read_resources(struct tx *tx, const int64_t *ids, size_t n, struct cert_sheet *sheet,
    struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;

    select_add(&select, "SELECT DISTINCT s.certificate_id, r.name"
                        "  FROM association s JOIN resource r ON r.id = s.resource_id"
                        " WHERE s.certificate_id IN (");
    add_ids(&select, ids, n);
    select_add(&select, " ORDER BY s.certificate_id, r.name");
    q = select_prepare(tx, &select);
    return read_list(q, sheet, false, err);
}

bool store_cert_sheet(struct tx *tx, const int64_t *ids, size_t n, struct cert_sheet *ret,
    struct err *err)
{
    autodone(cert_sheet) struct cert_sheet sheet = { 0 };

    ASSERT(n <= CERT_SHEET_MAX);
    if (n == 0)
        return true;
    sheet.rows = xcalloc(n, sizeof *sheet.rows);
    if (!read_records(tx, ids, n, &sheet, err) || !read_places(tx, ids, n, &sheet, err) ||
        !read_shares(tx, ids, n, &sheet, err) || !read_tags(tx, ids, n, &sheet, err) ||
        !read_resources(tx, ids, n, &sheet, err))
        return err_wrap(err, "could not read the records");
    *ret = sheet;
    sheet = (struct cert_sheet){ 0 };
    return true;
}

static size_t place_of(const struct custom_field_rows *fields, int64_t id)
{
    size_t i = 0;

    while (i < fields->n && fields->items[i].id != id)
        i++;
    return i;
}

bool store_cert_sheet_fields(struct tx *tx, const struct custom_field_rows *fields,
    struct cert_sheet *sheet, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;
    int64_t ids[CERT_SHEET_MAX];

    if (sheet->n == 0 || fields->n == 0)
        return true;
    sheet->n_fields = fields->n;
    for (size_t i = 0; i < sheet->n; i++) {
        ids[i] = sheet->rows[i].cert.id;
        sheet->rows[i].fields = xcalloc(fields->n, sizeof *sheet->rows[i].fields);
    }
    select_add(&select,
        "SELECT certificate_id, field_id, value FROM certificate_field WHERE certificate_id IN (");
    add_ids(&select, ids, sheet->n);
    q = select_prepare(tx, &select);
    while (stmt_next(q)) {
        struct cert_sheet_row *row = find_row(sheet, stmt_i64(q, 0));
        const size_t i = place_of(fields, stmt_i64(q, 1));

        if (row && i < fields->n)
            str_set(&row->fields[i], stmt_text(q, 2));
    }
    return stmt_end(q, err);
}

static void free_fields(char **fields, size_t n)
{
    for (size_t i = 0; fields && i < n; i++)
        free(fields[i]);
    free(fields);
}

void cert_sheet_done(struct cert_sheet *sheet)
{
    for (size_t i = 0; i < sheet->n; i++) {
        struct cert_sheet_row *row = &sheet->rows[i];

        cert_row_done(&row->cert);
        free(row->issuer);
        free(row->serial);
        free(row->sans);
        free(row->share_users);
        free(row->share_groups);
        free_fields(row->fields, sheet->n_fields);
    }
    for (size_t i = 0; i < sheet->n_places; i++) {
        free(sheet->places[i].host);
        free(sheet->places[i].sni);
        free(sheet->places[i].protocol);
        free(sheet->places[i].error);
    }
    free(sheet->rows);
    free(sheet->places);
    *sheet = (struct cert_sheet){ 0 };
}
