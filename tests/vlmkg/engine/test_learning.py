"""The whole chain in small: what the loss teaches is what the engine reads, from reports and from films.

If training and decoding differed in a prompt, a position, a prefix or a label, this could not come out.
"""

import pytest
import torch

from tests.vlmkg.engine.test_engine import OTHER, TEXT, picture
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.store import Parts, load_checkpoint, save_checkpoint
from vlmkg.engine.loading import load_model_engine
from vlmkg.engine_protocol import FilmDomain, ImageInput, Modality, StudyInput
from vlmkg.image.load import read_film
from vlmkg.model.network import IGNORED
from vlmkg.model.prompt import (
    encode_film_prompt,
    encode_film_target,
    encode_prompt,
    encode_target,
    report_windows,
)
from vlmkg.model.vision.encoder import encode, prepare
from vlmkg.model.windows import window_graph
from vlmkg.numbered_tokens import Label, number, report_graph, token_graph
from vlmkg.pipeline import extract_texts, load_engine

FACTS = {
    1: [("left pleural effusion", Label.PRESENT)],
    2: [("scoliosis", Label.UNCERTAIN), ("pacemaker", Label.PRESENT)],
}
"""By the seed of the synthetic film: noise, told apart by nothing but its noise."""


def rules_graph(text):
    (graph,) = extract_texts(load_engine("rules"), [text])
    return graph


def report_examples(codec):
    """(prompt, target) of each window of the reports, after the rules' graphs."""
    for text in (TEXT, OTHER):
        numbered = number(text)
        graph = token_graph(numbered, rules_graph(text))
        for window in report_windows(codec, numbered, 1024):
            target = encode_target(codec, window_graph(window, graph), window.own_from)
            yield encode_prompt(codec, numbered, window).ids, target


def film_examples(codec):
    for facts in FACTS.values():
        yield encode_film_prompt(codec, 0).ids, encode_film_target(codec, facts)


def batch(examples):
    """Ids, labels, mask, padded on the right."""
    width = max(len(prompt) + len(target) for prompt, target in examples)
    ids = torch.zeros(len(examples), width, dtype=torch.long)
    labels, mask = torch.full_like(ids, IGNORED), torch.zeros_like(ids)
    for row, (prompt, target) in enumerate(examples):
        end = len(prompt) + len(target)
        ids[row, :end] = torch.tensor([*prompt, *target])
        labels[row, len(prompt) : end] = torch.tensor(target)
        mask[row, :end] = 1
    return ids, labels, mask


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """An engine of a checkpoint that has learnt two reports and two films by heart."""
    place = tmp_path_factory.mktemp("learning")
    checkpoint = load_checkpoint(tiny.make(place / "fresh", texts=(TEXT, OTHER)).folder)
    codec, network = checkpoint.codec, checkpoint.network.train()
    pixels = torch.stack([prepare(read_film(picture(seed)), checkpoint.vision.pixels) for seed in FACTS])
    features = encode(checkpoint.vision, pixels)[:, None]
    reports, films = batch(list(report_examples(codec))), batch(list(film_examples(codec)))
    counts = torch.ones(len(FACTS), dtype=torch.long)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.0)
    for _ in range(300):
        loss = network.loss(*reports) + network.loss(*films, features, counts)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if loss.item() < 0.02:
            break
    save_checkpoint(
        place / "learnt",
        Parts(network, codec, checkpoint.config, checkpoint.vision),
        name="learnt",
        modalities=(Modality.TEXT, Modality.IMAGE),
        image_domain=FilmDomain.SYNTHETIC,
        data={"two reports": "by heart"},
        metrics={},
        licence="Apache-2.0",
    )
    return load_model_engine(place / "learnt", "cpu", unpromoted=True)


def test_reports_come_back_as_they_were_taught(learnt):
    outputs = learnt.read([StudyInput((TEXT, OTHER))])
    for text, output in zip((TEXT, OTHER), outputs[0].reports, strict=True):
        taught = rules_graph(text)
        assert taught.relations
        assert token_graph(number(text), output.graph) == token_graph(number(text), taught)
        assert min(mention.score for mention in output.graph.mentions) > 0.8
        assert not output.truncated
        assert report_graph(number(text), token_graph(number(text), taught)).mentions == tuple(
            sorted(taught.mentions, key=lambda one: one.start)
        )


def test_films_come_back_as_they_were_taught(learnt):
    films = [StudyInput((), (ImageInput(str(seed), picture(seed)),)) for seed in FACTS]
    for output, facts in zip(learnt.read(films), FACTS.values(), strict=True):
        assert [entity.text for entity in output.image_entities] == [name for name, _ in facts]
        assert [entity.presence.value for entity in output.image_entities] == [
            {Label.PRESENT: "present", Label.UNCERTAIN: "uncertain"}[label] for _, label in facts
        ]
