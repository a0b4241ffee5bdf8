"""The research copy: the graph without identifiers, for one project (docs/research.md, decisions 0106 to 0108)."""
