"""Errors of checkpoints.

RefusedError
└── CheckpointError     `reason`: no_manifest, bad_manifest, other_form, missing_file, unknown_file, digest_mismatch,
                        odd_file, forbidden_file, bad_weights, not_promoted, no_evaluation, gate_not_met,
                        regression, worse_than_a_witness, bad_promotion, wrong_layout, exists
"""

from pathlib import Path

from vlmkg.errors import RefusedError

_REMEDIES = {
    "digest_mismatch": "the file was changed or damaged: copy the checkpoint again from where it was made",
    "missing_file": "copy the whole folder again from where it was made",
    "unknown_file": "remove the file: a checkpoint may contain only the files of its manifest",
    "forbidden_file": "convert it with `vlmkg checkpoint import`: a pickle can run code when it is opened",
    "not_promoted": "measure and promote it: vlmkg checkpoint promote FOLDER",
    "no_evaluation": "choose an evaluation and measure it: vlmkg train measure FOLDER",
    "gate_not_met": "train it further, or on other data: the gate is the same for all checkpoints",
    "regression": "the promoted one is kept; to go back to an older one use `vlmkg checkpoint rollback`",
    "worse_than_a_witness": "write another lead into its manifest: vlmkg train lead FOLDER --write",
    "bad_promotion": "the checkpoint was changed after its promotion: promote it again",
}


class CheckpointError(RefusedError):
    """The checkpoint is damaged, has another format, or is not promoted. `reason` is one of the codes above."""

    def __init__(self, reason: str, folder: Path, detail: str) -> None:
        super().__init__(f"the checkpoint {folder} is refused ({reason}): {detail}", _REMEDIES.get(reason, ""))
        self.reason = reason
        self.folder = folder
