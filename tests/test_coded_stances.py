"""The rules for voices compared with labels of the five texts."""

import pandas as pd
import pytest

from analysis.coding.audit import voice_accuracy
from analysis.errors import InputError
from analysis.tokens import tokenize


def test_voices_by_hand(corpus_of):
    """The quotation and one of two sentences labelled as reported; offsets count characters."""
    text = (
        "Über all: “We must lead the race, and so we will.” Li said that the race is on. The end."
    )
    tokens = tokenize(corpus_of(text))
    spans = [(10, 50, "quotation", "quoted"), (51, 79, "sentence", "reported")]
    spans += [(80, 88, "sentence", "reported"), (0, 9, "sentence", "author")]
    labels = pd.DataFrame(spans, columns=["start", "end", "kind", "voice"]).assign(document="d0")
    table = voice_accuracy(tokens, labels).set_index("voice")
    assert table.loc["quoted", ["labelled", "found", "both"]].tolist() == [1, 1, 1]
    assert table.loc["reported", ["labelled", "found", "both"]].tolist() == [2, 1, 1]
    assert table.loc["reported", ["precision", "recall"]].tolist() == [1, 0.5]
    with pytest.raises(InputError, match="labels: no such document: 'd7'"):
        voice_accuracy(tokens, labels.assign(document="d7"))


@pytest.fixture(scope="module")
def accuracy(tokens, root) -> pd.DataFrame:
    labels = pd.read_csv(root / "tests" / "data" / "voices.csv")
    return voice_accuracy(tokens, labels).set_index("voice")


def test_voices_of_every_sentence_and_quotation_are_labelled(tokens, root):
    """The labels are a census: each sentence and each quotation of the five texts."""
    labels = pd.read_csv(root / "tests" / "data" / "voices.csv")
    assert labels["kind"].value_counts().to_dict() == {
        "sentence": tokens.n_sentences,
        "quotation": 45,
    }


@pytest.mark.parametrize(
    ("voice", "precision", "recall"), [("reported", 0.96, 0.84), ("quoted", 0.90, 0.82)]
)
def test_accuracy_of_voices(accuracy, voice, precision, recall):
    """No worse than was measured on these texts, whose sentences were at hand when the rules were
    written; the labels were made by one coder, a machine."""
    row = accuracy.loc[voice]
    assert row["precision"] >= precision
    assert row["recall"] >= recall
    assert row["precision_low"] < row["precision"] <= row["precision_high"]
    assert row["recall_low"] < row["recall"] < row["recall_high"]


def test_readme_gives_the_accuracy_of_voices(accuracy, root):
    """The numbers in README are those measured."""
    text = " ".join((root / "README.md").read_text(encoding="utf-8").split())
    for voice, row in accuracy.iterrows():
        told = [
            f"{row[name]:.2f} ({row[name + '_low']:.2f}–{row[name + '_high']:.2f})"
            for name in ("precision", "recall")
        ]
        assert f"{voice} words precision {told[0]} and recall {told[1]}" in text
