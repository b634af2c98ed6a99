/* job/add: a pasted list of hosts becomes records, one a line, each whole or not at all. */
#include <stdlib.h>
#include <string.h>

#include "auth/permission.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/csv.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "core/sheet.h"
#include "db/db.h"
#include "job/types/import_record.h"
#include "job/types/types.h"
#include "monitor/add.h"
#include "store/account.h"
#include "store/business_group.h"
#include "store/custom_field.h"
#include "store/endpoint.h"
#include "store/group.h"

#define LINES_MAX 20000
#define SHARES_MAX 200

struct adding {
    struct job_run *run;
    struct json *payload;
    struct store_viewer viewer;
    struct watch_new shared; /* what all lines have in common */
    struct cert_share shares[SHARES_MAX];
    struct buf tags;
    struct custom_field_rows fields;
    char **values; /* of the fields, as they are stored; NULL: none was given */
    const char *protocol;
    struct json_out out;
    struct sheet_header header; /* of a pasted table */
    bool has_header;
    char *name; /* of the row; NULL: after its host */
    char *description;
    int64_t line;
    int64_t n_created;
    int64_t n_attachable;
    int64_t n_failed;
};

/* The API has checked every name; one that has gone since is left out. */
static bool find_people(struct tx *tx, struct adding *a, struct err *err)
{
    const struct json *share = json_member(a->payload, "share");
    const struct json *lists[] = { json_member(share, "users"), json_member(share, "groups") };
    const char *names[] = { json_as_text(json_member(a->payload, "owner")),
        json_as_text(json_member(a->payload, "assignee")) };
    int64_t *ids[] = { &a->shared.cert.owner_id, &a->shared.cert.assignee_id };

    a->shared.cert.owner_id = a->run->row->account_id;
    for (size_t i = 0; i < countof(names); i++) {
        autofree(account_row) struct account_row *account = NULL;

        if (names[i] && !store_account_find(tx, names[i], &account, err))
            return false;
        if (account)
            *ids[i] = account->id;
    }
    for (size_t i = 0; i < json_list_size(lists[0]) && a->shared.cert.n_shares < SHARES_MAX; i++) {
        autofree(account_row) struct account_row *account = NULL;

        if (!store_account_find(tx, json_as_text(json_list_item(lists[0], i)), &account, err))
            return false;
        if (account)
            a->shares[a->shared.cert.n_shares++].account_id = account->id;
    }
    for (size_t i = 0; i < json_list_size(lists[1]) && a->shared.cert.n_shares < SHARES_MAX; i++) {
        int64_t id;

        if (!store_group_find(tx, json_as_text(json_list_item(lists[1], i)), &id, err))
            return false;
        if (id)
            a->shares[a->shared.cert.n_shares++].group_id = id;
    }
    a->shared.cert.shares = a->shares;
    return true;
}

/* The API has checked them; what does not fit a field any more is left out. */
static bool find_fields(struct tx *tx, struct adding *a, struct err *err)
{
    const struct json *given = json_member(a->payload, "fields");

    if (!store_custom_fields(tx, NULL, &a->fields, err))
        return false;
    a->values = xcalloc(a->fields.n, sizeof *a->values);
    for (size_t i = 0; i < a->fields.n; i++) {
        const struct json *value = json_member(given, a->fields.items[i].name);
        const char *text = json_as_text(value);
        const bool is_empty = !value || (text && span_trim(span_text(text)).size == 0);
        struct err ignored = { 0 };

        if (!is_empty &&
            !custom_field_value_of_json(&a->fields.items[i], value, &a->values[i], &ignored))
            a->values[i] = NULL;
    }
    return true;
}

static bool write_fields(struct tx *tx, const struct adding *a, int64_t id, struct err *err)
{
    for (size_t i = 0; i < a->fields.n; i++)
        if (a->values[i] &&
            !store_custom_field_put(tx, id, a->fields.items[i].id, a->values[i], err))
            return false;
    return true;
}

static void forget_fields(struct adding *a)
{
    for (size_t i = 0; a->values && i < a->fields.n; i++)
        free(a->values[i]);
    free(a->values);
    custom_field_rows_done(&a->fields);
}

static bool prepare(struct adding *a, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autofree(account_row) struct account_row *account = NULL;
    const struct json *tags = json_member(a->payload, "tags");
    const char *group = json_as_text(json_member(a->payload, "business_group"));

    a->protocol = json_as_text(json_member(a->payload, "protocol"));
    a->shared.account_id = a->run->row->account_id;
    for (size_t i = 0; i < json_list_size(tags); i++) {
        buf_add_text(&a->tags, i ? ";" : "");
        buf_add_text(&a->tags, json_as_text(json_list_item(tags, i)));
    }
    a->shared.cert.tags = buf_text(&a->tags);
    a->shared.cert.description = "";
    if (!tx_begin(a->run->db, TX_WRITE, &tx, err) ||
        !store_account_get(tx, a->run->row->account_id, &account, err) ||
        !find_people(tx, a, err) || !find_fields(tx, a, err) ||
        !store_business_group_put(tx, group ? group : "", &a->shared.cert.business_group_id, err))
        return false;
    a->viewer = (struct store_viewer){ .account_id = account->id,
        .sees_all = strcmp(account->role, role_name(ROLE_USER)) != 0 };
    return tx_commit(take(&tx), err);
}

