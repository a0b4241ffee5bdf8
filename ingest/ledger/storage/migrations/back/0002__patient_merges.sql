DROP INDEX sightings_said_patient_id;
DROP TABLE patient_merges;
ALTER TABLE sightings DROP COLUMN ordered;
ALTER TABLE sightings DROP COLUMN bare_name;
ALTER TABLE sightings DROP COLUMN said_patient_id;
ALTER TABLE patients DROP COLUMN survivor_id;
