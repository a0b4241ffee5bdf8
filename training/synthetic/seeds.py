"""The seeds of synthetic studies by purpose, so that no model is trained on studies of its evaluation.

1 to GREATEST                          the data of a run (`data.seed` of its config)
the same + VALIDATION_SEED             its validation: other studies and patients
the same + ALONE_SEED                  phantoms of stage 2 without reports
EXAM_SEED, FACTUALITY_SEED and on,     the held-out studies of the experiments and of the model card
  LENGTH_SEED, TRANSFER_SEED
LEAD_SEED                              the held-out studies and texts of `vlmkg train lead`
"""

from vlmkg.errors import UsageError

GREATEST = 900_000
"""The greatest seed of a run's data. Experiments add their own small seeds to it."""
VALIDATION_SEED = 1_000_000
ALONE_SEED = 2_000_000
EXAM_SEED = 2_000_000
FACTUALITY_SEED = 3_000_000
"""The seed of the first set of reports; each further seed is for the next set."""
LENGTH_SEED = 4_000_000
TRANSFER_SEED = 5_000_000
LEAD_SEED = 8_000_001
"""The seed of the studies and of the families' texts, unless an evaluation names another."""


def check_data_seed(seed: int) -> int:
    """The seed of a run's data. Raises ValueError if the run would use held-out studies, as seed 0 would."""
    if not 1 <= seed <= GREATEST:
        raise ValueError(f"the seed must be from 1 to {GREATEST}: the others make held-out studies")
    return seed


def check_written_seed(seed: int) -> int:
    """The seed of studies or texts to write to files. Raises UsageError if evaluations hold them out."""
    if seed >= EXAM_SEED:
        raise UsageError(f"seed {seed} is reserved for held-out studies", f"choose a seed below {EXAM_SEED}")
    return seed
