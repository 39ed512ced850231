"""A learnt coder: it learns what holds across documents, and is never judged on what it saw."""

import csv
from pathlib import Path

import numpy as np
import pytest

from analysis.coding import coder
from analysis.errors import InputError

REFERENCE = Path(__file__).parent / "data" / "reference"
NAN = float("nan")


def made(telling, n_documents: int = 8, n: int = 20, seed: int = 1):
    """Units of filler words, half of which carry a frame told by the word `telling(document)`."""
    rng = np.random.default_rng(seed)
    texts, codes, documents = [], [], []
    for document in range(n_documents):
        for unit in range(n):
            words = [f"w{k}" for k in rng.integers(0, 30, 8)]
            texts.append(" ".join(words + [telling(document)] * (unit % 2)))
            codes.append([float(unit % 2)])
            documents.append(f"d{document}")
    return texts, np.array(codes), documents


def test_it_learns_what_holds_across_documents():
    """A word that tells the frame in every document is found in all of them."""
    texts, codes, documents = made(lambda document: "rivalry")
    got = coder.learnt_coding(texts, codes, documents, ["race"])
    assert (got.coded == (codes == 1)).mean() > 0.95


def test_it_is_never_judged_on_what_it_saw():
    """A word of one document only, which a model that saw it would use, is of no help at all."""
    texts, codes, documents = made(lambda document: f"name{document}")
    got = coder.learnt_coding(texts, codes, documents, ["race"])
    assert 0.3 < (got.coded == (codes == 1)).mean() < 0.7


def test_a_document_is_one_fold():
    """No document is dealt into two folds, and the folds hold about as many coded units."""
    documents = np.repeat(["a", "b", "c", "d", "e"], [90, 50, 40, 10, 10]).astype(object)
    folds = coder._document_folds(documents, np.zeros((200, 1)), 1)
    assert all(len(set(folds[documents == name])) == 1 for name in "abcde")
    assert np.bincount(folds).tolist() == [90, 50, 40, 10, 10]


def test_units_that_nobody_coded_are_coded():
    """Codes of half of the units are enough to code the others."""
    texts, codes, documents = made(lambda document: "rivalry", n=60)
    seen = np.where(np.arange(len(codes)) % 4 < 2, codes[:, 0], NAN)[:, None]
    got = coder.learnt_coding(texts, seen, documents, ["race"])
    assert (got.coded == (codes == 1)).mean() > 0.95
    assert np.isfinite(got.probability).all()


def test_the_same_seed_codes_the_same():
    """Two runs give the same probabilities."""
    texts, codes, documents = made(lambda document: "rivalry", 4)
    runs = [coder.learnt_coding(texts, codes, documents, ["race"]) for _ in range(2)]
    assert np.array_equal(runs[0].probability, runs[1].probability)


@pytest.mark.parametrize(
    ("positive", "told"),
    [
        (range(9), "9 coded units with the frame, 151 without: not learnt below 10 of each"),
        (range(20), "all units with the frame, or without, are in too few documents"),
    ],
)
def test_a_rare_frame_is_not_learnt(positive, told):
    """Nine units with the frame, or all of them in one document: not known, and why."""
    texts, codes, documents = made(lambda document: "rivalry")
    rare = np.isin(np.arange(len(codes)), positive).astype(float)[:, None]
    got = coder.learnt_coding(texts, np.hstack([codes, rare]), documents, ["race", "rare"])
    assert got.reasons == ("", told)
    assert not got.coded[:, 1].any()


@pytest.mark.parametrize("n", [1, 0])
def test_too_few_documents_are_refused(n):
    """One document, or no coded unit, teaches nothing that could be judged."""
    texts, codes, documents = made(lambda document: "rivalry", max(n, 1))
    with pytest.raises(InputError, match=f"too few documents with coded units to learn from: {n}"):
        coder.learnt_coding(texts, codes if n else codes * NAN, documents, ["race"])


def test_texts_without_common_words_are_refused():
    """Where no word stands in two units there is nothing to learn."""
    texts = [f"only{n}" for n in range(40)]
    with pytest.raises(InputError, match="no words in common"):
        coder.learnt_coding(texts, np.ones((40, 1)), ["a"] * 20 + ["b"] * 20, ["race"])


def test_scores_by_hand():
    """Two of three found are right of four there are: precision 2/3, recall 1/2, F1 4/7."""
    codes = np.array([[1], [1], [1], [1], [0], [0], [NAN]])
    rules = coder.rule_coding(np.array([[1], [1], [0], [0], [1], [0], [1]]), ["race"])
    row = coder.coder_table([rules], codes).iloc[0]
    assert (row["coder"], row["units"], row["positive"]) == ("rules", 6, 4)
    assert row[["precision", "recall", "f1"]].tolist() == pytest.approx([2 / 3, 1 / 2, 4 / 7])


def test_unknown_frames_do_not_count_in_the_mean():
    """The macro row is the mean of the frames a coder knows, and says of how many."""
    codes = np.array([[1, 1], [0, 1]])
    coding = coder.AutomaticCoding("x", ("a", "b"), np.array([[1, 0], [1, 0]], bool), ("", "rare"))
    macro = coder.coder_table([coding], codes).iloc[-1]
    assert (macro["frame"], macro["f1"]) == ("macro", pytest.approx(2 / 3))
    assert macro["reason"] == "mean of 1 of 2 frames"


def test_frames_that_nobody_coded_do_not_count_in_the_mean():
    """A frame without a coded unit has no F1: the mean is of the other, and says so."""
    rules = coder.rule_coding(np.array([[1, 0], [1, 1]]), ["a", "b"])
    macro = coder.coder_table([rules], np.array([[1, 0], [0, 0]])).iloc[-1]
    assert (macro["f1"], macro["reason"]) == (pytest.approx(2 / 3), "mean of 1 of 2 frames")


def test_a_coder_that_learns_nothing():
    """Where nothing can be learnt no unit is coded, and every frame has the reason."""
    got = coder.unknown_coding(["a", "b"], 3, "too few")
    assert (got.coded.shape, got.coded.any(), got.reasons) == ((3, 2), False, ("too few",) * 2)


def test_five_documents_teach_little():
    """On the machine-made reference codings (tests/data/reference/README.md) a coder that never saw
    a text's own document reaches a macro-F1 below 0.4: five texts are too few to learn from."""
    read = [
        list(csv.DictReader((REFERENCE / name).open(encoding="utf-8", newline="")))
        for name in ("units.csv", "coder_a.csv")
    ]
    texts = {(row["document"], row["unit"]): row["text"] for row in read[0]}
    frames = ["race", "security", "market", "innovation"]
    sets = [set(row["frames"].split(";")) for row in read[1]]
    codes = np.array([[float(frame in one) for frame in frames] for one in sets])
    keys = [(row["document"], row["unit"]) for row in read[1]]
    got = coder.learnt_coding([texts[k] for k in keys], codes, [k[0] for k in keys], frames)
    macro = coder.coder_table([got], codes).iloc[-1]
    assert 0.1 < macro["f1"] < 0.4
