/* In which order a list should be, whatever the database says. */
#include "testing_cert_list.h"

#include "base/alloc.h"
#include "store/cert_page.h"

static int cmp_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static char *lower(const char *text)
{
    char *copy = xstrdup(text);

    for (char *c = copy; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    return copy;
}

static int count_resources(const struct cert_row *row)
{
    int n = *row->resources != '\0';

    for (const char *c = row->resources; *c; c++)
        n += *c == ';';
    return n;
}

/* Has it what the list is sorted by? */
static bool has_value(const struct cert_row *row, enum cert_sort sort)
{
    if (sort == CERT_BY_EXPIRY || sort == CERT_BY_ISSUER)
        return row->version_id;
    if (sort == CERT_BY_BUSINESS_GROUP)
        return row->business_group;
    if (sort == CERT_BY_CHECK)
        return row->last_checked_at;
    if (sort == CERT_BY_STATUS)
        return cert_row_status(row, NOW) != CERT_UNKNOWN;
    return true;
}

static int cmp_texts(const char *a, const char *b)
{
    autofree(str) char *la = lower(a);
    autofree(str) char *lb = lower(b);

    return strcmp(la, lb);
}

static int cmp_status(const struct cert_row *a, const struct cert_row *b)
{
    static const int rank[] = { [CERT_EXPIRED] = 0,
        [CERT_EXPIRING_SOON] = 1,
        [CERT_VALID] = 2,
        [CERT_NOT_YET_VALID] = 3,
        [CERT_REVOKED] = 4 };

    return cmp_number(rank[cert_row_status(a, NOW)], rank[cert_row_status(b, NOW)]);
}

static int cmp_value(const struct cert_row *a, const struct cert_row *b, enum cert_sort sort)
{
    switch (sort) {
    case CERT_BY_EXPIRY:
        return cmp_number(a->expires_at, b->expires_at);
    case CERT_BY_NAME:
        return cmp_texts(a->name, b->name);
    case CERT_BY_ISSUER:
        return strcmp(a->version->issuer, b->version->issuer);
    case CERT_BY_OWNER:
        return strcmp(a->owner, b->owner);
    case CERT_BY_BUSINESS_GROUP:
        return strcmp(a->business_group, b->business_group);
    case CERT_BY_RESOURCES:
        return cmp_number(count_resources(a), count_resources(b));
    case CERT_BY_CHECK:
        return cmp_number(a->last_checked_at, b->last_checked_at);
    case CERT_BY_STATUS:
        return cmp_status(a, b);
    case CERT_BY_CREATION:
    case CERT_BY_UPDATE:
    case N_CERT_SORT:
        break;
    }
    return cmp_number(a->created_at, b->created_at);
}

/* Is a before b, in this order? Records without a value come last. */
static bool is_before(const struct cert_row *a, const struct cert_row *b, enum cert_sort sort,
    bool is_descending)
{
    int order;

    if (!has_value(a, sort) || !has_value(b, sort))
        return has_value(a, sort) != has_value(b, sort) ? has_value(a, sort) : a->id < b->id;
    order = cmp_value(a, b, sort);
    if (order == 0 && sort == CERT_BY_STATUS)
        return is_before(a, b, CERT_BY_EXPIRY, is_descending);
    if (order == 0)
        order = cmp_number(a->id, b->id);
    return is_descending ? order > 0 : order < 0;
}

void walk(struct tx *tx, const struct store_viewer *viewer,
    const struct cert_page_request *template, struct id_list *ids)
{
    struct cert_page_request request = *template;
    autofree(str) char *cursor = NULL;
    struct err err = { 0 };

    for (int guard = 0; guard < 100; guard++) {
        autodone(cert_page) struct cert_page page = { 0 };

        request.cursor = cursor;
        assert_works(store_cert_page(tx, viewer, &request, &page, &err), &err);
        for (size_t i = 0; i < page.rows.n; i++) {
            if (i)
                assert_true(is_before(&page.rows.items[i - 1], &page.rows.items[i], request.sort,
                    request.is_descending));
            assert_false(id_list_has(ids, page.rows.items[i].id));
            id_list_add(ids, page.rows.items[i].id);
        }
        str_set(&cursor, page.next_cursor);
        if (!cursor)
            return;
        assert_int_equal(page.rows.n, request.limit);
    }
    fail_msg("the pages never end");
}
