-- When the owner last proved to be able to open the vault: with the account two words of its kit were typed back.
ALTER TABLE account ADD COLUMN drilled_ms bigint;
UPDATE account SET drilled_ms = created_ms;
ALTER TABLE account ALTER COLUMN drilled_ms SET NOT NULL;
-- Of that drill a reminder was written that it is long ago; NULL: of none.
ALTER TABLE account ADD COLUMN reminded_of_ms bigint;
