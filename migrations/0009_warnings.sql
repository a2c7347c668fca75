-- Where a warning goes, as it was when it was written: whoever is warned of cannot send it elsewhere. NULL: where the account's mails go now.
ALTER TABLE mail ADD COLUMN address text;
