-- What was ordered, sealed for the owner: the order itself opens only on the machine, and is gone when it is over.
ALTER TABLE restore_order ADD COLUMN note bytea NOT NULL DEFAULT '';
ALTER TABLE restore_order ALTER COLUMN note SET STORAGE EXTERNAL;
