-- Backups that were missed: who wants to hear of it, when it is so for a set, and mails on their way.

-- How an account hears of it. Without a row nobody does, and limits are those of `watch` below.
CREATE TABLE alerts (
    account_no bigint PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    address text NOT NULL,
    mails boolean NOT NULL,
    -- 0: never.
    limit_hours integer NOT NULL CHECK (limit_hours >= 0)
);

ALTER TABLE backup_set
    -- When the newest commit arrived that was not of an unfinished first scan.
    ADD COLUMN complete_ms bigint,
    -- Its own limit; 0: never; NULL: that of its account.
    ADD COLUMN limit_hours integer CHECK (limit_hours >= 0),
    -- What mails call its machine, readable; empty: its number.
    ADD COLUMN public_name text NOT NULL DEFAULT '',
    -- Since when a missed backup is told of, and whether a mail did.
    ADD COLUMN missed_ms bigint,
    ADD COLUMN missed_mailed boolean NOT NULL DEFAULT false;

-- Flags are the last four bytes before the signature, the lowest first; 2 is PARTIAL.
UPDATE backup_set SET complete_ms = (
    SELECT max(received_ms) FROM commit
    WHERE commit.set_no = backup_set.set_no AND get_byte(header, octet_length(header) - 68) & 2 = 0);

-- Since when no complete backup came, and after how long that is too long. A machine that was just let in has its time, too.
CREATE VIEW watch AS
SELECT set_no, account_no, newest.revoked,
    greatest(complete_ms, newest.created_ms) AS since_ms,
    -- 0: never. Three days unless somebody decided otherwise.
    coalesce(backup_set.limit_hours, alerts.limit_hours, 72) * 3600000::bigint AS limit_ms
FROM backup_set
JOIN LATERAL (
    SELECT revoked, created_ms FROM device WHERE device.set_no = backup_set.set_no ORDER BY key_epoch DESC LIMIT 1
) AS newest ON true
LEFT JOIN alerts USING (account_no);

-- Mails on their way, to the address that their account has when they are sent.
CREATE TABLE mail (
    mail_no bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    account_no bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    -- What it is about.
    set_no bigint NOT NULL REFERENCES backup_set ON DELETE CASCADE,
    -- The same whenever it is tried, so that a mail that came twice is known for one.
    message_id bytea NOT NULL CHECK (octet_length(message_id) = 16),
    subject text NOT NULL,
    body text NOT NULL,
    created_ms bigint NOT NULL,
    -- When it is tried next, and how often it was.
    due_ms bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX mail_due ON mail (due_ms);
CREATE INDEX mail_account ON mail (account_no);
CREATE INDEX mail_set ON mail (set_no);
