/*
 * store/cert_load: steps that the files about records share. Not for others than store/.
 */
#pragma once

#include "core/rows_cert.h"
#include "store/asked.h"

struct cert_people;
struct err;
struct many;
struct tx;

/*
 * The records with everything looked up beside them, in the order of `ids`; those that are gone are
 * left out. A handful of statements, however many there are.
 */
bool cert_load(struct tx *tx, const int64_t *ids, size_t n, struct cert_rows *rows, struct err *err)
    must_check;

/* The same in two steps: what stands between them is waited for together with it. The ids stay
 * where they are. */
struct cert_loading {
    struct tx *tx;
    bool asks_ahead;
    struct asked records;
    struct asked resources;
    struct stmt *fields; /* which there are; NULL: not asked for ahead */
};
void cert_load_ask(struct cert_loading *loading, struct tx *tx, const int64_t *ids, size_t n);
bool cert_load_read(struct cert_loading *loading, struct cert_rows *rows, struct err *err)
    must_check;

/* The one that was asked for; ERR_NOT_FOUND if it is gone. The caller frees *ret. */
bool cert_load_read_one(struct cert_loading *loading, struct cert_row **ret, struct err *err)
    must_check;
void cert_loading_done(struct cert_loading *loading);
DEFINE_AUTODONE(cert_loading);

/* The same of their access entries, as store_cert_people_of() reads them. */
void cert_people_ask(struct asked *people, struct tx *tx, int64_t account_id, const int64_t *ids,
    size_t n);
bool cert_people_read(struct asked *people, struct access_rows *rows, struct err *err) must_check;

/* The access entries that say what `people` says, of a record that has none: forget those that
 * there are before. The record's columns are the caller's to write. */
bool cert_forget_access(struct tx *tx, int64_t id, struct err *err) must_check;
struct many *cert_prepare_access(struct tx *tx, bool is_new) must_check;
bool cert_add_access(struct many *entries, int64_t id, const struct cert_people *people,
    struct err *err) must_check;

bool cert_check_name(const char *name, struct err *err) must_check;
