"""Codes of tables as sets, written as the standards print them."""


def code_set(codes: str) -> frozenset[str]:
    """The codes between the blanks."""
    return frozenset(codes.split())
