// The key of every node that is merged or looked up by its key.
CREATE CONSTRAINT patient_key IF NOT EXISTS FOR (n:Patient) REQUIRE n.patientId IS UNIQUE;
CREATE CONSTRAINT study_key IF NOT EXISTS FOR (n:Study) REQUIRE n.studyKey IS UNIQUE;
CREATE CONSTRAINT report_key IF NOT EXISTS FOR (n:Report) REQUIRE n.reportKey IS UNIQUE;
CREATE CONSTRAINT image_key IF NOT EXISTS FOR (n:Image) REQUIRE n.sopInstanceUid IS UNIQUE;
CREATE CONSTRAINT extraction_key IF NOT EXISTS FOR (n:Extraction) REQUIRE n.extractionId IS UNIQUE;
CREATE CONSTRAINT mention_key IF NOT EXISTS FOR (n:Mention) REQUIRE n.mentionId IS UNIQUE;
CREATE CONSTRAINT concept_key IF NOT EXISTS FOR (n:Concept) REQUIRE n.code IS UNIQUE;
CREATE CONSTRAINT vocabulary_key IF NOT EXISTS FOR (n:Vocabulary) REQUIRE n.name IS UNIQUE;

// Pages of findings and studies. `pageKey` is (studiedAt, unknown last, then the key) as one string: see docs/data-model.md.
CREATE INDEX finding_page IF NOT EXISTS FOR (n:Finding) ON (n.conceptCode, n.presence, n.pageKey);
CREATE INDEX finding_order IF NOT EXISTS FOR (n:Finding) ON (n.pageKey);
CREATE INDEX study_order IF NOT EXISTS FOR (n:Study) ON (n.pageKey);

// Look-ups by the names that people and other systems use. None of them is unique: two patients may share an accession.
CREATE INDEX study_uid IF NOT EXISTS FOR (n:Study) ON (n.studyUid);
CREATE INDEX study_accession IF NOT EXISTS FOR (n:Study) ON (n.accession);
CREATE INDEX report_id IF NOT EXISTS FOR (n:Report) ON (n.reportId);
CREATE INDEX concept_system IF NOT EXISTS FOR (n:Concept) ON (n.system);
