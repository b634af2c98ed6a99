-- The inventory: records people talk about, the X.509 certificates they have had, where these are served.

CREATE TABLE business_group (
    id          ID_PRIMARY_KEY,
    name        TEXT NOT NULL UNIQUE,        -- a label and a filter; it grants nothing
    description TEXT NOT NULL DEFAULT ''
) STRICT_TABLE;

-- One X.509 certificate: immutable, without rights of its own, shared by records and chains.
CREATE TABLE version (
    id                  ID_PRIMARY_KEY,
    sha256              BYTES NOT NULL UNIQUE,
    slot                TEXT NOT NULL,       -- rsa, ecdsa, other: what kind of key it is for
    serial              TEXT NOT NULL,       -- lower-case hex, cut when absurdly long
    subject             TEXT NOT NULL,
    issuer              TEXT NOT NULL,
    name                TEXT NOT NULL,       -- the CN, else the first SAN: what it is called
    sans                TEXT NOT NULL,       -- JSON list of {type, value}; the first hundred
    n_sans              INT64 NOT NULL,
    not_before          INT64 NOT NULL,
    not_after           INT64 NOT NULL,
    key_algorithm       TEXT NOT NULL,
    key_size            INT64 NOT NULL,
    signature_algorithm TEXT NOT NULL,
    spki_sha256         BYTES NOT NULL,
    is_ca               BOOL NOT NULL,
    is_self_signed      BOOL NOT NULL,
    is_staging          BOOL NOT NULL,
    created_at          INT64 NOT NULL,
    -- The longest last: who reads the rest need not read past them.
    der                 BYTES NOT NULL,
    words               TEXT NOT NULL DEFAULT '' -- lower case: names, serial, fingerprint, to be found by
) STRICT_TABLE;
CREATE INDEX version_serial ON version(serial);
CREATE INDEX version_spki ON version(spki_sha256);
CREATE INDEX version_ca ON version(subject) WHERE is_ca = TRUE; -- issuers, by name

-- What was sent above a leaf, in the order it was sent. Found by the SHA-256 of the members' fingerprints.
CREATE TABLE chain (
    id         ID_PRIMARY_KEY,
    sha256     BYTES NOT NULL UNIQUE,
    created_at INT64 NOT NULL
) STRICT_TABLE;

CREATE TABLE chain_member (
    chain_id   INT64 NOT NULL REFERENCES chain(id) ON DELETE CASCADE,
    position   INT64 NOT NULL,               -- 0 is the leaf's issuer
    version_id INT64 NOT NULL REFERENCES version(id),
    PRIMARY KEY (chain_id, position)
) STRICT_TABLE;
CREATE INDEX chain_member_version ON chain_member(version_id);

