import pytest

from vlmkg.domain import is_chest_radiograph


@pytest.mark.parametrize(
    ("modality", "part", "procedure", "text", "expected"),
    [
        (None, None, None, "The lungs are clear.", True),
        (None, None, None, "MRI of the brain. The heart is not shown.", False),
        (None, None, None, "Left knee: no fracture.", False),
        ("DX", "CHEST", None, "", True),
        ("CR", None, "XR CHEST 1 VIEW", "", True),
        ("CT", "CHEST", "CT THORAX", "The lungs are clear.", False),
        ("OT", None, None, "No pneumothorax.", True),
        (None, "CHEST", "MRI BRAIN WO CONTRAST", "No pneumothorax.", False),
        (None, None, "XR Thoracic Spine 1 View", "", False),
        (None, None, "XR ABDOMEN AP 1 VIEW", "Lungs are clear.", False),
        ("DX", "KNEE", None, "", False),
        ("DX", None, None, "Compared with CT. The lungs are clear.", True),
    ],
)
def test_is_chest_radiograph(
    modality: str | None, part: str | None, procedure: str | None, text: str, expected: bool
) -> None:
    assert is_chest_radiograph(modality, part, procedure, text) is expected
