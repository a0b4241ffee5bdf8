"""The queries of the demo, and Cypher to paste."""

from stack.graphql_client import Question

LEFT_EFFUSION = Question(
    "Which patients have a pleural effusion in the left lung that no later study excludes?",
    """\
query {
  patients(
    first: 50
    where: {
      hasFinding: { concept: { name: "pleural effusion" }, location: { name: "left lung" } }
      noLaterFinding: { concept: { name: "pleural effusion" }, presence: [ABSENT] }
    }
  ) {
    totalCount
    edges { node {
      patientId sex birthYear
      findings(first: 5, where: { concept: { name: "pleural effusion" }, location: { name: "left lung" } }) {
        edges { node { text laterality severity presence witness disputed studiedAt } }
      }
    } }
  }
}""",
)

SUGGESTS_PNEUMONIA = Question(
    "What suggests pneumonia, and where?",
    """\
query {
  findings(first: 20, where: { suggests: { concept: { name: "pneumonia" } } }) {
    totalCount
    edges { node {
      text presence witness concept { name code }
      locations { concept { name } }
      suggests { text presence concept { name } }
      report { status version }
    } }
  }
}""",
)


FILMS_ALONE = Question(
    "Which findings are on the films and in no report?",
    """\
query {
  studies(first: 100) {
    edges { node {
      startedAt
      extraction { modalities }
      findings(first: 20) { edges { node { text presence score concept { name code } report { status } } } }
    } }
  }
}""",
)


DISPUTED = Question(
    "On which study do model and rules disagree?",
    """\
query {
  findings(first: 1, where: { disputed: true, presence: [PRESENT, UNCERTAIN, ABSENT] }) {
    edges { node { text presence otherPresence study { studyKey } } }
  }
}""",
)


def timeline_of(patient_id: str) -> Question:
    """The course of one patient, by pseudonym."""
    return Question(
        "How did this patient's findings develop?",
        """\
query ($id: String!) {
  patient(patientId: $id) {
    patientId sex birthYear
    timeline {
      startedAt
      study {
        reports { status version current }
        extraction { engine checkpoint agreement { mentionsBoth mentionsModel mentionsRules disputed } }
      }
      findings { text presence laterality severity witness disputed concept { name } }
    }
  }
}""",
        {"id": patient_id},
    )


CYPHER = (
    (
        "Where are the effusions? (graph view)",
        (
            "MATCH p = (:Patient)-[:HAS_STUDY]->(:Study)-[:HAS_FINDING]->(f:Finding)-[:REFERS_TO]->"
            "(:Concept {name: 'pleural effusion'}) WHERE f.presence <> 'absent' RETURN p LIMIT 25"
        ),
    ),
    (
        "Which findings were stated and which were excluded?",
        (
            "MATCH (f:Finding)-[:REFERS_TO]->(c:Concept) RETURN c.name AS finding, f.presence AS presence, "
            "count(*) AS times ORDER BY times DESC LIMIT 20"
        ),
    ),
    (
        "A report, its earlier versions, and the findings of the current one",
        (
            "MATCH (s:Study)-[:HAS_REPORT]->(c:Report {current: true})-[:SUPERSEDES*]->(old:Report) WITH s, c, "
            "collect(old.status) AS before MATCH (s)-[:HAS_FINDING]->(f) RETURN before, c.status AS now, "
            "c.text AS text, collect(f.presence + ': ' + f.text) AS findings LIMIT 5"
        ),
    ),
)
"""Titles and queries for Neo4j Browser. Only the demo's graph has `Report.text`."""
