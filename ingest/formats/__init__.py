"""Parsers of what hospitals send: bytes in, `ParsedMessage` out. Pure: no files, no ledger."""
