"""What only seems to be in the film is doubted; what is merely called apparent is not."""

import pytest

from vlmkg.reader import Reader
from vlmkg.schema import Presence

READER = Reader(engine="rules")
FINDINGS = ["cardiomegaly", "nodule", "pneumothorax", "effusion", "opacity", "rib fracture", "widening"]
CAUSES = [
    "is due to AP technique",
    "is a skin fold",
    "represents a nipple shadow",
    "is projectional",
    "is positional",
    "is likely related to overlapping vessels",
    "is secondary to rotation",
    "is caused by superimposed ribs",
]


def presence(text: str, words: str) -> Presence | None:
    reading = READER.read(text)
    last = words.rsplit(maxsplit=1)[-1]
    return next(mention.presence for mention in reading.mentions if mention.text.split()[-1].lower() == last)


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("cause", CAUSES)
def test_what_an_artefact_explains_is_doubted(finding: str, cause: str) -> None:
    assert presence(f"The apparent {finding} {cause}.", finding) is Presence.UNCERTAIN


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("word", ["artifactual", "artefactual", "projectional"])
def test_what_is_called_unreal_is_doubted(finding: str, word: str) -> None:
    assert presence(f"The {finding} is {word}.", finding) is Presence.UNCERTAIN


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("There is an apparent {}.", Presence.PRESENT),
        ("The apparent {} is larger.", Presence.PRESENT),
        ("The apparent {} is seen in the left base.", Presence.PRESENT),
        ("No apparent {}.", Presence.ABSENT),
    ],
)
def test_what_is_merely_apparent_is_not_doubted(finding: str, sentence: str, expected: Presence) -> None:
    assert presence(sentence.format(finding), finding) is expected
