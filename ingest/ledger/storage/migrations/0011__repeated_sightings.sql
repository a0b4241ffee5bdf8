-- Sightings that only repeat what others state are not read when a message is placed (ingest.ledger.studies.repeats).
ALTER TABLE sightings ADD COLUMN repeats BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX sightings_item_key;
CREATE INDEX sightings_item_key ON sightings (item_key, repeats);
DROP INDEX sightings_accession_key;
CREATE INDEX sightings_accession_key ON sightings (accession_key, repeats) WHERE accession_key IS NOT NULL;
DROP INDEX sightings_report_id;
CREATE INDEX sightings_report_id ON sightings (report_id, repeats) WHERE report_id IS NOT NULL;
