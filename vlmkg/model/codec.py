"""Between words, symbols and a language model's token ids: our own small tokenizer, or a pretrained one extended.

Both have one added token for each structural symbol (`<@7>`, `<P>`, `<modify>`, ...), which no report can spell: text
is encoded with added tokens taken as plain characters. Every byte has a token, so no word is unknown.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from vlmkg.errors import RefusedError
from vlmkg.linearization import END, LINKS, TO, VERSION, Symbol, film_names, pointer
from vlmkg.numbered_tokens import RELATIONS, Label
from vlmkg.reading.tokens import tokenize

PAD, READ, HERE, STOP, GRAPH, FILM = "<pad>", "<read>", "<here>", "<stop>", "<graph>", "<film>"
FILES = ("tokenizer.json", "codec.json")
"""What `save_codec` writes into a language model's folder."""
LONGEST_WORD = 16
"""Tokens that a word is spelled with at most; the rest of a longer word is not shown, its pointer is."""
INSTRUCTION = "Write the findings and anatomy of the marked sentences, with their labels and relations."
FILM_INSTRUCTION = "Write what the film shows."
"""Ours: the paper's instructions are not known."""


@dataclass(frozen=True)
class Codec:
    """A tokenizer with the structural symbols in it. `instruction` and `film_instruction` may be empty."""

    tokenizer: Tokenizer
    instruction: str
    film_instruction: str
    _spelled: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """In another process: what a tokenizer's copy does not keep."""
        self.__dict__.update(state)
        self.tokenizer.encode_special_tokens = True

    @cached_property
    def pointers(self) -> int:
        """How many tokens a window may have: pointers `@0` to before this."""
        count = 0
        while self.tokenizer.token_to_id(f"<{pointer(count)}>") is not None:
            count += 1
        return count

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """All structural symbols: pointers, labels, relations, TO, LINKS, END, film names."""
        return _symbols(self.pointers)

    @cached_property
    def symbol_ids(self) -> tuple[int, ...]:
        """The token id of each of `symbols`."""
        return tuple(self.id(f"<{symbol}>") for symbol in self.symbols)

    @cached_property
    def vocabulary_size(self) -> int:
        """One more than the greatest token id; the language model's embedding needs at least so many rows."""
        return max(self.tokenizer.get_vocab(with_added_tokens=True).values()) + 1

    @cached_property
    def stem(self) -> tuple[int, ...]:
        """The instruction before a window, closed by READ."""
        return (*self._plain(self.instruction), self.id(READ))

    @cached_property
    def film_stem(self) -> tuple[int, ...]:
        """The instruction before what a film shows, closed by FILM."""
        return (*self._plain(self.film_instruction), self.id(FILM))

    @cached_property
    def index(self) -> dict[Symbol, int]:
        """The place of each symbol in `symbols`."""
        return {symbol: at for at, symbol in enumerate(self.symbols)}

    def id(self, token: str) -> int:
        """The id of an added token. Raises RefusedError where the tokenizer lacks it."""
        found: int | None = self.tokenizer.token_to_id(token)
        if found is None:
            raise RefusedError(f"the tokenizer has no token {token}", "it has another format; train or extend it again")
        return found

    def spell(self, word: str) -> tuple[int, ...]:
        """The ids of a word of a report, at most LONGEST_WORD of them."""
        ids = self._spelled.get(word)
        if ids is None:
            # A megabyte without a blank is one word: only what can be shown is encoded.
            ids = self._spelled[word] = self._plain(f" {word[: 8 * LONGEST_WORD]}")[:LONGEST_WORD]
        return ids

    def _plain(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer.encode(text, add_special_tokens=False).ids)


def train_codec(texts: Iterable[str], vocabulary: int = 2048, pointers: int = 512) -> Codec:
    """Our own tokenizer: byte-level BPE over the lower-cased words of `texts`, with the structural tokens.

    `vocabulary` counts all tokens; 256 are bytes and about 60 + `pointers` structural, the rest is learned.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=_added_tokens(pointers),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(([f" {token.lower}" for token in tokenize(text)] for text in texts), trainer)
    return _codec(tokenizer, "", "")


def extend_tokenizer(tokenizer: Tokenizer, pointers: int = 1024) -> Codec:
    """A pretrained tokenizer with the structural tokens added behind its own, and instructions in words.

    The language model's embedding must then be given `vocabulary_size` rows (`resize_token_embeddings`).
    """
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in _added_tokens(pointers)])
    return _codec(tokenizer, INSTRUCTION, FILM_INSTRUCTION)


def save_codec(codec: Codec, folder: Path) -> None:
    """Write FILES into `folder`."""
    codec.tokenizer.save(str(folder / "tokenizer.json"))
    about = {
        "linearization": VERSION,
        "instruction": codec.instruction,
        "film_instruction": codec.film_instruction,
    }
    (folder / "codec.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def load_codec(folder: Path) -> Codec:
    """The codec that `save_codec` wrote. Raises RefusedError where it is none, or was made for another form."""
    try:
        about = json.loads((folder / "codec.json").read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise RefusedError(f"{folder} has no tokenizer: {type(error).__name__}") from error
    if about["linearization"] != VERSION:
        raise RefusedError(f"the tokenizer writes format {about['linearization']}, but this program reads {VERSION}")
    return _codec(tokenizer, about["instruction"], about["film_instruction"])


def _codec(tokenizer: Tokenizer, instruction: str, film_instruction: str) -> Codec:
    # Not kept in the file: a report that spells "<end>" must not end anything.
    tokenizer.encode_special_tokens = True
    codec = Codec(tokenizer, instruction, film_instruction)
    for token in (PAD, HERE, STOP, GRAPH):
        codec.id(token)
    _ = codec.symbol_ids, codec.stem, codec.film_stem
    return codec


def _added_tokens(pointers: int) -> list[str]:
    return [PAD, READ, HERE, STOP, GRAPH, FILM, *(f"<{symbol}>" for symbol in _symbols(pointers))]


def _symbols(pointers: int) -> tuple[Symbol, ...]:
    numbers = (pointer(token) for token in range(pointers))
    return (*numbers, *(str(one) for one in (*Label, *RELATIONS)), TO, LINKS, END, *film_names())
