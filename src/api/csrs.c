/*
 * api/csrs: certificate requests whose key is in the vault: making, listing, downloading, removing
 * them. What becomes of one is in csr_use.c.
 */
#include <string.h>

#include "api/csr_json.h"
#include "api/csr_new.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "store/business_group.h"
#include "store/csr.h"
#include "store/sealed_key.h"
#include "x509/csr.h"

#define REQUEST_MAX CSR_MAX_BYTES

/* A request that is made, before it is kept. */
struct made {
    struct csr_wish wish;
    char row[VAULT_ROW_NAME_SIZE];
    struct buf sealed;
    struct buf spki;
    struct buf der;
};

static void made_free(void *arg)
{
    struct made *made = arg;

    csr_wish_done(&made->wish);
    buf_done(&made->sealed);
    buf_done(&made->spki);
    buf_done(&made->der);
    free(made);
}

/* Before the transaction: check the body, have the vault make key and request. */
static bool csrs_prepare(struct api_call *call, struct err *err)
{
    struct vault_client *vault = call->services->vault;
    struct made *made = xcalloc(1, sizeof *made);
    struct vault_binding binding = { .purpose = VAULT_TLS, .row = made->row };

    call->prepared = made;
    call->free_prepared = made_free;
    buf_init(&made->sealed, VAULT_SEALED_MAX);
    buf_init(&made->spki, VAULT_SEALED_MAX);
    buf_init(&made->der, REQUEST_MAX);
    vault_row_new(made->row);
    return csr_wish_read(call, &made->wish, err) &&
           vault_make_key(vault, made->wish.algorithm, &binding, &made->sealed, &made->spki, err) &&
           vault_build_csr(vault, buf_span(&made->sealed), &binding, &made->wish.subject,
               &made->der, err);
}

static bool keep(struct api_call *call, const struct made *made, int64_t *ret_id, struct err *err)
{
    autofree(csr) struct csr *csr = NULL;
    struct sealed_key_new key = { .purpose = VAULT_TLS,
        .bound_to = made->row,
        .algorithm = vault_algorithm_name(made->wish.algorithm),
        .public_key = buf_span(&made->spki),
        .blob = buf_span(&made->sealed) };
    struct csr_new row = { .name = made->wish.name,
        .description = made->wish.description,
        .owner_id = call->who.account_id,
        .der = buf_span(&made->der),
        .sans = buf_text(&made->wish.sans_json) };

    if (!csr_from_any(buf_span(&made->der), &csr, err))
        return false;
    row.subject = csr_subject(csr);
    row.key_algorithm = csr_key_algorithm(csr);
    row.key_size = csr_key_bits(csr);
    row.curve = csr_key_curve(csr);
    row.spki_sha256 = csr_spki_sha256(csr);
    return store_business_group_put(call->tx, made->wish.business_group, &row.business_group_id,
               err) &&
           store_sealed_key_add(call->tx, &key, call->now, &row.sealed_key_id, err) &&
           store_csr_add(call->tx, &row, call->now, ret_id, err);
}

static bool csrs_create(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    const struct made *made = call->prepared;
    autofree(csr_row) struct csr_row *row = NULL;
    autodone(buf) struct buf after = BUF_INIT(JSON_MAX_BYTES);
    int64_t id = 0;

    if (call->json)
        json_write(call->json, &after);
    if (!keep(call, made, &id, err) ||
        !api_audit(call, "csr.create", id, made->wish.name, NULL, buf_text(&after), err) ||
        !store_csr_get(call->tx, &viewer, id, &row, err))
        return false;
    call->status = 201;
    (void)snprintf(call->location, sizeof call->location, "/api/v1/csrs/%" PRId64, id);
    call->etag = csr_json_version(row);
    csr_json_write(&call->reply, row);
    return true;
}

static bool csrs_list(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(query) struct query *query = query_new(call);
    autodone(csr_rows) struct csr_rows rows = { 0 };
    int64_t limit = page_limit(query);
    struct csr_filter filter = { .q = query_text(query, "q", 200),
        .used = query_tristate(query, "used"),
        .before_id = page_after_id(query) };
    int64_t total = 0;

    if (!query_end(query, err) ||
        !store_csr_list(call->tx, &viewer, &filter, limit + 1, &rows, &total, err))
        return false;
    size_t shown = rows.n > (size_t)limit ? (size_t)limit : rows.n;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < shown; i++) {
        json_begin_object(&call->reply, NULL);
        csr_json_write(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end_id(call, rows.n > shown ? rows.items[shown - 1].id : 0, total, false);
    return true;
}

static bool csrs_get(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(csr_row) struct csr_row *row = NULL;

    if (!store_csr_get(call->tx, &viewer, call->path_id, &row, err))
        return false;
    call->etag = csr_json_version(row);
    csr_json_write(&call->reply, row);
    return true;
}

/* Letters, digits, dots and hyphens of the name: what a file may be called anywhere. */
static void name_file(struct api_call *call, const char *name)
{
    size_t n = 0;

    for (const char *p = name; *p && n < 100; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                        (*p >= '0' && *p <= '9') || *p == '-' || (*p == '.' && n > 0);

        if (is_plain)
            call->filename[n++] = *p;
        else if (n > 0 && call->filename[n - 1] != '_')
            call->filename[n++] = '_';
    }
    (void)snprintf(call->filename + n, sizeof call->filename - n, "%s.csr", n ? "" : "request");
}

static bool csrs_pem(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(csr_row) struct csr_row *row = NULL;
    autofree(csr) struct csr *csr = NULL;
    autodone(buf) struct buf der = BUF_INIT(REQUEST_MAX);

    if (!store_csr_get(call->tx, &viewer, call->path_id, &row, err) ||
        !store_csr_der(call->tx, row->id, &der, err) || !csr_from_any(buf_span(&der), &csr, err))
        return false;
    csr_to_pem(csr, call->body_out);
    call->media_type = "application/x-pem-file";
    name_file(call, row->name);
    return true;
}

static bool csrs_delete(struct api_call *call, struct err *err)
{
    autofree(csr_row) struct csr_row *row = NULL;

    call->status = 204;
    if (!csr_require(call, call->path_id, ACTION_DELETE, &row, err))
        return false;
    return page_check_match(call, csr_json_version(row), "request", err) &&
           store_csr_delete(call->tx, row->id, err) &&
           api_audit(call, "csr.delete", row->id, row->name, NULL, NULL, err);
}

const struct api_route csr_routes[] = {
    { "GET", "/csrs", ROLE_USER, API_READS, csrs_list, 0 },
    { "POST", "/csrs", ROLE_USER, API_WRITES | API_IDEMPOTENT, csrs_create, 0, csrs_prepare },
    { "GET", "/csrs/{id}", ROLE_USER, API_READS, csrs_get, 0 },
    { "GET", "/csrs/{id}.pem", ROLE_USER, API_READS | API_REPLY_RAW, csrs_pem, 0 },
    { "DELETE", "/csrs/{id}", ROLE_USER, API_WRITES | API_BODY_NONE, csrs_delete, 0 },
    { 0 },
};
