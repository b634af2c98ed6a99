-- What Jira's clients ask of the tracker, made quick to find.

CREATE INDEX ticket_created ON ticket(created_at, id);
CREATE INDEX ticket_status_created ON ticket(status, created_at, id);
CREATE INDEX ticket_open ON ticket(updated_at, id, priority) WHERE resolved_at IS NULL;

-- The labels of tickets one by one, in lower case: a client finds by one what it has made.
CREATE TABLE ticket_label (
    label     TEXT NOT NULL,
    ticket_id INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    PRIMARY KEY (label, ticket_id)
) STRICT_TABLE;
CREATE INDEX ticket_label_ticket ON ticket_label(ticket_id);
