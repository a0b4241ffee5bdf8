"""Convert between words, symbols and token ids, with our own small tokenizer or an extended pretrained one.

Both have one added token for each structural symbol (`<@7>`, `<P>`, `<modify>`, ...), which no report can contain: text
is encoded without added tokens. Every byte has a token, so no word is unknown.
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
CODEC_FILE = "codec.json"
FILES = ("tokenizer.json", CODEC_FILE)
"""The files that `save_codec` writes to a language model's folder."""
LONGEST_WORD = 16
"""Most tokens of a word. The rest of a longer word is left out, but it has a pointer."""
INSTRUCTION = "Write the findings and anatomy of the marked sentences, with their labels and relations."
FILM_INSTRUCTION = "Write what the film shows."
"""Our own: the paper's instructions are not published."""


@dataclass(frozen=True)
class Codec:
    """A tokenizer with the structural symbols in it. `instruction` and `film_instruction` may be empty."""

    tokenizer: Tokenizer
    instruction: str
    film_instruction: str
    _spelled: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore in another process what pickling a tokenizer loses."""
        self.__dict__.update(state)
        self.tokenizer.encode_special_tokens = True

    @cached_property
    def pointers(self) -> int:
        """Most tokens of a window: pointers run from `@0` up to, not including, this number."""
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
        """One more than the greatest token id: the minimum number of rows of the language model's embedding."""
        return max(self.tokenizer.get_vocab(with_added_tokens=True).values()) + 1

    @cached_property
    def stem(self) -> tuple[int, ...]:
        """The instruction before a window, closed by READ."""
        return (*self._plain(self.instruction), self.id(READ))

    @cached_property
    def film_stem(self) -> tuple[int, ...]:
        """The instruction before a film's facts, closed by FILM."""
        return (*self._plain(self.film_instruction), self.id(FILM))

    @cached_property
    def index(self) -> dict[Symbol, int]:
        """The index of each symbol in `symbols`."""
        return {symbol: at for at, symbol in enumerate(self.symbols)}

    def id(self, token: str) -> int:
        """The id of an added token. Raises RefusedError if the tokenizer lacks it."""
        found: int | None = self.tokenizer.token_to_id(token)
        if found is None:
            raise RefusedError(f"the tokenizer has no token {token}", "it has another format; train or extend it again")
        return found

    def spell(self, word: str) -> tuple[int, ...]:
        """The ids of a word, at most LONGEST_WORD of them."""
        ids = self._spelled.get(word)
        if ids is None:
            # A megabyte without spaces is one word: only the part that is used is encoded.
            ids = self._spelled[word] = self._plain(f" {word[: 8 * LONGEST_WORD]}")[:LONGEST_WORD]
        return ids

    def _plain(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer.encode(text, add_special_tokens=False).ids)


def train_codec(texts: Iterable[str], vocabulary: int = 2048, pointers: int = 512) -> Codec:
    """Our own tokenizer: byte-level BPE over the lower-cased words of `texts`, with the structural tokens.

    `vocabulary` is the number of all tokens: 256 bytes, about 60 + `pointers` structural ones, and learned ones.
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
    """A pretrained tokenizer with added structural tokens, and instructions in words.

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
    """The codec that `save_codec` wrote. Raises RefusedError if it is damaged, or of another format."""
    try:
        about = json.loads((folder / "codec.json").read_text(encoding="utf-8"))
        version, instruction, film_instruction = (
            about[name] for name in ("linearization", "instruction", "film_instruction")
        )
        tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    except Exception as error:  # the tokenizer's library raises errors of no kind of their own
        raise RefusedError(
            f"{folder} has no tokenizer: {type(error).__name__}", "copy the whole folder again"
        ) from error
    if version != VERSION:
        raise RefusedError(
            f"the tokenizer writes format {version}, but this program reads {VERSION}",
            "train or extend it again with this version",
        )
    return _codec(tokenizer, instruction, film_instruction)


def _codec(tokenizer: Tokenizer, instruction: str, film_instruction: str) -> Codec:
    # The file does not store this: a report that contains "<end>" must not end the output.
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
