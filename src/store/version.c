/* store/version: see the header. */
#include "store/version.h"

#include "base/err.h"
#include "base/parse.h"
#include "codec/fold.h"
#include "store/read.h"
#include "store/version_read.h"

/* Words to be found by are cut here; a certificate may carry 60,000 names. */
#define WORDS_MAX ((size_t)16 * 1024)

static void read_hash(struct stmt *q, int column, uint8_t hash[static SHA256_SIZE])
{
    struct span blob = stmt_blob(q, column);

    if (blob.size == SHA256_SIZE)
        memcpy(hash, blob.data, SHA256_SIZE);
}

void version_read(struct stmt *q, int first, struct version_row *row)
{
    row->id = stmt_i64(q, first);
    read_hash(q, first + 1, row->sha256);
    row->slot = read_text(q, first + 2);
    row->serial = read_text(q, first + 3);
    row->subject = read_text(q, first + 4);
    row->issuer = read_text(q, first + 5);
    row->name = read_text(q, first + 6);
    row->sans = read_text(q, first + 7);
    row->n_sans = stmt_i64(q, first + 8);
    row->not_before = stmt_i64(q, first + 9);
    row->not_after = stmt_i64(q, first + 10);
    row->key_algorithm = read_text(q, first + 11);
    row->key_size = stmt_i64(q, first + 12);
    row->signature_algorithm = read_text(q, first + 13);
    read_hash(q, first + 14, row->spki_sha256);
    row->is_ca = stmt_bool(q, first + 15);
    row->is_self_signed = stmt_bool(q, first + 16);
    row->is_staging = stmt_bool(q, first + 17);
    row->created_at = stmt_i64(q, first + 18);
}

bool store_version_find(struct tx *tx, const uint8_t sha256[static SHA256_SIZE], int64_t *ret_id,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT id FROM version WHERE sha256 = $1");

    stmt_bind_blob(q, 1, span_of(sha256, SHA256_SIZE));
    return read_number(q, ret_id, err);
}

/* Serial, fingerprint and names, case folded; the last name that does not fit is left out whole. */
static char *words_of(const struct version_facts *facts)
{
    autodone(buf) struct buf words = BUF_INIT(2 * WORDS_MAX);
    struct span rest = span_text(facts->names);
    struct span name;

    buf_add_text(&words, facts->serial);
    buf_add_char(&words, ' ');
    for (size_t i = 0; i < SHA256_SIZE; i++)
        buf_addf(&words, "%02x", facts->sha256[i]);
    while (span_split(&rest, '\n', &name)) {
        if (words.size + name.size + 1 > WORDS_MAX)
            break;
        buf_add_char(&words, ' ');
        buf_add_span(&words, name);
    }
    return text_fold_span(buf_span(&words));
}

static bool add_version(struct tx *tx, const struct version_facts *facts, int64_t now,
    int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO version(sha256, der, slot, serial, subject, issuer, name, sans, n_sans,"
        " not_before, not_after, key_algorithm, key_size, signature_algorithm, spki_sha256, is_ca,"
        " is_self_signed, is_staging, words, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
        " $19, $20)"
        " ON CONFLICT DO NOTHING"
        " RETURNING id");
    autofree(str) char *words = words_of(facts);

    stmt_bind_blob(q, 1, span_of(facts->sha256, SHA256_SIZE));
    stmt_bind_blob(q, 2, facts->der);
    stmt_bind_text(q, 3, facts->slot);
    stmt_bind_text(q, 4, facts->serial);
    stmt_bind_text(q, 5, facts->subject);
    stmt_bind_text(q, 6, facts->issuer);
    stmt_bind_text(q, 7, facts->name);
    stmt_bind_text(q, 8, facts->sans);
    stmt_bind_i64(q, 9, facts->n_sans);
    stmt_bind_i64(q, 10, facts->not_before);
    stmt_bind_i64(q, 11, facts->not_after);
    stmt_bind_text(q, 12, facts->key_algorithm);
    stmt_bind_i64(q, 13, facts->key_size);
    stmt_bind_text(q, 14, facts->signature_algorithm);
    stmt_bind_blob(q, 15, span_of(facts->spki_sha256, SHA256_SIZE));
    stmt_bind_bool(q, 16, facts->is_ca);
    stmt_bind_bool(q, 17, facts->is_self_signed);
    stmt_bind_bool(q, 18, facts->is_staging);
    stmt_bind_text(q, 19, words);
    stmt_bind_i64(q, 20, now);
    return read_number(q, ret_id, err);
}

/* Two nodes may see the same new certificate at once: whoever comes second finds the first's row.
 */
