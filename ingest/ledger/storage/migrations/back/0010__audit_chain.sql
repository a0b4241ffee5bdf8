-- The entries stay; that they hang together can no longer be shown.
ALTER TABLE audit DROP COLUMN hash;
DELETE FROM properties WHERE name = 'audit_head';
-- on postgresql
SELECT setval(pg_get_serial_sequence('audit', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM audit), false);
