DROP INDEX patient_merges_retired_id;
CREATE INDEX patient_merges_retired_id ON patient_merges (retired_id);
DROP INDEX patient_merges_survivor_id;
CREATE INDEX patient_merges_survivor_id ON patient_merges (survivor_id);
ALTER TABLE patient_merges DROP COLUMN repeats;
