/*
 * store/cert_add: new records (store/cert.h), as many at a time as one likes: table by table, a
 * statement for each.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/fold.h"
#include "db/many.h"
#include "store/bucket.h"
#include "store/cert.h"
#include "store/cert_load.h"
#include "store/cert_marks.h"
#include "store/cert_words.h"
#include "store/custom_field.h"
#include "store/endpoint_link.h"
#include "store/ids.h"
#include "store/kept_text.h"
#include "store/pending.h"
#include "store/tags.h"

static const struct many_sql records = {
    "INSERT INTO certificate(id, name, name_lower, description, is_imported, is_managed, owner_id,"
    " assignee_id, business_group_id, required_names, notify_periods, created_at, updated_at,"
    " is_unused, tags, fields, n_endpoints, letters, labels, holders, owner_name,"
    " business_group_name)",
    "itttbbiiittibttiiii",
    "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14, $15, $16, $17, $18, $19,"
    " (SELECT a.name FROM account a WHERE a.id = $7),"
    " (SELECT g.name FROM business_group g WHERE g.id = $9)",
    ""
};

/* What checks find of a record: nothing yet. */
static const struct many_sql checks = { "INSERT INTO certificate_check(certificate_id)", "i", "$1",
    "" };

/* What is written, and where to. */
struct adding {
    struct tx *tx;
    const struct cert_new *certs;
    size_t n;
    int64_t now;
    const int64_t *ids;
    char **tags;      /* of each, as they are kept */
    int64_t *holders; /* of each, the marks of those who may see it */
};

bool cert_check_name(const char *name, struct err *err)
{
    struct span trimmed = span_trim(span_text(name));

    if (trimmed.size == 0)
        return fail(err, ERR_INVALID, "a certificate needs a name");
    if (parse_n_characters(trimmed) > CERT_ROW_NAME_MAX)
        return fail(err, ERR_LIMIT, "the name is longer than %d characters", CERT_ROW_NAME_MAX);
    return true;
}

bool store_cert_check_new(const struct cert_new *cert, struct err *err)
{
    if (!cert_check_name(cert->name, err))
        return false;
    return cert->owner_id || fail(err, ERR_INVALID, "a certificate needs an owner");
}

static const char *not_empty(const char *text)
{
    return text && *text ? text : NULL;
}

static int64_t labels_of(const struct adding *adding, size_t i, const char *fields)
{
    return cert_marks_of_tags(adding->tags[i]) | cert_marks_of_fields(fields);
}

static struct cert_people people_of(const struct cert_new *cert)
{
    return (struct cert_people){ .owner_id = cert->owner_id,
        .assignee_id = cert->assignee_id,
        .shares = cert->shares,
        .n_shares = cert->n_shares };
}

static void add_record(struct many *rows, const struct adding *adding, size_t i, const char *folded,
    int64_t letters)
{
    const struct cert_new *const cert = &adding->certs[i];
    autodone(buf) struct buf fields = BUF_INIT(FIELD_TEXT_MAX);

    for (size_t k = 0; k < cert->n_fields; k++)
        field_text_add(&fields, cert->fields[k].field_id, cert->fields[k].value);

    many_i64(rows, adding->ids[i]);
    many_text(rows, cert->name);
    many_text(rows, folded);
    many_text(rows, cert->description ? cert->description : "");
    many_bool(rows, cert->is_imported);
    many_bool(rows, cert->is_managed);
    many_i64(rows, cert->owner_id);
    many_i64_or_null(rows, cert->assignee_id);
    many_i64_or_null(rows, cert->business_group_id);
    many_text(rows, not_empty(cert->required_names));
    many_text(rows, not_empty(cert->notify_periods));
    many_i64(rows, adding->now);
    many_bool(rows, cert->n_places == 0);
    many_text(rows, adding->tags[i]);
    many_text(rows, buf_text(&fields));
    many_i64(rows, (int64_t)endpoint_keys_count(cert->places, cert->n_places));
    many_i64(rows, letters);
    many_i64(rows, labels_of(adding, i, buf_text(&fields)));
    many_i64(rows, adding->holders[i]);
}

/* The records themselves, and, when the transaction ends, the words that they are found by. */
static bool write_records(const struct adding *adding, struct err *err)
{
    autofree(many) struct many *rows = tx_prepare_many(adding->tx, &records);
    struct many *const words = pending_new_words(adding->tx);

    for (size_t i = 0; i < adding->n; i++) {
        const struct cert_new *const cert = &adding->certs[i];
        autofree(str) char *folded = cert->name_lower ? NULL : text_fold(cert->name);
        const char *const lower = folded ? folded : cert->name_lower;

        const int64_t letters =
            cert_words_add_new(words, adding->ids[i], lower, cert->places, cert->n_places);

        add_record(rows, adding, i, lower, letters);
    }
    return many_run(rows, err);
}

