"""pydantic's errors about a configuration, as one sentence for its author."""

from pydantic import ValidationError

MOST = 5


def problems(error: ValidationError) -> str:
    """Each wrong field with its path, the requirement, and the given value; the first MOST of them.

    Only for configurations: values are shown, so it must not be used for a sender's data.
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
