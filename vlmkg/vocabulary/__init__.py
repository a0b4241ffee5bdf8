"""The concepts that mentions are linked to: a RadLex subset, the project's own chest concepts, IS_A and PART_OF."""

from vlmkg.vocabulary.loader import Concept, Vocabulary, load_vocabulary

__all__ = ["Concept", "Vocabulary", "load_vocabulary"]
