-- The life of certificates: who issues them, by which rules, and how far each request is.

-- A certificate authority that we may ask.
CREATE TABLE ca (
    id            ID_PRIMARY_KEY,
    name          TEXT NOT NULL UNIQUE,      -- stands in URLs: lower-case letters, digits, "-"
    description   TEXT NOT NULL DEFAULT '',
    type          TEXT NOT NULL,             -- local: the built-in one
    settings      TEXT NOT NULL DEFAULT '{}', -- JSON, as its type's table says; nothing secret
    secret_id     INT64 REFERENCES sealed_key(id), -- what we show it: a password, a token, an account's key
    is_staging    BOOL NOT NULL DEFAULT FALSE, -- nobody trusts it: its certificates succeed none
    is_disabled   BOOL NOT NULL DEFAULT FALSE, -- takes no orders
    created_at    INT64 NOT NULL,
    updated_at    INT64 NOT NULL,
    row_version   INT64 NOT NULL DEFAULT 1
) STRICT_TABLE;

-- What may be issued, by which CA, and to whom.
CREATE TABLE profile (
    id               ID_PRIMARY_KEY,
    name             TEXT NOT NULL UNIQUE,
    name_lower       TEXT NOT NULL UNIQUE,
    description      TEXT NOT NULL DEFAULT '',
    ca_id            INT64 NOT NULL REFERENCES ca(id),
    rules            TEXT NOT NULL,          -- JSON: keys, names, usage; core/policy reads it
    lifetime_seconds INT64 NOT NULL,         -- what is asked of the CA
    window_seconds   INT64,                  -- renewal opens that long before the end; NULL: by window_percent
    window_percent   INT64,                  -- … or when that part of the lifetime is left; of both exactly one
    renews_itself    BOOL NOT NULL DEFAULT FALSE, -- auto-renew
    scan_seconds     INT64,                  -- renewals wait for the next of such rounds; NULL: for none
    renewal_key      TEXT NOT NULL,          -- same: the CSR again; new: from the vault; ask: a new CSR from a person
    force_serial     INT64 NOT NULL DEFAULT 0, -- grows with each activation of Force Renewal
    is_forcing       BOOL NOT NULL DEFAULT FALSE, -- until all that were there at the activation are renewed
    n_approvals      INT64 NOT NULL DEFAULT 0, -- so many of the group must agree before an enrolment
    approver_group_id INT64 REFERENCES user_group(id),
    is_restricted    BOOL NOT NULL DEFAULT FALSE, -- only for those in profile_user, though these may be gone
    is_disabled      BOOL NOT NULL DEFAULT FALSE,
    created_at       INT64 NOT NULL,
    updated_at       INT64 NOT NULL,
    row_version      INT64 NOT NULL DEFAULT 1
) STRICT_TABLE;
CREATE INDEX profile_ca ON profile(ca_id);
CREATE INDEX profile_approver ON profile(approver_group_id) WHERE approver_group_id IS NOT NULL;

-- Who may use a profile that is restricted.
CREATE TABLE profile_user (
    profile_id INT64 NOT NULL REFERENCES profile(id) ON DELETE CASCADE,
    account_id INT64 REFERENCES account(id) ON DELETE CASCADE,
    group_id   INT64 REFERENCES user_group(id) ON DELETE CASCADE,
    CHECK ((account_id IS NULL) <> (group_id IS NULL))
) STRICT_TABLE;
CREATE UNIQUE INDEX profile_user_account ON profile_user(profile_id, account_id) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX profile_user_group ON profile_user(profile_id, group_id) WHERE group_id IS NOT NULL;

-- What a ticket of type Certificate or Revoke Certificate asks for.
CREATE TABLE certificate_request (
    ticket_id         INT64 NOT NULL PRIMARY KEY REFERENCES ticket(id) ON DELETE CASCADE,
    profile_id        INT64 REFERENCES profile(id),
    csr               BYTES,                 -- DER; NULL: the server makes the key, or nobody gave one yet
    sealed_key_id     INT64 REFERENCES sealed_key(id), -- of the CSR, where the vault made it
    names             TEXT NOT NULL DEFAULT '{}', -- JSON {subject, sans}: for a CSR that the server makes
    domain            TEXT NOT NULL DEFAULT '', -- what <domain>.pem and the summary say; of a Revoke Certificate as it was given
    ca_certificate_id TEXT NOT NULL DEFAULT '', -- Revoke Certificate: the number it was given
    wants_csr         BOOL NOT NULL DEFAULT FALSE, -- a person must give a new one before the next renewal
    asked_by          INT64 REFERENCES account(id) ON DELETE SET NULL -- who gave the CSR, or the names; NULL: certdesk itself, or they are gone
) STRICT_TABLE;
CREATE INDEX certificate_request_profile ON certificate_request(profile_id);
CREATE INDEX certificate_request_key ON certificate_request(sealed_key_id) WHERE sealed_key_id IS NOT NULL;

-- Who agreed to a request, and who did not.
CREATE TABLE approval (
    ticket_id   INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    account_id  INT64 NOT NULL REFERENCES account(id),
    is_approved BOOL NOT NULL,
    comment     TEXT NOT NULL DEFAULT '',
    created_at  INT64 NOT NULL,
    PRIMARY KEY (ticket_id, account_id)
) STRICT_TABLE;

