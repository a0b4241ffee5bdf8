"""Read one report: sections, sentences, words, scope, relations."""

from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph
from vlmkg.sections import find_sections
from vlmkg.sentences import split_sentences
from vlmkg.tokens import Token, tokenize

_ANATOMY = frozenset(
    "lung lungs lobe heart size pleural left right upper lower middle base bases apex mediastinum mediastinal cardiac "
    "silhouette contours hilar aorta spine rib ribs diaphragm hemidiaphragm bibasilar cardiopulmonary pulmonary "
    "vascularity vasculature airspace interstitial osseous bony structures costophrenic angle".split()
)
_OBSERVATIONS = frozenset(
    "effusion effusions pneumothorax consolidation opacity opacities infiltrate atelectasis edema nodule nodules mass "
    "fracture fractures cardiomegaly normal clear unremarkable stable granuloma emphysema pneumonia hernia scarring "
    "disease abnormality catheter tube calcified enlarged small large mild moderate severe focal acute degenerative "
    "changes elevated tortuous".split()
)
_ADJECTIVES = frozenset("small large mild moderate severe focal acute degenerative calcified".split())
_NEGATIONS = frozenset({"no", "without", "negative"})
_HEDGES = frozenset({"possible", "may", "probable", "questionable", "suspicious"})


def read_report(text: str) -> ReportGraph:
    """The graph of one report."""
    mentions: list[Mention] = []
    relations: list[Relation] = []
    for section in find_sections(text):
        for sentence in split_sentences(text, tokenize(text, section.start, section.end)):
            _read_sentence(sentence, section.name, mentions, relations)
    return ReportGraph(tuple(mentions), tuple(relations))


def _read_sentence(sentence: list[Token], section: str, mentions: list[Mention], relations: list[Relation]) -> None:
    presence = Presence.PRESENT
    place: int | None = None
    head: int | None = None
    waiting: list[int] = []
    for token in sentence:
        if token.lower in _NEGATIONS:
            presence = Presence.ABSENT
        elif token.lower in _HEDGES:
            presence = Presence.UNCERTAIN
        elif token.lower in _ANATOMY:
            place = len(mentions)
            mentions.append(Mention(token.start, token.end, token.text, Kind.ANATOMY, Presence.PRESENT, section))
            if head is not None:
                relations.append(Relation(head, RelationType.LOCATED_AT, place))
                head = None
        elif token.lower in _OBSERVATIONS:
            here = len(mentions)
            mentions.append(Mention(token.start, token.end, token.text, Kind.OBSERVATION, presence, section))
            if token.lower in _ADJECTIVES:
                waiting.append(here)
                continue
            relations.extend(Relation(word, RelationType.MODIFY, here) for word in waiting)
            waiting = []
            if place is not None:
                relations.append(Relation(here, RelationType.LOCATED_AT, place))
                place = None
            else:
                head = here
