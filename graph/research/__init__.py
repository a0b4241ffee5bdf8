"""Targets of a research copy: another Neo4j, or files. The data are already de-identified (by ingest.research)."""
