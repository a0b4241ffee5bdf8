"""The manifest of a copy, for citation: counts, digest, engines, settings. No secrets, no data of single patients."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from typing import Any

from ingest.research.copying import Account
from ingest.research.project import Project
from ingest.research.selection import Selection
from vlmkg.vocabulary import load_vocabulary

FORMAT = 1
"""Raise it if the same studies are de-identified differently."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of the copy. `reviewed` are words that a person found harmless.

    The manifest contains only the length of this list and of a list of patients.
    """

    selection: Selection = field(default_factory=Selection)
    least_patients: int = 1
    reviewed: tuple[str, ...] = ()


def manifest(project: Project, settings: Settings, account: Account, made_on: date) -> dict[str, Any]:
    """The manifest without the files."""
    return {
        "format": FORMAT,
        "project": project.name,
        "keyFingerprint": project.fingerprint,
        "madeOn": made_on.isoformat(),
        "software": f"vlmkg-service {version('vlmkg-service')}",
        "digest": account.digest(),
        "counts": dict(sorted(account.counts.items())),
        "findingsByPresence": dict(sorted(account.findings.items())),
        "engines": _engines(account),
        "vocabularyDigest": load_vocabulary().digest,
        "settings": _settings(settings),
        "maskedMentions": account.masked_mentions,
    }


def marker_row(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of the copy's marker node."""
    names = ("project", "keyFingerprint", "digest", "madeOn")
    return {**{name: facts[name] for name in names}, "manifest": json.dumps(facts)}


def _engines(account: Account) -> list[dict[str, Any]]:
    names = ("engine", "checkpoint", "engineDigest", "checkpointDigest")
    ordered = sorted(account.engines.items(), key=lambda item: (-item[1], str(item[0])))
    return [{**dict(zip(names, engine, strict=True)), "studies": studies} for engine, studies in ordered]


def _settings(settings: Settings) -> dict[str, Any]:
    chosen = settings.selection
    return {
        "concept": chosen.concept,
        "modalities": sorted(chosen.modalities),
        "firstYear": chosen.first_year,
        "lastYear": chosen.last_year,
        "listOfPatients": None if chosen.patients is None else len(chosen.patients),
        "leastPatientsOfAConcept": settings.least_patients,
        "reviewedWords": len(settings.reviewed),
    }