-- The record: its id never changes, and rights hang here. What lists look at stands first: a database need not read
-- past it.
CREATE TABLE certificate (
    id                ID_PRIMARY_KEY,
    owner_id          INT64 NOT NULL REFERENCES account(id) AT_COMMIT,
    assignee_id       INT64 REFERENCES account(id) AT_COMMIT,
    business_group_id INT64 REFERENCES business_group(id) AT_COMMIT,
    is_imported       BOOL NOT NULL DEFAULT FALSE, -- we were given the certificate, maybe its key
    is_managed        BOOL NOT NULL DEFAULT FALSE, -- a profile issues and renews it
    created_at        INT64 NOT NULL,
    updated_at        INT64 NOT NULL,
    row_version       INT64 NOT NULL DEFAULT 1,
    -- Maintained by store/cert_refresh from the current versions, so that no list has to look further.
    version_id        INT64 REFERENCES version(id) AT_COMMIT, -- the current version that ends first; NULL: nothing seen yet
    begins_at         INT64,                 -- its notBefore
    expires_at        INT64,                 -- earliest end along the verified path; the worst one served
    expiring_at       INT64,                 -- from then on it is shown as expiring soon
    revoked_at        INT64,
    notify_at         INT64,                 -- next instant the notification scan has something to do; NULL: never
    n_resources       INT64 NOT NULL DEFAULT 0, -- with how many it is associated
    is_unused         BOOL NOT NULL DEFAULT TRUE, -- on no resource, and no endpoint serves it or waits for its first check
    alert             TEXT NOT NULL DEFAULT '', -- '', mixed, unreachable, wrong_host, rolled_back, foreign: the worst there is
    -- What lists are sorted by.
    name_lower        TEXT NOT NULL,         -- name, case folded
    issuer            TEXT NOT NULL DEFAULT '', -- of version_id
    key_type          TEXT NOT NULL DEFAULT '', -- of version_id: "ec 256", "rsa 2048"
    owner_name        TEXT NOT NULL,         -- of owner_id: accounts keep their names
    business_group_name TEXT,                -- of business_group_id, as it is spelled; store/business_group keeps it true
    -- Bits of what other tables say, for the indexes to carry on PostgreSQL (WITH_MARKS); store/cert_marks.
    letters           INT64 NOT NULL DEFAULT 0, -- of its words
    labels            INT64 NOT NULL DEFAULT 0, -- of its tags, custom fields' values and issuer
    holders           INT64 NOT NULL DEFAULT 0, -- of those who may see it
    -- What the record says itself, in one number for the same indexes: 16 bits each of owner, assignee and business group,
    -- a bit each of what follows, and eight of the first two letters of the name (store/cert_where_marks).
--postgres: facts BIGINT NOT NULL GENERATED ALWAYS AS (owner_id % 65536 + COALESCE(assignee_id, 0) % 65536 * 65536
--postgres:     + COALESCE(business_group_id, 0) % 65536 * 4294967296 + CASE WHEN is_unused THEN 281474976710656 ELSE 0 END
--postgres:     + CASE WHEN is_imported THEN 562949953421312 ELSE 0 END + CASE WHEN is_managed THEN 1125899906842624 ELSE 0 END
--postgres:     + CASE WHEN alert <> '' THEN 2251799813685248 ELSE 0 END
--postgres:     + CASE WHEN revoked_at IS NOT NULL THEN 4503599627370496 ELSE 0 END
--postgres:     + CASE WHEN version_id IS NOT NULL THEN 9007199254740992 ELSE 0 END
--postgres:     + (ascii(name_lower) * 31 + ascii(substr(name_lower, 2, 1))) % 256 * 18014398509481984) STORED,
    -- The rest is only shown.
    name              TEXT NOT NULL,
    description       TEXT NOT NULL DEFAULT '',
    required_names    TEXT,                  -- JSON list a person has set; NULL: the endpoints' names, else the SANs
    notify_periods    TEXT,                  -- JSON list that overrides the setting; NULL: the setting
    -- What other tables say, kept here to be shown: so that a record is read in one place (docs/adr/0008). No index has
    -- any of it.
    tags              TEXT NOT NULL DEFAULT '', -- in order, separated by ";"; store/tags keeps them true
    fields            TEXT NOT NULL DEFAULT '', -- custom fields' values, as store/kept_text writes them
    n_endpoints       INT64 NOT NULL DEFAULT 0, -- store/endpoint
    record_version_id INT64,                 -- of version_id, as what follows: store/record_version
    ca_certificate_id TEXT,
    chain_status      TEXT,
    sealed_key_id     INT64,
    version_text      TEXT                   -- version_id's, as store/kept_text writes it; NULL: too long
) STRICT_TABLE;
-- Orders in which lists are walked. Each carries what most filters ask, as columns or as bits of them, so that what does
-- not match is passed over without a look at the record: twenty times as fast.
CREATE INDEX certificate_expires ON certificate(expires_at, id WITH_CONDITIONS) WITH_MARKS;
CREATE INDEX certificate_name ON certificate(name_lower, id, expires_at WITH_CONDITIONS) WITH_MARKS;
CREATE INDEX certificate_issuer ON certificate(issuer, id, expires_at WITH_CONDITIONS) WITH_MARKS;
CREATE INDEX certificate_owner_name ON certificate(owner_name, id, expires_at WITH_CONDITIONS) WITH_MARKS;
CREATE INDEX certificate_group_name ON certificate(business_group_name, id, expires_at WITH_CONDITIONS) WITH_MARKS;
CREATE INDEX certificate_resources ON certificate(n_resources, id, expires_at WITH_CONDITIONS) WITH_MARKS;
CREATE INDEX certificate_created ON certificate(created_at, id, expires_at WITH_CONDITIONS) WITH_MARKS;
CREATE INDEX certificate_updated ON certificate(updated_at, id, expires_at WITH_CONDITIONS) WITH_MARKS;
-- Filters that leave few. A record that has nothing of what is asked for is in no such index, and costs nothing there when
-- it is made.
CREATE INDEX certificate_expiring ON certificate(expiring_at, id, revoked_at) WHERE expiring_at IS NOT NULL;
CREATE INDEX certificate_begins ON certificate(begins_at, revoked_at, expires_at, id) WHERE begins_at IS NOT NULL;
CREATE INDEX certificate_owner ON certificate(owner_id, expires_at, id) WITH_MARKS;
CREATE INDEX certificate_assignee ON certificate(assignee_id) WITH_MARKS WHERE assignee_id IS NOT NULL;
CREATE INDEX certificate_group ON certificate(business_group_id, expires_at, id) WITH_MARKS WHERE business_group_id IS NOT NULL;
CREATE INDEX certificate_issuer_expires ON certificate(issuer, expires_at, id) WITH_MARKS WHERE issuer <> '';
CREATE INDEX certificate_unused ON certificate(is_unused, expires_at, id) WITH_MARKS WHERE is_unused = TRUE;
CREATE INDEX certificate_version ON certificate(version_id) WHERE version_id IS NOT NULL;
CREATE INDEX certificate_key_type ON certificate(key_type, id) WHERE key_type <> '';
CREATE INDEX certificate_notify ON certificate(notify_at, id) WHERE notify_at IS NOT NULL;
CREATE INDEX certificate_alert ON certificate(alert, id) WITH_MARKS WHERE alert <> '';
CREATE INDEX certificate_revoked ON certificate(revoked_at, id) WITH_MARKS WHERE revoked_at IS NOT NULL;
CREATE INDEX certificate_managed ON certificate(is_managed, id) WHERE is_managed = TRUE;
CREATE INDEX certificate_imported ON certificate(is_imported, id) WHERE is_imported = TRUE;
CREATE INDEX certificate_unseen ON certificate(id) WHERE version_id IS NULL;

