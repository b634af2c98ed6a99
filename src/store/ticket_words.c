/*
 * store/ticket_words: see the header.
 *
 * Key, summary, description and names are one text, with marks between them that nobody types, so
 * that what stands in one of them is found by one pattern.
 */
#include "store/ticket_words.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/fold.h"
#include "store/read.h"
#include "store/trigram.h"

#define SUMMARY_MARK "\x01"
#define DESCRIPTION_MARK "\x02"
#define NAMES_MARK "\x03"

/* The newest tickets stand for all of them. */
#define SAMPLE 200
#define SAMPLE_MANY 20

/* ---- writing ---- */

static bool drop(struct stmt *q, int64_t id, struct err *err)
{
    stmt_bind_i64(q, 1, id);
    return stmt_send(q, err);
}

static bool put(struct stmt *q, int64_t id, const char *text, struct err *err)
{
    autofree(str) char *folded = text_fold(text);

    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, folded);
    return stmt_send(q, err);
}

static bool replace(struct tx *tx, int64_t ticket_id, const char *text, struct err *err)
{
    autofree(stmt) struct stmt *old = tx_prepare(tx, "DELETE FROM ticket_search WHERE rowid = $1");
    autofree(stmt) struct stmt *new =
        tx_prepare(tx, "INSERT INTO ticket_search(rowid, words) VALUES ($1, $2)");

    return drop(old, ticket_id, err) && put(new, ticket_id, text, err);
}

/* What is there now, cut in two where the names begin. */
static bool read_old(struct tx *tx, int64_t ticket_id, char **ret_before, char **ret_names,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT words FROM ticket_search WHERE rowid = $1");
    autofree(str) char *before = NULL;
    autofree(str) char *names = NULL;

    stmt_bind_i64(q, 1, ticket_id);
    while (stmt_next(q)) {
        struct span rest = span_text(stmt_text(q, 0)), first = SPAN_EMPTY;

        (void)span_split(&rest, NAMES_MARK[0], &first);
        before = span_dup(first);
        names = span_dup(rest);
    }
    if (!stmt_end(q, err))
        return false;
    *ret_before = before ? take(&before) : xstrdup("");
    *ret_names = names ? take(&names) : xstrdup("");
    return true;
}

bool ticket_words_put(struct tx *tx, int64_t ticket_id, const struct ticket_texts *texts,
    struct err *err)
{
    autofree(str) char *before = NULL;
    autofree(str) char *names = NULL;
    autofree(str) char *text = NULL;

    if (!texts->names && !read_old(tx, ticket_id, &before, &names, err))
        return false;
    text = xasprintf("%s" SUMMARY_MARK "%s" DESCRIPTION_MARK "%s" NAMES_MARK "%s", texts->key,
        texts->summary, texts->description, texts->names ? texts->names : names);
    return replace(tx, ticket_id, text, err);
}

bool ticket_words_put_names(struct tx *tx, int64_t ticket_id, const char *names, struct err *err)
{
    autofree(str) char *before = NULL;
    autofree(str) char *old = NULL;
    autofree(str) char *new = text_fold(names);
    autofree(str) char *text = NULL;

    if (!read_old(tx, ticket_id, &before, &old, err))
        return false;
    if (strcmp(old, new) == 0) /* as with most renewals */
        return true;
    text = xasprintf("%s" NAMES_MARK "%s", before, new);
    return replace(tx, ticket_id, text, err);
}

bool comment_words_drop(struct tx *tx, int64_t comment_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "DELETE FROM comment_search WHERE rowid = $1");

    return drop(q, comment_id, err);
}

bool comment_words_put(struct tx *tx, int64_t comment_id, const char *body, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "INSERT INTO comment_search(rowid, words) VALUES ($1, $2)");

    return put(q, comment_id, body, err);
}

bool ticket_words_drop(struct tx *tx, int64_t ticket_id, struct err *err)
{
    autofree(stmt) struct stmt *own = tx_prepare(tx, "DELETE FROM ticket_search WHERE rowid = $1");
    autofree(stmt) struct stmt *comments =
        tx_prepare(tx, "DELETE FROM comment_search WHERE rowid IN"
                       " (SELECT id FROM ticket_comment WHERE ticket_id = $1)");

    return drop(own, ticket_id, err) && drop(comments, ticket_id, err);
}

/* ---- what is asked ---- */

void ticket_words_add(struct ticket_words *words, struct span word)
{
    autofree(str) char *folded = NULL;

    if (word.size > TICKET_WORD_MAX)
        word = span_slice(word, 0, TICKET_WORD_MAX);
    folded = text_fold_span(span_trim(word));
    if (*folded && words->n < TICKET_WORDS_MAX)
        words->items[words->n++] = take(&folded);
}

void ticket_words_done(struct ticket_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        free(words->items[i]);
    words->n = 0;
}

static bool has_trigram(const struct ticket_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        if (trigram_has(words->items[i]))
            return true;
    return false;
}

/* ---- conditions ---- */

static const struct {
    const char *before;
    const char *after;
} marks[] = {
    [TICKET_TEXT_SUMMARY] = { "%" SUMMARY_MARK "%", "%" DESCRIPTION_MARK "%" },
    [TICKET_TEXT_DESCRIPTION] = { "%" DESCRIPTION_MARK "%", "%" NAMES_MARK "%" },
    [TICKET_TEXT_OWN] = { "%", "%" },
    [TICKET_TEXT_COMMENT] = { "%", "%" },
    [TICKET_TEXT_ALL] = { "%", "%" },
};

