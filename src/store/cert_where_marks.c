/* store/cert_where, the marks of what is asked for: see the header, and store/cert_marks. */
#include "store/cert_where.h"

#include "store/cert_marks.h"

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

bool cert_where_has_letters(const struct cert_where *where)
{
    return letters_of(where) != 0;
}

bool cert_where_has_marks(const struct cert_where *where)
{
    return !where->is_sqlite && (letters_of(where) || labels_of(where) || where->n_seen_by > 0);
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

/* To PostgreSQL each comparison would leave a two-hundredth of all records, and a CASE leaves half.
 */
void cert_where_add_marks(const struct cert_where *where, struct select *select)
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