-- PostgreSQL reads these indexes without a look at the rows as far as these have been vacuumed since they changed: it shall
-- not wait until a fifth of all has.
--postgres: ALTER TABLE certificate SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);

-- What changes at every check, apart from the record and its many indexes: one row for each record.
CREATE TABLE certificate_check (
    certificate_id  INT64 NOT NULL PRIMARY KEY REFERENCES certificate(id) ON DELETE CASCADE AT_COMMIT,
    last_checked_at INT64,                   -- of its endpoints, the one checked longest ago
    last_error      TEXT NOT NULL DEFAULT '' -- of its endpoints, the first that fails; '' where none does
) STRICT_TABLE;
CREATE INDEX certificate_check_at ON certificate_check(last_checked_at, certificate_id);

-- Who may see a record and why: its owner, its assignee, those it is shared with. Written together with
-- certificate.owner_id and assignee_id, by one function; every list and count of a plain user goes through it.
CREATE TABLE certificate_access (
    certificate_id INT64 NOT NULL REFERENCES certificate(id) ON DELETE CASCADE AT_COMMIT,
    relation       TEXT NOT NULL,            -- owner, assignee, share
    account_id     INT64 REFERENCES account(id) ON DELETE CASCADE AT_COMMIT,
    group_id       INT64 REFERENCES user_group(id) ON DELETE CASCADE AT_COMMIT,
    may_use_key    BOOL NOT NULL DEFAULT FALSE,
    is_notified    BOOL NOT NULL DEFAULT FALSE,
    expires_at     INT64,                    -- the record's: what somebody may see is walked in the order of it
    CHECK ((account_id IS NULL) <> (group_id IS NULL))
) STRICT_TABLE;
CREATE UNIQUE INDEX certificate_access_account ON certificate_access(account_id, certificate_id, relation)
    WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX certificate_access_group ON certificate_access(group_id, certificate_id, relation)
    WHERE group_id IS NOT NULL;
CREATE INDEX certificate_access_account_expires ON certificate_access(account_id, expires_at, certificate_id)
    WHERE account_id IS NOT NULL;
CREATE INDEX certificate_access_group_expires ON certificate_access(group_id, expires_at, certificate_id)
    WHERE group_id IS NOT NULL;
CREATE INDEX certificate_access_record ON certificate_access(certificate_id, account_id, group_id, relation, may_use_key,
    is_notified);
--postgres: ALTER TABLE certificate_access SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);

CREATE TABLE certificate_tag (
    certificate_id INT64 NOT NULL REFERENCES certificate(id) ON DELETE CASCADE AT_COMMIT,
    tag            TEXT NOT NULL,            -- lower case
    expires_at     INT64,                    -- the record's: those of a tag are walked in the order of it
    holders        INT64 NOT NULL DEFAULT 0, -- the record's (store/cert_marks)
    PRIMARY KEY (certificate_id, tag)
) KEYED_TABLE;
CREATE INDEX certificate_tag_tag ON certificate_tag(tag, expires_at, certificate_id) WITH_HOLDERS;
--postgres: ALTER TABLE certificate_tag SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);

