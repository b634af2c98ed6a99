-- The tracker: tickets, what was said about them, what changed.

CREATE TABLE counter (
    name  TEXT NOT NULL PRIMARY KEY,         -- a project: CERT
    value INT64 NOT NULL                     -- the last number given out
) STRICT_TABLE;

CREATE TABLE ticket (
    id              ID_PRIMARY_KEY,
    project         TEXT NOT NULL,
    number          INT64 NOT NULL,          -- the key is project-number: CERT-45
    type            TEXT NOT NULL,           -- certificate, revoke_certificate, certificate_expiry
    status          TEXT NOT NULL,           -- open, done, certificate_request, …
    summary         TEXT NOT NULL,
    description     TEXT NOT NULL DEFAULT '',
    certificate_id  INT64 REFERENCES certificate(id) ON DELETE SET NULL,
    version_id      INT64 REFERENCES version(id), -- the version it is about
    reporter_id     INT64 REFERENCES account(id), -- NULL: certdesk itself
    assignee_id     INT64 REFERENCES account(id),
    priority        TEXT NOT NULL,           -- lowest, low, medium, high, highest
    labels          TEXT NOT NULL DEFAULT '', -- separated by blanks
    due_at          INT64,
    snoozed_until   INT64,                   -- quiet until then
    acknowledged_at INT64,
    acknowledged_by INT64 REFERENCES account(id),
    created_at      INT64 NOT NULL,
    updated_at      INT64 NOT NULL,
    resolved_at     INT64,                   -- NULL while it is open
    resolution      TEXT NOT NULL DEFAULT '',
    row_version     INT64 NOT NULL DEFAULT 1,
    UNIQUE (project, number)
) STRICT_TABLE;
-- One open expiry ticket for each record and version, whoever races.
CREATE UNIQUE INDEX ticket_open_expiry ON ticket(certificate_id, version_id)
    WHERE type = 'certificate_expiry' AND resolved_at IS NULL;
CREATE INDEX ticket_certificate ON ticket(certificate_id);
CREATE INDEX ticket_open_record ON ticket(certificate_id, id) WHERE resolved_at IS NULL; -- few beside all: a record shows its newest
CREATE INDEX ticket_version ON ticket(version_id) WHERE version_id IS NOT NULL;
CREATE INDEX ticket_updated ON ticket(updated_at, id);
CREATE INDEX ticket_assignee ON ticket(assignee_id, updated_at, id) WHERE assignee_id IS NOT NULL;
CREATE INDEX ticket_reporter ON ticket(reporter_id) WHERE reporter_id IS NOT NULL;
CREATE INDEX ticket_status ON ticket(status, updated_at, id);

CREATE TABLE ticket_comment (
    id         ID_PRIMARY_KEY,
    ticket_id  INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    author_id  INT64 REFERENCES account(id), -- NULL: certdesk itself
    body       TEXT NOT NULL,
    created_at INT64 NOT NULL,
    updated_at INT64 NOT NULL
) STRICT_TABLE;
CREATE INDEX ticket_comment_ticket ON ticket_comment(ticket_id, id);

CREATE TABLE ticket_change (
    id         ID_PRIMARY_KEY,
    ticket_id  INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    actor_id   INT64 REFERENCES account(id), -- NULL: certdesk itself
    field      TEXT NOT NULL,
    old_value  TEXT NOT NULL DEFAULT '',
    new_value  TEXT NOT NULL DEFAULT '',
    created_at INT64 NOT NULL
) STRICT_TABLE;
CREATE INDEX ticket_change_ticket ON ticket_change(ticket_id, id);

CREATE TABLE attachment (
    id         ID_PRIMARY_KEY,
    ticket_id  INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    author_id  INT64 REFERENCES account(id),
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content    BYTES NOT NULL,
    created_at INT64 NOT NULL
) STRICT_TABLE;
CREATE INDEX attachment_ticket ON attachment(ticket_id, id);

-- What people were told, so that nobody is told twice.
CREATE TABLE notice (
    id             ID_PRIMARY_KEY,
    certificate_id INT64 NOT NULL REFERENCES certificate(id) ON DELETE CASCADE,
    version_id     INT64 NOT NULL REFERENCES version(id),
    period_days    INT64 NOT NULL,           -- days before the end; negative after it
    channel        TEXT NOT NULL,            -- ticket, email, …
    created_at     INT64 NOT NULL
) STRICT_TABLE;
CREATE UNIQUE INDEX notice_once ON notice(certificate_id, version_id, period_days, channel);

-- Words to find a ticket by: key, summary, description; and what was said about it. Case folded.
--sqlite: CREATE VIRTUAL TABLE ticket_search USING fts5(words, tokenize = 'trigram', detail = 'none');
--sqlite: CREATE VIRTUAL TABLE comment_search USING fts5(words, tokenize = 'trigram', detail = 'none');
--postgres: CREATE TABLE ticket_search (rowid BIGINT PRIMARY KEY, words TEXT COLLATE "C" NOT NULL);
--postgres: CREATE INDEX ticket_search_words ON ticket_search USING gin (words gin_trgm_ops);
--postgres: CREATE TABLE comment_search (rowid BIGINT PRIMARY KEY, words TEXT COLLATE "C" NOT NULL);
--postgres: CREATE INDEX comment_search_words ON comment_search USING gin (words gin_trgm_ops);
