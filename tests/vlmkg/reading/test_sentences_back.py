"""Sentences that take back what the sentence before them says."""

import pytest

from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import tokenize

BACK = ["It is no longer seen.", "This has resolved.", "There is none now.", "They have been removed.", "Now absent."]
APART = [
    "It is large.",
    "The heart is not enlarged.",
    "There is no edema.",
    "Not seen on the lateral view.",
    "This is not calcified.",
]


def count(text: str) -> int:
    return len(split_sentences(text, tokenize(text)))


@pytest.mark.parametrize("stop", [". ", "; ", ".\n"])
@pytest.mark.parametrize("follower", BACK)
def test_a_sentence_that_only_takes_back_goes_with_the_one_before(follower, stop):
    assert count(f"There was an effusion on the last film{stop}{follower}") == 1


@pytest.mark.parametrize("follower", APART)
def test_other_sentences_stand_by_themselves(follower):
    assert count(f"There was an effusion on the last film. {follower}") == 2


@pytest.mark.parametrize("follower", BACK)
def test_an_empty_line_parts_them(follower):
    assert count(f"There was an effusion on the last film.\n\n{follower}") == 2


@pytest.mark.parametrize("follower", BACK)
def test_behind_a_denial_it_stands_by_itself(follower):
    assert count(f"No effusion is seen. {follower}") == 2


def test_semicolons_in_a_denied_list_end_nothing():
    assert count("No evidence of edema; effusion; or scar.") == 1
    assert count("No edema; effusion is stable.") == 2