static void write_line(struct adding *a, struct span text, const char *outcome, int64_t id,
    const char *name, const char *message)
{
    json_begin_object(&a->out, NULL);
    json_i64(&a->out, "line", a->line);
    json_str_span(&a->out, "text", span_slice(text, 0, 300));
    json_str(&a->out, "outcome", outcome);
    if (id) {
        json_begin_object(&a->out, "certificate");
        json_i64(&a->out, "id", id);
        json_str(&a->out, "name", name);
        json_end(&a->out);
    } else {
        json_put_null(&a->out, "certificate");
    }
    json_str(&a->out, "message", message);
    json_end(&a->out);
}

/* A visible record that watches this already; *ret_id is 0 when there is none. */
static bool find_watching(struct tx *tx, struct adding *a, const struct watch_place *place,
    int64_t *ret_id, char **ret_name, struct err *err)
{
    autofree(endpoint_row) struct endpoint_row *endpoint = NULL;
    autofree(cert_row) struct cert_row *cert = NULL;
    autodone(id_list) struct id_list records = { 0 };
    struct endpoint_key key;

    *ret_id = 0;
    watch_place_key(place, &key);
    if (!store_endpoint_find(tx, &key, &endpoint, err))
        return false;
    if (!endpoint)
        return true;
    if (!store_endpoint_records(tx, &a->viewer, endpoint->id, &records, err))
        return false;
    if (records.n == 0)
        return true;
    if (!store_cert_get(tx, &a->viewer, records.items[0], &cert, err))
        return false;
    *ret_id = cert->id;
    *ret_name = xstrdup(cert->name);
    return true;
}

static bool add_record(struct adding *a, struct span text, const struct watch_place *place,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autofree(str) char *name = NULL;
    struct watch_new watch = a->shared;
    int64_t id;
    int64_t job;

    if (!tx_begin(a->run->db, TX_WRITE, &tx, err) || !find_watching(tx, a, place, &id, &name, err))
        return false;
    if (id) {
        a->n_attachable++;
        write_line(a, text, "attachable", id, name, "watched already");
        return true;
    }
    watch.cert.name = a->name ? a->name : place->sni[0] ? place->sni : place->host;
    if (a->description)
        watch.cert.description = a->description;
    watch.places = place;
    watch.n_places = 1;
    if (!watch_add(tx, &watch, a->run->now, &id, &job, err) || !write_fields(tx, a, id, err) ||
        !watch_audit_added(tx, &watch, id, a->run->now, err) || !tx_commit(take(&tx), err))
        return false;
    a->n_created++;
    write_line(a, text, "created", id, watch.cert.name, "");
    return true;
}

/* A database that is away ends it all; anything else is told of the line. */
static bool refuse_line(struct adding *a, struct span text, const struct err *cause,
    struct err *err)
{
    if (cause->kind == ERR_UNAVAILABLE) {
        *err = *cause;
        return false;
    }
    a->n_failed++;
    write_line(a, text, "error", 0, NULL, cause->msg);
    return true;
}

static bool add_line(struct adding *a, struct span text, struct err *err)
{
    autofree(str) char *host = span_dup(text);
    struct watch_place place;
    const char *field;
    struct err cause = { 0 };

    if (!span_has_nul(text) &&
        watch_place_parse(host, 0, NULL, a->protocol, &place, &field, &cause) &&
        add_record(a, text, &place, &cause))
        return true;
    return refuse_line(a, text, &cause, err);
}

/* ---- a pasted table ---- */

static bool count_line(struct adding *a, int64_t line, struct err *err)
{
    a->line = line;
    if (a->line > LINES_MAX)
        return fail(err, ERR_LIMIT, "more than %d lines", LINES_MAX);
    return true;
}

/* People and tags are said once for all lines; a table that says them line by line is one to be
 * imported. */
static bool read_header(struct adding *a, const struct span *cells, size_t n_cells, struct err *err)
{
    static const enum sheet_column taken[] = { SHEET_NAME, SHEET_HOST, SHEET_PORT, SHEET_SNI,
        SHEET_PROTOCOL, SHEET_DESCRIPTION };
    size_t blamed;
    size_t n = 0;

    if (!sheet_header_read(cells, n_cells, &a->header, &blamed, err))
        return false;
    n_cells = a->header.n_cells;
    for (size_t i = 0; i < countof(taken); i++)
        n += sheet_has(&a->header, taken[i]);
    if (!sheet_has(&a->header, SHEET_HOST) || n < n_cells)
        return fail(err, ERR_INVALID,
            "a pasted table has the columns host and, if need be, name, port, sni, protocol and "
            "description: import one with others as a file");
    a->has_header = true;
    return true;
}

