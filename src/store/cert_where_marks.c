/*
 * store/cert_where, the marks of what is asked for: see the header, and store/cert_marks. The facts
 * (certificate.facts) are what the record says itself, kept by PostgreSQL.
 */
#include "store/cert_where.h"

#include <string.h>

#include "store/cert_marks.h"

#define BIT(status) (1u << (status))

/* In certificate.facts, between 16 bits each of the owner, the assignee and the business group, and
 * eight of the first two letters of the name. */
#define IS_UNUSED (INT64_C(1) << 48)
#define IS_IMPORTED (INT64_C(1) << 49)
#define IS_MANAGED (INT64_C(1) << 50)
#define HAS_ALERT (INT64_C(1) << 51)
#define IS_REVOKED (INT64_C(1) << 52)
#define IS_SEEN (INT64_C(1) << 53)

static int64_t letters_of(const struct cert_where *where)
{
    return where->words ? cert_marks_of_words(span_text(where->words)) : 0;
}

static int64_t labels_of(const struct cert_where *where)
{
    const struct cert_filter *const filter = where->filter;
    int64_t labels = where->tag ? cert_marks_of_tags(where->tag) : 0;

    for (size_t i = 0; i < filter->n_fields; i++)
        labels |= cert_marks_of_value(span_text(filter->fields[i].value));
    return filter->issuer ? labels | cert_marks_of_issuer(filter->issuer) : labels;
}

/* Of two kinds, or of all, no bits tell. */
static void add_bits_of_sources(unsigned sources, int64_t *bits, int64_t *set)
{
    if (sources == BIT(CERT_MANAGED)) {
        *bits |= IS_MANAGED;
        *set |= IS_MANAGED;
    } else if (sources == BIT(CERT_IMPORTED)) {
        *bits |= IS_MANAGED | IS_IMPORTED;
        *set |= IS_IMPORTED;
    } else if (sources == BIT(CERT_MONITORED)) {
        *bits |= IS_MANAGED | IS_IMPORTED;
    }
}

/* The bits that matter, and those of them that are to be set. */
static void bits_of(const struct cert_where *where, int64_t *ret_bits, int64_t *ret_set)
{
    const struct cert_filter *const filter = where->filter;
    int64_t bits = 0;
    int64_t set = 0;

    if (filter->is_unused && !cert_where_is_told(where, DRIVE_UNUSED))
        set |= IS_UNUSED;
    if (filter->alert && !cert_where_is_told(where, DRIVE_ALERT))
        set |= HAS_ALERT;
    if (filter->statuses == BIT(CERT_REVOKED) && !cert_where_is_told(where, DRIVE_REVOKED))
        set |= IS_REVOKED;
    if (filter->statuses == BIT(CERT_UNKNOWN))
        bits |= IS_REVOKED | IS_SEEN;
    if (cert_where_is_dated(filter))
        bits |= IS_REVOKED;
    if (!cert_where_is_told(where, DRIVE_SOURCE))
        add_bits_of_sources(filter->sources, &bits, &set);
    *ret_bits = bits | set;
    *ret_set = set;
}

static bool is_asked(const struct cert_where *where, enum drive drive, const char *name)
{
    return name && !cert_where_is_told(where, drive);
}

/* By its first letter alone a name would be one of too many. */
static bool has_two_letters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((uint8_t)*text & 0xC0) != 0x80;
    return n >= 2;
}

bool cert_where_has_name(const struct cert_where *where)
{
    return where->name_from && !cert_where_is_told(where, DRIVE_NAME) &&
           has_two_letters(where->name_from);
}

/* That it is not revoked is asked of nearly all, and leaves nearly all. */
static bool has_facts(const struct cert_where *where)
{
    const struct cert_filter *const filter = where->filter;
    int64_t bits;
    int64_t set;

    bits_of(where, &bits, &set);
    return set || bits & ~IS_REVOKED || is_asked(where, DRIVE_OWNER, filter->owner) ||
           is_asked(where, DRIVE_ASSIGNEE, filter->assignee) ||
           is_asked(where, DRIVE_BUSINESS_GROUP, filter->business_group) ||
           cert_where_has_name(where);
}

