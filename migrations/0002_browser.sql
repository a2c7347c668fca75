-- What pages show, and what people sign in with.

-- What the owner of a session recognises it by, and how long it lives.
ALTER TABLE web_session
    ADD COLUMN session_epoch integer NOT NULL DEFAULT 1,
    ADD COLUMN kept boolean NOT NULL DEFAULT false,
    ADD COLUMN used_ms bigint NOT NULL DEFAULT 0,
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN browser text NOT NULL DEFAULT '';
UPDATE web_session SET used_ms = created_ms;
CREATE INDEX web_session_account ON web_session (account_no);

-- The version of the newest record of an account in the packs.
ALTER TABLE account ADD COLUMN record_version bigint NOT NULL DEFAULT 1;

-- Codes of an authenticator app beside the password.
CREATE TABLE second_factor (
    account_no bigint PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    -- Both sealed with the host key: the secret that counts (NULL: off), and one that waits for its first code.
    secret bytea,
    pending bytea,
    pending_until_ms bigint NOT NULL DEFAULT 0,
    -- The newest step whose code was used: none works twice.
    last_step bigint NOT NULL DEFAULT 0,
    -- The version of the newest record in the packs.
    record_version bigint NOT NULL DEFAULT 0
);

-- Recovery codes that were not used yet, by their keyed hash.
CREATE TABLE recovery_code (
    account_no bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    PRIMARY KEY (account_no, code_hash)
);

-- A certificate that revokes is a row here, too: of an epoch in which nobody writes. It may name a machine that was here before.
ALTER TABLE device
    ADD COLUMN revoked boolean NOT NULL DEFAULT false,
    ADD COLUMN contact_ms bigint,
    DROP CONSTRAINT device_device_id_key;
CREATE UNIQUE INDEX device_id ON device (device_id) WHERE NOT revoked;

ALTER TABLE enrolment ADD COLUMN refused boolean NOT NULL DEFAULT false;

ALTER TABLE upload
    ADD COLUMN begun_ms bigint NOT NULL DEFAULT 0,
    ADD COLUMN active_ms bigint NOT NULL DEFAULT 0,
    ADD COLUMN received_bytes bigint NOT NULL DEFAULT 0;

-- Sealed bytes that a state uses.
ALTER TABLE backup_set ADD COLUMN live_bytes bigint NOT NULL DEFAULT 0;
ALTER TABLE commit ADD COLUMN live_bytes bigint NOT NULL DEFAULT 0;
WITH change AS (
    SELECT set_no, from_seq AS seq, object_bytes::bigint AS bytes FROM reference JOIN chunk USING (domain_no, cid)
    UNION ALL
    SELECT set_no, to_seq, -object_bytes::bigint FROM reference JOIN chunk USING (domain_no, cid) WHERE to_seq IS NOT NULL
    UNION ALL
    SELECT set_no, seq, 0 FROM commit
), step AS (
    SELECT set_no, seq, sum(bytes) AS bytes FROM change GROUP BY set_no, seq
), state AS (
    SELECT set_no, seq, sum(bytes) OVER (PARTITION BY set_no ORDER BY seq) AS bytes FROM step
)
UPDATE commit SET live_bytes = state.bytes::bigint
FROM state WHERE commit.set_no = state.set_no AND commit.seq = state.seq;
UPDATE backup_set SET live_bytes = commit.live_bytes
FROM commit WHERE commit.set_no = backup_set.set_no AND commit.seq = backup_set.head_seq;
