"""What pydantic finds wrong with a configuration, as one sentence for the person who wrote it."""

from pydantic import ValidationError

MOST = 5


def problems(error: ValidationError) -> str:
    """Each wrong field with its path, what is asked of it, and the value given; the first MOST of them.

    For configurations alone: the values are shown, so never use it for what a sender sent.
    """
    found = error.errors(include_url=False, include_context=False)
    told = [
        _problem(".".join(str(part) for part in one["loc"]), one["type"], one["msg"], one["input"]) for one in found
    ]
    more = [f"and {len(told) - MOST} more"] if len(told) > MOST else []
    return "; ".join(told[:MOST] + more)


def _problem(field: str, kind: str, message: str, value: object) -> str:
    if kind in {"unexpected_keyword_argument", "extra_forbidden"}:
        return f"there is no field {field}"
    if kind in {"missing", "missing_argument"}:
        return f"{field} is missing"
    said = message.removeprefix("Value error, ")
    said = said[:1].lower() + said[1:]
    return (
        f"{field}: {said}, not {value!r}"
        if field and not isinstance(value, dict)
        else f"{field or 'the config'}: {said}"
    )
