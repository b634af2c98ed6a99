/* store/cert_sort: see the header. SQL is put together from literals, so each order has its own. */
#include "store/cert_sort.h"

#include <string.h>

static const struct {
    const char *name;
    enum cert_sort sort;
} names[] = {
    { "expires_at", CERT_BY_EXPIRY },
    { "days_left", CERT_BY_EXPIRY },
    { "status", CERT_BY_STATUS },
    { "name", CERT_BY_NAME },
    { "created_at", CERT_BY_CREATION },
    { "updated_at", CERT_BY_UPDATE },
    { "issuer", CERT_BY_ISSUER },
    { "owner", CERT_BY_OWNER },
    { "business_group", CERT_BY_BUSINESS_GROUP },
    { "resources", CERT_BY_RESOURCES },
    { "last_checked_at", CERT_BY_CHECK },
};

bool cert_sort_from_name(const char *name, enum cert_sort *ret)
{
    for (size_t i = 0; i < countof(names); i++) {
        if (strcmp(name, names[i].name) == 0) {
            *ret = names[i].sort;
            return true;
        }
    }
    return false;
}

bool cert_sort_is_text(enum cert_sort sort)
{
    return sort == CERT_BY_NAME || sort == CERT_BY_ISSUER || sort == CERT_BY_OWNER ||
           sort == CERT_BY_BUSINESS_GROUP;
}

bool cert_sort_has_tail(enum cert_sort sort)
{
    return sort == CERT_BY_EXPIRY || sort == CERT_BY_STATUS || sort == CERT_BY_ISSUER ||
           sort == CERT_BY_BUSINESS_GROUP || sort == CERT_BY_CHECK;
}

bool cert_sort_is_by_check(enum cert_sort sort)
{
    return sort == CERT_BY_CHECK;
}

/* Within a status records stand by their end. */
#define BY_COLUMN(sort, select, before, after)                                                     \
    switch (sort) {                                                                                \
    case CERT_BY_NAME:                                                                             \
        select_add(select, before "c.name_lower" after);                                           \
        break;                                                                                     \
    case CERT_BY_CREATION:                                                                         \
        select_add(select, before "c.created_at" after);                                           \
        break;                                                                                     \
    case CERT_BY_UPDATE:                                                                           \
        select_add(select, before "c.updated_at" after);                                           \
        break;                                                                                     \
    case CERT_BY_ISSUER:                                                                           \
        select_add(select, before "c.issuer" after);                                               \
        break;                                                                                     \
    case CERT_BY_OWNER:                                                                            \
        select_add(select, before "c.owner_name" after);                                           \
        break;                                                                                     \
    case CERT_BY_BUSINESS_GROUP:                                                                   \
        select_add(select, before "c.business_group_name" after);                                  \
        break;                                                                                     \
    case CERT_BY_RESOURCES:                                                                        \
        select_add(select, before "c.n_resources" after);                                          \
        break;                                                                                     \
    case CERT_BY_CHECK:                                                                            \
        select_add(select, before "h.last_checked_at" after);                                      \
        break;                                                                                     \
    case CERT_BY_EXPIRY:                                                                           \
    case CERT_BY_STATUS:                                                                           \
    case N_CERT_SORT:                                                                              \
        select_add(select, before "c.expires_at" after);                                           \
        break;                                                                                     \
    }

void cert_sort_add_column(enum cert_sort sort, struct select *select)
{
    BY_COLUMN(sort, select, "", "")
}

void cert_sort_add_body(enum cert_sort sort, struct select *select)
{
    if (sort == CERT_BY_ISSUER)
        select_add(select, " AND c.issuer > ''");
    else if (cert_sort_has_tail(sort))
        BY_COLUMN(sort, select, " AND ", " IS NOT NULL")
}

void cert_sort_add_tail(enum cert_sort sort, struct select *select)
{
    if (sort == CERT_BY_ISSUER)
        select_add(select, " AND c.issuer = ''");
    else
        BY_COLUMN(sort, select, " AND ", " IS NULL")
}

void cert_sort_add_order(enum cert_sort sort, bool is_descending, bool is_tail,
    struct select *select)
{
    bool is_down = is_descending && !is_tail;

    select_add(select, " ORDER BY ");
    if (is_down)
        BY_COLUMN(sort, select, "", " DESC")
    else
        BY_COLUMN(sort, select, "", "")
    if (cert_sort_is_by_check(sort))
        select_add(select, ", h.certificate_id");
    else
        select_add(select, ", c.id");
    if (is_down)
        select_add(select, " DESC");
}
