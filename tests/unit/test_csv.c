/* F10: tables come in and go out. */
#include "testing.h"

#include "base/alloc.h"
#include "codec/csv.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "testing_oracle.h"

/* Rows as "line:cell|cell;". */
static bool write_row(void *context, int64_t line, const struct span *cells, size_t n_cells,
    struct err *err)
{
    struct buf *const out = context;

    if (n_cells == 1 && span_is(cells[0], "stop"))
        return fail(err, ERR_CONFLICT, "stopped");
    buf_addf(out, "%" PRId64 ":", line);
    for (size_t i = 0; i < n_cells; i++) {
        buf_add_text(out, i > 0 ? "|" : "");
        buf_add_span(out, cells[i]);
    }
    buf_add_char(out, ';');
    return true;
}

/* Fed `step` bytes at a time. */
static bool read_table(struct span table, size_t step, struct buf *rows, struct err *err)
{
    autofree(csv_reader) struct csv_reader *reader = csv_reader_new(write_row, rows);

    for (size_t at = 0; at < table.size; at += step)
        if (!csv_reader_feed(reader, span_slice(table, at, step), err))
            return false;
    return csv_reader_finish(reader, err);
}

static const struct {
    const char *table;
    const char *rows;
} tables[] = {
    { "", "" },
    { "a", "1:a;" },
    { "a,b\nc,d\n", "1:a|b;2:c|d;" },
    { "a,b\r\nc,d\r\n", "1:a|b;2:c|d;" },
    { "a\rb", "1:a;2:b;" },
    { "\xef\xbb\xbf"
      "a,b\n",
        "1:a|b;" },
    { "\xef\xbb\xbf\"a\"\n", "1:a;" },
    { "\xef\xbb", "" }, /* replaced below: it is no text */
    { "ab", "1:ab;" },
    { "a\n\n\nb\n", "1:a;4:b;" },
    { "a\r\n\r\n\r\nb", "1:a;4:b;" },
    { ",,\n", "1:||;" },
    { "\"\"\n", "1:;" },
    { "\"a,b\",\"c\"\"d\"\n", "1:a,b|c\"d;" },
    { "\"a\nb\",c\nd\n", "1:a\nb|c;3:d;" },
    { "\"a\r\nb\r\n\"\r\nd", "1:a\r\nb\r\n;4:d;" },
    { " a , b \n", "1: a | b ;" },
    { "5' 3\",b\"\"\n", "1:5' 3\"|b\"\";" },
    { " \"a\"\n", "1: \"a\";" },
    { "gr\xc3\xbc\xc3\x9f\n", "1:gr\xc3\xbc\xc3\x9f;" },
};

static void reader_reads_tables_cut_anywhere(void **state)
{
    static const size_t steps[] = { 1, 2, 3, 7, 1000 };

    (void)state;
    for (size_t i = 0; i < countof(tables); i++) {
        for (size_t j = 0; j < countof(steps); j++) {
            autodone(buf) struct buf rows = BUF_INIT(1000);
            struct err err = { 0 };

            if (strcmp(tables[i].table, "\xef\xbb") == 0) {
                assert_fails(read_table(span_text(tables[i].table), steps[j], &rows, &err), &err,
                    ERR_INVALID);
                continue;
            }
            assert_works(read_table(span_text(tables[i].table), steps[j], &rows, &err), &err);
            assert_string_equal(buf_text(&rows), tables[i].rows);
        }
    }
}

