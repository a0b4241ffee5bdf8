"""Questions to the graph: each is compiled into one parametrised Cypher query that also returns nested objects."""
