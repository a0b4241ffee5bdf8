// The questions of the guide for Neo4j Browser (graph.browser.guide): a title, words about it, the query.

// 0. One study as a picture
// Its report, the mentions in it, and their concepts. A finding's caption says whether it is present.
MATCH (s:Study)-[:HAS_FINDING]->(:Finding)-[:SUGGESTIVE_OF]->()
WITH s LIMIT 1
MATCH path = (:Patient)-[:HAS_STUDY]->(s)-[:HAS_REPORT]->(:Report {current: true})<-[:READ]-(:Extraction)-[:FOUND]->(m)
OPTIONAL MATCH relation = (m)-[:MODIFY|LOCATED_AT|SUGGESTIVE_OF]->()
OPTIONAL MATCH link = (m)-[:REFERS_TO]->()
RETURN path, relation, link

// 1. Which findings are reported, and which are denied?
// A denied finding is in the graph too: ask for `presence`.
MATCH (p:Patient)-[:HAS_STUDY]->(:Study)-[:HAS_FINDING]->(f:Finding)-[:REFERS_TO]->(c:Concept)
RETURN c.name AS finding,
  count(DISTINCT CASE f.presence WHEN 'present' THEN p END) AS present,
  count(DISTINCT CASE f.presence WHEN 'uncertain' THEN p END) AS uncertain,
  count(DISTINCT CASE f.presence WHEN 'absent' THEN p END) AS denied
ORDER BY present + denied DESC LIMIT 25

// 2. Who has a finding of a kind, with side and degree?
// `IS_A*0..` includes the narrower concepts.
MATCH (kind:Concept)-[:IS_A*0..]->(:Concept {name: 'pleural effusion'})
MATCH (f:Finding {conceptCode: kind.code})<-[:HAS_FINDING]-(s:Study)<-[:HAS_STUDY]-(p:Patient)
WHERE f.presence = 'present' AND f.pageKey > ''
RETURN f.laterality AS side, f.severity AS degree, count(DISTINCT p) AS patients ORDER BY patients DESC

// 3. What lies in a region?
// `PART_OF` and `IS_A` lead from a place to larger ones: the left lower lobe is in the left lung, and in the thorax.
MATCH (place:Concept)-[:PART_OF|IS_A*0..]->(:Concept {name: 'left lung'})
WITH collect(DISTINCT place.code) AS codes
MATCH (f:Finding) WHERE f.presence = 'present' AND any(code IN f.placeCodes WHERE code IN codes)
MATCH (f)-[:REFERS_TO]->(c:Concept)
RETURN c.name AS finding, count(*) AS times ORDER BY times DESC LIMIT 25

// 4. What occurs together with it in one study?
// Words of normality ("clear", "stable") are findings too; the query leaves them out.
MATCH (kind:Concept)-[:IS_A*0..]->(:Concept {name: 'pleural effusion'}) WITH collect(DISTINCT kind.code) AS codes
MATCH (s:Study)-[:HAS_FINDING]->(f:Finding {presence: 'present'}) WHERE f.conceptCode IN codes
WITH DISTINCT s, codes
MATCH (s)-[:HAS_FINDING]->(g:Finding {presence: 'present'})-[:REFERS_TO]->(c:Concept)
WHERE NOT g.conceptCode IN codes AND NOT c.name IN ['normal', 'clear', 'intact', 'stable', 'unchanged']
RETURN c.name AS other, count(DISTINCT s) AS studies ORDER BY studies DESC LIMIT 25

// 5. How certain are reports?
// The share of uncertain findings among those that are present or uncertain.
MATCH (f:Finding)-[:REFERS_TO]->(c:Concept) WHERE f.presence IN ['present', 'uncertain']
WITH c, count(*) AS said, count(CASE f.presence WHEN 'uncertain' THEN 1 END) AS uncertain WHERE said >= 20
RETURN c.name AS finding, said, uncertain, round(100.0 * uncertain / said) AS percent ORDER BY percent DESC LIMIT 25

// 6. What is taken as a sign of what?
MATCH (sign:Finding)-[:SUGGESTIVE_OF]->(disease:Finding)
MATCH (sign)-[:REFERS_TO]->(a:Concept), (disease)-[:REFERS_TO]->(b:Concept)
RETURN a.name AS sign, b.name AS suggests, count(*) AS times ORDER BY times DESC LIMIT 25

// 7. How do reports describe a finding?
// Words that modify it, directly or through other words.
MATCH (f:Finding)-[:REFERS_TO]->(:Concept {name: 'opacity'})
MATCH (word:Mention)-[:MODIFY]->+(f)
RETURN toLower(word.text) AS word, count(DISTINCT f) AS findings ORDER BY findings DESC LIMIT 25

// 8. Where do model and rules disagree?
// Their agreement is no confirmation: the model learned from the rules.
MATCH (f:Finding)-[:REFERS_TO]->(c:Concept)
WITH c, count(*) AS findings, count(CASE f.witness WHEN 'both' THEN 1 END) AS both,
  count(CASE f.witness WHEN 'model' THEN 1 END) AS model, count(CASE f.witness WHEN 'rules' THEN 1 END) AS rules,
  count(CASE WHEN f.disputed THEN 1 END) AS disputed WHERE findings >= 50
RETURN c.name AS finding, findings, both, model, rules, disputed ORDER BY 1.0 * both / findings LIMIT 25

// 9. What remains without low scores?
// What the rules alone read has no score: decide whether to keep it.
UNWIND [0.0, 0.5, 0.8, 0.9, 0.95, 0.99] AS least
MATCH (f:Finding) WHERE f.score IS NULL OR f.score >= least
RETURN least, f.presence AS presence, count(*) AS findings, count(f.score) AS scored ORDER BY least, presence

// 10. What becomes of a finding?
// The next study that mentions it as present, uncertain or denied, and the days between.
MATCH (kind:Concept)-[:IS_A*0..]->(:Concept {name: 'pleural effusion'}) WITH collect(kind.code) AS codes
MATCH (p:Patient)-[:HAS_STUDY]->(s:Study)-[:HAS_FINDING]->(f:Finding {presence: 'present'}) WHERE f.conceptCode IN codes
CALL (p, s, codes) {
  MATCH (p)-[:HAS_STUDY]->(later:Study)-[:HAS_FINDING]->(g:Finding)
  WHERE later.startedAt > s.startedAt AND g.conceptCode IN codes
  RETURN g.presence AS then, duration.inDays(s.startedAt, later.startedAt).days AS days ORDER BY later.startedAt LIMIT 1
}
RETURN then, count(*) AS times, round(avg(days)) AS days ORDER BY times DESC
