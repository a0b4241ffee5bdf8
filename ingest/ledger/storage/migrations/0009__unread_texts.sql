-- How much of the reports' text each extraction did not read. Extractions from before have no row.
CREATE TABLE unread_texts (
    extraction_id TEXT PRIMARY KEY NOT NULL REFERENCES extractions (extraction_id),
    reports INTEGER NOT NULL,
    reports_set_aside INTEGER NOT NULL,
    characters INTEGER NOT NULL,
    characters_set_aside INTEGER NOT NULL,
    findings_set_aside INTEGER NOT NULL,
    nothing_read INTEGER NOT NULL,
    other_language INTEGER NOT NULL
);
