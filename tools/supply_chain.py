"""Sums up what tools/supply_chain.sh has collected: licences of all packages, and known vulnerabilities.

    python tools/supply_chain.py licences|audit FOLDER
    python tools/supply_chain.py versioned FOLDER COPY    (package.json and its lock, with a version, for npm)

`audit` exits with 0 where every package was checked and nothing is known, with 1 where a vulnerability is known, and
with 3 where packages could not be checked: then nobody may say that nothing is known.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

KNOWN, UNCHECKED = 1, 3


def licences_of(bom: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, version and licence of each component of a CycloneDX document. Several licences are joined."""
    found = []
    for component in bom.get("components", []):
        told = [
            one.get("expression") or one.get("license", {}).get("id") or one.get("license", {}).get("name", "")
            for one in component.get("licenses", [])
        ]
        short = sorted({word.splitlines()[0][:60] for word in told if word})
        group = f"{component['group']}/" if component.get("group") else ""
        found.append((group + component["name"], component.get("version", ""), ", ".join(short) or "not stated"))
    return sorted(set(found))


def licences(folder: Path) -> int:
    """Write licences.tsv, and print how often each licence occurs."""
    rows = [row for file in sorted(folder.glob("*.cdx.json")) for row in licences_of(json.loads(file.read_text()))]
    (folder / "licences.tsv").write_text("".join("\t".join(row) + "\n" for row in sorted(set(rows))))
    for licence, number in Counter(row[2] for row in set(rows)).most_common():
        print(f"{number:5}  {licence}")
    print(f"{len(set(rows))} packages: {folder / 'licences.tsv'}")
    return 0


def of_python(report: dict[str, Any]) -> tuple[int, list[str], list[str]]:
    """A report of pip-audit: how many packages were checked, what is known, and which were not checked."""
    checked, known, unchecked = 0, [], []
    for one in report.get("dependencies", []):
        if "skip_reason" in one:
            unchecked.append(one["name"])
            continue
        checked += 1
        known += [f"{one['name']} {one['version']}: {bad['id']}" for bad in one.get("vulns", [])]
    return checked, known, unchecked


def of_npm(report: dict[str, Any]) -> tuple[int, list[str], list[str]]:
    """A report of `npm audit`, which answers for all packages or for none."""
    if "vulnerabilities" not in report:
        return 0, [], ["all"]
    known = [f"{name}: {bad.get('severity', '')}" for name, bad in report["vulnerabilities"].items()]
    return int(report.get("metadata", {}).get("dependencies", {}).get("total", 0)), known, []


def audit(folder: Path) -> int:
    """Print what is known of each list, and what could not be checked."""
    all_known, all_unchecked = 0, 0
    for file in sorted(folder.glob("audit-*.json")):
        text = file.read_text()
        report = json.loads(text) if text.strip() else {}
        read = of_npm if file.name.startswith("audit-npm-") else of_python
        checked, known, unchecked = read(report) if report else (0, [], ["all"])
        all_known, all_unchecked = all_known + len(known), all_unchecked + len(unchecked)
        name = file.stem.removeprefix("audit-")
        print(f"{name}: {checked} checked, {len(known)} vulnerabilities known, NOT CHECKED: {len(unchecked) or 'none'}")
        for one in known:
            print(f"  {one}")
    if all_unchecked:
        print(
            "Packages marked NOT CHECKED are not said to be safe: the database of advisories does not answer from here."
        )
    return KNOWN if all_known else UNCHECKED if all_unchecked else 0


def versioned(folder: Path, copy: Path) -> int:
    """Copy a project of npm without its packages, and give it a version."""
    for name in ("package.json", "package-lock.json"):
        content = json.loads((folder / name).read_text())
        content["version"] = "0.0.0"
        if "packages" in content:
            content["packages"][""]["version"] = "0.0.0"
        (copy / name).write_text(json.dumps(content))
    return 0


if __name__ == "__main__":
    sys.exit({"licences": licences, "audit": audit, "versioned": versioned}[sys.argv[1]](*map(Path, sys.argv[2:])))
