"""A graph as CSV files for `neo4j-admin database import`: the files' columns, their writer, and the loader."""
