"""Random where-trees over the content of the small graph, and some other values."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from graph.reads.wheres import NOT_REJECTED, ConceptWhere, FindingWhere, PatientWhere, StudyWhere
from tests.graph.reads.small_graph import OBSERVATIONS, PLACES, START, WARNINGS
from vlmkg.schema import Presence, Witness
from vlmkg.verdicts import ReviewState

Strategy = SearchStrategy[Any]

TIMES = st.integers(-1, 4).map(lambda day: START + timedelta(days=day))
MODALITIES = st.lists(st.sampled_from(("CR", "DX", "CT")), max_size=2).map(tuple)
PATIENTS = st.integers(0, 8).map(lambda number: f"patient-1-{number}")


def concepts(records: Any, words: tuple[str, ...]) -> Strategy:
    codes = st.sampled_from([*(record.code for record in records), "RID3", "no-such-code"])
    names = st.sampled_from([*(record.name.upper() for record in records), "left lower lobe", "no such name"])
    asked = st.one_of(
        st.builds(ConceptWhere, code=codes, include_descendants=st.booleans()),
        st.builds(ConceptWhere, name=names, include_descendants=st.booleans()),
        st.builds(ConceptWhere, name_contains=st.sampled_from(words), include_descendants=st.booleans()),
        st.builds(ConceptWhere, code=codes, name=names),
    )
    return st.one_of(st.none(), asked)


def some(values: Any) -> Strategy:
    return st.one_of(st.none(), st.none(), st.lists(st.sampled_from(values), max_size=2).map(tuple))


def nested(own: Strategy, tree: Any) -> Strategy:
    """Trees with children of their own kind: and, or, not."""

    def extend(children: Strategy) -> Strategy:
        several = st.one_of(st.none(), st.lists(children, max_size=2).map(tuple))
        return st.builds(tree, and_=several, or_=several, not_=st.one_of(st.none(), children))

    return st.recursive(own, extend, max_leaves=4)


LEAVES = st.builds(
    FindingWhere,
    concept=concepts(OBSERVATIONS, ("effusion", "PNEUM", "zzz")),
    presence=some(tuple(Presence)),
    location=concepts(PLACES, ("lung", "zzz")),
    laterality=some(("left", "right", "bilateral")),
    modifier=st.one_of(st.none(), st.none(), st.sampled_from(("tiny", "SMALL", "new", "old"))),
    studied_after=st.one_of(st.none(), st.none(), TIMES),
    studied_before=st.one_of(st.none(), st.none(), TIMES),
    modality=st.one_of(st.none(), st.none(), MODALITIES),
    patient_id=st.one_of(st.none(), st.none(), st.none(), PATIENTS),
    min_score=st.one_of(st.none(), st.none(), st.sampled_from((0.0, 0.5, 0.9))),
    witness=some(tuple(Witness)),
    disputed=st.sampled_from((None, None, True, False)),
    review=st.one_of(st.none(), st.none(), some(tuple(ReviewState)), st.just(NOT_REJECTED)),
)
SPARSE = st.builds(FindingWhere, concept=concepts(OBSERVATIONS, ("effusion",)), presence=some(tuple(Presence)))
SUGGESTING = st.builds(FindingWhere, suggests=st.one_of(LEAVES, SPARSE), concept=concepts(OBSERVATIONS, ("effusion",)))

finding_trees = nested(st.one_of(LEAVES, SPARSE, SUGGESTING), FindingWhere)

study_trees = nested(
    st.builds(
        StudyWhere,
        patient_id=st.one_of(st.none(), st.none(), PATIENTS),
        modality=st.one_of(st.none(), MODALITIES),
        pairing=st.one_of(st.none(), st.just(("report_only",)), st.just(("paired",))),
        started_after=st.one_of(st.none(), TIMES),
        started_before=st.one_of(st.none(), TIMES),
        warning=some((*WARNINGS, "no_such_warning")),
        has_finding=st.one_of(st.none(), finding_trees),
    ),
    StudyWhere,
)

patient_trees = nested(
    st.one_of(
        st.builds(PatientWhere, has_finding=finding_trees),
        st.builds(PatientWhere, has_finding=SPARSE, no_later_finding=st.one_of(SPARSE, LEAVES)),
    ),
    PatientWhere,
)
