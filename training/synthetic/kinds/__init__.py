"""Short synthetic reports of many kinds of sentence and style, each with its truth (docs/training.md)."""
