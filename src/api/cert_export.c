/* api/cert_export: the records that a filter finds, or chosen ones, as a table that can be imported
 * again. */
#include <stdlib.h>
#include <string.h>

#include "api/cert_filter.h"
#include "api/table_stream.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/csv.h"
#include "core/sheet.h"
#include "db/db.h"
#include "store/cert.h"
#include "store/cert_sheet.h"
#include "store/custom_field.h"

#define IDS_AT_ONCE 2000 /* found by one query; finding the filter's way costs the most */
#define IDS_CHOSEN_MAX 500

struct exporting {
    struct query *query; /* what the filter borrows from */
    struct cert_filter_text text;
    struct cert_filter filter;
    struct store_viewer viewer;
    struct custom_field_rows fields;
    int64_t now;
    struct id_list chosen; /* instead of a filter; ascending */
    struct id_list ids;
    size_t next; /* of the ids */
    int64_t after_id;
    bool is_last; /* no more ids are to be found */
};

static void exporting_free(void *state)
{
    struct exporting *e = state;

    query_free(e->query);
    id_list_done(&e->chosen);
    id_list_done(&e->ids);
    custom_field_rows_done(&e->fields);
    free(e);
}

static void put_time(struct csv_out *out, int64_t at)
{
    char field[CLOCK_RFC3339_SIZE];

    csv_text(out, at ? clock_rfc3339(at, field) : "");
}

static void put_fingerprint(struct csv_out *out, const struct cert_sheet_row *row)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * sizeof row->sha256 + 1];

    for (size_t i = 0; i < sizeof row->sha256; i++) {
        hex[2 * i] = digits[row->sha256[i] >> 4];
        hex[2 * i + 1] = digits[row->sha256[i] & 15];
    }
    hex[sizeof hex - 1] = '\0';
    csv_text(out, row->serial ? hex : "");
}

static void put_sans(struct csv_out *out, const char *sans)
{
    autofree(json) struct json *list = NULL;
    autodone(buf) struct buf names = BUF_INIT(JSON_MAX_BYTES);
    struct err ignored = { 0 };

    if (!sans || !json_parse(span_text(sans), &list, &ignored)) {
        csv_text(out, "");
        return;
    }
    for (size_t i = 0; i < json_list_size(list); i++) {
        buf_add_text(&names, i ? ";" : "");
        buf_add_text(&names, json_as_text(json_member(json_list_item(list, i), "value")));
    }
    csv_span(out, buf_span(&names));
}

static void put_place(struct csv_out *out, const struct cert_sheet_place *place)
{
    if (!place) {
        for (int i = 0; i < 4; i++)
            csv_text(out, "");
        return;
    }
    csv_text(out, place->host);
    csv_i64(out, place->port);
    csv_text(out, place->sni[0] ? place->sni : SHEET_NO_SNI);
    csv_text(out, place->protocol);
}

static void put_row(struct csv_out *out, const struct exporting *e,
    const struct cert_sheet_row *row, const struct cert_sheet_place *place)
{
    const int64_t now = e->now;
    const struct cert_row *cert = &row->cert;
    const bool is_seen = cert->version_id != 0;

    csv_i64(out, cert->id);
    csv_text(out, cert->name);
    put_place(out, place);
    csv_text(out, cert->description);
    csv_text(out, cert->business_group);
    csv_text(out, cert->owner);
    csv_text(out, cert->assignee);
    csv_text(out, row->share_users);
    csv_text(out, row->share_groups);
    csv_text(out, cert->tags);
    csv_text(out, cert_source_name(cert_row_source(cert)));
    csv_text(out, cert_status_name(cert_row_status(cert, now)));
    put_time(out, is_seen ? cert->expires_at : 0);
    if (is_seen)
        csv_i64(out, clock_days_between(now, cert->expires_at));
    else
        csv_text(out, "");
    csv_text(out, row->issuer);
    csv_text(out, row->serial);
    put_fingerprint(out, row);
    put_sans(out, row->sans);
    csv_text(out, cert->resources);
    put_time(out, place ? place->last_checked_at : cert->last_checked_at);
    csv_text(out, place ? place->error : cert->last_error);
    for (size_t i = 0; i < e->fields.n; i++)
        csv_text(out, row->fields[i] ? row->fields[i] : "");
    csv_end_row(out);
}

/* What is gone, or not to be seen, is left out. */
static bool find_chosen(struct exporting *e, struct tx *tx, struct err *err)
{
    for (size_t i = 0; i < e->chosen.n; i++) {
        autofree(cert_row) struct cert_row *cert = NULL;
        struct err cause = { 0 };

        if (store_cert_get(tx, &e->viewer, e->chosen.items[i], &cert, &cause)) {
            id_list_add(&e->ids, cert->id);
        } else if (cause.kind != ERR_NOT_FOUND) {
            *err = cause;
            return false;
        }
    }
    e->is_last = true;
    return true;
}

