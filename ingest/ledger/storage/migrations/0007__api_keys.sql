-- Keys that end: by a date that was set when they were made, or because they were revoked.
ALTER TABLE api_keys ADD COLUMN expires_at $timestamp;
ALTER TABLE api_keys ADD COLUMN revoked_at $timestamp;
ALTER TABLE api_keys ADD COLUMN last_used_at $timestamp;