-- Ciphertext of private keys, and of passwords for other systems: whoever has one refers to its row here, so that all
-- of them are wrapped anew when the master key changes. Only the vault can open a blob, and only as what it was sealed as.
CREATE TABLE sealed_key (
    id            ID_PRIMARY_KEY,
    bound_to      TEXT NOT NULL UNIQUE,      -- a random name made for this row before the seal, and bound into it
    purpose       TEXT NOT NULL,             -- tls, audit, secret; bound into the seal, too
    algorithm     TEXT NOT NULL,             -- rsa-2048, ec-p256, …; '' for a secret
    spki_sha256   BYTES,                     -- NULL for a secret, as
    public_key    BYTES,                     -- SubjectPublicKeyInfo, DER
    blob          BYTES NOT NULL,
    master_key_id TEXT NOT NULL,             -- what its data key is wrapped with, as the blob says
    created_at    INT64 NOT NULL
) STRICT_TABLE;
CREATE INDEX sealed_key_spki ON sealed_key(spki_sha256);
CREATE INDEX sealed_key_master ON sealed_key(master_key_id, id);
CREATE INDEX sealed_key_purpose ON sealed_key(purpose, id);

-- Record x version. The row's id is the number in the certificate ID "C-1042".
CREATE TABLE record_version (
    id                ID_PRIMARY_KEY,
    certificate_id    INT64 NOT NULL REFERENCES certificate(id) ON DELETE CASCADE,
    version_id        INT64 NOT NULL REFERENCES version(id),
    slot              TEXT NOT NULL,         -- rsa, ecdsa, other
    role              TEXT NOT NULL,         -- current, staged, superseded
    origin            TEXT NOT NULL,         -- seen, imported, issued, confirmed
    ca_certificate_id TEXT,                  -- its number at its CA
    chain_id          INT64 REFERENCES chain(id),
    chain_status      TEXT NOT NULL,         -- trusted, incomplete, self_signed, untrusted_root, …
    path_expires_at   INT64 NOT NULL,        -- earliest end along the verified path, else the leaf's
    sealed_key_id     INT64 REFERENCES sealed_key(id), -- its private key; NULL: we do not have it
    since_at          INT64 NOT NULL,        -- as of when it has this role
    created_at        INT64 NOT NULL
) STRICT_TABLE;
CREATE UNIQUE INDEX record_version_pair ON record_version(certificate_id, version_id);
CREATE UNIQUE INDEX record_version_current ON record_version(certificate_id, slot) WHERE role = 'current';
CREATE INDEX record_version_version ON record_version(version_id);
CREATE INDEX record_version_key ON record_version(sealed_key_id) WHERE sealed_key_id IS NOT NULL;
CREATE INDEX record_version_ca ON record_version(ca_certificate_id) WHERE ca_certificate_id IS NOT NULL;

-- Where a certificate is served. Unique, and many-to-many with records.
CREATE TABLE endpoint (
    id                ID_PRIMARY_KEY,
    host              TEXT NOT NULL,         -- lower case A-labels, or an address without brackets
    port              INT64 NOT NULL,
    sni               TEXT NOT NULL,         -- what is sent; '' sends none
    protocol          TEXT NOT NULL,         -- tls, smtp, imap, pop3, ftp, ldap, postgres, mysql, xmpp
    vantage           TEXT NOT NULL DEFAULT '', -- the agent that probes it; '' is the server itself
    created_at        INT64 NOT NULL,
    last_checked_at   INT64,
    last_success_at   INT64,                 -- every address that counts answered
    failing_since_at  INT64,                 -- NULL while it answers
    n_failures        INT64 NOT NULL DEFAULT 0, -- in a row
    error_class       TEXT NOT NULL DEFAULT '', -- '' none; dns, refused, timeout, …
    error             TEXT NOT NULL DEFAULT '',
    is_noticed        BOOL NOT NULL DEFAULT FALSE, -- people were told that it is unreachable
    UNIQUE (host, port, sni, protocol, vantage)
) STRICT_TABLE;
CREATE INDEX endpoint_failing ON endpoint(failing_since_at, id) WHERE failing_since_at IS NOT NULL;
CREATE INDEX endpoint_checked ON endpoint(last_checked_at, id);
CREATE INDEX endpoint_noticed ON endpoint(id) WHERE is_noticed = TRUE;

