-- Words of reports that persons marked as missed by the reading. Rows are only ever added; who takes one back adds one.
CREATE TABLE missed_findings (
    id $identity,
    at $timestamp NOT NULL,
    reviewer TEXT NOT NULL,
    withdrawn BOOLEAN NOT NULL,
    patient_id TEXT NOT NULL,
    report_key TEXT NOT NULL,
    span_start INTEGER NOT NULL,
    span_end INTEGER NOT NULL,
    words TEXT NOT NULL,
    presence TEXT NOT NULL,
    concept_code TEXT,
    concept_name TEXT,
    relation TEXT,
    target_start INTEGER,
    target_end INTEGER,
    target_words TEXT,
    note TEXT
);
CREATE INDEX missed_findings_report_key ON missed_findings (report_key);
