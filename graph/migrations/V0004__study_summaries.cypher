// What a study's asserted findings come to, for counts over all patients (graph.summaries). The merge writes the same.
MATCH (s:Study)
CALL (s) {
  OPTIONAL MATCH (s)-[:HAS_FINDING]->(f:Finding)
  WHERE f.presence IN ['present', 'uncertain'] AND coalesce(f.review, '') <> 'rejected'
  WITH s, f ORDER BY f.conceptCode
  WITH s, collect(DISTINCT f.conceptCode) AS concepts, collect(f) AS findings
  CALL (findings) {
    UNWIND findings AS f
    UNWIND coalesce(f.placeCodes, []) AS place
    WITH DISTINCT place, f.conceptCode AS concept ORDER BY place, concept
    RETURN collect(place) AS places, collect(concept) AS holders
  }
  SET s.assertedConcepts = CASE WHEN size(concepts) > 0 THEN concepts END,
    s.assertedPlaces = CASE WHEN size(places) > 0 THEN places END,
    s.assertedPlaceConcepts = CASE WHEN size(places) > 0 THEN holders END
} IN TRANSACTIONS OF 1000 ROWS;