static const struct {
    const char *table;
    enum err_kind kind;
    const char *says;
} rejected[] = {
    { "\"a\"b\n", ERR_INVALID, "line 1: there is text behind a closing quote" },
    { "a\n\"b\"\"\"c\n", ERR_INVALID, "line 2: there is text" },
    { "\"a\" ,b\n", ERR_INVALID, "line 1: there is text" },
    { "a\n\"b\nc\n", ERR_INVALID, "line 2: a quoted cell begins here and does not end" },
    { "a\n\n\xff\n", ERR_INVALID, "line 3: a cell is not UTF-8" },
    { "a,b\nc,x\xe9\n", ERR_INVALID,
        "line 2: a cell is not UTF-8 text: byte 0xe9, number 2 of the cell; save the table as CSV "
        "UTF-8" },
    { "a\n\"b\"\n\"c\nd", ERR_INVALID, "line 3: a quoted cell begins here" },
    { "a\nstop\nb\n", ERR_CONFLICT, "stopped" },
};

static void reader_says_on_which_line_it_failed(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(rejected); i++) {
        autodone(buf) struct buf rows = BUF_INIT(1000);
        struct err err = { 0 };

        assert_fails(read_table(span_text(rejected[i].table), 3, &rows, &err), &err,
            rejected[i].kind);
        assert_contains(err.msg, rejected[i].says);
    }
}

static void add_many(struct buf *table, const char *part, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_text(table, part);
}

