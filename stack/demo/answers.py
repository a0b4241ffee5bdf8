"""The answers of the demo as tables for a person."""

from typing import Any

from rich.table import Table

SHORT = 12
"""Characters of a pseudonym that are shown."""


def left_effusions(data: dict[str, Any]) -> Table:
    """Patients, one per row, with their findings."""
    table = _table("patient", "sex", "born", "study", "finding", "side", "degree", "presence", "read by")
    for edge in data["patients"]["edges"]:
        patient = edge["node"]
        who = [patient["patientId"][:SHORT], patient["sex"] or "", str(patient["birthYear"] or "")]
        for row in patient["findings"]["edges"]:
            finding = row["node"]
            table.add_row(*who, _day(finding["studiedAt"]), finding["text"], *_attributes(finding))
            who = ["", "", ""]
    return table


def timeline(data: dict[str, Any]) -> Table:
    """Studies in the order of time, one finding per row."""
    table = _table("study", "report", "finding", "concept", "side", "degree", "presence", "read by")
    for entry in data["patient"]["timeline"]:
        what = [_day(entry["startedAt"]), _versions(entry["study"]["reports"])]
        for finding in entry["findings"]:
            table.add_row(*what, finding["text"], finding["concept"]["name"], *_attributes(finding))
            what = ["", ""]
    return table


def suggestions(data: dict[str, Any]) -> Table:
    """Findings and the findings they suggest."""
    table = _table("finding", "concept", "where", "suggests", "read by", "report")
    for edge in data["findings"]["edges"]:
        finding = edge["node"]
        places = ", ".join(sorted({place["concept"]["name"] for place in finding["locations"] if place["concept"]}))
        suggested = ", ".join(f"{one['concept']['name']} ({one['presence'].lower()})" for one in finding["suggests"])
        report = finding["report"]
        table.add_row(
            finding["text"],
            f"{finding['concept']['name']} {finding['concept']['code']}",
            places,
            suggested,
            finding["witness"].lower(),
            f"{report['status']}, version {report['version']}",
        )
    return table


def film_findings(data: dict[str, Any]) -> Table:
    """Findings that are only on films and in no report, one per row."""
    table = _table("study", "finding", "concept", "presence", "score")
    for study in _studies(data):
        for finding in (edge["node"] for edge in study["findings"]["edges"]):
            if finding["report"] is None:
                concept, score = finding["concept"], finding["score"]
                shown = "" if score is None else f"{score:.2f}"
                name = f"{concept['name']} {concept['code']}"
                table.add_row(_day(study["startedAt"]), finding["text"], name, finding["presence"].lower(), shown)
    return table


def film_readers(data: dict[str, Any]) -> str:
    """One line that says whether films were read."""
    read = [study["extraction"]["modalities"] for study in _studies(data) if study["extraction"]]
    seen = sum("image" in one for one in read)
    if not seen:
        return "None: the engine of this stack does not read films of this kind."
    return (
        f"The films of {seen} of {len(read)} studies were read. If the report names a concept, the "
        "report's statement counts."
    )


def _studies(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in data["studies"]["edges"]]


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column)
    return table


def readers(data: dict[str, Any]) -> str:
    """One line that says which engines read the patient's studies and how far they agreed."""
    read = [entry["study"]["extraction"] for entry in data["patient"]["timeline"] if entry["study"]["extraction"]]
    names = sorted({" ".join(filter(None, (one["engine"], one["checkpoint"]))) for one in read})
    agreed = [one["agreement"] for one in read if one["agreement"]]
    if not agreed:
        return f"Read by {', '.join(names)} only."
    both, model, rules, disputed = (
        sum(one[name] for one in agreed) for name in ("mentionsBoth", "mentionsModel", "mentionsRules", "disputed")
    )
    return (
        f"Read by {', '.join(names)}, with the rules as second witness: {both} mentions by both, {model} by the model "
        f"only, {rules} by the rules only; {disputed} disputed."
    )


def _attributes(finding: dict[str, Any]) -> tuple[str, str, str, str]:
    presence = f"{finding['presence'].lower()}{' (disputed)' if finding['disputed'] else ''}"
    return (finding["laterality"] or "").lower(), finding["severity"] or "", presence, finding["witness"].lower()


def _day(moment: str | None) -> str:
    return (moment or "unknown")[:10]


def _versions(reports: list[dict[str, Any]]) -> str:
    """Statuses in the order of precedence, the current one marked."""
    ordered = sorted(reports, key=lambda report: int(report["version"]))
    return " > ".join(
        f"[bold]{report['status']}[/bold]" if report["current"] else report["status"] for report in ordered
    )
