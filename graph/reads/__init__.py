"""Questions to the graph: each one is compiled into one parametrised Cypher query that also brings what is nested."""