static void reader_keeps_its_limits(void **state)
{
    autodone(buf) struct buf table = BUF_INIT(64U << 20);
    autodone(buf) struct buf rows = BUF_INIT(4U << 20);
    struct err err = { 0 };

    (void)state;
    add_many(&table, "0123456789abcdef", CSV_MAX_CELL / 16);
    assert_works(read_table(buf_span(&table), 999, &rows, &err), &err);
    buf_add_text(&table, "x");
    assert_fails(read_table(buf_span(&table), 999, &rows, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "line 1: a cell is larger than 65536 bytes");

    buf_clear(&table);
    buf_add_char(&table, '"');
    add_many(&table, "never ending\n", 1U << 20);
    assert_fails(read_table(buf_span(&table), table.size, &rows, &err), &err, ERR_LIMIT);

    buf_clear(&table);
    add_many(&table, ",", CSV_MAX_COLUMNS - 1);
    assert_works(read_table(buf_span(&table), 999, &rows, &err), &err);
    buf_add_text(&table, ",");
    assert_fails(read_table(buf_span(&table), 999, &rows, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "more than 200 columns");

    buf_clear(&table);
    buf_add_text(&table, "a\n");
    for (int i = 0; i < 20; i++) {
        add_many(&table, "0123456789abcdef", 4000);
        buf_add_char(&table, ',');
    }
    assert_fails(read_table(buf_span(&table), 999, &rows, &err), &err, ERR_LIMIT);
    assert_contains(err.msg, "line 2: the row is larger than 1048576 bytes");
}

/* What a row begins with, or why it is bad, and where it is. */
struct places {
    struct csv_reader *reader;
    struct buf said;
};

static bool note_place(void *context, int64_t line, const struct span *row, size_t n_cells,
    struct err *err)
{
    struct places *const places = context;

    (void)n_cells;
    (void)err;
    buf_addf(&places->said, "%" PRId64 "@%" PRId64 ":", line, csv_reader_offset(places->reader));
    buf_add_span(&places->said, row[0]);
    buf_add_char(&places->said, ';');
    return true;
}

static bool note_bad_row(void *context, int64_t line, size_t cell, const struct err *why,
    struct err *err)
{
    struct places *const places = context;

    (void)err;
    buf_addf(&places->said, "%" PRId64 "@%" PRId64 "!%zu %.12s;", line,
        csv_reader_offset(places->reader), cell, why->msg);
    return true;
}

static void read_places(struct span table, int64_t offset, int64_t line, size_t step,
    struct buf *ret)
{
    struct places places = { .said = BUF_INIT(65536) };
    struct err err = { 0 };

    places.reader = csv_reader_new(note_place, &places);
    csv_reader_on_bad_row(places.reader, note_bad_row);
    csv_reader_begin_at(places.reader, offset, line);
    for (size_t at = (size_t)offset; at < table.size; at += step)
        assert_works(csv_reader_feed(places.reader, span_slice(table, at, step), &err), &err);
    assert_works(csv_reader_finish(places.reader, &err), &err);
    csv_reader_free(places.reader);
    *ret = places.said;
}

static void rows_say_where_they_begin_and_bad_ones_are_passed_over(void **state)
{
    static const char table[] = "\xef\xbb\xbf"
                                "a,b\r\n\r\n\"x\ny\",1\nbad,\xff\n\n,\nz\n";
    static const size_t steps[] = { 1, 2, 5, 1000 };

    (void)state;
    for (size_t i = 0; i < countof(steps); i++) {
        autodone(buf) struct buf all = { 0 };
        autodone(buf) struct buf rest = { 0 };

        read_places(span_text(table), 0, 1, steps[i], &all);
        assert_string_equal(buf_text(&all), "1@3:a;3@10:x\ny;5@18!1 a cell is no;7@25:;8@27:z;");
        read_places(span_text(table), 18, 5, steps[i], &rest);
        assert_string_equal(buf_text(&rest), "5@18!1 a cell is no;7@25:;8@27:z;");
    }
}

static void a_row_of_a_hundred_thousand_cells_costs_only_itself(void **state)
{
    autodone(buf) struct buf table = BUF_INIT(1U << 20);
    autodone(buf) struct buf said = { 0 };

    (void)state;
    buf_add_text(&table, "a\n");
    add_many(&table, "x,", 100000);
    buf_add_text(&table, "\nb\n");
    read_places(buf_span(&table), 0, 1, 4096, &said);
    assert_string_equal(buf_text(&said), "1@0:a;2@2!200 there are mo;3@200003:b;");
}

/* ---- writing ---- */

static const struct {
    const char *text;
    const char *cell;
} cells[] = {
    { "plain", "plain" },
    { NULL, "" },
    { "a,b", "\"a,b\"" },
    { "say \"so\"", "\"say \"\"so\"\"\"" },
    { "two\nlines", "\"two\nlines\"" },
    { "=1+1", "'=1+1" },
    { "+49", "'+49" },
    { "-1", "'-1" },
    { "@SUM(A1)", "'@SUM(A1)" },
    { "\tx", "'\tx" },
    { "\r=x", "\"'\r=x\"" },
    { "'=x", "''=x" },
    { "''=x", "'''=x" },
    { "'x", "'x" },
    { "'", "'" },
    { "a=b", "a=b" },
    { "\xef\xbb\xbf"
      "a",
        "\"\xef\xbb\xbf"
        "a\"" },
    { "=HYPERLINK(\"http://evil\",\"x\")", "\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\"" },
};

static bool keep_cell(void *context, int64_t line, const struct span *found, size_t n_cells,
    struct err *err)
{
    (void)line;
    (void)err;
    assert_int_equal(n_cells, 2);
    buf_add_span(context, csv_restore(found[1]));
    return true;
}

static void what_is_written_is_harmless_and_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(cells); i++) {
        autodone(buf) struct buf table = BUF_INIT(1000);
        autodone(buf) struct buf again = BUF_INIT(1000);
        autofree(csv_reader) struct csv_reader *reader = csv_reader_new(keep_cell, &again);
        autofree(str) char *expected = xasprintf("-5,%s\r\n", cells[i].cell);
        struct csv_out out;
        struct err err = { 0 };

        csv_out_init(&out, &table);
        csv_i64(&out, -5);
        csv_text(&out, cells[i].text);
        csv_end_row(&out);
        assert_string_equal(buf_text(&table), expected);
        assert_works(csv_reader_feed(reader, buf_span(&table), &err), &err);
        assert_works(csv_reader_finish(reader, &err), &err);
        assert_string_equal(buf_text(&again), cells[i].text ? cells[i].text : "");
    }
}

