"""A text witness of random weights: a BERT of two layers over a small vocabulary."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import BertConfig, BertModel

from vlmkg.text_witness.blocks import MOST
from vlmkg.text_witness.network import WordTagger
from vlmkg.text_witness.store import save_witness

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;?!-()/#"
WORDS = ("no", "effusion", "small", "left", "pleural", "the", "heart", "is")


def tokenizer() -> Tokenizer:
    pieces = [
        "[PAD]",
        "[unused0]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *LETTERS,
        *(f"##{one}" for one in LETTERS),
        "β",
    ]
    made = Tokenizer(WordPiece({one: at for at, one in enumerate([*pieces, *WORDS])}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = BertNormalizer(lowercase=True), BertPreTokenizer()
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return made


def encoder(seed: int = 0) -> BertModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=tokenizer().get_vocab_size(),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=MOST + 2,
        )
        return BertModel(config, add_pooling_layer=False)


def write(folder: Path, seed: int = 0, no_mention: float | None = None) -> Path:
    """A witness of random weights; with `no_mention` one that gives every word that logit for being no mention."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = WordTagger(encoder(seed))
    if no_mention is not None:
        with torch.no_grad():
            network.tag_head.weight.zero_()
            network.tag_head.bias.zero_()
            network.tag_head.bias[0] = no_mention
    save_witness(folder, network, tokenizer(), {"name": "tiny", "families": ["plain"]})
    return folder
