-- Accounts that are to go, and logins that were set by proof of the vault.

ALTER TABLE account
    -- That it is to go was decided by this version, and can be taken back until then; NULL: it stays.
    ADD COLUMN closing_version bigint,
    ADD COLUMN closes_ms bigint,
    -- That is final: nobody signs in, and it is taken apart.
    ADD COLUMN closed boolean NOT NULL DEFAULT false,
    -- When its login was last set by proof of the vault: what takes something away rests for a while then.
    ADD COLUMN recovered_ms bigint;
CREATE INDEX account_closes ON account (closes_ms) WHERE closes_ms IS NOT NULL;

-- Mails about an account are about no set.
ALTER TABLE mail ALTER COLUMN set_no DROP NOT NULL;
