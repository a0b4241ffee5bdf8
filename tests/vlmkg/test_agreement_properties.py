"""What two witnesses say together, over any two valid graphs: no finding is lost or made up in silence."""

from hypothesis import given, settings
from hypothesis import strategies as st

from vlmkg.engine_protocol import Agreement
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph
from vlmkg.validation import validate
from vlmkg.witnesses.agreement import combine, count
from vlmkg.witnesses.comparison import Conflict

WORDS = ("a", "bb", "c", "ddd", "e", "ff")
TEXT = " ".join(WORDS)
STARTS = [TEXT.index(word) for word in WORDS]


@st.composite
def graphs(draw: st.DrawFn) -> ReportGraph:
    """Any valid graph over the words of TEXT."""
    found: list[Mention] = []
    at = 0
    while at < len(WORDS):
        length = draw(st.integers(0, 2))
        if length and at + length <= len(WORDS):
            start, last = STARTS[at], at + length - 1
            end = STARTS[last] + len(WORDS[last])
            kind = draw(st.sampled_from(Kind))
            presence = Presence.PRESENT if kind is Kind.ANATOMY else draw(st.sampled_from(Presence))
            found.append(Mention(start, end, TEXT[start:end], kind, presence, "findings"))
        at += max(length, 1)
    ends = st.integers(0, max(len(found) - 1, 0))
    edge = st.builds(Relation, ends, st.sampled_from(RelationType), ends)
    return validate(TEXT, ReportGraph(tuple(found), tuple(draw(st.lists(edge, max_size=8)))))[0]


MANY = settings(max_examples=100)


def modifying(found: ReportGraph) -> set[int]:
    return {one.head for one in found.relations if one.type is RelationType.MODIFY}


def overlapping(found: ReportGraph, mention: Mention) -> list[Mention]:
    return [other for other in found.mentions if other.start < mention.end and mention.start < other.end]


def findings(found: ReportGraph) -> list[Mention]:
    """Observations that describe no other."""
    held = modifying(found)
    return [m for at, m in enumerate(found.mentions) if m.kind is Kind.OBSERVATION and at not in held]


def findings_at(found: ReportGraph, mention: Mention) -> list[Mention]:
    return [other for other in findings(found) if other.start < mention.end and mention.start < other.end]


def observed(found: ReportGraph, mention: Mention) -> set[Presence]:
    """What a graph says of the observations at the mention's words."""
    return {other.presence for other in overlapping(found, mention) if other.kind is Kind.OBSERVATION}


def named(conflicts: tuple[Conflict, ...], mention: Mention) -> set[str]:
    """The reasons of the conflicts about any of the mention's words; no word of TEXT stands in it twice."""
    words = set(mention.text.split())
    return {conflict.reason for conflict in conflicts if words & set(conflict.text.split())}


def described_in_the_end(found: ReportGraph, at: int) -> set[int]:
    """The findings that a mention describes, directly or through others; itself where it describes nothing."""
    tails = [one.tail for one in found.relations if one.type is RelationType.MODIFY and one.head == at]
    return {end for tail in tails for end in described_in_the_end(found, tail)} if tails else {at}


@MANY
@given(graphs(), graphs())
def test_any_two_graphs_make_a_valid_one(model, rules):
    found = combine(model, rules).graph
    assert validate(TEXT, found) == (found, [])
    counts = count(found)
    assert counts.mentions_both + counts.mentions_model + counts.mentions_rules == len(found.mentions)
    assert counts.relations_both + counts.relations_model + counts.relations_rules == len(found.relations)
    assert all(mention.presence is Presence.UNCERTAIN for mention in found.mentions if mention.disputed)


@MANY
@given(graphs(), graphs())
def test_no_present_finding_of_the_rules_is_lost_without_a_warning(model, rules):
    found, conflicts = combine(model, rules)
    for mention in findings(rules):
        if mention.presence is Presence.PRESENT:
            presences = {other.presence for other in findings_at(found, mention)}
            assert Presence.PRESENT in presences or named(conflicts, mention)


@MANY
@given(graphs(), graphs())
def test_no_finding_of_the_rules_that_they_do_not_deny_is_hidden(model, rules):
    """With or without a warning: it is told as a finding that is not denied, or within one."""
    found, conflicts = combine(model, rules)
    for mention in findings(rules):
        if mention.presence is Presence.ABSENT:
            continue
        here = [at for at, other in enumerate(found.mentions) if other in overlapping(found, mention)]
        ends = {
            end for at in here if found.mentions[at].kind is Kind.OBSERVATION for end in described_in_the_end(found, at)
        }
        assert {found.mentions[end].presence for end in ends} - {Presence.ABSENT}
        assert ends & set(here) or "role_conflict" in named(conflicts, mention)


@MANY
@given(graphs(), graphs())
def test_a_denied_finding_of_the_rules_is_never_lost_without_a_warning(model, rules):
    found, conflicts = combine(model, rules)
    for mention in findings(rules):
        assert findings_at(found, mention) or named(conflicts, mention)


@MANY
@given(graphs(), graphs())
def test_nothing_that_either_denies_is_present_and_what_all_deny_is_absent(model, rules):
    for mention in combine(model, rules).graph.mentions:
        if mention.kind is Kind.OBSERVATION:
            said = observed(model, mention) | observed(rules, mention)
            assert mention.presence is not Presence.PRESENT or said == {Presence.PRESENT}
            assert said != {Presence.ABSENT} or mention.presence is Presence.ABSENT


@MANY
@given(graphs(), graphs())
def test_nothing_that_the_rules_call_anatomy_is_a_sure_finding(model, rules):
    found, conflicts = combine(model, rules)
    for mention in findings(found):
        if {other.kind for other in overlapping(rules, mention)} == {Kind.ANATOMY}:
            assert mention.presence is not Presence.PRESENT
            assert named(conflicts, mention) == {"kind_conflict"}


@MANY
@given(graphs(), graphs())
def test_what_only_describes_to_the_rules_is_no_finding_without_a_warning(model, rules):
    found, conflicts = combine(model, rules)
    roots = {(mention.start, mention.end) for mention in findings(rules)}
    for mention in findings(found):
        theirs = [other for other in overlapping(rules, mention) if other.kind is Kind.OBSERVATION]
        if theirs and not {(other.start, other.end) for other in theirs} & roots:
            assert named(conflicts, mention)


@MANY
@given(graphs(), graphs())
def test_what_the_model_read_is_there_but_for_what_hides_a_finding_of_the_rules(model, rules):
    found, conflicts = combine(model, rules)
    spans = {(mention.start, mention.end, mention.kind): at for at, mention in enumerate(found.mentions)}
    position = [spans.get((mention.start, mention.end, mention.kind)) for mention in model.mentions]
    for at, mention in enumerate(model.mentions):
        assert position[at] is not None or (mention.kind is Kind.ANATOMY and findings_at(rules, mention))
    held = {(one.head, one.type, one.tail) for one in found.relations}
    for one in model.relations:
        head, tail = position[one.head], position[one.tail]
        lifted = one.type is RelationType.MODIFY and "role_conflict" in named(conflicts, model.mentions[one.head])
        assert head is None or tail is None or lifted or (head, one.type, tail) in held
    assert modifying(found).isdisjoint(position[at] for at in set(range(len(position))) - modifying(model))


@given(graphs())
def test_who_is_asked_twice_agrees_with_itself(said):
    found, conflicts = combine(said, said)
    assert count(found) == Agreement(mentions_both=len(said.mentions), relations_both=len(said.relations))
    assert conflicts == ()
