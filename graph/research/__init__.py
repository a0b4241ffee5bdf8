"""Where a research copy goes: another Neo4j, or files. What goes there was de-identified before (ingest.research)."""
