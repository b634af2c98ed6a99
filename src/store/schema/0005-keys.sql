-- The master keys that sealed keys are wrapped with, the nodes that hold them, and requests for certificates.

-- A vault that cannot show the check value of a key that is in use is not let near this database. The key itself is not
-- here: the recipe is worth nothing without the key file, the passphrase or the token that the source names.
CREATE TABLE master_key (
    id          ID_PRIMARY_KEY,
    key_id      TEXT NOT NULL UNIQUE,        -- sixteen hexadecimal digits, derived from the key
    source      TEXT NOT NULL,               -- file, passphrase, pkcs11
    check_value BYTES NOT NULL,              -- derived from the key, too
    recipe      TEXT NOT NULL,               -- passphrase: costs and salt; pkcs11: token, label, the wrapped key
    state       TEXT NOT NULL,               -- pending: being loaded by every node; current; retiring; retired
    created_at  INT64 NOT NULL,
    current_at  INT64,                       -- since then new keys are sealed with it
    retired_at  INT64                        -- since then nothing is sealed under it
) STRICT_TABLE;
CREATE UNIQUE INDEX master_key_current ON master_key(state) WHERE state IN ('pending', 'current');

-- The nodes that serve this database, and which master keys their vaults hold.
CREATE TABLE vault_node (
    name        TEXT NOT NULL PRIMARY KEY,
    key_ids     TEXT NOT NULL,               -- separated by blanks
    sealing_id  TEXT NOT NULL,               -- the one that it seals with; '' while its vault is locked
    problem     TEXT NOT NULL DEFAULT '',    -- why it holds less than it should
    seen_at     INT64 NOT NULL
) STRICT_TABLE;

-- Certificate requests whose key the vault made, for later or used already.
CREATE TABLE csr (
    id                ID_PRIMARY_KEY,
    name              TEXT NOT NULL,
    description       TEXT NOT NULL DEFAULT '',
    business_group_id INT64 REFERENCES business_group(id),
    owner_id          INT64 NOT NULL REFERENCES account(id),
    subject           TEXT NOT NULL,         -- as it is shown
    sans              TEXT NOT NULL,         -- JSON list of {type, value}
    der               BYTES NOT NULL,
    key_algorithm     TEXT NOT NULL,         -- rsa, ec, ed25519
    key_size          INT64 NOT NULL,        -- in bits
    curve             TEXT NOT NULL DEFAULT '',
    spki_sha256       BYTES NOT NULL,
    sealed_key_id     INT64 NOT NULL REFERENCES sealed_key(id),
    certificate_id    INT64 REFERENCES certificate(id) ON DELETE SET NULL, -- the record its certificate became
    used_at           INT64,                 -- when a certificate for it was brought in; NULL: not yet
    words             TEXT NOT NULL,         -- lower case: name, subject, names; to be found by
    created_at        INT64 NOT NULL
) STRICT_TABLE;
CREATE INDEX csr_owner ON csr(owner_id, id);
CREATE INDEX csr_spki ON csr(spki_sha256);
CREATE INDEX csr_key ON csr(sealed_key_id);
CREATE INDEX csr_certificate ON csr(certificate_id) WHERE certificate_id IS NOT NULL;
