-- Work to be done, work done, and proof of it.

CREATE TABLE job (
    id             ID_PRIMARY_KEY,
    type           TEXT NOT NULL,            -- probe, sweep, notify, …
    object_id      INT64,                    -- what it is about
    dedupe_key     TEXT,                     -- only one unfinished job has it
    payload        TEXT NOT NULL DEFAULT '{}',
    state          TEXT NOT NULL,            -- queued, running, done, failed
    due_at         INT64 NOT NULL,
    wanted_at      INT64,                    -- while running: it is to run again, and then it is due
    attempt        INT64 NOT NULL DEFAULT 0,
    lease_until    INT64,                    -- a running job past this is anybody's
    lease_owner    TEXT,
    fence          INT64 NOT NULL DEFAULT 0, -- grows with each claim; every write of the job checks it
    progress_done  INT64 NOT NULL DEFAULT 0,
    progress_total INT64 NOT NULL DEFAULT 0,
    result         TEXT,                     -- JSON
    error          TEXT NOT NULL DEFAULT '',
    account_id     INT64 REFERENCES account(id) ON DELETE SET NULL, -- who asked; NULL: certdesk itself
    created_at     INT64 NOT NULL,
    started_at     INT64,
    finished_at    INT64
) STRICT_TABLE;
CREATE UNIQUE INDEX job_dedupe ON job(dedupe_key)
    WHERE dedupe_key IS NOT NULL AND state IN ('queued', 'running');
CREATE INDEX job_due ON job(due_at, id) WHERE state = 'queued';
CREATE INDEX job_leased ON job(lease_until) WHERE state = 'running';
CREATE INDEX job_finished ON job(finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX job_account ON job(account_id, id) WHERE account_id IS NOT NULL;

CREATE TABLE schedule (
    name        TEXT NOT NULL PRIMARY KEY,   -- check, notify, …
    cron        TEXT NOT NULL,
    next_run_at INT64 NOT NULL,
    last_run_at INT64,
    last_job_id INT64 REFERENCES job(id) ON DELETE SET NULL
) STRICT_TABLE;

-- The nodes that share this database on PostgreSQL. One whose beat stands still is dead.
CREATE TABLE node (
    name TEXT NOT NULL PRIMARY KEY,
    beat INT64 NOT NULL                      -- grows each second
) STRICT_TABLE;

-- Leases on things that only one node does at a time.
CREATE TABLE lease (
    name     TEXT NOT NULL PRIMARY KEY,
    owner    TEXT NOT NULL,
    until_at INT64 NOT NULL,
    fence    INT64 NOT NULL
) STRICT_TABLE;

-- Written in the transaction of the change and never touched again.
CREATE TABLE audit (
    id           ID_PRIMARY_KEY,
    at           INT64 NOT NULL,
    account_id   INT64,                      -- NULL: certdesk itself. No reference: accounts go, the log stays
    actor        TEXT NOT NULL,              -- their name then
    address      TEXT NOT NULL DEFAULT '',   -- where the request came from
    action       TEXT NOT NULL,              -- certificate.create, ticket.resolve, …
    object_type  TEXT NOT NULL,
    object_id    INT64,
    object_name  TEXT NOT NULL DEFAULT '',
    before_value TEXT NOT NULL DEFAULT '',   -- JSON
    after_value  TEXT NOT NULL DEFAULT ''
) STRICT_TABLE;
CREATE INDEX audit_object ON audit(object_type, object_id, id);
CREATE INDEX audit_account ON audit(account_id, id);

-- Entries that no link tells of yet: written with the entry, removed with the link. Entries are linked in the
-- order in which they are found here, which is not always that of their ids.
CREATE TABLE audit_pending (
    audit_id INT64 NOT NULL PRIMARY KEY REFERENCES audit(id) AT_COMMIT
) STRICT_TABLE;

-- The hash chain over committed entries: each link is SHA-256(previous link, entry).
CREATE TABLE audit_link (
    seq      INT64 NOT NULL PRIMARY KEY,     -- 1, 2, 3, … without a gap
    audit_id INT64 NOT NULL UNIQUE REFERENCES audit(id) AT_COMMIT,
    hash     BYTES NOT NULL
) STRICT_TABLE;

CREATE TABLE audit_checkpoint (
    seq        INT64 NOT NULL PRIMARY KEY,   -- the link it vouches for
    hash       BYTES NOT NULL,
    signature  BYTES NOT NULL,               -- by the vault
    public_key BYTES NOT NULL,
    created_at INT64 NOT NULL
) STRICT_TABLE;
