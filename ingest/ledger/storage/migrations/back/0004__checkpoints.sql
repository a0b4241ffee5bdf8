DROP TABLE study_readings;
DROP INDEX extractions_by_engine;
ALTER TABLE extractions DROP COLUMN warnings;
ALTER TABLE extractions DROP COLUMN checkpoint_digest;
