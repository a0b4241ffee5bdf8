DROP TABLE pairing_waits;
ALTER TABLE sightings DROP COLUMN pixel_digest;
