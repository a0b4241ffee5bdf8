"""A study's report: its facts and other sentences, in a style, with its exact graph."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from training.synthetic import noise
from training.synthetic.expand import Draft, Piece, write
from training.synthetic.facts import DEVICES, Fact, Kind, Told
from training.synthetic.grammar import Symbol, grammar, parse_production
from training.synthetic.surface import Part, full_stop, render, spaced
from vlmkg.schema import ReportGraph

SIZES = {1: "(small|tiny|mild|minimal|trace)/O:h", 2: "moderate/O:h", 3: "(large|massive|severe|marked)/O:h"}
HEART_SIZES = {1: "(mild|minimal|borderline)/O:h", 2: "moderate/O:h", 3: "(marked|severe|massive)/O:h"}
PLACES = {
    "upper": ("{} upper/A:u lobe/A:h ; s>h u>h", "{} apex/A:h ; s>h", "{} upper/A:u lung/A:h ; s>h u>h"),
    "middle": ("{} midlung/A:h ; s>h", "{} mid/A:u lung/A:h ; s>h u>h", "{} hilum/A:h ; s>h"),
    "lower": ("{} lower/A:u lobe/A:h ; s>h u>h", "{} base/A:h ; s>h", "{} lung/A:u base/A:h ; s>h u>h"),
}
ADJECTIVES = {"upper": "apical", "middle": "perihilar", "lower": "basilar"}
FINDINGS = ("FINDINGS:", "Findings:", "REPORT:", "Chest:", "CHEST:")
IMPRESSIONS = ("IMPRESSION:", "Impression:", "CONCLUSION:", "IMPRESSIONS:")
UNREAD = {
    "INDICATION:": ("cough", "chest pain", "shortness of breath , rule out pneumonia", "fever", "XXXX year old male"),
    "HISTORY:": ("chest pain", "dyspnea , history of CHF", "pneumonia", "cough and fever"),
    "COMPARISON:": ("None", "XXXX", "Chest radiograph of XXXX", "No prior exams"),
    "TECHNIQUE:": ("PA and lateral views of the chest", "Portable AP view", "Two views"),
}
"""Sections that are not read, so nothing in them is in the graph."""


@dataclass(frozen=True, slots=True)
class Style:
    """The style of one report. Probabilities are per word or per sentence."""

    headings: bool
    telegram: bool
    numbered: bool
    run_on: float
    holes: float
    slips: float
    pseudo: float
    spaced: bool


def draw_style(rng: Random) -> Style:
    """A style; a third of the reports is tidy."""
    untidy = rng.random() > 0.33
    return Style(
        headings=rng.random() < 0.5,
        telegram=rng.random() < 0.15,
        numbered=rng.random() < 0.25,
        run_on=rng.choice((0, 0, 0.05, 0.3)) if untidy else 0,
        holes=rng.choice((0, 0.02, 0.05)) if untidy else 0,
        slips=rng.choice((0, 0, 0.01, 0.05)) if untidy else 0,
        pseudo=rng.choice((0, 0, 0.15, 0.3)) if untidy else 0,
        spaced=rng.random() < 0.3,
    )


def write_report(rng: Random, facts: Sequence[Fact] | None = None) -> tuple[str, ReportGraph]:
    """Write a report. With `facts` it states only these of everything that a film can show.

    Without `facts` its content is free, for studies without films.
    """
    style = draw_style(rng)
    if facts is not None:
        # A hole or a pseudo-word would hide a fact; only `Told.HOLE` may do that.
        style = replace(style, holes=0, pseudo=0)
    findings, impression = _text_alone(rng) if facts is None else _of_facts(rng, facts)
    body = [_styled(draft, style, rng) for draft in findings]
    close = [_styled(draft, style, rng) for draft in impression]
    if style.numbered:
        for number, draft in enumerate(close, start=1):
            draft.pieces[:0] = [Piece(str(number)), Piece(".")]
        run_on(close, style, rng)
    run_on(body, style, rng)
    text, graph = render(_sections(style, body, close, rng), rng)
    return spaced(text, graph) if style.spaced else (text, graph)


def _text_alone(rng: Random) -> tuple[list[Draft], list[Draft]]:
    symbols = grammar()
    said = [write(symbols, "said", rng) for _ in range(rng.choice((2, 3, 4, 5, 6, 7, 8, 9)))]
    return said, [write(symbols, "said", rng) for _ in range(rng.choice((0, 1, 1, 2, 3)))]


def _of_facts(rng: Random, facts: Sequence[Fact]) -> tuple[list[Draft], list[Draft]]:
    symbols = grammar()
    spoken = [fact for fact in facts if fact.told is not Told.FILM_ONLY]
    said = [_fact_sentence(fact, rng) for fact in spoken]
    said += _denials(facts, rng)
    said += [write(symbols, "other", rng) for _ in range(rng.choice((0, 1, 2, 2, 3, 4)))]
    rng.shuffle(said)
    repeated = [fact for fact in spoken if fact.told in {Told.BOTH, Told.REPORT_ONLY} and rng.random() < 0.5]
    close = [_fact_sentence(fact, rng) for fact in repeated]
    return said, close or [write(symbols, "other", rng) for _ in range(rng.choice((0, 1)))]


def _fact_sentence(fact: Fact, rng: Random) -> Draft:
    draft = write(grammar(), _frame(fact), rng, _bindings(fact))
    if fact.told is Told.HOLE:
        _hide(draft)
    return draft


def _frame(fact: Fact) -> str:
    device = "device_" if fact.kind in DEVICES else ""
    if fact.told is Told.HEDGED:
        return "fact_hedged"
    if fact.told is Told.HOLE:
        return "fact"
    if not fact.true:
        return f"fact_{device}absent"
    return "fact_heart_present" if fact.kind is Kind.CARDIOMEGALY else f"fact_{device}present"


def _bindings(fact: Fact) -> dict[str, Symbol]:
    sizes = HEART_SIZES if fact.kind is Kind.CARDIOMEGALY else SIZES
    bound = {"fact": _symbol(f"{{fact_{fact.kind}:h}}"), "fact_size": _symbol(sizes[fact.size])}
    if fact.side:
        bound["fact_side"] = _symbol(f"{fact.side}/A:h")
    if fact.zone:
        bound["fact_place"] = _symbol(*(place.format(f"{fact.side}/A:s") for place in PLACES[fact.zone]))
        bound["fact_place_adjective"] = _symbol(f"{fact.side}/A:s {ADJECTIVES[fact.zone]}/A:h ; s>h")
    return bound


def _symbol(*lines: str) -> Symbol:
    read = [parse_production(line) for line in lines]
    return Symbol(tuple(production for _, production in read), tuple(float(n) for n in range(1, len(read) + 1)))


def _hide(draft: Draft) -> None:
    """Replace the observations by holes, so that only the location of the fact remains."""
    observations = [piece for piece in draft.pieces if piece.mention is not None and draft.labels[piece.mention] != "A"]
    for piece in observations:
        draft.edges[:] = [edge for edge in draft.edges if piece.mention not in edge]
        piece.text, piece.mention = noise.HOLE, None


def _denials(facts: Sequence[Fact], rng: Random) -> list[Draft]:
    """Negate several absent kinds together, except kinds of given facts."""
    touched = {fact.kind for fact in facts}
    lung = {Kind.OPACITY, Kind.NODULE}
    free = [kind for kind in (Kind.EFFUSION, Kind.PNEUMOTHORAX) if kind not in touched and rng.random() < 0.7]
    names = [f"{{-denied_{kind}}}" for kind in free]
    names += ["{-denied_opacity}"] if not lung & touched and rng.random() < 0.6 else []
    rng.shuffle(names)
    drafts = []
    if names:
        listed = " , ".join(names[:-1]) + (" or " if len(names) > 1 else "") + names[-1]
        frame = rng.choice(("no {}", "there is no {}", "no evidence of {}", "no {} is seen", "no {} identified"))
        drafts.append(write(grammar(), "denial", rng, {"denial": _symbol(frame.format(listed))}))
    if not touched & {Kind.CARDIOMEGALY} and rng.random() < 0.7:
        drafts.append(write(grammar(), "heart_normal", rng))
    if not touched & (lung | {Kind.EFFUSION, Kind.PNEUMOTHORAX}) and rng.random() < 0.4:
        drafts.append(write(grammar(), "lungs_normal", rng))
    return drafts


def _styled(draft: Draft, style: Style, rng: Random) -> Draft:
    if style.telegram:
        noise.drop_articles(draft, rng)
    noise.holes(draft, rng, style.holes)
    noise.pseudo_words(draft, rng, style.pseudo)
    noise.misspell(draft, rng, style.slips)
    if style.slips and rng.random() < 0.05:
        noise.stutter(draft, rng)
    return full_stop(draft, rng.choice((".", ".", ".", ".", ".", "..")) if style.slips else ".")


def run_on(drafts: list[Draft], style: Style, rng: Random) -> None:
    """Leave out full stops, except after negated or hedged sentences, which would change what follows."""
    for draft in drafts[:-1]:
        if not {"N", "U"} & set(draft.labels) and rng.random() < style.run_on:
            draft.pieces[-1:] = [Piece(",")] if rng.random() < 0.3 else []


def _sections(style: Style, body: list[Draft], close: list[Draft], rng: Random) -> list[Part]:
    if not style.headings:
        return [Part("", "findings", [*body, *close])]
    before = [name for name in UNREAD if rng.random() < 0.4]
    parts = [Part(name, "", [full_stop(Draft([Piece(rng.choice(UNREAD[name]))]))]) for name in before]
    parts.append(Part(rng.choice(FINDINGS), "findings", body))
    return [*parts, Part(rng.choice(IMPRESSIONS), "impression", close)] if close else parts
