-- What Jira's clients ask of the tracker, made quick to find.

CREATE INDEX ticket_created ON ticket(created_at, id);
CREATE INDEX ticket_status_created ON ticket(status, created_at, id);
CREATE INDEX ticket_open ON ticket(updated_at, id, priority) WHERE resolved_at IS NULL;
-- The ranks as store/ticket_jql_field sorts by them, word for word.
CREATE INDEX ticket_rank ON ticket((CASE priority WHEN 'highest' THEN 5 WHEN 'high' THEN 4 WHEN 'medium' THEN 3 WHEN 'low' THEN 2 ELSE 1 END), updated_at, id);

-- The labels of tickets one by one, in lower case: a client finds by one what it has made.
CREATE TABLE ticket_label (
    label     TEXT NOT NULL,
    ticket_id INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    PRIMARY KEY (label, ticket_id)
) STRICT_TABLE;
CREATE INDEX ticket_label_ticket ON ticket_label(ticket_id);

-- A webhook that was registered by a Jira client; the rest of it is in webhook, with template jira.
CREATE TABLE jira_webhook (
    webhook_id    INT64 NOT NULL PRIMARY KEY REFERENCES webhook(id) ON DELETE CASCADE,
    account_id    INT64 NOT NULL REFERENCES account(id), -- who made it: it tells what they may see
    jql           TEXT NOT NULL DEFAULT '',  -- of which tickets it tells
    excludes_body BOOL NOT NULL DEFAULT FALSE,
    updated_at    INT64 NOT NULL,
    expires_at    INT64                      -- of one that is registered for a time (Cloud's "dynamic" ones)
) STRICT_TABLE;
CREATE INDEX jira_webhook_account ON jira_webhook(account_id);

-- What happened to tickets and is not yet in messages to those webhooks; nothing is noted where there are none.
CREATE TABLE ticket_event (
    id         ID_PRIMARY_KEY,
    ticket_id  INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,                -- created, updated, commented
    actor_id   INT64 REFERENCES account(id), -- NULL: certdesk itself
    ref_id     INT64,                        -- of the change, or of the comment
    created_at INT64 NOT NULL
) STRICT_TABLE;
CREATE INDEX ticket_event_ticket ON ticket_event(ticket_id);

-- What programs keep with a ticket (Jira's entity properties): JSON that nobody else looks into.
CREATE TABLE ticket_property (
    ticket_id INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,                 -- JSON
    PRIMARY KEY (ticket_id, name)
) STRICT_TABLE;
