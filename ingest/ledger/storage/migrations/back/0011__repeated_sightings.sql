DROP INDEX sightings_item_key;
CREATE INDEX sightings_item_key ON sightings (item_key);
DROP INDEX sightings_accession_key;
CREATE INDEX sightings_accession_key ON sightings (accession_key) WHERE accession_key IS NOT NULL;
DROP INDEX sightings_report_id;
CREATE INDEX sightings_report_id ON sightings (report_id) WHERE report_id IS NOT NULL;
ALTER TABLE sightings DROP COLUMN repeats;
