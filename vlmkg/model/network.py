"""The model: prefixes of the films, then the prompt, then the target, through one language model.

Shapes: B studies, I films of the study with the most, F numbers in an image vector, N prefix embeddings a film,
P = I * N, T tokens of prompt and target, S = P + T, D width and V vocabulary of the language model.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

IGNORED = -100
"""The label of a position that is not a target."""


class Sequence(NamedTuple):
    """The input of the language model: embeddings (B, S, D), mask (B, S) with 0 at padding, positions (B, S)."""

    embeddings: Tensor
    mask: Tensor
    positions: Tensor


class VlmKg(nn.Module):
    """A language model that reads image vectors through a projector (arXiv 2505.17042).

    `language_model` is any causal Hugging Face model; `projector` maps (B, F) to (B, N, D), None in a model that reads
    only text. The image encoder is not part of it: its vectors are input data, so no gradient reaches it.
    """

    def __init__(self, language_model: PreTrainedModel, projector: nn.Module | None) -> None:
        super().__init__()
        self.language_model = language_model
        self.projector = projector

    def prefix(self, features: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """The prefixes of the films, in the films' order, and their mask.

        Args:
            features: (B, I, F) image vectors; those after a study's last film are not read.
            counts: (B,) films of each study, from 0 to I.

        Returns:
            (B, P, D) embeddings, and (B, P) mask: 1 for each embedding of a film, 0 after a study's last film.
        """
        if self.projector is None:
            message = "the model has no projector, so it reads no films"
            raise ValueError(message)
        batch, films, _ = features.shape
        present_BI = torch.arange(films, device=features.device) < counts[:, None]
        weight = next(self.projector.parameters())
        known = self.projector(features[present_BI].to(weight.dtype)).to(self.language_model.dtype)
        prefix = known.new_zeros(batch, films, *known.shape[1:])
        prefix[present_BI] = known
        mask = present_BI.long().repeat_interleave(known.shape[1], dim=1)
        return prefix.flatten(1, 2), mask

    def sequence(
        self, input_ids: Tensor, attention_mask: Tensor, features: Tensor | None = None, counts: Tensor | None = None
    ) -> Sequence:
        """Films before tokens. Positions do not count padding, so padding has no effect.

        Args:
            input_ids: (B, T) prompt and target, padded on either side.
            attention_mask: (B, T), 0 at padding.
            features: (B, I, F) as in `prefix`, or None: no films.
            counts: (B,) as in `prefix`.
        """
        embeddings, mask = self.language_model.get_input_embeddings()(input_ids), attention_mask
        if features is not None and counts is not None and features.shape[1]:
            prefix, prefix_mask = self.prefix(features, counts)
            embeddings = torch.cat((prefix, embeddings), dim=1)
            mask = torch.cat((prefix_mask.to(mask.dtype), mask), dim=1)
        positions = (mask.long().cumsum(dim=1) - 1).clamp(min=0)
        return Sequence(embeddings, mask, positions)

    def logits(self, sequence: Sequence, last: int = 0) -> Tensor:
        """(B, last, V) for the `last` positions; 0: for all, (B, S, V)."""
        output: Any = self.language_model(
            inputs_embeds=sequence.embeddings,
            attention_mask=sequence.mask,
            position_ids=sequence.positions,
            use_cache=False,
            logits_to_keep=last,
        )
        logits: Tensor = output.logits
        return logits

    def loss(
        self,
        input_ids: Tensor,
        labels: Tensor,
        attention_mask: Tensor,
        features: Tensor | None = None,
        counts: Tensor | None = None,
    ) -> Tensor:
        """Mean cross-entropy, a scalar, over the positions whose label is not -100: those of the target.

        Args:
            input_ids: (B, T) as in `sequence`.
            labels: (B, T), `input_ids` at the target and -100 elsewhere: at prompt and padding.
            attention_mask: (B, T) as in `sequence`.
            features: (B, I, F) as in `prefix`, or None: no films.
            counts: (B,) as in `prefix`.
        """
        targets = (labels != IGNORED).any(dim=0).nonzero()
        tail = labels.shape[1] - int(targets.min()) if len(targets) else 1
        logits = self.logits(self.sequence(input_ids, attention_mask, features, counts), last=tail + 1)
        scores = logits[:, -tail - 1 : -1].flatten(0, 1).float()
        return functional.cross_entropy(scores, labels[:, -tail:].flatten(), ignore_index=IGNORED)

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """The loss."""
        return self.loss(*args, **kwargs)
