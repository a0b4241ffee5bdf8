"""Which study everything belongs to, whatever the order of arrival."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ingest.ledger.studies.assignment import StudyReference, assign
from ingest.ledger.studies.precedence import precedence
from vlmkg.identity import digest


def place(item: str, uid: str | None = None, accession: str | None = None, *, patient: str = "p", rank: str = "F"):
    order = precedence(rank, None, None, item, f"{item}{uid}{accession}")
    within = None if accession is None else f"{patient}/{accession}"
    return StudyReference(patient, f"{patient}/{item}", uid, within, order)


def uid_key(uid: str) -> str:
    return digest("uid", uid)


def test_a_uid_is_a_study() -> None:
    assert assign([place("r", "1.2", "A")], ()) == {"p/r": uid_key("1.2")}


def test_without_uid_the_accession_and_without_that_the_report() -> None:
    assert assign([place("r", accession="A"), place("q")], ()) == {"p/r": "p/A", "p/q": "p/q"}


def test_a_uid_met_later_takes_the_accession_along() -> None:
    assert assign([place("r", accession="A"), place("i", "1.2", "A")], ()) == {
        "p/r": uid_key("1.2"),
        "p/i": uid_key("1.2"),
    }


def test_two_uids_under_one_accession_stay_apart_and_what_names_only_the_accession_joins_neither() -> None:
    places = [place("i", "1.2", "A"), place("j", "1.3", "A"), place("r", accession="A")]
    assert assign(places, ()) == {"p/i": uid_key("1.2"), "p/j": uid_key("1.3"), "p/r": "p/A"}


def test_all_versions_of_a_report_go_where_the_later_word_says() -> None:
    places = [place("r", "1.2", "A", rank="P"), place("r", "1.3", "A", rank="F"), place("i", accession="A")]
    assert assign(places, ()) == {"p/r": uid_key("1.3"), "p/i": uid_key("1.3")}


def test_a_later_word_without_uid_does_not_take_the_uid_away() -> None:
    assert assign([place("r", "1.2", rank="P"), place("r", accession="A", rank="F")], ()) == {"p/r": uid_key("1.2")}


def test_one_accession_of_two_patients_is_two_studies() -> None:
    places = [place("r", accession="A"), place("r", accession="A", patient="q")]
    assert assign(places, ()) == {"p/r": "p/A", "q/r": "q/A"}


def test_a_uid_that_two_patients_claim_is_a_study_of_each() -> None:
    places = [place("r", "1.2"), place("r", "1.2", patient="q")]
    assert assign(places, {"1.2"}) == {"p/r": digest("uid", "1.2", "p"), "q/r": digest("uid", "1.2", "q")}


places_said = st.lists(
    st.builds(
        lambda item, uid, accession, patient, rank: place(item, uid, accession, patient=patient, rank=rank),
        st.sampled_from("abcd"),
        st.none() | st.sampled_from(["1.1", "1.2", "1.3"]),
        st.none() | st.sampled_from("ABC"),
        st.sampled_from("pq"),
        st.sampled_from("PFC"),
    ),
    max_size=10,
)


def contested(places: list[StudyReference]) -> set[str]:
    return {
        place.study_uid
        for place in places
        if place.study_uid and len({other.patient_id for other in places if other.study_uid == place.study_uid}) > 1
    }


@given(places_said, st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(places: list[StudyReference], random) -> None:
    shuffled = list(places)
    random.shuffle(shuffled)
    assert assign(shuffled, contested(places)) == assign(places, contested(places))


@given(places_said)
def test_nothing_is_joined_across_patients(places: list[StudyReference]) -> None:
    keys = assign(places, contested(places))
    owners: dict[str, set[str]] = {}
    for said in places:
        owners.setdefault(keys[said.item_key], set()).add(said.patient_id)
    assert all(len(patients) == 1 for patients in owners.values())


@given(places_said)
def test_two_uids_are_never_one_study(places: list[StudyReference]) -> None:
    """Each item's latest UID, if it has one, decides alone."""
    keys = assign(places, contested(places))
    for item in keys:
        with_uid = [said for said in places if said.item_key == item and said.study_uid]
        if with_uid:
            latest = max(with_uid, key=lambda said: (said.precedence, said.study_uid))
            alone = assign([replace(latest, accession_key=None)], contested(places))
            assert keys[item] == alone[item]
