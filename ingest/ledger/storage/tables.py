"""The tables and indexes of the ledger, as the migrations make them (a test compares the two on both databases).

Originals of identifiers live here and nowhere else: `patients`, and the `*_original` columns of `sightings`.
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
    text,
)

from ingest.ledger.storage.types import Strings, UtcTime

metadata = MetaData()

Identity = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database hands out: SQLite does so for INTEGER PRIMARY KEY alone."""


def _some_rows(condition: str, name: str, *columns: str) -> Index:
    """An index of the rows that meet a condition, written as both databases take it."""
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
"""One message received, the state of the work on it, and the lease of whoever works on it now.

`origin_*` is what was known of it beside its bytes: parsing again needs it. `solo`: it must run alone next time.
`alone`: its current claim is a group of one, so a crash counts against it. `fence` rises with every claim.
"""

raw_messages = Table(
    "raw_messages",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True),
    Column("raw", LargeBinary, nullable=False),
)
"""Small raw messages as they were received. Those of other events are in the blob store."""

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
"""A patient by pseudonym, with the original. `*_as_of` orders what messages said of the fact.

`survivor_id` is the patient that this one was merged into in the end, by all of patient_merges; null: none.
"""

patient_merges = Table(
    "patient_merges",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("event_id", BigInteger, ForeignKey("events.id"), nullable=False),
    Column("retired_id", Text, ForeignKey("patients.patient_id"), nullable=False),
    Column("survivor_id", Text, ForeignKey("patients.patient_id"), nullable=False),
    Column("as_of", Text, nullable=False),
    Index("patient_merges_event_id", "event_id"),
    Index("patient_merges_retired_id", "retired_id"),
    Index("patient_merges_survivor_id", "survivor_id"),
)
"""That a patient was given up for another, as one message said it."""

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
    Index("sightings_event_id", "event_id"),
    Index("sightings_patient_id", "patient_id"),
    Index("sightings_study_key", "study_key"),
    Index("sightings_item_key", "item_key"),
    _some_rows(
        "accession_key IS NOT NULL",
        "sightings_accession_key",
        "accession_key",
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
    ),
)
"""What one message said of one report or image: whose it is, which study it belongs to, which version it is.

`item_key` names the report (all its versions) or the image within the patient; `accession_key` names the accession
within the patient. `study_key` is derived from all sightings together (studies.assignment) and changes with them:
a study is the set of sightings that bear its key, there is no other record of it. Where patients were merged,
`patient_id` is the one that is left, and the keys are those within that one; `said_patient_id` stays.
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
"""Sightings moved from one study to another and the graph does not know yet. Deleted once it does (changes.py).

`event_id` is the event that caused the move. Ids are never used twice, so a consumer deletes what it read and no more.
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
"""Studies that an engine which reads films has not read yet because their report or their films are missing.

`over`: nobody waits any more. The row goes once both are there.
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
"""The first committed result of each extraction's identity: kept for every retry and rebuild."""

study_readings = Table(
    "study_readings",
    metadata,
    Column("study_key", Text, primary_key=True),
    Column("input_digest", Text, primary_key=True),
    Column("extraction_id", Text, ForeignKey("extractions.extraction_id"), primary_key=True),
    Index("study_readings_by_extraction", "extraction_id"),
)
"""Every extraction that was made for a study with just these inputs, by whichever engine."""

study_extractions = Table(
    "study_extractions",
    metadata,
    Column("study_key", Text, primary_key=True),
    Column("input_digest", Text, primary_key=True),
    Column("extraction_id", Text, ForeignKey("extractions.extraction_id"), nullable=False),
    Column("selected_at", UtcTime, nullable=False),
    Index("study_extractions_extraction_id", "extraction_id"),
)
"""Which extraction stands for a study with just these inputs (its current reports and its images)."""

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
"""Triplets that were read and refused."""

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
"""How much of the reports' text an extraction did not read (unread.py)."""

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
"""What a person said of a finding, and what the finding itself said then. Rows are only ever added.

`verdict` is null where the reviewer takes back what they said before; `presence` is what the finding should say.
`may_read`: the reviewer may read report texts. `source` is the reportKey, or the UID of a `film`.
"""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
"""Duties that one process holds at a time, such as the dispatcher's."""

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
"""Who did what, to which patients' data, when, and how it ended. `hash` chains the entries (ledger.access.audit_chain).

Its numbers are handed out by the chain, without gaps.
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
"""Facts about the ledger as a whole, such as the fingerprint of the pseudonym key that it was filled with."""
