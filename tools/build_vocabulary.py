"""Cut the RadLex subset that the project ships out of a full RadLex table.

    build_vocabulary.py RADLEX.csv [OUTPUT.csv]

RADLEX.csv has no header and three columns: preferred name, RID, parent RID (the 2017 release that NOTICE.radlex.txt in
the data folder names). OUTPUT.csv (default: the shipped file) has the columns code, name, parent.

Kept is what a chest radiograph report can name: the trees in KEPT_TREES without those in DROPPED_TREES and without
names that match DROPPED_NAMES; of anatomy, the names that match ANATOMY and not FINE_ANATOMY; every concept that the
project's own tables name; and all IS_A ancestors of these.
"""

import csv
import re
import sys
from collections import defaultdict
from pathlib import Path

DATA = Path(__file__).parents[1] / "vlmkg" / "vocabulary" / "data"

KEPT_TREES = {
    "RID34785": "clinical finding",
    "RID5": "imaging observation",
    "RID6": "Radlex descriptor",
    "RID29033": "medical device",
    "RID29039": "portion of medical device",
    "RID5425": "foreign body",
    "RID1560": "surgical procedure",
    "RID28707": "device placement procedure",
    "RID10415": "device removal",
}
DROPPED_TREES = {
    "RID29114": "neurological disorder",
    "RID36026": "assessment (BI-RADS and the like)",
    "RID39431": "liver imaging observation",
    "RID49716": "breast implant observation",
    "RID49490": "non-mass enhancement pattern",
    "RID34420": "mass enhancement pattern",
    "RID43354": "temporal enhancement pattern",
    "RID45812": "workflow term",
    "RID6375": "head location descriptor",
    "RID6398": "head pathophysiologic process",
    "RID7480": "imaging procedure descriptor",
    "RID10370": "modality descriptor",
    "RID29019": "transducer",
    "RID10813": "MRI coil",
    "RID29037": "imaging device",
    "RID4564": "disorder caused by drugs or toxins",
    "RID5238": "motor dysfunction",
}
DROPPED_NAMES = re.compile(
    r"brain|cerebr|cerebell|intracran|encephal|mening|pituit|orbit|ocular|cochle|odont|tooth|dental|mandib|maxill"
    r"|uter|ovar|prostat|testi|vagin|placent|fetal|fetus|pregnan|urethr|bladder|penile|menisc|knee|ankle|foot\b|toe\b"
    r"|tibia|fibul|femor|patell|wrist|carpal|hand\b|finger|thumb|cartilage|retina|gliom|astrocyt|glioma|schwann|breast",
    re.IGNORECASE,
)
ANATOMY_ROOT = "RID3"
ANATOMY = re.compile(
    r"\b(lungs?|pleura|pleural|pulmonary|bronch\w+|trachea\w*|carina|mediastin\w+|hilum|hemithorax|thorax"
    r"|thoracic inlet|thoracic aorta|aort\w+|heart|cardiac|atrium|ventricle|pericard\w+"
    r"|(?:mitral|tricuspid|pulmonic) valve|vena cava"
    r"|azygos vein|ribs?|clavicle|scapula|humer\w+|glenohumeral|acromi\w+|sternum|manubrium|xiphoid|shoulder"
    r"|(?:thoracic|lumbar|cervical) vertebra|vertebral body|spine region|intervertebral disc|diaphragm|hemidiaphragm"
    r"|costophrenic|cardiophrenic|chest|esophagus|stomach|fissure of \w+ lung|paratracheal|retrosternal|subclavian|"
    r"jugular vein|brachiocephalic|axilla|neck|abdomen|colon|spleen|liver|gallbladder|kidney|thyroid gland|breast"
    r"|nipple|soft tissue|lymph node of thorax|coronary artery)\b",
    re.IGNORECASE,
)
FINE_ANATOMY = re.compile(
    r"nerve|neural|plexus|branch|vascular tree|vein of|artery of|lymphatic|vasculature|serosa|mucosa|parenchyma|stroma"
    r"|lumen|adventitia|muscle|epithel|lamina|layer|surface|border|margin|line\b|plane|male|set of|arbitrary|tributar"
    r"|ligament|capsule|fascia|tendon|bursa|gland of|segmental|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
    r"|second|eleventh|twelfth|compartment|ganglion|trunk|angle of|groove|tubercle|facet|fossa|fovea|condyle|epiphys"
    r"|metaphys|diaphys|zone of diaphysis|trochlea|capitulum|capitellum|notch|sphincter|fold|crypt|wall of|cavity of"
    r"|brain|lateral ventricle|of ventricle|neck of|head of rib|prostate|uter|bladder|ovar|ureter|femur|root|fornix",
    re.IGNORECASE,
)


def read_radlex(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Names and parents by RID. This release gives each concept one parent."""
    names, parents = {}, {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for name, code, parent in csv.reader(file):
            names[code], parents[code] = name.strip(), parent.strip()
    return names, parents


def tree(children: dict[str, list[str]], root: str, without: frozenset[str] = frozenset()) -> set[str]:
    """The concepts below and including `root`, without the trees of `without`."""
    found, todo = set(), [root]
    while todo:
        code = todo.pop()
        if code not in found and code not in without:
            found.add(code)
            todo += children[code]
    return found


def named_by_project() -> set[str]:
    """Every RID that the project's own tables name."""
    return {
        code
        for path in [*DATA.glob("*.csv"), *(DATA.parents[1] / "normalization" / "data").glob("*.csv")]
        if path.name != "radlex.csv"
        for code in re.findall(r"\bRID\d+\b", path.read_text(encoding="utf-8"))
    }


def select(names: dict[str, str], parents: dict[str, str]) -> set[str]:
    """The codes of the subset, ancestors included."""
    children: dict[str, list[str]] = defaultdict(list)
    for code, parent in parents.items():
        children[parent].append(code)
    dropped = frozenset(DROPPED_TREES)
    chosen = {c for root in KEPT_TREES for c in tree(children, root, dropped) if not DROPPED_NAMES.search(names[c])}
    chosen |= {
        code
        for code in tree(children, ANATOMY_ROOT)
        if ANATOMY.search(names[code]) and not FINE_ANATOMY.search(names[code])
    }
    chosen |= named_by_project()
    unknown = sorted(chosen - set(names))
    if unknown:
        sys.exit(f"the project's tables name codes that this RadLex lacks: {', '.join(unknown)}")
    for code in list(chosen):
        parent = parents[code]
        while parent in names and parent not in chosen:
            chosen.add(parent)
            parent = parents[parent]
    return chosen


def main() -> None:
    """Write the subset, sorted by the number in the code."""
    if len(sys.argv) not in {2, 3}:
        sys.exit(__doc__)
    names, parents = read_radlex(Path(sys.argv[1]))
    output = Path(sys.argv[2]) if len(sys.argv) == 3 else DATA / "radlex.csv"
    chosen = sorted(select(names, parents), key=lambda code: int(code.removeprefix("RID")))
    with output.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("code", "name", "parent"))
        rows.writerows((code, names[code], parents[code] if parents[code] in names else "") for code in chosen)
    print(f"{len(chosen)} concepts, {output.stat().st_size} bytes: {output}")


if __name__ == "__main__":
    main()
