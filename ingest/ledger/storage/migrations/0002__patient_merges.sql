ALTER TABLE patients ADD COLUMN survivor_id TEXT;

CREATE TABLE patient_merges (
    id $identity,
    event_id BIGINT NOT NULL REFERENCES events (id),
    retired_id TEXT NOT NULL REFERENCES patients (patient_id),
    survivor_id TEXT NOT NULL REFERENCES patients (patient_id),
    as_of TEXT NOT NULL
);

CREATE INDEX patient_merges_event_id ON patient_merges (event_id);

CREATE INDEX patient_merges_retired_id ON patient_merges (retired_id);

CREATE INDEX patient_merges_survivor_id ON patient_merges (survivor_id);

ALTER TABLE sightings ADD COLUMN said_patient_id TEXT NOT NULL DEFAULT '';

UPDATE sightings SET said_patient_id = patient_id;

CREATE INDEX sightings_said_patient_id ON sightings (said_patient_id);

ALTER TABLE sightings ADD COLUMN bare_name TEXT;

ALTER TABLE sightings ADD COLUMN ordered BOOLEAN NOT NULL DEFAULT FALSE;
