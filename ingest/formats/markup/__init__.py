"""Converts reports in HTML, CDA or RTF to plain text with line breaks (docs/conformance/markup.md)."""
