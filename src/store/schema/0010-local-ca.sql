-- The built-in certificate authority: what it is, and its list of revoked certificates.

CREATE TABLE local_ca (
    ca_id          INT64 NOT NULL PRIMARY KEY REFERENCES ca(id) ON DELETE CASCADE,
    kind           TEXT NOT NULL,            -- root: it signed itself; intermediate: somebody else signs it
    state          TEXT NOT NULL,            -- awaiting_certificate, active
    sealed_key_id  INT64 NOT NULL UNIQUE REFERENCES sealed_key(id), -- its key, with what it may be used for
    key_algorithm  TEXT NOT NULL,            -- ec-p256, …
    key_storage    TEXT NOT NULL,            -- sealed; pkcs11: in a token, and what names it is sealed
    subject        TEXT NOT NULL,            -- RFC 4514
    names          TEXT NOT NULL,            -- JSON {permitted, excluded}: for which names it may issue
    csr            BYTES,                    -- DER, of an intermediate: what somebody else is to sign
    certificate    BYTES,                    -- DER; NULL while it awaits one
    chain_pem      TEXT NOT NULL DEFAULT '', -- what stands above that, as it was brought with it
    version_id     INT64 REFERENCES version(id), -- its certificate in the inventory
    certificate_id INT64 REFERENCES certificate(id) ON DELETE SET NULL, -- the record that it is watched by
    not_before     INT64,                    -- its certificate's
    not_after      INT64,
    path_length    INT64,                    -- NULL: its certificate states none
    public_url     TEXT NOT NULL,            -- stands in what it issues: CRL, OCSP and its certificate are below it
    is_url_fixed   BOOL NOT NULL DEFAULT FALSE, -- from the first certificate on
    crl            BYTES,                    -- DER; NULL before the first
    crl_number     INT64 NOT NULL DEFAULT 0, -- its number, the next is one more
    crl_this_at    INT64,                    -- thisUpdate
    crl_next_at    INT64,                    -- nextUpdate: afterwards nobody believes it
    crl_n_revoked  INT64 NOT NULL DEFAULT 0  -- how many had been revoked ever when it was made
) STRICT_TABLE;
CREATE INDEX local_ca_version ON local_ca(version_id) WHERE version_id IS NOT NULL;
CREATE INDEX local_ca_certificate ON local_ca(certificate_id) WHERE certificate_id IS NOT NULL;
