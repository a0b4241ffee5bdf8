import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import tokenize


def words(text: str) -> list[str]:
    return [token.text for token in tokenize(text)]


def sentences(text: str) -> list[str]:
    return [" ".join(token.text for token in part) for part in split_sentences(text, tokenize(text))]


def test_tokens_are_runs_of_word_characters_or_of_others() -> None:
    assert words("T-spine (1.8 cm).") == ["T", "-", "spine", "(", "1", ".", "8", "cm", ")."]


@given(st.text())
def test_tokens_give_back_the_text(text: str) -> None:
    for token in tokenize(text):
        assert text[token.start : token.end] == token.text
    assert "".join(words(text)) == "".join(text.split())


@given(st.text())
def test_joined_tokens_are_cut_the_same_again(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No edema. Clear lungs.", ["No edema", "Clear lungs"]),
        ("A 1.8 cm nodule.", ["A 1 . 8 cm nodule"]),
        ("A 1 . 8 cm nodule .", ["A 1 . 8 cm nodule"]),
        ("1.8 cm nodule.", ["1 . 8 cm nodule"]),
        ("1 . 8 cm nodule .", ["1 . 8 cm nodule"]),
        ("1. 8 cm nodule.", ["8 cm nodule"]),
        ("1. No edema. 2. Clear.", ["No edema", "Clear"]),
        ("1 . No edema . 2 . Clear .", ["No edema", "Clear"]),
        ("1) No edema\n2) Clear", ["No edema", "Clear"]),
        ("Edema: no\nEffusion: small", ["Edema : no", "Effusion : small"]),
        (
            "No edema\nEffusion, which is as large as it was before",
            ["No edema", "Effusion , which is as large as it was before"],
        ),
        ("No edema or\nEffusion, which is as large as before", ["No edema or Effusion , which is as large as before"]),
        (
            "There is no edema in either lung\nEffusion is gone",
            ["There is no edema in either lung", "Effusion is gone"],
        ),
        (
            "There is no edema in either one of the lungs, and no\nEffusion is seen",
            ["There is no edema in either one of the lungs , and no Effusion is seen"],
        ),
        ("Effusion? Edema.", ["Effusion ?", "Edema"]),
        ("Effusion? No. Edema? Not seen. No nodule.", ["Effusion ? No", "Edema ? Not seen", "No nodule"]),
        ("Effusion? No edema.", ["Effusion ?", "No edema"]),
        ("Neg. for effusion, e.g. small.", ["Neg . for effusion , e . g . small"]),
        ("No edema\n\nClear lungs", ["No edema", "Clear lungs"]),
        ("- No edema\n- Clear lungs", ["No edema", "Clear lungs"]),
        ("Seen by Dr. Who at 3 a.m. today.", ["Seen by Dr . Who at 3 a . m . today"]),
        ("effusion ( left ). Clear", ["effusion ( left ).", "Clear"]),
        ("...", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_run_without_a_stop_is_cut() -> None:
    assert [len(part) for part in split_sentences("", tokenize("lung " * 450))] == [200, 200, 50]
