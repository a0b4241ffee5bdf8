// Concepts by the words of their names and synonyms: people ask by name, and case and plain scans cost milliseconds.
CREATE FULLTEXT INDEX concept_words IF NOT EXISTS FOR (n:Concept) ON EACH [n.name, n.synonyms]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-no-stop-words'}};