bool store_version_put(struct tx *tx, const struct version_facts *facts, int64_t now,
    int64_t *ret_id, bool *ret_new, struct err *err)
{
    bool is_new = false;
    int64_t id = 0;

    if (!store_version_find(tx, facts->sha256, &id, err))
        return false;
    if (!id) {
        if (!add_version(tx, facts, now, &id, err))
            return err_wrap(err, "could not keep certificate \"%s\"", facts->name);
        is_new = id != 0;
    }
    if (!id && !store_version_find(tx, facts->sha256, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_UNAVAILABLE, "certificate \"%s\" is being added elsewhere",
            facts->name);
    *ret_id = id;
    if (ret_new)
        *ret_new = is_new;
    return true;
}

bool store_version_get(struct tx *tx, int64_t id, struct version_row **ret, struct err *err)
{
    autofree(version_row) struct version_row *row = NULL;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " VERSION_COLUMNS " FROM version v WHERE v.id = $1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q) && !row) {
        row = xcalloc(1, sizeof *row);
        version_read(q, 0, row);
    }
    if (!stmt_end(q, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no version %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_version_issuers(struct tx *tx, const char *subject, int64_t limit, struct id_list *ids,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT id FROM version WHERE subject = $1 AND is_ca = TRUE ORDER BY id DESC LIMIT $2");

    stmt_bind_text(q, 1, subject);
    stmt_bind_i64(q, 2, limit);
    while (stmt_next(q))
        id_list_add(ids, stmt_i64(q, 0));
    return stmt_end(q, err);
}

bool store_version_der(struct tx *tx, int64_t id, struct buf *der, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT der FROM version WHERE id = $1");
    bool is_found = false;

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        buf_add_span(der, stmt_blob(q, 0));
        is_found = true;
    }
    if (!stmt_end(q, err))
        return false;
    if (!is_found)
        return fail(err, ERR_NOT_FOUND, "there is no version %" PRId64, id);
    return buf_check(der, "the certificate", err);
}

/* A chain is found by the SHA-256 of its members' SHA-256s, one after the other. */
static bool chain_hash(struct tx *tx, const int64_t *version_ids, size_t n,
    uint8_t ret[static SHA256_SIZE], struct err *err)
{
    autodone(buf) struct buf hashes = BUF_INIT((size_t)1024 * SHA256_SIZE);

    for (size_t i = 0; i < n; i++) {
        autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT sha256 FROM version WHERE id = $1");

        stmt_bind_i64(q, 1, version_ids[i]);
        while (stmt_next(q))
            buf_add_span(&hashes, stmt_blob(q, 0));
        if (!stmt_end(q, err))
            return false;
    }
    if (!buf_check(&hashes, "the chain", err))
        return false;
    if (hashes.size != n * SHA256_SIZE)
        return fail(err, ERR_NOT_FOUND, "a member of the chain is not known");
    digest_sha256(buf_span(&hashes), ret);
    return true;
}

static bool find_chain(struct tx *tx, const uint8_t sha256[static SHA256_SIZE], int64_t *ret_id,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT id FROM chain WHERE sha256 = $1");

    stmt_bind_blob(q, 1, span_of(sha256, SHA256_SIZE));
    return read_number(q, ret_id, err);
}

static bool add_chain(struct tx *tx, const uint8_t sha256[static SHA256_SIZE],
    const int64_t *version_ids, size_t n, int64_t now, int64_t *ret_id, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO chain(sha256, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id");
    int64_t id = 0;

    stmt_bind_blob(q, 1, span_of(sha256, SHA256_SIZE));
    stmt_bind_i64(q, 2, now);
    if (!read_number(q, &id, err))
        return false;
    for (size_t i = 0; id && i < n; i++) {
        autofree(stmt) struct stmt *member = tx_prepare(tx,
            "INSERT INTO chain_member(chain_id, position, version_id) VALUES ($1, $2, $3)");

        stmt_bind_i64(member, 1, id);
        stmt_bind_i64(member, 2, (int64_t)i);
        stmt_bind_i64(member, 3, version_ids[i]);
        if (!stmt_run(member, err))
            return false;
    }
    *ret_id = id;
    return true;
}

bool store_chain_put(struct tx *tx, const int64_t *version_ids, size_t n, int64_t now,
    int64_t *ret_id, struct err *err)
{
    uint8_t sha256[SHA256_SIZE];
    int64_t id = 0;

    if (n == 0) {
        *ret_id = 0;
        return true;
    }
    if (!chain_hash(tx, version_ids, n, sha256, err) || !find_chain(tx, sha256, &id, err))
        return false;
    if (!id && !add_chain(tx, sha256, version_ids, n, now, &id, err))
        return err_wrap(err, "could not keep the chain");
    if (!id && !find_chain(tx, sha256, &id, err))
        return false;
    if (!id)
        return fail(err, ERR_UNAVAILABLE, "the chain is being added elsewhere");
    *ret_id = id;
    return true;
}

bool store_chain_members(struct tx *tx, int64_t chain_id, struct version_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " VERSION_COLUMNS "  FROM chain_member m JOIN version v ON v.id = m.version_id"
        " WHERE m.chain_id = $1"
        " ORDER BY m.position");

    stmt_bind_i64(q, 1, chain_id);
    while (stmt_next(q))
        version_read(q, 0, version_rows_add(rows));
    return stmt_end(q, err);
}

bool store_version_ids_by_number(struct tx *tx, int64_t ca_id, const char *number,
    struct id_list *ids, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT v.version_id FROM record_version v WHERE v.id = $1"
        " UNION SELECT v.version_id FROM record_version v WHERE v.ca_certificate_id = $2"
        " UNION SELECT i.version_id FROM ca_certificate i WHERE i.number = $2 AND i.ca_id = $3"
        "   AND i.number <> ''"
        " UNION SELECT i.version_id FROM ca_certificate i WHERE i.ca_id = $3 AND i.serial = $4");
    autofree(str) char *serial = text_fold(number);
    int64_t id = 0;

    if (strncasecmp(number, "C-", 2) == 0 &&
        !parse_i64(span_text(number + 2), 1, INT64_MAX, &id, NULL))
        id = 0;
    stmt_bind_i64(q, 1, id);
    stmt_bind_text(q, 2, number);
    stmt_bind_i64(q, 3, ca_id);
    stmt_bind_text(q, 4, serial);
    while (stmt_next(q))
        id_list_add(ids, stmt_i64(q, 0));
    return stmt_end(q, err);
}