void cert_where_drop_facts(struct cert_filter *filter)
{
    int64_t bits = 0;
    int64_t set = 0;

    filter->is_unused = false;
    if (filter->alert && strcmp(filter->alert, "any") == 0)
        filter->alert = NULL;
    if (filter->statuses == BIT(CERT_REVOKED) || filter->statuses == BIT(CERT_UNKNOWN) ||
        filter->statuses == BIT(CERT_EXPIRED))
        filter->statuses = 0;
    add_bits_of_sources(filter->sources, &bits, &set);
    if (bits)
        filter->sources = 0;
}

bool cert_where_has_letters(const struct cert_where *where)
{
    return letters_of(where) != 0;
}

bool cert_where_has_marks(const struct cert_where *where, bool with_facts)
{
    return !where->is_sqlite && (letters_of(where) || labels_of(where) || where->n_seen_by > 0 ||
                                    (with_facts && has_facts(where)));
}

static void add_bits(int64_t marks, struct select *select)
{
    select_i64(select, marks);
    select_add(select, ") = ");
    select_i64(select, marks);
}

static void add_held(const struct cert_where *where, struct select *select)
{
    select_add(select, "(");
    for (size_t i = 0; i < where->n_seen_by; i++) {
        if (i)
            select_add(select, " OR ");
        select_add(select, "(holders & ");
        add_bits(where->seen_by[i], select);
    }
    select_add(select, ")");
}

/* An id is in its bits as far as it has room there. */
static void add_people(const struct cert_where *where, struct select *select)
{
    const struct cert_filter *const filter = where->filter;

    if (is_asked(where, DRIVE_OWNER, filter->owner)) {
        select_add(select,
            " AND (facts & 65535) = (SELECT a.id % 65536 FROM account a WHERE a.name = ");
        select_text(select, filter->owner);
        select_add(select, ")");
    }
    if (is_asked(where, DRIVE_ASSIGNEE, filter->assignee) && !*filter->assignee)
        select_add(select, " AND (facts & 4294901760) = 0");
    else if (is_asked(where, DRIVE_ASSIGNEE, filter->assignee)) {
        select_add(select, " AND (facts & 4294901760) ="
                           " (SELECT a.id % 65536 * 65536 FROM account a WHERE a.name = ");
        select_text(select, filter->assignee);
        select_add(select, ")");
    }
    if (is_asked(where, DRIVE_BUSINESS_GROUP, filter->business_group)) {
        select_add(select,
            " AND (facts & 281470681743360) ="
            " (SELECT g.id % 65536 * 4294967296 FROM business_group g WHERE g.name = ");
        select_text(select, filter->business_group);
        select_add(select, ")");
    }
}

/* As the schema has it. */
static void add_name(const struct cert_where *where, struct select *select)
{
    if (!cert_where_has_name(where))
        return;
    select_add(select, " AND (facts & 4593671619917905920) = (ascii(");
    select_text(select, where->name_from);
    select_add(select, ") * 31 + ascii(substr(");
    select_text(select, where->name_from);
    select_add(select, ", 2, 1))) % 256 * 18014398509481984");
}

static void add_facts(const struct cert_where *where, struct select *select)
{
    int64_t bits;
    int64_t set;

    bits_of(where, &bits, &set);
    if (bits) {
        select_add(select, " AND (facts & ");
        select_i64(select, bits);
        select_add(select, ") = ");
        select_i64(select, set);
    }
    add_people(where, select);
    add_name(where, select);
}

/* To PostgreSQL each comparison would leave a two-hundredth of all records, and a CASE leaves half.
 */
void cert_where_add_marks(const struct cert_where *where, bool with_facts, struct select *select)
{
    const int64_t letters = letters_of(where);
    const int64_t labels = labels_of(where);

    select_add(select, "CASE WHEN 1 = 1");
    if (letters) {
        select_add(select, " AND (letters & ");
        add_bits(letters, select);
    }
    if (labels) {
        select_add(select, " AND (labels & ");
        add_bits(labels, select);
    }
    if (where->n_seen_by > 0) {
        select_add(select, " AND ");
        add_held(where, select);
    }
    if (with_facts)
        add_facts(where, select);
    select_add(select, " THEN TRUE ELSE FALSE END");
}

void cert_where_add_holders(const struct cert_where *where, struct select *select)
{
    if (where->n_seen_by == 0)
        return;
    select_add(select, " AND CASE WHEN ");
    add_held(where, select);
    select_add(select, " THEN TRUE ELSE FALSE END");
}
