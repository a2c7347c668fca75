-- Ids are the clients' bytes; numbers are ours, short, for keys of big tables. Times are milliseconds since 1970 (UTC).
-- Everything that was decided is also a record in the packs: these tables can be rebuilt from there.

-- This server: one row.
CREATE TABLE server (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    server_id bytea NOT NULL CHECK (octet_length(server_id) = 16),
    created_ms bigint NOT NULL
);

-- Orders upload sessions and sweeps; no clock is involved.
CREATE SEQUENCE epoch;

CREATE TABLE account (
    account_no bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    account_id bytea NOT NULL UNIQUE CHECK (octet_length(account_id) = 16),
    login text NOT NULL UNIQUE,
    identity bytea NOT NULL CHECK (octet_length(identity) = 32),
    -- Both sealed with the host key, so that this table alone gives nothing to guess against.
    verifier bytea NOT NULL,
    slot_list bytea NOT NULL,
    slots_version bigint NOT NULL,
    administrator boolean NOT NULL,
    -- A web session of another epoch is over.
    session_epoch integer NOT NULL DEFAULT 1,
    created_ms bigint NOT NULL
);

-- One-time codes: the set-up token and invitations. Only their hash is kept.
CREATE TABLE code (
    code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    kind text NOT NULL CHECK (kind IN ('setup', 'invitation')),
    expires_ms bigint NOT NULL,
    used_ms bigint
);
CREATE UNIQUE INDEX one_setup_token ON code (kind) WHERE kind = 'setup';

-- Web sessions by the hash of their id.
CREATE TABLE web_session (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    account_no bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    data bytea NOT NULL,
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL
);
CREATE INDEX web_session_expires ON web_session (expires_ms);

-- What failed or was tried lately, so that a restart forgives nobody.
CREATE TABLE attempt (
    bucket bytea NOT NULL,
    at_ms bigint NOT NULL
);
CREATE INDEX attempt_bucket ON attempt (bucket, at_ms);
CREATE INDEX attempt_at ON attempt (at_ms);

-- A machine writes one set from a certificate on; the newest certificate of a set counts.
CREATE TABLE backup_set (
    set_no bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    set_id bytea NOT NULL UNIQUE CHECK (octet_length(set_id) = 16),
    account_no bigint NOT NULL REFERENCES account,
    label bytea NOT NULL,
    created_ms bigint NOT NULL,
    -- The head; 0 and zeros before the first commit.
    head_seq bigint NOT NULL DEFAULT 0,
    head_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(head_hash) = 32),
    head_received_ms bigint NOT NULL DEFAULT 0,
    base_seq bigint NOT NULL DEFAULT 0,
    live_count bigint NOT NULL DEFAULT 0,
    live_xor bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(live_xor) = 32)
);
CREATE INDEX backup_set_account ON backup_set (account_no);

CREATE TABLE device (
    device_no bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    device_id bytea NOT NULL UNIQUE CHECK (octet_length(device_id) = 16),
    set_no bigint NOT NULL REFERENCES backup_set,
    key_epoch integer NOT NULL,
    first_seq bigint NOT NULL,
    signing_key bytea NOT NULL CHECK (octet_length(signing_key) = 32),
    certificate bytea NOT NULL,
    created_ms bigint NOT NULL,
    UNIQUE (set_no, key_epoch)
);

-- Bearer tokens by their hash: of an owner session, or of a machine.
CREATE TABLE token (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    account_no bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    device_no bigint REFERENCES device ON DELETE CASCADE,
    expires_ms bigint NOT NULL
);
CREATE INDEX token_expires ON token (expires_ms);

-- Challenges that wait for a signature; `subject` is an account or a machine.
CREATE TABLE challenge (
    challenge bytea PRIMARY KEY CHECK (octet_length(challenge) = 32),
    subject bytea NOT NULL CHECK (octet_length(subject) = 16),
    expires_ms bigint NOT NULL
);
CREATE INDEX challenge_expires ON challenge (expires_ms);
CREATE INDEX challenge_subject ON challenge (subject);