CREATE TABLE certificate_endpoint (
    certificate_id INT64 NOT NULL REFERENCES certificate(id) ON DELETE CASCADE AT_COMMIT,
    endpoint_id    INT64 NOT NULL REFERENCES endpoint(id) AT_COMMIT,
    PRIMARY KEY (certificate_id, endpoint_id)
) KEYED_TABLE;
CREATE INDEX certificate_endpoint_endpoint ON certificate_endpoint(endpoint_id);

-- What one address of an endpoint served last, for each kind of key. A failed check leaves what was seen in place.
CREATE TABLE observation (
    id              ID_PRIMARY_KEY,
    endpoint_id     INT64 NOT NULL REFERENCES endpoint(id) ON DELETE CASCADE,
    address         TEXT NOT NULL,
    slot            TEXT NOT NULL,           -- rsa, ecdsa, other; '' before anything was seen
    version_id      INT64 REFERENCES version(id),
    chain_id        INT64 REFERENCES chain(id),
    chain_status    TEXT NOT NULL DEFAULT '',
    path_expires_at INT64,
    is_name_ok      BOOL NOT NULL DEFAULT FALSE,
    protocol        TEXT NOT NULL DEFAULT '', -- TLSv1.3
    cipher          TEXT NOT NULL DEFAULT '',
    kx_group        TEXT NOT NULL DEFAULT '',
    first_seen_at   INT64,                   -- this version at this address
    last_seen_at    INT64,
    checked_at      INT64 NOT NULL,
    error_class     TEXT NOT NULL DEFAULT '', -- of the last check; '' when it succeeded
    error           TEXT NOT NULL DEFAULT '',
    is_in_dns       BOOL NOT NULL DEFAULT TRUE, -- in the latest answer
    is_waived       BOOL NOT NULL DEFAULT FALSE, -- a person says that this address is dead for good
    UNIQUE (endpoint_id, address, slot)
) STRICT_TABLE;
CREATE INDEX observation_version ON observation(version_id);

-- How many records cross a border of validity on a day: counts by status without a scan. Maintained by store/cert.
CREATE TABLE expiry_bucket (
    kind TEXT NOT NULL,                      -- expires, expiring, begins, revoked, unknown, total
    day  INT64 NOT NULL,                     -- days since 1970; 0 where the kind has no day
    n    INT64 NOT NULL,
    PRIMARY KEY (kind, day)
) STRICT_TABLE;

-- Words to find a record by: name, names in the certificate, serial, fingerprint, hosts it is served at; case folded.
--sqlite: CREATE VIRTUAL TABLE certificate_search USING fts5(words, tokenize = 'trigram', detail = 'none', columnsize = 0);
--postgres: CREATE EXTENSION IF NOT EXISTS pg_trgm;
--postgres: CREATE TABLE certificate_search (rowid BIGINT PRIMARY KEY, words TEXT COLLATE "C" NOT NULL);
--postgres: CREATE INDEX certificate_search_words ON certificate_search USING gin (words gin_trgm_ops);

CREATE TABLE trust_bundle (
    id         ID_PRIMARY_KEY,
    name       TEXT NOT NULL UNIQUE,
    pem        TEXT NOT NULL,                -- certificates of private CAs, beside the system's
    created_at INT64 NOT NULL,
    updated_at INT64 NOT NULL
) STRICT_TABLE;

-- What serves certificates, and which record belongs on it.
CREATE TABLE resource (
    id          ID_PRIMARY_KEY,
    name        TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    type        TEXT NOT NULL,               -- manual: a person puts the certificate there; else as deploy/registry lists them
    agent       TEXT NOT NULL DEFAULT '',    -- who deploys there; '' is the server itself
    settings    TEXT NOT NULL DEFAULT '{}',  -- JSON {settings, slots}, as its type's table says; nothing secret
    proof_rounds  INT64 NOT NULL DEFAULT 2,  -- so often in a row every address must present what was deployed
    proof_seconds INT64 NOT NULL DEFAULT 300, -- and within this time, or the previous certificate is put back
    created_at  INT64 NOT NULL,
    row_version INT64 NOT NULL DEFAULT 1     -- grows with each edit, and with each change of its associations
) STRICT_TABLE;

CREATE TABLE association (
    id             ID_PRIMARY_KEY,
    resource_id    INT64 NOT NULL REFERENCES resource(id),
    certificate_id INT64 NOT NULL REFERENCES certificate(id),
    slot           TEXT NOT NULL DEFAULT '', -- the place on the resource
    created_at     INT64 NOT NULL,
    UNIQUE (resource_id, slot)
) STRICT_TABLE;
CREATE INDEX association_certificate ON association(certificate_id);
