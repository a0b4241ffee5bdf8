-- Keys that were revoked or have ended would work again: they go first.
DELETE FROM api_keys WHERE revoked_at IS NOT NULL OR expires_at < CURRENT_TIMESTAMP;
ALTER TABLE api_keys DROP COLUMN last_used_at;
ALTER TABLE api_keys DROP COLUMN revoked_at;
ALTER TABLE api_keys DROP COLUMN expires_at;
