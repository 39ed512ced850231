"""What is timed: every peer as a program of its own. `python -m benchmarks.peers NAME FILE [OUT]`.

Each counts the tokens of a Parquet corpus by the same definition (but for those that say they do
other work) and writes what it counted, so that equal results can be verified.
"""

from __future__ import annotations

import collections
import json
import re
import sys
from pathlib import Path

WORD = r"[\p{L}\p{M}\p{Nd}]"
UNICODE = rf"\p{{L}}(?:\.\p{{L}})+\.?|{WORD}+(?:['’ʼ＇]{WORD}+)*"
PLAIN = r"[^\W\d_](?:\.[^\W\d_])+\.?|[^\W_]+(?:['’ʼ＇][^\W_]+)*"
"""The same for `re`, for texts without combining marks (there are none in the corpora made here)."""


def store(file: str) -> dict[str, int]:
    """The token store of this workbook, sentences included; counts are read from it."""
    from analysis.corpus import read_corpus
    from analysis.tokens import tokenize

    tokens = tokenize(read_corpus(file))
    return dict(zip(tokens.vocabulary.to_pylist(), tokens.form_counts.tolist(), strict=True))


def polars(file: str) -> dict[str, int]:
    """polars, merely counting: extract every token, group, count."""
    import polars as pl

    tokens = pl.scan_parquet(file).select(pl.col("text").str.extract_all(UNICODE)).explode("text")
    counts = tokens.drop_nulls().group_by("text").len().collect()
    return dict(counts.iter_rows())


def sklearn(file: str) -> dict[str, int]:
    """scikit-learn's CountVectorizer."""
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(token_pattern=PLAIN, lowercase=False)
    counts = vectorizer.fit_transform(texts_of(file)).sum(axis=0).A1
    return dict(zip(vectorizer.get_feature_names_out(), counts.tolist(), strict=True))


def nltk(file: str) -> dict[str, int]:
    """NLTK's RegexpTokenizer and FreqDist."""
    from nltk import FreqDist
    from nltk.tokenize import RegexpTokenizer

    tokenizer, counts = RegexpTokenizer(PLAIN), FreqDist()
    for text in texts_of(file):
        counts.update(tokenizer.tokenize(text))
    return dict(counts)


def texts_of(file: str):
    """The texts of a Parquet corpus one by one."""
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(file).iter_batches(2000, columns=["text"]):
        yield from batch.column(0).to_pylist()


def normal(counts: dict[str, int]) -> dict[str, int]:
    """The counts by normal form, however the tokens were written."""
    from analysis.language.words import normal_form

    total: collections.Counter[str] = collections.Counter()
    for token, count in counts.items():
        total[normal_form(token)] += count
    return dict(total)


PEERS = {function.__name__: function for function in (store, polars, sklearn, nltk)}


def main() -> None:
    name, file, *out = sys.argv[1:]
    counts = PEERS[name](file)
    if out:
        Path(out[0]).write_text(json.dumps(counts), encoding="utf-8")


if __name__ == "__main__":
    assert re.compile(PLAIN)
    main()