static void a_row_of_one_empty_cell_is_a_row(void **state)
{
    autodone(buf) struct buf table = BUF_INIT(1000);
    autodone(buf) struct buf rows = BUF_INIT(1000);
    struct csv_out out;
    struct err err = { 0 };

    (void)state;
    csv_out_init(&out, &table);
    csv_text(&out, "");
    csv_end_row(&out);
    csv_text(&out, "a");
    csv_end_row(&out);
    assert_string_equal(buf_text(&table), "\"\"\r\na\r\n");
    assert_works(read_table(buf_span(&table), 99, &rows, &err), &err);
    assert_string_equal(buf_text(&rows), "1:;2:a;");
}

/* ---- what others say ---- */

struct sheet {
    struct buf json; /* as the expected file has it: a list of objects */
    struct json_out out;
    char *heads[CSV_MAX_COLUMNS];
    size_t n_heads;
};

static bool add_to_sheet(void *context, int64_t line, const struct span *row, size_t n,
    struct err *err)
{
    struct sheet *const sheet = context;

    (void)line;
    (void)err;
    if (sheet->n_heads == 0) {
        for (size_t i = 0; i < n; i++)
            sheet->heads[sheet->n_heads++] = span_dup(row[i]);
        return true;
    }
    json_begin_object(&sheet->out, NULL);
    for (size_t i = 0; i < n; i++)
        json_str_span(&sheet->out, sheet->heads[i], row[i]);
    json_end(&sheet->out);
    return true;
}

static void check_sheet(const char *name)
{
    char path[256];
    struct sheet sheet = { .json = BUF_INIT(1 << 20) };
    autofree(csv_reader) struct csv_reader *reader = csv_reader_new(add_to_sheet, &sheet);
    autofree(json) struct json *expected = NULL;
    autodone(buf) struct buf text = BUF_INIT(1 << 20);
    struct err err = { 0 };

    json_out_init(&sheet.out, &sheet.json);
    json_begin_array(&sheet.out, NULL);
    (void)snprintf(path, sizeof path, "csv/csv-spectrum/csvs/%s.csv", name);
    autodone(buf) struct buf table = oracle_file(path);

    assert_works(csv_reader_feed(reader, buf_span(&table), &err), &err);
    assert_works(csv_reader_finish(reader, &err), &err);
    json_end(&sheet.out);
    (void)snprintf(path, sizeof path, "csv/csv-spectrum/json/%s.json", name);
    autodone(buf) struct buf json = oracle_file(path);

    assert_works(json_parse(buf_span(&json), &expected, &err), &err);
    json_write(expected, &text);
    if (strcmp(name, "location_coordinates") ==
        0) /* what is expected is no list, of another number */
        assert_contains(buf_text(&sheet.json), "37.8\\\"N 121");
    else
        assert_string_equal(buf_text(&sheet.json), buf_text(&text));
    for (size_t i = 0; i < sheet.n_heads; i++)
        free(sheet.heads[i]);
    buf_done(&sheet.json);
}

static void reader_agrees_with_csv_spectrum(void **state)
{
    static const char *const names[] = { "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes",
        "json", "location_coordinates", "newlines", "newlines_crlf", "quotes_and_newlines",
        "simple", "simple_crlf", "utf8" };

    (void)state;
    oracle_need("csv/csv-spectrum");
    for (size_t i = 0; i < countof(names); i++)
        check_sheet(names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_reads_tables_cut_anywhere),
        cmocka_unit_test(reader_says_on_which_line_it_failed),
        cmocka_unit_test(reader_keeps_its_limits),
        cmocka_unit_test(rows_say_where_they_begin_and_bad_ones_are_passed_over),
        cmocka_unit_test(a_row_of_a_hundred_thousand_cells_costs_only_itself),
        cmocka_unit_test(what_is_written_is_harmless_and_comes_back),
        cmocka_unit_test(a_row_of_one_empty_cell_is_a_row),
        cmocka_unit_test(reader_agrees_with_csv_spectrum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
