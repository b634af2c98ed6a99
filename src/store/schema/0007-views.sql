-- How people look at the inventory: fields of their own, and lists they have put together.

CREATE TABLE custom_field (
    id          ID_PRIMARY_KEY,
    name        TEXT NOT NULL UNIQUE,        -- as the API and filters call it; a-z, 0-9 and _
    label       TEXT NOT NULL,               -- as people see it
    type        TEXT NOT NULL,               -- text, number, date, choice
    choices     TEXT NOT NULL DEFAULT '[]',  -- JSON list of texts, for a choice
    is_required BOOL NOT NULL DEFAULT FALSE, -- a person who adds a record must fill it in
    row_version INT64 NOT NULL DEFAULT 1
) STRICT_TABLE;

CREATE TABLE certificate_field (
    certificate_id INT64 NOT NULL REFERENCES certificate(id) ON DELETE CASCADE AT_COMMIT,
    field_id       INT64 NOT NULL REFERENCES custom_field(id) ON DELETE CASCADE AT_COMMIT,
    value          TEXT NOT NULL,            -- numbers without needless zeros, dates as 2026-11-21
    expires_at     INT64,                    -- the record's: those of a value are walked in the order of it
    holders        INT64 NOT NULL DEFAULT 0, -- the record's (store/cert_marks)
    PRIMARY KEY (certificate_id, field_id) WITH_VALUE
) KEYED_TABLE;
CREATE INDEX certificate_field_value ON certificate_field(field_id, value, expires_at, certificate_id) WITH_HOLDERS;
--postgres: ALTER TABLE certificate_field SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);

CREATE TABLE saved_view (
    id          ID_PRIMARY_KEY,
    account_id  INT64 NOT NULL REFERENCES account(id) ON DELETE CASCADE, -- whose it is
    name        TEXT NOT NULL,
    is_shared   BOOL NOT NULL DEFAULT FALSE, -- all may use it; what they see with it is still only theirs
    query       TEXT NOT NULL,               -- JSON: filter and sort, as the list of certificates takes them
    columns     TEXT NOT NULL,               -- JSON list of names
    created_at  INT64 NOT NULL,
    updated_at  INT64 NOT NULL,
    row_version INT64 NOT NULL DEFAULT 1,
    UNIQUE (account_id, name)
) STRICT_TABLE;
CREATE INDEX saved_view_shared ON saved_view(name) WHERE is_shared = TRUE;

-- The view a person begins with.
CREATE TABLE view_default (
    account_id INT64 NOT NULL PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
    view_id    INT64 NOT NULL REFERENCES saved_view(id) ON DELETE CASCADE
) STRICT_TABLE;
CREATE INDEX view_default_view ON view_default(view_id);
