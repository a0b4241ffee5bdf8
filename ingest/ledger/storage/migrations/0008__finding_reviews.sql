-- What persons say of findings. Rows are only ever added; who takes a verdict back adds one without.
CREATE TABLE finding_reviews (
    id $identity,
    at $timestamp NOT NULL,
    reviewer TEXT NOT NULL,
    may_read BOOLEAN NOT NULL,
    verdict TEXT,
    presence TEXT,
    note TEXT,
    patient_id TEXT NOT NULL,
    source TEXT NOT NULL,
    film BOOLEAN NOT NULL,
    span_start INTEGER NOT NULL,
    span_end INTEGER NOT NULL,
    words TEXT NOT NULL,
    section TEXT NOT NULL,
    said_presence TEXT NOT NULL,
    concept_code TEXT NOT NULL,
    concept_name TEXT NOT NULL,
    laterality TEXT,
    severity TEXT,
    place_codes TEXT NOT NULL,
    extraction_id TEXT NOT NULL REFERENCES extractions (extraction_id),
    mention_id TEXT NOT NULL
);
CREATE INDEX finding_reviews_source ON finding_reviews (source);
