-- Reports by their id across patients: a correction may name another patient (ingest.ledger.corrections).
CREATE INDEX sightings_report_id ON sightings (report_id) WHERE report_id IS NOT NULL;
