"""The rules for voices compared with labels of the five texts."""

import numpy as np
import pandas as pd
import pytest

from analysis.rules.voices import VOICES, Voices
from analysis.statistics import uncertainty
from analysis.tokens import Tokens, tokenize

_ACCURACY = ["voice", "labelled", "found", "both", "precision", "precision_low", "precision_high"]
_ACCURACY += ["recall", "recall_low", "recall_high"]


def voice_accuracy(tokens: Tokens, labels: pd.DataFrame) -> pd.DataFrame:
    """Precision and recall of the voices against labelled spans.

    `labels` has a row a span: document, start, end (characters), kind ('sentence' or 'quotation'),
    voice (one of VOICES). A span counts as found in a voice where one of its tokens is in it.
    Columns: voice, labelled, found, both, precision, precision_low, precision_high, recall,
    recall_low, recall_high, the intervals Wilson's over spans.
    """
    heard = _voices_of_spans(tokens, labels)
    rows = []
    for voice, kind in (("reported", "sentence"), ("quoted", "quotation")):
        mine = ((labels["kind"] == kind) | (labels["voice"] == voice)).to_numpy()
        labelled = (labels["voice"] == voice).to_numpy()[mine]
        found = heard[mine, VOICES.index(voice)]
        n, counts = int((labelled & found).sum()), (int(labelled.sum()), int(found.sum()))
        row = [voice, *counts, n]
        for total in reversed(counts):
            interval = uncertainty.wilson(n, total, 0.95)
            row += [float(uncertainty.ratio(n, total)), *map(float, interval)]
        rows.append(row)
    return pd.DataFrame(rows, columns=_ACCURACY)


def _voices_of_spans(tokens: Tokens, spans: pd.DataFrame) -> np.ndarray:
    """Whether any token of a span is in a voice: spans × VOICES."""
    numbers = {name: n for n, name in enumerate(tokens.corpus.documents["id"])}
    found, voices = np.zeros((len(spans), len(VOICES)), dtype=bool), Voices(tokens)
    places = spans[["start", "end"]].to_numpy()
    for name, rows in spans.groupby("document", sort=False).indices.items():
        number = numbers[name]
        block = tokens.block(tokens.block_number(number))
        mine = block.document_of == number - block.first_document
        voice, at_byte = voices.of(block)[mine], block.start[mine]
        text = tokens.corpus.texts[number]
        for row in rows:
            start, end = (len(text[:place].encode("utf-8")) for place in places[row])
            found[row, voice[(start <= at_byte) & (at_byte < end)]] = True
    return found


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


def test_docs_give_the_accuracy_of_voices(accuracy, root):
    """The numbers in docs/numbers.md are those measured."""
    text = " ".join((root / "docs" / "numbers.md").read_text(encoding="utf-8").split())
    for voice, row in accuracy.iterrows():
        told = [
            f"{row[name]:.2f} ({row[name + '_low']:.2f}–{row[name + '_high']:.2f})"
            for name in ("precision", "recall")
        ]
        assert f"{voice} words precision {told[0]} and recall {told[1]}" in text