static bool add_cells(struct adding *a, const struct span *cells, struct err *err)
{
    const struct span name = sheet_cell(&a->header, cells, SHEET_NAME);
    autofree(str) char *description = span_dup(sheet_cell(&a->header, cells, SHEET_DESCRIPTION));
    autofree(str) char *given = span_dup(name);
    struct watch_place place;
    const char *column;
    bool has_place = false;

    if (!import_place_read(&a->header, cells, a->protocol, &place, &has_place, &column, err))
        return false;
    if (!has_place)
        return fail(err, ERR_INVALID, "there is no host to connect to");
    a->name = name.size ? given : NULL;
    a->description = description;
    bool works = add_record(a, sheet_cell(&a->header, cells, SHEET_HOST), &place, err);

    a->name = NULL;
    a->description = NULL;
    return works;
}

static bool take_row(void *context, int64_t line, const struct span *cells, size_t n_cells,
    struct err *err)
{
    struct adding *const a = context;
    struct err cause = { 0 };

    if (!count_line(a, line, err))
        return false;
    if (sheet_row_is_blank(cells, n_cells))
        return true;
    if (!a->has_header)
        return read_header(a, cells, n_cells, err);
    n_cells = sheet_row_width(&a->header, cells, n_cells);
    if (n_cells != a->header.n_cells)
        (void)fail(&cause, ERR_INVALID, "the row has %zu cells, and the first line %zu", n_cells,
            a->header.n_cells);
    else if (add_cells(a, cells, &cause))
        return true;
    return refuse_line(a, cells[0], &cause, err);
}

static bool refuse_row(void *context, int64_t line, size_t cell, const struct err *why,
    struct err *err)
{
    struct adding *const a = context;

    (void)cell;
    return count_line(a, line, err) && refuse_line(a, SPAN_EMPTY, why, err);
}

/* What the table is doubtful for is the last line that is told. */
static bool add_table(struct adding *a, struct span text, char delimiter, struct err *err)
{
    autofree(csv_reader) struct csv_reader *reader = csv_reader_new(take_row, a);
    struct err cause = { 0 };

    csv_reader_set_delimiter(reader, delimiter);
    csv_reader_on_bad_row(reader, refuse_row);
    json_begin_array(&a->out, "lines");
    if (!(csv_reader_feed(reader, text, &cause) && csv_reader_finish(reader, &cause)) &&
        !refuse_line(a, SPAN_EMPTY, &cause, err))
        return false;
    json_end(&a->out);
    return true;
}

/* Its first line names the columns, "host" among them. */
static bool is_table(struct span text, char delimiter)
{
    struct span line;
    struct span cell;

    if (span_starts_with(text, "\xEF\xBB\xBF"))
        text = span_slice(text, 3, text.size);
    if (!span_split(&text, '\n', &line))
        return false;
    while (span_split(&line, delimiter, &cell)) {
        cell = span_trim(cell);
        if (span_is_nocase(cell, "host") || span_is_nocase(cell, "\"host\""))
            return true;
    }
    return false;
}

static bool add_lines(struct adding *a, struct span rest, struct err *err)
{
    struct span line;

    json_begin_array(&a->out, "lines");
    while (span_split(&rest, '\n', &line)) {
        line = span_trim(span_slice(line, 0, span_find(line, SPAN_LITERAL("#"))));
        a->line++;
        if (line.size == 0)
            continue;
        if (a->line > LINES_MAX)
            return fail(err, ERR_LIMIT, "more than %d lines", LINES_MAX);
        if (!add_line(a, line, err))
            return false;
        if (a->line % 50 == 0 && !job_run_progress(a->run, a->line, a->line, err))
            return false;
    }
    json_end(&a->out);
    return true;
}

bool job_add_run(struct job_run *run, struct err *err)
{
    struct adding a = { .run = run, .tags = BUF_INIT(65536) };
    bool works = json_parse_within(span_text(run->row->payload), 4u << 20, JSON_MAX_DEPTH,
                     &a.payload, err) &&
                 prepare(&a, err);

    json_out_init(&a.out, &run->result);
    json_begin_object(&a.out, NULL);
    const struct span text = span_text(json_as_text(json_member(a.payload, "hosts")));

    const char delimiter = sheet_delimiter(text);

    works = works && (is_table(text, delimiter) ? add_table(&a, text, delimiter, err)
                                                : add_lines(&a, text, err));
    json_i64(&a.out, "created", a.n_created);
    json_i64(&a.out, "attachable", a.n_attachable);
    json_i64(&a.out, "failed", a.n_failed);
    json_end(&a.out);
    json_free(a.payload);
    forget_fields(&a);
    buf_done(&a.tags);
    if (works)
        job_runner_kick(run->services->runner);
    return works && json_out_check(&a.out, err);
}
