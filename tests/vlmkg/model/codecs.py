"""A small codec of our own, trained on a few synthetic sentences."""

from functools import cache

from vlmkg.model.codec import Codec, train_codec

SENTENCES = (
    "There is a small left pleural effusion.",
    "No pneumothorax or focal consolidation.",
    "Opacity in the right lower lobe may represent pneumonia.",
    "Heart size is normal; the mediastinum is widened.",
)


@cache
def small_codec(pointers: int = 64) -> Codec:
    return train_codec(SENTENCES * 3, vocabulary=900, pointers=pointers)
