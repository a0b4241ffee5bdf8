"""Short synthetic reports of many kinds of sentence and style, each with what it says (docs/training.md)."""
