-- Which checkpoint read, and what a person should know of the reading.
ALTER TABLE extractions ADD COLUMN checkpoint_digest TEXT;
ALTER TABLE extractions ADD COLUMN warnings TEXT DEFAULT '[]' NOT NULL;
CREATE INDEX extractions_by_engine ON extractions (engine_digest, study_key);

-- Every extraction that was made for a study with these inputs; study_extractions names the one that stands.
CREATE TABLE study_readings (
    study_key TEXT NOT NULL,
    input_digest TEXT NOT NULL,
    extraction_id TEXT NOT NULL REFERENCES extractions (extraction_id),
    PRIMARY KEY (study_key, input_digest, extraction_id)
);
INSERT INTO study_readings (study_key, input_digest, extraction_id)
SELECT study_key, input_digest, extraction_id FROM study_extractions;
CREATE INDEX study_readings_by_extraction ON study_readings (extraction_id);
