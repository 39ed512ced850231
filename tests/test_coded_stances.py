"""The rules for actors and voices against codings, by hand and on the five texts."""

import pandas as pd
import pytest

from analysis.coding import stances
from analysis.errors import InputError
from analysis.rules.codebook import Codebook, term_sets
from analysis.tokens import tokenize

BOOK = Codebook("made", "", {}, term_sets(["China", "US"], {}), {})
TEXT = "Über China. The US. China and the US. Nobody. Left out"


def coded(*actors: str, coder: str = "ann") -> pd.DataFrame:
    """Codings of the sentences of TEXT."""
    ends = [n for n, sign in enumerate(TEXT) if sign == "."]
    rows = [
        ("d0", start, end + 1, coder, actor)
        for start, end, actor in zip([0, *(end + 2 for end in ends)], ends, actors, strict=False)
    ]
    return pd.DataFrame(rows, columns=["document", "start", "end", "coder", "actor"])


@pytest.fixture
def small(corpus_of):
    return tokenize(corpus_of(TEXT))


@pytest.fixture(scope="module")
def reference(root) -> pd.DataFrame:
    """The machine-made reference codings of the five texts."""
    folder = root / "tests" / "data" / "reference"
    units = pd.read_csv(folder / "units.csv")
    parts = [pd.read_csv(folder / f"coder_{name}.csv").assign(coder=name) for name in "ab"]
    return pd.concat(parts).merge(units, on=["document", "unit"])


def test_agreement_by_hand(small):
    """Four units, one of them coded otherwise: three in four agree."""
    row = stances.actor_agreement(small, BOOK, coded("China", "US", "both", "US")).iloc[0]
    assert row[["coder", "units", "left_out"]].tolist() == ["ann", 4, 0]
    assert row["percent"] == 0.75


def test_confusion_by_hand(small):
    """'Nobody' is about the US for the coder and about nobody for the rule."""
    table = stances.actor_confusion(small, BOOK, coded("China", "US", "both", "US"))
    units = table.set_index(["theirs", "ours"])["units"]
    assert units[("US", "other")] == units[("China", "China")] == units[("both", "both")] == 1
    assert table["units"].sum() == 4


def test_units_without_a_token_are_left_out(small):
    """A span of signs alone is counted apart."""
    more = pd.DataFrame([("d0", 10, 11, "ann", "US")], columns=coded().columns)
    codings = pd.concat([coded("China", "US").assign(end=[10, 19]), more])
    row = stances.actor_agreement(small, BOOK, codings).iloc[0]
    assert row[["units", "left_out", "percent"]].tolist() == [2, 1, 1]


def test_unknown_document_is_refused(small):
    """The error names it."""
    with pytest.raises(InputError, match="codings: no such document: 'd7'"):
        stances.actor_agreement(small, BOOK, coded("US").assign(document="d7"))


@pytest.mark.parametrize("coder", ["a", "b"])
def test_agreement_on_the_five_texts(tokens, codebook, reference, coder):
    """With each machine-made coding the rule agrees in six of ten units, kappa about one half:
    fair, and said wherever it is used."""
    table = stances.actor_agreement(tokens, codebook, reference, resamples=100)
    row = table.set_index("coder").loc[coder]
    assert row["units"] + row["left_out"] == 379
    assert row["percent"] >= 0.62
    assert row["cohen"] >= 0.48
    assert row["low"] < row["alpha"] < row["high"]


@pytest.fixture(scope="module")
def accuracy(tokens, root) -> pd.DataFrame:
    labels = pd.read_csv(root / "tests" / "data" / "voices.csv")
    return stances.voice_accuracy(tokens, labels).set_index("voice")


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
