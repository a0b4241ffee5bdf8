"""Why a checkpoint is not used.

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
    "unknown_file": "a checkpoint holds nothing but what its manifest names: take the file away",
    "forbidden_file": "a pickle can run code when it is opened: convert it with `vlmkg checkpoint import`",
    "not_promoted": "measure and promote it: vlmkg checkpoint promote FOLDER",
    "no_evaluation": "name one, and write it into the manifest: vlmkg train measure FOLDER",
    "gate_not_met": "train it further, or on other data; the gate is the same for all",
    "regression": "the promoted one stays; to go back to an older one there is `vlmkg checkpoint rollback`",
    "worse_than_a_witness": "let another lead stand in its manifest: vlmkg train lead FOLDER --write",
    "bad_promotion": "the checkpoint was changed after its promotion: promote it again",
}


class CheckpointError(RefusedError):
    """A checkpoint that is damaged, of another form, or not promoted. `reason` is one of the codes above."""

    def __init__(self, reason: str, folder: Path, detail: str) -> None:
        super().__init__(f"the checkpoint {folder} is refused ({reason}): {detail}", _REMEDIES.get(reason, ""))
        self.reason = reason
        self.folder = folder
