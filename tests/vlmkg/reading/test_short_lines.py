"""Sentences that a sender breaks into short lines, wherever a line ends."""

from itertools import product

import pytest

from vlmkg import Reader
from vlmkg.schema import Presence

PLACES = ["lung", "focal lung", "right lung", "left lower lobe", "pleural", "hilar", "right pleural", "focal rib"]
FRONTS = ["No {place}", "Heart normal, no {place}", "L IJ out, no {place}", "Without {place}"]
NOUNS = ["nodule", "mass", "fracture", "effusion", "opacity"]

LINES = ["no pneumothorax", "no change", "heart enlarged", "lungs clear", "no effusion on the left"]


@pytest.mark.parametrize("front", FRONTS)
def test_a_denial_reaches_its_noun_on_the_next_line(front):
    reader = Reader(engine="rules")
    texts = {f"{front.format(place=place)}\n{noun}.": noun for place, noun in product(PLACES, NOUNS)}
    wrong = {
        text
        for text, noun in texts.items()
        for one in reader.read(text).mentions
        if one.text == noun and one.presence is not Presence.ABSENT
    }
    assert wrong == set()


@pytest.mark.parametrize("line", LINES)
def test_a_finding_on_a_line_of_its_own_is_there(line):
    found = Reader(engine="rules").read(f"{line}\nnodule on the right")
    assert [one.presence for one in found.mentions if one.text == "nodule"] == [Presence.PRESENT]
