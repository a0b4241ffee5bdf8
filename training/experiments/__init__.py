"""The paper's experiments: each one command that ends in a table and a figure (docs/experiments.md)."""
