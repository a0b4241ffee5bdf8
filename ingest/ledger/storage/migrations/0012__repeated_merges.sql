-- Merges that only state again what a later message states are not read when patients are merged (ingest.ledger.studies.merges).
ALTER TABLE patient_merges ADD COLUMN repeats BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX patient_merges_retired_id;
CREATE INDEX patient_merges_retired_id ON patient_merges (retired_id, repeats);
DROP INDEX patient_merges_survivor_id;
CREATE INDEX patient_merges_survivor_id ON patient_merges (survivor_id, repeats);