static bool find_ids(struct exporting *e, struct tx *tx, struct err *err)
{
    const struct cert_ids_request request = { .filter = &e->filter,
        .now = e->now,
        .after_id = e->after_id,
        .limit = IDS_AT_ONCE };

    e->ids.n = e->next = 0;
    if (e->chosen.n)
        return find_chosen(e, tx, err);
    if (!store_cert_ids(tx, &e->viewer, &request, &e->ids, err))
        return false;
    e->is_last = e->ids.n < IDS_AT_ONCE;
    if (e->ids.n)
        e->after_id = e->ids.items[e->ids.n - 1];
    return true;
}

static bool fill(void *state, struct tx *tx, struct buf *rows, bool *ret_done, struct err *err)
{
    struct exporting *e = state;
    autodone(cert_sheet) struct cert_sheet sheet = { 0 };
    struct csv_out out;

    csv_out_init(&out, rows);
    if (e->next == e->ids.n && !e->is_last && !find_ids(e, tx, err))
        return false;
    size_t n = e->ids.n - e->next < CERT_SHEET_MAX ? e->ids.n - e->next : CERT_SHEET_MAX;

    if (!store_cert_sheet(tx, e->ids.items + e->next, n, &sheet, err) ||
        !store_cert_sheet_fields(tx, &e->fields, &sheet, err))
        return false;
    for (size_t i = 0; i < sheet.n; i++) {
        const struct cert_sheet_row *row = &sheet.rows[i];

        for (size_t p = 0; p < row->n_places; p++)
            put_row(&out, e, row, &row->places[p]);
        if (row->n_places == 0)
            put_row(&out, e, row, NULL);
    }
    e->next += n;
    *ret_done = e->is_last && e->next == e->ids.n;
    return true;
}

static bool find_fields(struct api_call *call, struct custom_field_rows *fields, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(call->db, TX_READ, &tx, err) && store_custom_fields(tx, NULL, fields, err);
}

static void write_head(const struct exporting *e, struct buf *head)
{
    struct csv_out out;

    csv_out_init(&out, head);
    for (int i = 0; i < N_SHEET_COLUMNS; i++)
        csv_text(&out, sheet_column_name((enum sheet_column)i));
    for (size_t i = 0; i < e->fields.n; i++) {
        autofree(str) char *column = xasprintf(SHEET_FIELD_PREFIX "%s", e->fields.items[i].name);

        csv_text(&out, column);
    }
    csv_end_row(&out);
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t one = *(const int64_t *)a;
    const int64_t other = *(const int64_t *)b;

    return one < other ? -1 : one > other;
}

/* "ids=3,1,2": ascending, and each once. */
static void read_chosen(struct query *query, struct id_list *chosen)
{
    const char *words[IDS_CHOSEN_MAX];
    size_t n = query_list(query, "ids", words, countof(words));
    size_t n_kept = 0;
    int64_t id;

    for (size_t i = 0; i < n; i++) {
        struct err cause = { 0 };

        if (parse_i64(span_text(words[i]), 1, INT64_MAX, &id, &cause))
            id_list_add(chosen, id);
        else
            query_complain(query, "ids", "a certificate's id is a number");
    }
    if (chosen->n)
        qsort(chosen->items, chosen->n, sizeof chosen->items[0], compare_ids);
    for (size_t i = 0; i < chosen->n; i++)
        if (n_kept == 0 || chosen->items[n_kept - 1] != chosen->items[i])
            chosen->items[n_kept++] = chosen->items[i];
    chosen->n = n_kept;
}

static bool certs_csv(struct api_call *call, struct err *err)
{
    struct exporting *e = xcalloc(1, sizeof *e);
    const struct table_stream stream = { .state = e, .fill = fill, .release = exporting_free };
    autodone(buf) struct buf head = BUF_INIT(8192);

    e->query = query_new(call);
    e->viewer = api_viewer(call);
    e->now = call->now;
    read_chosen(e->query, &e->chosen);
    if (e->chosen.n == 0) /* else a filter beside them is complained of */
        cert_filter_from_query(e->query, &e->filter, &e->text);
    if (!query_end(e->query, err) || !find_fields(call, &e->fields, err)) {
        exporting_free(e);
        return false;
    }
    write_head(e, &head);
    table_stream_answer(call, &stream, "certificates.csv", buf_span(&head));
    return true;
}

const struct api_route certificate_export_routes[] = {
    { "GET", "/certificates.csv", ROLE_USER, API_NO_TX | API_REPLY_RAW, certs_csv, 0 },
    { 0 },
};
