"""Concepts of too few patients."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.research.deidentify import MASKED
from ingest.research.rare_concepts import Cell, broader
from vlmkg.schema import Presence
from vlmkg.vocabulary import load_vocabulary
from vlmkg.vocabulary.closure import ancestors, parents

CODES = sorted(concept.code for concept in load_vocabulary().concepts)
CELLS = st.tuples(st.sampled_from(CODES), st.sampled_from(list(Presence)))
PATIENTS = st.frozensets(st.integers(0, 9).map(str), min_size=1)


@given(st.dictionaries(CELLS, PATIENTS), st.integers(2, 6))
def test_each_cell_has_enough_patients_afterwards(patients: dict[Cell, frozenset[str]], least: int) -> None:
    wider = broader(patients, least, MASKED)
    after: dict[Cell, set[str]] = defaultdict(set)
    for cell, found in patients.items():
        code, presence = cell
        there = wider[cell].code if cell in wider else code
        after[there, presence] |= found
        if cell in wider:
            assert wider[cell] == MASKED or there in {code, *ancestors(code)}
        else:
            assert len(found) >= least
    assert all(len(found) >= least for (code, _), found in after.items() if code != MASKED.code)


def test_the_parent_of_most_patients_takes_their_place() -> None:
    child = next(code for code in CODES if len(parents(code)) > 1)
    first, second = parents(child)[:2]
    found = {
        (child, Presence.PRESENT): {"a"},
        (first, Presence.PRESENT): {"b"},
        (second, Presence.PRESENT): {"b", "c"},
    }
    wider = broader(found, 3, MASKED)
    assert wider[child, Presence.PRESENT].code == second


def test_what_children_save_keeps_its_concept_and_not_its_words() -> None:
    child = next(code for code in CODES if parents(code))
    parent = parents(child)[0]
    found = {(child, Presence.PRESENT): {"a", "b"}, (parent, Presence.PRESENT): {"c"}}
    wider = broader(found, 3, MASKED)
    assert wider[child, Presence.PRESENT].code == wider[parent, Presence.PRESENT].code == parent


def test_a_denied_concept_does_not_hide_a_found_one() -> None:
    found = {("RID5350", Presence.ABSENT): set(map(str, range(9))), ("RID5350", Presence.PRESENT): {"1"}}
    assert set(broader(found, 5, MASKED)) == {("RID5350", Presence.PRESENT)}


@pytest.mark.parametrize("code", ["quackenbush", "no such code"])
def test_words_that_no_table_has_are_masked(code: str) -> None:
    assert broader({(code, Presence.PRESENT): {"a"}}, 2, MASKED) == {(code, Presence.PRESENT): MASKED}
