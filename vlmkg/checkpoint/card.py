"""The model card of a checkpoint as Hugging Face expects it: README.md with metadata, from the manifest. No torch.

https://huggingface.co/docs/hub/model-cards
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from vlmkg.checkpoint.manifest import Manifest, Verified
from vlmkg.checkpoint.promotion import GATE, figures, is_promoted, unmet

_SPDX = re.compile(r"[A-Za-z0-9.+-]+")
_NAMES = {
    "entity_f1": "Entity F1",
    "relation_f1": "Relation F1 (strict)",
    "presence_f1": "Presence F1",
    "invalid": "Invalid",
}
_PURPOSE = (
    "Reads {inputs} of chest radiographs into RadGraph's schema: observations with their presence, anatomy, and the "
    "relations `modify`, `located_at`, `suggestive_of`. After *VLM-KG* (arXiv 2505.17042). "
    "**It is not a medical device.**"
)
_USE = """## Use

```
vlmkg checkpoint verify FOLDER
vlmkg extract --engine FOLDER --image film.dcm report.txt
```

Manifest: SHA-256 `{digest}`. It seals every file of the folder but this one."""


def model_card(verified: Verified) -> str:
    """The text of README.md."""
    manifest = verified.manifest
    head = yaml.safe_dump(_metadata(manifest), sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n# {manifest.name}\n\n" + "\n\n".join(_sections(verified)) + "\n"


def _metadata(manifest: Manifest) -> dict[str, Any]:
    """The card's YAML. A licence that is not a plain identifier is `other`, with its text as its name."""
    spdx = _SPDX.fullmatch(manifest.licence)
    licence = {"license": manifest.licence.lower()} if spdx else {"license": "other", "license_name": manifest.licence}
    results = [
        {"type": name, "name": _NAMES.get(name, name), "value": round(value, 4)}
        for name, value in sorted(manifest.metrics.items())
    ]
    found: dict[str, Any] = {
        **licence,
        "language": ["en"],
        "library_name": "vlmkg-service",
        "pipeline_tag": "image-text-to-text" if manifest.model else "text-generation",
        "tags": ["radiology", "knowledge-graph", "radgraph", "chest-x-ray"],
    }
    if manifest.base_models:
        found["base_model"] = sorted(manifest.base_models.values())
    if results:
        dataset = {"name": _evaluated_on(manifest), "type": manifest.evaluation.kind if manifest.evaluation else "none"}
        task = {"type": "text-generation", "name": "Radiology knowledge graph"}
        found["model-index"] = [
            {"name": manifest.name, "results": [{"task": task, "dataset": dataset, "metrics": results}]}
        ]
    return found


def _sections(verified: Verified) -> list[str]:
    manifest = verified.manifest
    films = f"films ({manifest.image_domain}) and reports" if manifest.image_domain else "reports"
    parts = {"language model": _told(manifest.language_model), **_base(manifest)}
    terms = f"Direction of `modify`: `{manifest.modify_direction}`. Licence: {manifest.licence}."
    return [
        _PURPOSE.format(inputs=films),
        f"## What it is\n\n{_table(parts)}",
        f"## Data\n\n{_table(dict(manifest.data))}\n\n{terms}",
        f"## Figures\n\n{_figures(verified)}",
        _USE.format(digest=verified.digest),
    ]


def _figures(verified: Verified) -> str:
    manifest = verified.manifest
    if not manifest.metrics:
        return "Nothing was measured yet: `vlmkg train measure FOLDER`."
    missed = unmet(manifest.metrics)
    gate = "The gate of promotion is met." if not missed else f"The gate of promotion is not met: {'; '.join(missed)}."
    state = "It is promoted." if is_promoted(verified) else "It is not promoted."
    rest = {name: value for name, value in manifest.metrics.items() if name not in GATE and name != "invalid"}
    more = "".join(f", {name} {value:.4f}" for name, value in sorted(rest.items()))
    return f"On {_evaluated_on(manifest)}: {figures(manifest.metrics)}{more}. {gate} {state}"


def _evaluated_on(manifest: Manifest) -> str:
    one = manifest.evaluation
    if one is None:
        return "no named evaluation"
    if one.kind == "gold":
        return f"the gold file {one.file}"
    return f"{one.count} synthetic studies of seed {one.seed}"


def _base(manifest: Manifest) -> dict[str, str]:
    return {f"base of {part.replace('_', ' ')}": name for part, name in sorted(manifest.base_models.items())} | (
        {"projector": _told(manifest.model)} if manifest.model else {}
    )


def _told(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())


def _table(rows: Mapping[str, str]) -> str:
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())])
