-- What is kept: decisions of accounts, snapshots that went, and chunks that nothing uses any more.

-- Everything that an account decided about its snapshots, signed by its identity key, from version 1 on.
CREATE TABLE decision (
    account_no bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    version bigint NOT NULL,
    signed bytea NOT NULL,
    received_ms bigint NOT NULL,
    -- A policy, not a deletion: the newest counts.
    policy boolean NOT NULL,
    PRIMARY KEY (account_no, version)
);

-- Deletions that can be taken back or are being carried out: their commits are shown no more.
CREATE TABLE deletion (
    account_no bigint NOT NULL,
    version bigint NOT NULL,
    set_no bigint NOT NULL REFERENCES backup_set ON DELETE CASCADE,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL CHECK (last_seq >= first_seq),
    -- From when on it cannot be taken back.
    due_ms bigint NOT NULL,
    final boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account_no, version),
    FOREIGN KEY (account_no, version) REFERENCES decision ON DELETE CASCADE
);
CREATE INDEX deletion_set ON deletion (set_no);

ALTER TABLE commit
    -- The machine's clock; NULL when the header is lost.
    ADD COLUMN device_ms bigint,
    -- It is a snapshot. The row of one that is none any more stays: links lead through its header, and later snapshots of its base are
    -- replayed through its body.
    ADD COLUMN kept boolean NOT NULL DEFAULT true,
    -- References that only commits had which are no snapshots any more are taken away up to here.
    ADD COLUMN cleared boolean NOT NULL DEFAULT false;
-- The clock is the eight bytes from 250 on, the lowest first.
UPDATE commit SET device_ms = (
    SELECT sum(get_byte(header, 250 + byte)::bigint << 8 * byte) FROM generate_series(0, 7) AS byte)
WHERE header IS NOT NULL;
CREATE INDEX commit_kept ON commit (set_no, seq) WHERE kept;
CREATE INDEX commit_uncleared ON commit (set_no, seq) WHERE NOT kept AND NOT cleared;

CREATE INDEX reference_closed ON reference (set_no, to_seq) WHERE to_seq IS NOT NULL;

-- Sweeps: each marks the chunks that have no reference, and is sealed in a later transaction. Sessions that began before the seal may have
-- been told that a marked chunk exists.
CREATE TABLE sweep (
    -- What `condemned` of a chunk says.
    sweep_no bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    begun_ms bigint NOT NULL,
    sealed_epoch bigint
);

-- A mail about a deletion; the others are about missed backups.
ALTER TABLE mail ADD COLUMN deletion boolean NOT NULL DEFAULT false;
