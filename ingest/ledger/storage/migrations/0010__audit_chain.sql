-- Each entry of the audit trail has the hash of itself and of the entry before it. Entries from before have none.
ALTER TABLE audit ADD COLUMN hash TEXT;
