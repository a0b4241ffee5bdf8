"""Two witnesses of one report: how the model's graph and the rules' compare."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many mentions and relations of one report were read by both, by the model alone and by the rules alone.

    Model and rules are not independent (the model's silver labels come from the rules): that they agree confirms
    nothing. `presence_conflicts` are mentions of which one said otherwise than the other.
    """

    mentions_both: int = 0
    mentions_model: int = 0
    mentions_rules: int = 0
    relations_both: int = 0
    relations_model: int = 0
    relations_rules: int = 0
    presence_conflicts: int = 0
