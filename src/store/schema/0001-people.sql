-- People, their groups, and how they sign in.
--
-- Words that db/migrate replaces for each database: ID_PRIMARY_KEY, INT64, BYTES, BOOL, TEXT, STRICT_TABLE,
-- KEYED_TABLE, AT_COMMIT (SQLite asks whether the row is there when the transaction ends: adr/0021).
-- Instants are UTC seconds since 1970. Times are bound by the program, never asked of the database.

CREATE TABLE account (
    id            ID_PRIMARY_KEY,
    name          TEXT NOT NULL UNIQUE,      -- what one signs in with; lower case
    display_name  TEXT NOT NULL DEFAULT '',
    email         TEXT NOT NULL DEFAULT '',
    role          TEXT NOT NULL,             -- admin, auditor, user
    password_hash TEXT,                      -- Argon2id, in the encoded form; NULL: cannot sign in with one
    is_disabled   BOOL NOT NULL DEFAULT FALSE,
    deleted_at    INT64,                     -- not NULL: only a name for what a person did who is gone
    created_at    INT64 NOT NULL,
    updated_at    INT64 NOT NULL,
    row_version   INT64 NOT NULL DEFAULT 1   -- grows with each edit: the ETag
) STRICT_TABLE;

CREATE TABLE user_group (
    id          ID_PRIMARY_KEY,
    name        TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    created_at  INT64 NOT NULL,
    row_version INT64 NOT NULL DEFAULT 1     -- grows with each edit, and with each change of its members
) STRICT_TABLE;

CREATE TABLE group_member (
    group_id   INT64 NOT NULL REFERENCES user_group(id) ON DELETE CASCADE,
    account_id INT64 NOT NULL REFERENCES account(id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, account_id)
) STRICT_TABLE;
CREATE INDEX group_member_account ON group_member(account_id);

CREATE TABLE session (
    id_hash    BYTES NOT NULL PRIMARY KEY,   -- SHA-256 of what the cookie holds
    account_id INT64 NOT NULL REFERENCES account(id) ON DELETE CASCADE,
    csrf       TEXT NOT NULL,                -- what every change by this session must repeat in a header
    address    TEXT NOT NULL,                -- where it was opened from
    created_at INT64 NOT NULL,
    seen_at    INT64 NOT NULL,
    expires_at INT64 NOT NULL
) STRICT_TABLE;
CREATE INDEX session_account ON session(account_id);
CREATE INDEX session_expires ON session(expires_at);

CREATE TABLE token (
    id         ID_PRIMARY_KEY,
    account_id INT64 NOT NULL REFERENCES account(id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    hash       BYTES NOT NULL UNIQUE,        -- SHA-256 of the token; the token itself is shown once
    scopes     TEXT NOT NULL,                -- separated by blanks: read, write, admin
    created_at INT64 NOT NULL,
    expires_at INT64,                        -- NULL: never
    used_at    INT64
) STRICT_TABLE;
CREATE INDEX token_account ON token(account_id);

-- Failed sign-ins, by account name and by address.
CREATE TABLE throttle (
    key        TEXT NOT NULL PRIMARY KEY,    -- "account:NAME" or "address:ADDRESS"
    n_failures INT64 NOT NULL,
    until_at   INT64 NOT NULL,               -- no try before this
    updated_at INT64 NOT NULL
) STRICT_TABLE;

CREATE TABLE setting (
    name        TEXT NOT NULL PRIMARY KEY,   -- notifications, display, …
    value       TEXT NOT NULL,               -- JSON
    updated_at  INT64 NOT NULL,
    row_version INT64 NOT NULL DEFAULT 1
) STRICT_TABLE;

-- The first answer to a request that carried an Idempotency-Key, for whoever repeats it.
CREATE TABLE idempotency (
    account_id   INT64 NOT NULL REFERENCES account(id) ON DELETE CASCADE,
    key          TEXT NOT NULL,
    request_hash BYTES NOT NULL,             -- of method, path and body: the same key must mean the same; where there may be a password, hashed like one
    status       INT64 NOT NULL,
    body         TEXT NOT NULL,
    created_at   INT64 NOT NULL,
    PRIMARY KEY (account_id, key)
) STRICT_TABLE;
CREATE INDEX idempotency_created ON idempotency(created_at);