static bool write_checks(const struct adding *adding, struct err *err)
{
    autofree(many) struct many *rows = tx_prepare_many(adding->tx, &checks);

    for (size_t i = 0; i < adding->n; i++)
        many_i64(rows, adding->ids[i]);
    return many_run(rows, err);
}

static bool write_access(const struct adding *adding, struct err *err)
{
    autofree(many) struct many *entries = cert_prepare_access(adding->tx, true);

    for (size_t i = 0; i < adding->n; i++) {
        const struct cert_people people = people_of(&adding->certs[i]);

        if (!cert_add_access(entries, adding->ids[i], &people, err))
            return false;
    }
    return many_run(entries, err);
}

static bool write_tags(const struct adding *adding, struct err *err)
{
    autofree(many) struct many *rows = tags_prepare(adding->tx);

    for (size_t i = 0; i < adding->n; i++)
        tags_add(rows, adding->ids[i], adding->holders[i], adding->tags[i]);
    return many_run(rows, err);
}

static bool write_fields(const struct adding *adding, struct err *err)
{
    autofree(many) struct many *rows = custom_field_prepare(adding->tx);

    for (size_t i = 0; i < adding->n; i++)
        for (size_t k = 0; k < adding->certs[i].n_fields; k++)
            custom_field_add(rows, adding->ids[i], adding->holders[i], &adding->certs[i].fields[k]);
    return many_run(rows, err);
}

static bool write_places(const struct adding *adding, struct err *err)
{
    struct endpoint_link *links;
    size_t n = 0;
    bool works;

    for (size_t i = 0; i < adding->n; i++)
        n += adding->certs[i].n_places;
    links = xcalloc(n + 1, sizeof *links);
    n = 0;
    for (size_t i = 0; i < adding->n; i++)
        for (size_t k = 0; k < adding->certs[i].n_places; k++)
            links[n++] = (struct endpoint_link){ adding->ids[i], &adding->certs[i].places[k] };
    works = endpoint_link_all(adding->tx, links, n, adding->now, err);
    free(links);
    return works;
}

static bool write_all(const struct adding *adding, struct err *err)
{
    const struct bucket_dates nothing = { 0 };
    const struct bucket_dates unknown = { .is_there = true };

    for (size_t i = 0; i < adding->n; i++)
        bucket_move(adding->tx, &nothing, &unknown);
    return write_records(adding, err) && write_checks(adding, err) && write_access(adding, err) &&
           write_tags(adding, err) && write_fields(adding, err) && write_places(adding, err);
}

static bool tidy_tags(const struct adding *adding, struct err *err)
{
    for (size_t i = 0; i < adding->n; i++) {
        const char *const tags = adding->certs[i].tags;

        if (!tags_tidy(tags ? tags : "", &adding->tags[i], err))
            return false;
    }
    return true;
}

bool store_certs_add(struct tx *tx, const struct cert_new *certs, size_t n, int64_t now,
    int64_t *ret_ids, struct err *err)
{
    const struct adding adding = { tx, certs, n, now, ret_ids, xcalloc(n, sizeof(char *)),
        xcalloc(n, sizeof(int64_t)) };
    bool works = true;

    for (size_t i = 0; i < n; i++) {
        const struct cert_people people = people_of(&certs[i]);

        works = works && store_cert_check_new(&certs[i], err);
        adding.holders[i] = cert_people_marks(&people);
    }
    if (works)
        works = (tidy_tags(&adding, err) && ids_take(tx, "certificate", n, ret_ids, err) &&
                    write_all(&adding, err)) ||
                (n == 1 ? err_wrap(err, "could not add certificate \"%s\"", certs->name)
                        : err_wrap(err, "could not add %zu certificates", n));
    for (size_t i = 0; i < n; i++)
        free(adding.tags[i]);
    free(adding.tags);
    free(adding.holders);
    return works;
}

bool store_cert_add(struct tx *tx, const struct cert_new *cert, int64_t now, int64_t *ret_id,
    struct err *err)
{
    int64_t id;

    if (!store_certs_add(tx, cert, 1, now, &id, err))
        return false;
    *ret_id = id;
    return true;
}
