-- Certificates on their way to what serves them.

-- Who may deploy to a resource, beside the admins.
CREATE TABLE resource_user (
    resource_id INT64 NOT NULL REFERENCES resource(id) ON DELETE CASCADE,
    account_id  INT64 REFERENCES account(id) ON DELETE CASCADE,
    group_id    INT64 REFERENCES user_group(id) ON DELETE CASCADE,
    CHECK ((account_id IS NULL) <> (group_id IS NULL))
) STRICT_TABLE;
CREATE UNIQUE INDEX resource_user_account ON resource_user(resource_id, account_id) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX resource_user_group ON resource_user(resource_id, group_id) WHERE group_id IS NOT NULL;

-- Where it can be seen what a resource serves.
CREATE TABLE resource_endpoint (
    resource_id INT64 NOT NULL REFERENCES resource(id) ON DELETE CASCADE,
    position    INT64 NOT NULL,              -- as they were given
    slot        TEXT NOT NULL,               -- the place whose certificate is served there; '' is every place
    host        TEXT NOT NULL,               -- as in endpoint, like the next three
    port        INT64 NOT NULL,
    sni         TEXT NOT NULL,
    protocol    TEXT NOT NULL,
    PRIMARY KEY (resource_id, position)
) STRICT_TABLE;

-- Endpoints that came under watch for a record because it is associated: they go with the association.
CREATE TABLE association_endpoint (
    association_id INT64 NOT NULL REFERENCES association(id) ON DELETE CASCADE,
    endpoint_id    INT64 NOT NULL REFERENCES endpoint(id) ON DELETE CASCADE,
    PRIMARY KEY (association_id, endpoint_id)
) STRICT_TABLE;
CREATE INDEX association_endpoint_endpoint ON association_endpoint(endpoint_id);

-- One certificate brought to one place of a resource, and what was seen of it.
CREATE TABLE deployment (
    id                  ID_PRIMARY_KEY,
    resource_id         INT64 NOT NULL REFERENCES resource(id) ON DELETE CASCADE,
    slot                TEXT NOT NULL,
    certificate_id      INT64 NOT NULL REFERENCES certificate(id) ON DELETE CASCADE,
    version_id          INT64 NOT NULL REFERENCES version(id),
    previous_version_id INT64 REFERENCES version(id), -- what was there before, if it is known
    previous_name       TEXT NOT NULL DEFAULT '', -- what was there before, as the resource calls it
    ticket_id           INT64 REFERENCES ticket(id) ON DELETE SET NULL, -- where is told what came of it
    account_id          INT64 REFERENCES account(id) ON DELETE SET NULL, -- who asked; NULL: certdesk itself
    state               TEXT NOT NULL,       -- queued, deploying, proving, seen, put_back, failed
    is_putting_back     BOOL NOT NULL DEFAULT FALSE, -- what is being deployed or proved is the previous one
    attempts            INT64 NOT NULL DEFAULT 0, -- how often it was begun
    n_tries             INT64 NOT NULL DEFAULT 0, -- of the present step, in a row without success
    error               TEXT NOT NULL DEFAULT '', -- why it is not served
    addresses           TEXT NOT NULL DEFAULT '[]', -- JSON: what each address presented when it was last looked at
    prove_until         INT64,               -- then the previous one is put back
    retry_at            INT64,               -- it is tried again by itself
    created_at          INT64 NOT NULL,
    started_at          INT64,
    updated_at          INT64 NOT NULL,
    finished_at         INT64
) STRICT_TABLE;
-- One transaction at a time on a resource, one deployment at a time in a place, and one that waits for it.
CREATE UNIQUE INDEX deployment_putting ON deployment(resource_id) WHERE state = 'deploying';
CREATE UNIQUE INDEX deployment_active ON deployment(resource_id, slot) WHERE state IN ('deploying', 'proving');
CREATE UNIQUE INDEX deployment_queued ON deployment(resource_id, slot) WHERE state = 'queued';
CREATE INDEX deployment_place ON deployment(resource_id, slot, id);
CREATE INDEX deployment_certificate ON deployment(certificate_id, id);
CREATE INDEX deployment_version ON deployment(version_id);
CREATE INDEX deployment_previous ON deployment(previous_version_id) WHERE previous_version_id IS NOT NULL;
CREATE INDEX deployment_ticket ON deployment(ticket_id, id) WHERE ticket_id IS NOT NULL;
CREATE INDEX deployment_account ON deployment(account_id) WHERE account_id IS NOT NULL;