-- The relay between a machine that wants to join and its owner. Messages are JSON as they came.
CREATE TABLE enrolment (
    enrol_id bytea PRIMARY KEY CHECK (octet_length(enrol_id) = 8),
    account_no bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    expires_ms bigint NOT NULL,
    hello text,
    answer text
);

-- Who may share chunks. Kind 0 is the private domain of one account.
CREATE TABLE domain (
    domain_no bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    kind smallint NOT NULL,
    account_no bigint REFERENCES account,
    UNIQUE (kind, account_no)
);

CREATE TABLE chunk (
    domain_no bigint NOT NULL REFERENCES domain,
    cid bytea NOT NULL CHECK (octet_length(cid) = 32),
    -- Where its bytes lie. A place is never used twice.
    pack bigint NOT NULL,
    position bigint NOT NULL,
    object_bytes integer NOT NULL,
    -- 0: live; else the sweep that found it without references.
    condemned bigint NOT NULL DEFAULT 0,
    -- Its bytes did not verify: answered as missing, replaced by the next upload.
    damaged boolean NOT NULL DEFAULT false,
    PRIMARY KEY (domain_no, cid)
);
CREATE INDEX chunk_place ON chunk (pack, position);
CREATE INDEX chunk_condemned ON chunk (domain_no, cid) WHERE condemned <> 0;
CREATE INDEX chunk_damaged ON chunk (domain_no, cid) WHERE damaged;

-- Which commits of a set use a chunk: from one up to, not including, another.
CREATE TABLE reference (
    set_no bigint NOT NULL REFERENCES backup_set,
    domain_no bigint NOT NULL,
    cid bytea NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint,
    PRIMARY KEY (set_no, domain_no, cid, from_seq),
    FOREIGN KEY (domain_no, cid) REFERENCES chunk ON DELETE RESTRICT,
    CHECK (to_seq > from_seq)
);
CREATE INDEX reference_chunk ON reference (domain_no, cid);
CREATE UNIQUE INDEX reference_open ON reference (set_no, domain_no, cid) WHERE to_seq IS NULL;

CREATE TABLE commit (
    set_no bigint NOT NULL REFERENCES backup_set,
    seq bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    received_ms bigint NOT NULL,
    -- The signed header; NULL when it is lost, and only links of later commits say that there was one.
    header bytea,
    -- The nearest base at or before it.
    base_seq bigint NOT NULL,
    -- The record of header and reference lists.
    pack bigint NOT NULL,
    position bigint NOT NULL,
    record_bytes integer NOT NULL,
    -- The record of the sealed body.
    body_pack bigint NOT NULL,
    body_position bigint NOT NULL,
    body_bytes integer NOT NULL,
    PRIMARY KEY (set_no, seq)
);
CREATE INDEX commit_place ON commit (pack);
CREATE INDEX commit_body_place ON commit (body_pack);

-- Upload sessions. What one was told exists is not swept while it is open.
CREATE TABLE upload (
    upload_id bytea PRIMARY KEY CHECK (octet_length(upload_id) = 16),
    set_no bigint NOT NULL REFERENCES backup_set,
    device_no bigint NOT NULL REFERENCES device,
    start_epoch bigint NOT NULL,
    lease_until_ms bigint NOT NULL,
    life_until_ms bigint NOT NULL,
    open boolean NOT NULL DEFAULT true
);
CREATE INDEX upload_open ON upload (set_no) WHERE open;

-- Parts of a full reference list, staged before their commit.
CREATE TABLE staged_part (
    upload_id bytea NOT NULL REFERENCES upload ON DELETE CASCADE,
    part integer NOT NULL,
    list bytea NOT NULL,
    PRIMARY KEY (upload_id, part)
);
-- Ciphertext and hashes do not compress.
ALTER TABLE staged_part ALTER COLUMN list SET STORAGE EXTERNAL;

-- A full list while it is compared with what a set uses. Rows live for one transaction, so a crash may empty it.
CREATE UNLOGGED TABLE staged_reference (
    set_no bigint NOT NULL,
    cid bytea NOT NULL
);
CREATE INDEX staged_reference_set ON staged_reference (set_no);
