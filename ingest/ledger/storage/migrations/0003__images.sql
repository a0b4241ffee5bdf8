ALTER TABLE sightings ADD COLUMN pixel_digest TEXT;

CREATE TABLE pairing_waits (
    study_key TEXT PRIMARY KEY NOT NULL,
    until $timestamp NOT NULL,
    over BOOLEAN NOT NULL
);

CREATE INDEX pairing_waits_until ON pairing_waits (until) WHERE NOT over;
