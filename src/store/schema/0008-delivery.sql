-- What leaves the house to tell people: the outbox of mails and webhook calls, webhooks, calendar feeds.

CREATE TABLE webhook (
    id            ID_PRIMARY_KEY,
    name          TEXT NOT NULL UNIQUE,
    url           TEXT NOT NULL,
    template      TEXT NOT NULL,             -- generic, slack, teams
    events        TEXT NOT NULL,             -- separated by blanks: expiry, unreachable, recovered, renewed
    is_enabled    BOOL NOT NULL DEFAULT TRUE,
    sealed_key_id INT64 NOT NULL REFERENCES sealed_key(id), -- the secret that calls are signed with
    created_at    INT64 NOT NULL,
    updated_at    INT64 NOT NULL,
    row_version   INT64 NOT NULL DEFAULT 1
) STRICT_TABLE;
CREATE INDEX webhook_key ON webhook(sealed_key_id);

-- One message to one recipient. Whoever sends it has claimed it first: attempts grows with each claim and is the fence
-- that every later write of that try checks.
CREATE TABLE delivery (
    id             ID_PRIMARY_KEY,
    channel        TEXT NOT NULL,            -- email, webhook
    account_id     INT64 REFERENCES account(id) ON DELETE SET NULL, -- whom the mail is for; NULL: a test, or they are gone
    webhook_id     INT64 REFERENCES webhook(id) ON DELETE SET NULL,
    recipient      TEXT NOT NULL,            -- the address, or the webhook's name
    event          TEXT NOT NULL,            -- expiry, unreachable, recovered, renewed, ticket, test
    uid            TEXT NOT NULL UNIQUE,     -- what a receiver knows it by: the same at every attempt
    subject        TEXT NOT NULL DEFAULT '',
    body           TEXT NOT NULL DEFAULT '', -- as it was last sent: text of the mail, JSON of the call
    state          TEXT NOT NULL,            -- queued, sending, sent, failed
    is_handed_over BOOL NOT NULL DEFAULT FALSE, -- while sending: from now on the other side may have it
    attempts       INT64 NOT NULL DEFAULT 0,
    due_at         INT64 NOT NULL,           -- not before this
    lease_until    INT64,                    -- while sending: past this whoever sends it is dead
    sent_at        INT64,
    error          TEXT NOT NULL DEFAULT '', -- of the last attempt
    created_at     INT64 NOT NULL
) STRICT_TABLE;
CREATE INDEX delivery_due ON delivery(channel, coalesce(webhook_id, 0), due_at, id) WHERE state = 'queued';
CREATE INDEX delivery_sending ON delivery(channel, coalesce(webhook_id, 0)) WHERE state = 'sending';
CREATE INDEX delivery_account ON delivery(account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX delivery_webhook ON delivery(webhook_id, id) WHERE webhook_id IS NOT NULL;
CREATE INDEX delivery_created ON delivery(created_at);

-- What a message says, record by record, or ticket by ticket. It is written where the notice is claimed, in that transaction, and waits
-- there to be put into a message with the others of the same scan.
CREATE TABLE delivery_item (
    id             ID_PRIMARY_KEY,
    delivery_id    INT64 REFERENCES delivery(id) ON DELETE CASCADE, -- NULL: waits
    account_id     INT64 REFERENCES account(id) ON DELETE CASCADE, -- of account and webhook there is exactly one
    webhook_id     INT64 REFERENCES webhook(id) ON DELETE CASCADE,
    event          TEXT NOT NULL,
    certificate_id INT64 REFERENCES certificate(id) ON DELETE CASCADE, -- of record and ticket there is exactly one
    ticket_id      INT64 REFERENCES ticket(id) ON DELETE CASCADE,
    version_id     INT64 REFERENCES version(id), -- NULL: it is not about one
    period_days    INT64 NOT NULL DEFAULT 0,
    expires_at     INT64,
    detail         TEXT NOT NULL DEFAULT '', -- what happened, where dates do not say it
    created_at     INT64 NOT NULL,
    CHECK ((account_id IS NULL) <> (webhook_id IS NULL)),
    CHECK ((certificate_id IS NULL) <> (ticket_id IS NULL))
) STRICT_TABLE;
CREATE UNIQUE INDEX delivery_item_once_account ON delivery_item(account_id, certificate_id, version_id, period_days)
    WHERE event = 'expiry' AND account_id IS NOT NULL;
CREATE UNIQUE INDEX delivery_item_once_webhook ON delivery_item(webhook_id, certificate_id, version_id, period_days)
    WHERE event = 'expiry' AND webhook_id IS NOT NULL;
CREATE INDEX delivery_item_waits ON delivery_item(event, account_id, webhook_id) WHERE delivery_id IS NULL;
CREATE INDEX delivery_item_delivery ON delivery_item(delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX delivery_item_certificate ON delivery_item(certificate_id) WHERE certificate_id IS NOT NULL;
CREATE INDEX delivery_item_ticket ON delivery_item(ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX delivery_item_version ON delivery_item(version_id) WHERE version_id IS NOT NULL;

CREATE TABLE calendar_feed (
    id         ID_PRIMARY_KEY,
    account_id INT64 NOT NULL REFERENCES account(id) ON DELETE CASCADE,
    hash       BYTES NOT NULL UNIQUE,        -- SHA-256 of the token in the address; the token is shown once
    created_at INT64 NOT NULL,
    used_at    INT64
) STRICT_TABLE;
CREATE INDEX calendar_feed_account ON calendar_feed(account_id, id);
