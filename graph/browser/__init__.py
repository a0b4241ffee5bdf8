"""What Neo4j Browser shows to a person who connects: words and colours of nodes, and a guide with questions."""
