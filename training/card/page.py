"""The card as Markdown: the text of `card.md` with the tables inserted."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template

from training.card.figures import Agreement, GoldFigures, Speed
from training.card.films import FilmFigures
from training.card.targets import targets
from training.evaluation import Compared, Evaluation
from training.metrics import Score
from vlmkg.checkpoint.manifest import Verified
from vlmkg.engine_protocol import Lead

NAMES = (
    *("entity", "entity:ANAT-DP", "entity:OBS-DP", "entity:OBS-U", "entity:OBS-DA", "presence"),
    *("relation", "relation:modify", "relation:located_at", "relation:suggestive_of"),
)
COMPARED = ("entity", "relation", "presence")
STANDS: Mapping[Lead, str] = {
    Lead.NEVER: "the rules' reading stands",
    Lead.UNKNOWN_WORDS: "its reading stands in sentences with a word that the lexicon does not know, else the rules'",
    Lead.ALWAYS: "its reading stands, and a presence is uncertain",
}
"""Which reading of a text stands, by the lead."""


def page(checkpoint: Verified, gold: GoldFigures, agreed: Agreement, rates: Speed, films: FilmFigures) -> str:
    """The whole card."""
    manifest = checkpoint.manifest
    words = Template((files("training.card") / "card.md").read_text(encoding="utf-8"))
    return words.substitute(
        name=manifest.name,
        digest=checkpoint.digest,
        parameters=f"{manifest.language_model['parameters']:,}",
        licence=manifest.licence,
        lead=manifest.lead,
        stands=STANDS[manifest.lead],
        data="; ".join(f"{name}: `{value}`" for name, value in manifest.data.items()),
        gold=gold_table(gold),
        against=against_table(gold),
        surface=surface_table(gold),
        presence=presence_table(gold),
        errors=error_table(gold.errors),
        agreement=agreement_table(agreed),
        speed=speed_table(rates),
        films=films.tables.rstrip(),
        targets=target_table(gold, agreed, rates, films),
    )


def target_table(gold: GoldFigures, agreed: Agreement, rates: Speed, films: FilmFigures) -> str:
    """The targets, the figures, and whether they are met."""
    rows = [
        [one.name, f"{one.wanted:g}", f"{one.reached:.3f}", "yes" if one.met else "**no**"]
        for one in targets(gold, agreed, rates, films)
    ]
    return _table(["", "wanted", "reached", "met"], rows)


def gold_table(gold: GoldFigures) -> str:
    """F1 by type, of model and rules, by part of the gold, with the number of gold items."""
    columns = [(f"{who}, {part}", one) for who, found in _all(gold) for part, one in found.items()]
    rows = [[name, *(f"{one.scores[name].f1:.3f}" for _, one in columns), _items(gold, name)] for name in NAMES]
    invalid = ["invalid", *(str(sum(one.invalid.values())) for _, one in columns), ""]
    rates = ["hallucination rate", *(f"{one.hallucination_rate:.3f}" for _, one in columns), ""]
    return _table(["strict F1", *(name for name, _ in columns), "gold items"], [*rows, invalid, rates])


def against_table(gold: GoldFigures) -> str:
    """Model and both witnesses minus the rules, paired bootstrap over reports."""
    rows = [
        [f"{who} minus rules, {part}", *(_difference(one.against[name]) for name in COMPARED)]
        for who, found in _all(gold)[:2]
        for part, one in found.items()
    ]
    return _table(["difference (95 %)", *COMPARED], rows)


def presence_table(gold: GoldFigures) -> str:
    """The share of found observations with the right presence."""
    rows = [
        [f"{who}, {part}", *(f"{value:.3f}" for value in one.presence_accuracy.values())]
        for who, found in _all(gold)
        for part, one in found.items()
    ]
    return _table(["presence right on found spans", *next(iter(gold.model.values())).presence_accuracy], rows)


def surface_table(gold: GoldFigures) -> str:
    """BLEU and ROUGE-L of the paper's form on the whole gold, with the two baselines."""
    model, rules = gold.model["all"].paper_form, gold.rules["all"].paper_form
    shown = {"model": model["prediction"], "rules": rules["prediction"]}
    shown |= {name: model[name] for name in ("neighbours", "shuffled gold")}
    rows = [
        [name, *(f"{value:.1f}" for value in (one.bleu_1, one.bleu_2, one.bleu_3, one.bleu_4, one.rouge_l))]
        for name, one in shown.items()
    ]
    return _table(["all reports", "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L"], rows)


def error_table(errors: Mapping[str, Mapping[str, int]]) -> str:
    """Errors by kind, of the model and the rules."""
    model, rules = errors["model"], errors["rules"]
    kinds = sorted(model.keys() | rules.keys(), key=lambda kind: (-model.get(kind, 0), kind))
    return _table(["errors in all reports", "model", "rules"], [[k, _count(model, k), _count(rules, k)] for k in kinds])


def agreement_table(agreed: Agreement) -> str:
    """F1 of the model against the rules' graphs, and the triplets that validation rejects."""
    one = agreed.evaluation
    rows = [[name, _f1(one.scores[name])] for name in NAMES]
    refused = ["triplets refused by validation", f"{agreed.refused} of {agreed.triplets:,}"]
    return _table(["model against rules", f"{one.reports:,} reports"], [*rows, refused])


def speed_table(rates: Speed) -> str:
    """Reports per second in one process, and its memory."""
    rows = [[f"model, {size} at once", f"{rate:.1f}"] for size, rate in rates.model.items()]
    rows.append(
        [f"the same with its memory of sentences, over {rates.remembered_over:,} reports", f"{rates.remembered:.1f}"]
    )
    rows += [["rules", f"{rates.rules:.0f}"], ["memory, MiB", f"{rates.memory:.0f}"]]
    return _table(["", "reports/s"], rows)


def _all(gold: GoldFigures) -> tuple[tuple[str, Mapping[str, Evaluation]], ...]:
    return (("model", gold.model), ("both witnesses", gold.service), ("rules", gold.rules))


def _items(gold: GoldFigures, name: str) -> str:
    return ", ".join(str(one.scores[name].gold) for one in gold.rules.values())


def _difference(row: Compared) -> str:
    return f"{row.difference:+.3f} ({row.low:+.3f} to {row.high:+.3f})"


def _f1(score: Score) -> str:
    interval = f" ({score.low:.3f} to {score.high:.3f})" if score.low is not None else ""
    return f"{score.f1:.3f}{interval}"


def _count(errors: Mapping[str, int], kind: str) -> str:
    return str(errors.get(kind, 0))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
