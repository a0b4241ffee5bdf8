"""Sets of codes, written as in the tables of the standards."""


def code_set(codes: str) -> frozenset[str]:
    """The codes of a string, separated by blanks."""
    return frozenset(codes.split())