-- One certificate asked of a CA. The row, with key and CSR, is there before the CA hears of it.
CREATE TABLE ca_order (
    id             ID_PRIMARY_KEY,
    ticket_id      INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    certificate_id INT64 REFERENCES certificate(id) ON DELETE SET NULL, -- the record
    profile_id     INT64 NOT NULL REFERENCES profile(id),
    ca_id          INT64 NOT NULL REFERENCES ca(id),
    kind           TEXT NOT NULL,            -- enroll, renew
    reason         TEXT NOT NULL,            -- person, window, expired, forced: why it was made
    csr            BYTES NOT NULL,           -- DER
    sealed_key_id  INT64 REFERENCES sealed_key(id), -- its key, where the vault has it
    serial         TEXT NOT NULL DEFAULT '', -- hexadecimal: that the certificate will have, where we say so
    not_before     INT64,                    -- what is asked for
    not_after      INT64,
    replaces_id    INT64 REFERENCES version(id), -- the version that it renews
    state          TEXT NOT NULL,            -- ready, submitting, pending, issued, failed
    remote_id      TEXT NOT NULL DEFAULT '', -- what the CA calls it
    next_at        INT64,                    -- ask again no sooner
    n_errors       INT64 NOT NULL DEFAULT 0,
    error          TEXT NOT NULL DEFAULT '', -- the last one
    account_id     INT64 REFERENCES account(id), -- who asked; NULL: certdesk itself
    version_id     INT64 REFERENCES version(id), -- what came of it
    link           TEXT NOT NULL DEFAULT '', -- where a person can look at that at the CA
    back_to        TEXT NOT NULL,            -- the ticket's status again if it fails
    created_at     INT64 NOT NULL,
    finished_at    INT64
) STRICT_TABLE;
CREATE UNIQUE INDEX ca_order_open ON ca_order(ticket_id) WHERE finished_at IS NULL;
CREATE INDEX ca_order_ticket ON ca_order(ticket_id, id);
CREATE INDEX ca_order_certificate ON ca_order(certificate_id, id) WHERE certificate_id IS NOT NULL;
CREATE INDEX ca_order_ca ON ca_order(ca_id, state);
CREATE INDEX ca_order_key ON ca_order(sealed_key_id) WHERE sealed_key_id IS NOT NULL;

-- What a CA issued to us: for the built-in one this is what its CRL and OCSP tell of.
CREATE TABLE ca_certificate (
    id                ID_PRIMARY_KEY,
    ca_id             INT64 NOT NULL REFERENCES ca(id),
    serial            TEXT NOT NULL,         -- lower-case hexadecimal without leading zeros
    number            TEXT NOT NULL DEFAULT '', -- its certificate ID at the CA, where it has one
    version_id        INT64 NOT NULL REFERENCES version(id),
    order_id          INT64 UNIQUE REFERENCES ca_order(id) ON DELETE SET NULL, -- one order, one certificate
    not_after         INT64 NOT NULL,
    issued_at         INT64 NOT NULL,
    revoked_at        INT64,
    revocation_reason TEXT NOT NULL DEFAULT '', -- RFC 5280, 5.3.1: keyCompromise, …; '' while it is not
    UNIQUE (ca_id, serial)
) STRICT_TABLE;
CREATE INDEX ca_certificate_version ON ca_certificate(version_id);
CREATE INDEX ca_certificate_number ON ca_certificate(number) WHERE number <> '';
CREATE INDEX ca_certificate_revoked ON ca_certificate(ca_id, not_after) WHERE revoked_at IS NOT NULL;

-- How a record that a profile renews stands: apart from the record and its many indexes.
CREATE TABLE certificate_life (
    certificate_id INT64 NOT NULL PRIMARY KEY REFERENCES certificate(id) ON DELETE CASCADE,
    profile_id     INT64 NOT NULL REFERENCES profile(id),
    ticket_id      INT64 REFERENCES ticket(id) ON DELETE SET NULL, -- the ticket of type Certificate that it lives by
    renew_at       INT64,                    -- when the next renewal is due, as planned; NULL: it does not renew itself
    forced_serial  INT64 NOT NULL DEFAULT 0, -- the activation of Force Renewal that it has been through
    n_failures     INT64 NOT NULL DEFAULT 0, -- in a row
    retry_at       INT64,                    -- after a failure not before this
    last_error     TEXT NOT NULL DEFAULT ''
) STRICT_TABLE;
CREATE INDEX certificate_life_due ON certificate_life(renew_at, certificate_id) WHERE renew_at IS NOT NULL;
CREATE INDEX certificate_life_profile ON certificate_life(profile_id, certificate_id);
CREATE INDEX certificate_life_ticket ON certificate_life(ticket_id);

-- Who hears of everything in a ticket.
CREATE TABLE ticket_watcher (
    ticket_id  INT64 NOT NULL REFERENCES ticket(id) ON DELETE CASCADE,
    account_id INT64 NOT NULL REFERENCES account(id) ON DELETE CASCADE,
    PRIMARY KEY (ticket_id, account_id)
) STRICT_TABLE;
CREATE INDEX ticket_watcher_account ON ticket_watcher(account_id, ticket_id);

-- Where tickets live. The server makes CERT when it first starts.
CREATE TABLE project (
    key        TEXT NOT NULL PRIMARY KEY,    -- two to ten capital letters
    name       TEXT NOT NULL,
    lead_id    INT64 REFERENCES account(id),
    created_at INT64 NOT NULL
) STRICT_TABLE;
