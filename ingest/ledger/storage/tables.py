"""The tables and indexes of the ledger, as the migrations make them (a test compares the two on both databases).

Original identifiers are stored only here: in `patients`, and in the `*_original` columns of `sightings`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from ingest.ledger.storage.types import Strings, UtcTime

metadata = MetaData()

Identity = BigInteger().with_variant(Integer, "sqlite")
"""An id assigned by the database: SQLite does that only for INTEGER PRIMARY KEY."""


def _some_rows(condition: str, name: str, *columns: str) -> Index:
    """A partial index, in a form that both databases accept."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


events = Table(
    "events",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("source", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("origin_name", Text, nullable=False),
    Column("origin_source", Text),
    Column("origin_time", UtcTime),
    Column("blob_key", Text),
    Column("size", BigInteger, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("message_time", UtcTime),
    Column("deliveries", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    Column("warnings", Strings, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("solo", Boolean, nullable=False),
    Column("alone", Boolean, nullable=False),
    Column("lease_owner", Text),
    Column("lease_expires_at", UtcTime),
    Column("fence", BigInteger, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("source", "external_id", "digest"),
    Index("events_state", "state", "id"),
    Index("events_digest", "digest"),
    _some_rows(
        "lease_expires_at IS NOT NULL",
        "events_lease",
        "lease_expires_at",
    ),
)
"""One received message, its processing state, and the lease of the worker that processes it.

`origin_*` are facts beside its bytes that a replay needs. `solo`: the next claim must take it by itself. `alone`: its
current claim has only this event, so a crash counts against it. `fence` rises with every claim.
"""

raw_messages = Table(
    "raw_messages",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True),
    Column("raw", LargeBinary, nullable=False),
)
"""Small raw messages as received. The others are in the blob store."""

patients = Table(
    "patients",
    metadata,
    Column("patient_id", Text, primary_key=True),
    Column("authority", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("sex", Text),
    Column("sex_as_of", Text, nullable=False),
    Column("birth_date", Date),
    Column("birth_date_as_of", Text, nullable=False),
    Column("survivor_id", Text),
)
"""A patient by pseudonym, with the original identifier. `*_as_of` orders the messages about each fact.

`survivor_id` is the final patient that this one was merged into, by all of patient_merges; null: none.
"""

patient_merges = Table(
    "patient_merges",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("event_id", BigInteger, ForeignKey("events.id"), nullable=False),
    Column("retired_id", Text, ForeignKey("patients.patient_id"), nullable=False),
    Column("survivor_id", Text, ForeignKey("patients.patient_id"), nullable=False),
    Column("as_of", Text, nullable=False),
    Column("repeats", Boolean, nullable=False, server_default=false()),
    Index("patient_merges_event_id", "event_id"),
    Index("patient_merges_retired_id", "retired_id", "repeats"),
    Index("patient_merges_survivor_id", "survivor_id", "repeats"),
)
"""A merge of a patient into another, as one message states it. `repeats`: another row states it with a later time."""

sightings = Table(
    "sightings",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("event_id", BigInteger, ForeignKey("events.id"), nullable=False),
    Column("patient_id", Text, ForeignKey("patients.patient_id"), nullable=False),
    Column("study_key", Text, nullable=False),
    Column("item_key", Text, nullable=False),
    Column("accession_key", Text),
    Column("study_uid", Text),
    Column("accession", Text),
    Column("accession_original", Text),
    Column("modality", Text),
    Column("body_part", Text),
    Column("procedure", Text),
    Column("started_at", UtcTime),
    Column("report_key", Text, ForeignKey("report_texts.report_key")),
    Column("report_id", Text),
    Column("report_id_original", Text),
    Column("status", Text),
    Column("issued_at", UtcTime),
    Column("addendum", Boolean),
    Column("sop_instance_uid", Text),
    Column("image_digest", Text),
    Column("view", Text),
    Column("rows", Integer),
    Column("columns", Integer),
    Column("said_patient_id", Text, nullable=False),
    Column("bare_name", Text),
    Column("ordered", Boolean, nullable=False),
    Column("pixel_digest", Text),
    Column("repeats", Boolean, nullable=False, server_default=false()),
    Index("sightings_event_id", "event_id"),
    Index("sightings_patient_id", "patient_id"),
    Index("sightings_study_key", "study_key"),
    Index("sightings_item_key", "item_key", "repeats"),
    _some_rows(
        "accession_key IS NOT NULL",
        "sightings_accession_key",
        "accession_key",
        "repeats",
    ),
    _some_rows(
        "study_uid IS NOT NULL",
        "sightings_study_uid",
        "study_uid",
        "patient_id",
    ),
    _some_rows(
        "report_key IS NOT NULL",
        "sightings_report_key",
        "report_key",
    ),
    Index("sightings_said_patient_id", "said_patient_id"),
    _some_rows(
        "report_id IS NOT NULL",
        "sightings_report_id",
        "report_id",
        "repeats",
    ),
)
"""What one message states about one report or image: its patient, its study and its version.

`item_key` names the report (all its versions) or the image within the patient; `accession_key` names the accession
within the patient. `study_key` is derived from all sightings (studies.assignment) and changes with them:
a study is the set of sightings with its key; there is no other record of it. After a merge of patients `patient_id`
and the keys are those of the survivor; `said_patient_id` does not change. `repeats`: others state the same before
and after it (studies.repeats).
"""

report_texts = Table(
    "report_texts",
    metadata,
    Column("report_key", Text, primary_key=True),
    Column("text_digest", Text, nullable=False),
    Column("text", Text, nullable=False),
)
"""The text of each version of each report, once."""

study_changes = Table(
    "study_changes",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("event_id", BigInteger, nullable=False),
    Column("old_key", Text, nullable=False),
    Column("new_key", Text, nullable=False),
    Index("study_changes_event_id", "event_id"),
    Index("study_changes_old_key", "old_key"),
    Index("study_changes_new_key", "new_key"),
)
"""Moves of sightings between studies that are not in the graph yet. Deleted when they are (studies.graph_outbox).

`event_id` is the event that caused the move. Ids are never reused, so a consumer deletes only rows that it has read.
"""

pairing_waits = Table(
    "pairing_waits",
    metadata,
    Column("study_key", Text, primary_key=True),
    Column("until", UtcTime, nullable=False),
    Column("over", Boolean, nullable=False),
    _some_rows(
        "NOT over",
        "pairing_waits_until",
        "until",
    ),
)
"""Studies that wait for their report or their films, for an engine that reads both.

`over`: the wait has ended. The row is deleted when report and films are there.
"""

extractions = Table(
    "extractions",
    metadata,
    Column("extraction_id", Text, primary_key=True),
    Column("study_key", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("checkpoint", Text),
    Column("engine_digest", Text, nullable=False),
    Column("reads", Strings, nullable=False),
    Column("modalities", Strings, nullable=False),
    Column("out_of_domain", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("result", Text, nullable=False),
    Column("checkpoint_digest", Text),
    Column("warnings", Strings, nullable=False),
    Index("extractions_by_engine", "engine_digest", "study_key"),
)
"""The first committed result of each extraction identity, reused by every retry and rebuild."""

study_readings = Table(
    "study_readings",
    metadata,
    Column("study_key", Text, primary_key=True),
    Column("input_digest", Text, primary_key=True),
    Column("extraction_id", Text, ForeignKey("extractions.extraction_id"), primary_key=True),
    Index("study_readings_by_extraction", "extraction_id"),
)
"""Every extraction of a study with exactly these inputs, by any engine."""

study_extractions = Table(
    "study_extractions",
    metadata,
    Column("study_key", Text, primary_key=True),
    Column("input_digest", Text, primary_key=True),
    Column("extraction_id", Text, ForeignKey("extractions.extraction_id"), nullable=False),
    Column("selected_at", UtcTime, nullable=False),
    Index("study_extractions_extraction_id", "extraction_id"),
)
"""The selected extraction of a study with exactly these inputs (its current reports and its images)."""

rejections = Table(
    "rejections",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("extraction_id", Text, ForeignKey("extractions.extraction_id"), nullable=False),
    Column("report_key", Text),
    Column("reason", Text, nullable=False),
    Column("head", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("tail", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("rejections_reason", "reason", "id"),
    Index("rejections_extraction_id", "extraction_id"),
)
"""Triplets that validation rejected."""

unread_texts = Table(
    "unread_texts",
    metadata,
    Column("extraction_id", Text, ForeignKey("extractions.extraction_id"), primary_key=True),
    Column("reports", Integer, nullable=False),
    Column("reports_set_aside", Integer, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("characters_set_aside", Integer, nullable=False),
    Column("findings_set_aside", Integer, nullable=False),
    Column("nothing_read", Integer, nullable=False),
    Column("other_language", Integer, nullable=False),
)
"""The amount of report text that an extraction did not read (ingest.ledger.unread_totals)."""

finding_reviews = Table(
    "finding_reviews",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("may_read", Boolean, nullable=False),
    Column("verdict", Text),
    Column("presence", Text),
    Column("note", Text),
    Column("patient_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("film", Boolean, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("said_presence", Text, nullable=False),
    Column("concept_code", Text, nullable=False),
    Column("concept_name", Text, nullable=False),
    Column("laterality", Text),
    Column("severity", Text),
    Column("place_codes", Strings, nullable=False),
    Column("extraction_id", Text, ForeignKey("extractions.extraction_id"), nullable=False),
    Column("mention_id", Text, nullable=False),
    Index("finding_reviews_source", "source"),
)
"""Reviews of findings, with the reviewed statements. Rows are never changed.

`verdict` is null if the reviewer withdraws the earlier verdict; `presence` is the right presence.
`may_read`: the reviewer may read report texts. `source` is the reportKey, or the UID of a `film`.
"""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
"""Named leases, such as the dispatcher's, each held by one process."""

audit = Table(
    "audit",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("patients", Strings, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("hash", Text),
)
"""The audit trail: who did what, to which patients' data, when, and with what outcome.

`hash` chains the entries (ledger.access.audit_chain), which numbers them without gaps.
"""

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_hash", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    Column("last_used_at", UtcTime),
)
"""SHA-256 of each API key, and its role. The keys themselves are not kept.

Revoked ones stay: the audit trail names them.
"""

properties = Table(
    "properties",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts about the whole ledger, such as the fingerprint of its pseudonym key."""

missed_findings = Table(
    "missed_findings",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("report_key", Text, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("presence", Text, nullable=False),
    Column("concept_code", Text),
    Column("concept_name", Text),
    Column("relation", Text),
    Column("target_start", Integer),
    Column("target_end", Integer),
    Column("target_words", Text),
    Column("note", Text),
    Index("missed_findings_report_key", "report_key"),
)
"""Words of reports that a person marked as missed by the reading. Rows are never changed.

The latest row of a reviewer on a span counts, unless it is `withdrawn`. `relation` leads to the words of the target.
"""
