-- Restores that owners ordered: what a machine may read besides its own head, and until when. They are no durable decisions: a rebuild from
-- the packs has none, and the owner orders again.
CREATE TABLE restore_order (
    restore_id bytea PRIMARY KEY CHECK (octet_length(restore_id) = 16),
    -- Of the machine that restores.
    set_no bigint NOT NULL REFERENCES backup_set ON DELETE CASCADE,
    device_no bigint NOT NULL REFERENCES device ON DELETE CASCADE,
    -- What it may read.
    source_set_no bigint NOT NULL REFERENCES backup_set ON DELETE CASCADE,
    seq bigint NOT NULL,
    ordered_ms bigint NOT NULL,
    until_ms bigint NOT NULL,
    -- As the account signed it.
    signed bytea NOT NULL,
    -- The order, for the machine alone; empty when it is over.
    sealed bytea NOT NULL,
    cancelled_ms bigint,
    ended_ms bigint,
    -- What the machine says of it, for the owner alone.
    outcome bytea
);
ALTER TABLE restore_order ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX restore_order_set ON restore_order (set_no, ordered_ms);
CREATE INDEX restore_order_source ON restore_order (source_set_no);
CREATE INDEX restore_order_device ON restore_order (device_no);
