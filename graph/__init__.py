"""The patient-study graph in Neo4j: migrations, writes, reads."""
