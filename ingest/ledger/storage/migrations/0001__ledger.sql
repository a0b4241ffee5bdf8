CREATE TABLE migrations (
    name TEXT PRIMARY KEY,
    checksum TEXT NOT NULL,
    applied_at TEXT NOT NULL
);

CREATE TABLE events (
    id $identity,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    format TEXT NOT NULL,
    origin_name TEXT NOT NULL,
    origin_source TEXT,
    origin_time $timestamp,
    blob_key TEXT,
    size BIGINT NOT NULL,
    received_at $timestamp NOT NULL,
    message_time $timestamp,
    deliveries INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    detail TEXT,
    warnings TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    solo BOOLEAN NOT NULL,
    alone BOOLEAN NOT NULL,
    lease_owner TEXT,
    lease_expires_at $timestamp,
    fence BIGINT NOT NULL,
    updated_at $timestamp NOT NULL,
    UNIQUE (source, external_id, digest)
);

CREATE INDEX events_state ON events (state, id);

CREATE INDEX events_digest ON events (digest);

CREATE INDEX events_lease ON events (lease_expires_at) WHERE lease_expires_at IS NOT NULL;

CREATE TABLE patients (
    patient_id TEXT PRIMARY KEY NOT NULL,
    authority TEXT NOT NULL,
    identifier TEXT NOT NULL,
    sex TEXT,
    sex_as_of TEXT NOT NULL,
    birth_date DATE,
    birth_date_as_of TEXT NOT NULL
);

CREATE TABLE report_texts (
    report_key TEXT PRIMARY KEY NOT NULL,
    text_digest TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE TABLE sightings (
    id $identity,
    event_id BIGINT NOT NULL REFERENCES events (id),
    patient_id TEXT NOT NULL REFERENCES patients (patient_id),
    study_key TEXT NOT NULL,
    item_key TEXT NOT NULL,
    accession_key TEXT,
    study_uid TEXT,
    accession TEXT,
    accession_original TEXT,
    modality TEXT,
    body_part TEXT,
    procedure TEXT,
    started_at $timestamp,
    report_key TEXT REFERENCES report_texts (report_key),
    report_id TEXT,
    report_id_original TEXT,
    status TEXT,
    issued_at $timestamp,
    addendum BOOLEAN,
    sop_instance_uid TEXT,
    image_digest TEXT,
    view TEXT,
    rows INTEGER,
    columns INTEGER
);

CREATE INDEX sightings_event_id ON sightings (event_id);

CREATE INDEX sightings_patient_id ON sightings (patient_id);

CREATE INDEX sightings_study_key ON sightings (study_key);

CREATE INDEX sightings_item_key ON sightings (item_key);

CREATE INDEX sightings_accession_key ON sightings (accession_key) WHERE accession_key IS NOT NULL;

CREATE INDEX sightings_study_uid ON sightings (study_uid, patient_id) WHERE study_uid IS NOT NULL;

CREATE INDEX sightings_report_key ON sightings (report_key) WHERE report_key IS NOT NULL;

CREATE TABLE study_changes (
    id $identity,
    event_id BIGINT NOT NULL,
    old_key TEXT NOT NULL,
    new_key TEXT NOT NULL
);

CREATE INDEX study_changes_event_id ON study_changes (event_id);

CREATE INDEX study_changes_old_key ON study_changes (old_key);

CREATE INDEX study_changes_new_key ON study_changes (new_key);

CREATE TABLE extractions (
    extraction_id TEXT PRIMARY KEY NOT NULL,
    study_key TEXT NOT NULL,
    engine TEXT NOT NULL,
    checkpoint TEXT,
    engine_digest TEXT NOT NULL,
    reads TEXT NOT NULL,
    modalities TEXT NOT NULL,
    out_of_domain BOOLEAN NOT NULL,
    created_at $timestamp NOT NULL,
    result TEXT NOT NULL
);

CREATE TABLE study_extractions (
    study_key TEXT NOT NULL,
    input_digest TEXT NOT NULL,
    extraction_id TEXT NOT NULL REFERENCES extractions (extraction_id),
    selected_at $timestamp NOT NULL,
    PRIMARY KEY (study_key, input_digest)
);

CREATE INDEX study_extractions_extraction_id ON study_extractions (extraction_id);

CREATE TABLE rejections (
    id $identity,
    extraction_id TEXT NOT NULL REFERENCES extractions (extraction_id),
    report_key TEXT,
    reason TEXT NOT NULL,
    head TEXT NOT NULL,
    relation TEXT NOT NULL,
    tail TEXT NOT NULL,
    detail TEXT NOT NULL
);

CREATE INDEX rejections_reason ON rejections (reason, id);

CREATE INDEX rejections_extraction_id ON rejections (extraction_id);

CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    expires_at $timestamp NOT NULL
);

CREATE TABLE audit (
    id $identity,
    at $timestamp NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    patients TEXT NOT NULL,
    outcome TEXT NOT NULL
);

CREATE TABLE api_keys (
    key_hash TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at $timestamp NOT NULL
);

CREATE TABLE properties (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
