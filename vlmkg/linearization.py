"""Graphs as text. Only the paper's form so far: the one in which VLM-KG reports BLEU and ROUGE (arXiv 2505.17042)."""

from vlmkg.schema import ReportGraph

SEPARATOR = " ; "


def paper_form(graph: ReportGraph) -> str:
    """The triplets as `head relation tail` joined by ` ; `, lower case, by (head start, tail start).

    Mentions without a relation do not appear: the form cannot hold them.
    """
    mentions = graph.mentions
    ordered = sorted(graph.relations, key=lambda r: (mentions[r.head].start, mentions[r.tail].start, r.type))
    return SEPARATOR.join(f"{mentions[r.head].text} {r.type} {mentions[r.tail].text}".lower() for r in ordered)
