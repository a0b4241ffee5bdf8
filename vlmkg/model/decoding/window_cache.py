"""Windows that need not be read again: most sentences of reports repeat.

What a window writes of itself follows from its prompt; what it writes across the border follows, besides, from the
mentions of the window before it, and these from that one's prompt. So of windows with the same prompt behind windows
with the same prompt one is read for all: within a call of `decode`, and with `KnownWindows` over many.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vlmkg.model.decoded import Decoded
from vlmkg.model.decoding.state import Context
from vlmkg.model.prompt import Prompt

Key = tuple[tuple[int, ...], tuple[int, ...]]
"""The ids of the window before, none where there is no context, and the window's own."""


class KnownWindows:
    """What was read of windows without a film, the `most` that were used last. Of one model, for one thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Key, tuple[Decoded, Context]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> tuple[Decoded, Context] | None:
        """What was read of the window, and the mentions that are context of the one behind it."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Key, decoded: Decoded, context: Context) -> None:
        """Keep it; what has not been used for longest goes."""
        self._kept[key] = (decoded, context)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which prompts are read: `read`, their places in order.

    Of the others `found` has what is known, or `same` the place of the one that is read for them. `before` names for a
    window the place that is read, or read for the one before it, whose mentions are its context; `contexts` has the
    mentions where they are known. `keys` are those of the places that are read and then kept.
    """

    read: list[int] = field(default_factory=list)
    same: dict[int, int] = field(default_factory=dict)
    found: dict[int, Decoded] = field(default_factory=dict)
    before: dict[int, int] = field(default_factory=dict)
    contexts: dict[int, Context] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)

    def followers(self) -> Mapping[int, list[int]]:
        """For each place the windows that wait for its mentions."""
        behind: dict[int, list[int]] = {}
        for place, waited in self.before.items():
            behind.setdefault(waited, []).append(place)
        return behind


def plan(prompts: Sequence[Prompt], known: KnownWindows | None, *, all_of_them: bool = False) -> Plan:
    """What is to be read of the prompts; with `all_of_them` each, alike or not."""
    made = Plan()
    mentions: dict[int, Context] = {}
    first: dict[Key, int] = {}
    for place, prompt in enumerate(prompts):
        key = None if all_of_them or prompt.prefix is not None else _key(prompts, place)
        hit = known.get(key) if key is not None and known is not None else None
        if hit is not None:
            made.found[place], mentions[place] = hit
        elif key in first:
            made.same[place] = first[key]
        else:
            made.read.append(place)
            _wait(made, mentions, place, prompt)
            if key is not None:
                first[key] = place
                if known is not None:
                    made.keys[place] = key
    return made


def _key(prompts: Sequence[Prompt], place: int) -> Key:
    prompt = prompts[place]
    return (prompts[place - 1].ids if prompt.own_from else (), prompt.ids)


def _wait(made: Plan, mentions: Mapping[int, Context], place: int, prompt: Prompt) -> None:
    """Note where the window's context comes from."""
    if not prompt.own_from:
        return
    waited = made.same.get(place - 1, place - 1)
    if waited in mentions:
        made.contexts[place] = mentions[waited]
    else:
        made.before[place] = waited
