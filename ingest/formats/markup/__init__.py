"""Reports that are sent as HTML, CDA or RTF, as plain text with its line breaks (docs/conformance/markup.md)."""
