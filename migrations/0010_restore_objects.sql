-- The objects that a grant to files opens, as the account signed their list; empty when it opens a snapshot, and when the order is over.
ALTER TABLE restore_order ADD COLUMN objects bytea NOT NULL DEFAULT '';
ALTER TABLE restore_order ALTER COLUMN objects SET STORAGE EXTERNAL;