struct words_sql {
    struct select *select;
    const struct ticket_words *words;
    enum ticket_text text;
    bool is_sqlite;
};

/* The second LIKE finds by the index, the first what was meant; one of them mostly does. */
static void add_word(const struct words_sql *sql, const char *word, bool by_index)
{
    autodone(buf) struct buf pattern = BUF_INIT(4 * TICKET_WORD_MAX);
    autodone(buf) struct buf exact = BUF_INIT(4 * TICKET_WORD_MAX);

    buf_add_text(&pattern, marks[sql->text].before);
    bool is_exact = trigram_add_pattern(&pattern, span_text(word));

    buf_add_text(&pattern, marks[sql->text].after);
    if (by_index && trigram_has(word)) {
        select_add(sql->select, " AND s.words LIKE ");
        select_text(sql->select, buf_text(&pattern));
        if (is_exact)
            return;
    }
    buf_add_text(&exact, marks[sql->text].before);
    trigram_add_exact(&exact, span_text(word));
    buf_add_text(&exact, marks[sql->text].after);
    if (by_index || !sql->is_sqlite)
        select_add(sql->select, " AND s.words LIKE ");
    else
        select_add(sql->select, " AND s.c0 LIKE ");
    select_text(sql->select, buf_text(&exact));
    select_add(sql->select, " ESCAPE '\\'");
}

static void add_all(const struct words_sql *sql, bool by_index)
{
    for (size_t i = 0; i < sql->words->n; i++)
        add_word(sql, sql->words->items[i], by_index);
}

/* FTS5 keeps the words in a table of its own: a look into that takes less than half of one through
 * the index. "OFFSET 0" keeps PostgreSQL from joining with all that there are. */
static void look(const struct words_sql *sql, bool is_comment)
{
    if (is_comment && sql->is_sqlite)
        select_add(sql->select,
            "EXISTS (SELECT 1 FROM ticket_comment o CROSS JOIN"
            " comment_search_content s WHERE s.id = o.id AND o.ticket_id = t.id");
    else if (is_comment)
        select_add(sql->select, "EXISTS (SELECT 1 FROM ticket_comment o CROSS JOIN"
                                " comment_search s WHERE s.rowid = o.id AND o.ticket_id = t.id");
    else if (sql->is_sqlite)
        select_add(sql->select, "EXISTS (SELECT 1 FROM ticket_search_content s WHERE s.id = t.id");
    else
        select_add(sql->select, "EXISTS (SELECT 1 FROM ticket_search s WHERE s.rowid = t.id");
    add_all(sql, false);
    select_add(sql->select, " LIMIT 1 OFFSET 0)");
}

static void add_own_ids(const struct words_sql *sql)
{
    select_add(sql->select, "SELECT s.rowid FROM ticket_search s WHERE 1 = 1");
    add_all(sql, true);
}

static void add_comment_ids(const struct words_sql *sql)
{
    select_add(sql->select, "SELECT o.ticket_id FROM ticket_comment o WHERE o.id IN"
                            " (SELECT s.rowid FROM comment_search s WHERE 1 = 1");
    add_all(sql, true);
    select_add(sql->select, ")");
}

static void add_by_index(const struct words_sql *sql)
{
    select_add(sql->select, "(t.id IN (");
    if (sql->text != TICKET_TEXT_COMMENT)
        add_own_ids(sql);
    if (sql->text == TICKET_TEXT_ALL)
        select_add(sql->select, " UNION ");
    if (sql->text == TICKET_TEXT_COMMENT || sql->text == TICKET_TEXT_ALL)
        add_comment_ids(sql);
    select_add(sql->select, "))");
}

static void add_by_look(const struct words_sql *sql)
{
    select_add(sql->select, "(");
    if (sql->text != TICKET_TEXT_COMMENT)
        look(sql, false);
    if (sql->text == TICKET_TEXT_ALL)
        select_add(sql->select, " OR ");
    if (sql->text == TICKET_TEXT_COMMENT || sql->text == TICKET_TEXT_ALL)
        look(sql, true);
    select_add(sql->select, ")");
}

void ticket_words_condition(struct tx *tx, struct select *select, const struct ticket_words *words,
    enum ticket_text text, enum ticket_words_way way)
{
    const struct words_sql sql = { select, words, text, !db_is_postgres(tx_db(tx)) };

    if (words->n == 0)
        select_add(select, "(1 = 0)");
    else if (way == TICKET_WORDS_BY_INDEX && has_trigram(words))
        add_by_index(&sql);
    else
        add_by_look(&sql);
}

bool ticket_words_plan(struct tx *tx, const struct ticket_words *words, enum ticket_text text,
    enum ticket_words_way *ret, struct err *err)
{
    autodone(select) struct select select = SELECT_INIT;
    autofree(stmt) struct stmt *q = NULL;
    int64_t n = 0;

    select_add(&select, "SELECT count(*) FROM (SELECT id FROM ticket ORDER BY id DESC LIMIT ");
    select_i64(&select, SAMPLE);
    select_add(&select, ") AS t WHERE ");
    ticket_words_condition(tx, &select, words, text, TICKET_WORDS_BY_LOOK);
    q = select_prepare(tx, &select);
    if (!read_number(q, &n, err))
        return false;
    *ret = n >= SAMPLE_MANY ? TICKET_WORDS_BY_LOOK : TICKET_WORDS_BY_INDEX;
    return true;
}
