"""A cache of windows: most sentences of reports repeat.

A window's own output depends on its prompt; its output across the border depends, in addition, on the mentions of the
previous window, and these on that one's prompt. So windows with the same prompt and the same previous prompt are read
once: within a call of `decode`, and with `KnownWindows` in many calls.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vlmkg.model.decoded import Decoded
from vlmkg.model.decoding.state import Context
from vlmkg.model.prompt import Prompt

Key = tuple[tuple[int, ...], tuple[int, ...]]
"""The ids of the previous window, empty without context, and the window's own."""


class KnownWindows:
    """An LRU cache of `most` windows without a film. For one model and one thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Key, tuple[Decoded, Context]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> tuple[Decoded, Context] | None:
        """The result of the window, and the mentions that are the context of the next one."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Key, decoded: Decoded, context: Context) -> None:
        """Store the result, and remove the least recently used one."""
        self._kept[key] = (decoded, context)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """The prompts to read: `read`, their places in order.

    For the others `found` has the cached result, or `same` the place of the equal prompt that is read. `before` is, for
    a window, the place whose mentions are its context: the previous window's or its equal's; `contexts` has these
    mentions if they are cached. `keys` are those of the places that are read and then stored.
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
    """The plan for these prompts; with `all_of_them` every one is read, equal or not."""
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
    """Record the source of the window's context."""
    if not prompt.own_from:
        return
    waited = made.same.get(place - 1, place - 1)
    if waited in mentions:
        made.contexts[place] = mentions[waited]
    else:
        made.before[place] = waited
