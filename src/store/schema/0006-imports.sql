-- Tables that people send in, and what came of each of their rows.

CREATE TABLE csv_file (
    id         ID_PRIMARY_KEY,
    size       INT64 NOT NULL,               -- bytes, all of which are in csv_chunk; -1 while they come in
    created_at INT64 NOT NULL
) STRICT_TABLE;

-- Every node may run the import, so the file is where all of them find it.
CREATE TABLE csv_chunk (
    file_id INT64 NOT NULL REFERENCES csv_file(id) ON DELETE CASCADE,
    seq     INT64 NOT NULL,                  -- 0, 1, …: of equal size, but for the last
    content BYTES NOT NULL,
    PRIMARY KEY (file_id, seq)
) STRICT_TABLE;

CREATE TABLE csv_import (
    id           ID_PRIMARY_KEY,
    file_id      INT64 REFERENCES csv_file(id) ON DELETE SET NULL, -- NULL: done, and not kept any more
    account_id   INT64 REFERENCES account(id) ON DELETE SET NULL, -- whose it is, and on whose behalf it runs
    filename     TEXT NOT NULL,
    size         INT64 NOT NULL,
    is_dry_run   BOOL NOT NULL,
    job_id       INT64 REFERENCES job(id) ON DELETE SET NULL,
    header       TEXT NOT NULL DEFAULT '',   -- as it was, for the table of what was refused
    delimiter    TEXT NOT NULL DEFAULT 'comma', -- comma, semicolon, tab
    problem      TEXT NOT NULL DEFAULT '',   -- JSON {line, column, message}: why no row could be believed
    n_rows       INT64 NOT NULL DEFAULT 0,   -- of the file, counted before the first is taken
    -- How far it is: written with each batch of records, so that none is taken twice.
    next_offset  INT64 NOT NULL DEFAULT 0,   -- where the next row begins; 0: at the beginning
    next_line    INT64 NOT NULL DEFAULT 1,
    next_row     INT64 NOT NULL DEFAULT 0,   -- its number, from 0
    n_created    INT64 NOT NULL DEFAULT 0,   -- records
    n_updated    INT64 NOT NULL DEFAULT 0,
    n_unchanged  INT64 NOT NULL DEFAULT 0,
    n_failed     INT64 NOT NULL DEFAULT 0,
    probed_line  INT64 NOT NULL DEFAULT 0,   -- the records up to here have been looked at since
    created_at   INT64 NOT NULL,
    finished_at  INT64
) STRICT_TABLE;
CREATE INDEX csv_import_account ON csv_import(account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX csv_import_file ON csv_import(file_id) WHERE file_id IS NOT NULL;

-- One record of an import.
CREATE TABLE csv_row (
    import_id      INT64 NOT NULL REFERENCES csv_import(id) ON DELETE CASCADE AT_COMMIT,
    line           INT64 NOT NULL,           -- of its first row
    lines          TEXT NOT NULL DEFAULT '', -- JSON list, where it has several
    action         TEXT NOT NULL,            -- created, updated, unchanged, failed
    name           TEXT NOT NULL,
    certificate_id INT64,                    -- no reference: records go, what was done stays
    detail         TEXT NOT NULL DEFAULT '', -- JSON {changes: […]} or {errors: […]}
    cells          TEXT NOT NULL DEFAULT '', -- its rows as CSV, if it was refused
    PRIMARY KEY (import_id, line)
) KEYED_TABLE;
CREATE INDEX csv_row_action ON csv_row(import_id, action, line);
-- Records that were there before: none is taken twice, once by its id and once by its name.
CREATE INDEX csv_row_record ON csv_row(import_id, certificate_id) WHERE action <> 'created';
