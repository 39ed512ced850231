"""The check-up of a corpus before anything runs: dates, scripts and lines that stand out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from analysis.corpus import Corpus
from analysis.language.chinese import NOT_SEGMENTED, letters_by_script
from analysis.tokens import Tokens

SCRIPTS = {"zh": "Chinese", "ja": "Japanese", "th": "Thai", "ru": "Cyrillic", "ar": "Arabic"}
"""The script that a language is expected in, if it is not Latin."""
MAX_LINE = 200
"""Characters of a line that are compared: longer lines are alike if they begin alike."""
_SCRIPT_CHARACTERS = 20_000
"""Characters of each document in which scripts are looked for."""
_FAR_YEARS, _FAR_RANGES = 50, 5
_MIN_DOCUMENTS, _MIN_SHARE = 3, 0.2
_BUCKETS = 1 << 22
_NUMBER = re.compile(r"\d+")
_NOT_LATIN = re.compile(
    "[\u0370-\u1dff\u2c00-\u2dff\u2e80-\ud7ff\uf900-\ufaff\ufb07-\ufefc\uff66-\uffdc\U00010000-\U0010ffff]"
)
"""Characters among which the letters of other scripts are; other texts need no closer look."""
_LETTERS = re.compile(r"[^\W\d_]{2}|[\u3400-\u9fff]")


def far_dates(dates: Sequence[str]) -> list[str]:
    """Dates, in order, more than fifty years and five interquartile ranges from the middle half.

    >>> far_dates(["2023", "2024-07", "2024", "9999-12-31"])
    ['9999-12-31']
    """
    years = np.array([int(date[:4]) for date in dates])
    quarters = (np.percentile(years, 25, method="higher"), np.percentile(years, 75, method="lower"))
    low, high = min(quarters), max(quarters)
    margin = max(_FAR_YEARS, _FAR_RANGES * (high - low))
    far = (years < low - margin) | (years > high + margin)
    return [dates[number] for number in np.flatnonzero(far)]


def script_table(corpus: Corpus) -> pd.DataFrame:
    """One row a document: document, language, script (of most of its first 20,000 characters)."""
    scripts = []
    for text in corpus.texts:
        start = text[:_SCRIPT_CHARACTERS]
        found = list(letters_by_script(start)) if _NOT_LATIN.search(start) else ["Latin"]
        scripts.append(found[0] if found else "")
    columns = {"document": corpus.documents["id"], "language": corpus.documents["language"]}
    return pd.DataFrame(columns).assign(script=scripts)


def script_mismatches(table: pd.DataFrame) -> dict[str, list[str]]:
    """The documents that are not in the script of their declared language, by language; "" for
    languages with spaces between words that are written without."""
    language = table["language"].str.lower().str[:2]
    found = {}
    for code, script in SCRIPTS.items():
        other = (language == code) & ~table["script"].isin(["", script])
        found[code] = table.loc[other, "document"].tolist()
    unspaced = table["script"].isin(["Chinese", *NOT_SEGMENTED])
    found[""] = table.loc[unspaced & ~language.isin(["", *SCRIPTS]), "document"].tolist()
    return {code: documents for code, documents in found.items() if documents}


def hard_wrapped(tokens: Tokens) -> list[str]:
    """The documents whose paragraphs are broken into lines of like width."""
    numbers = np.concatenate([block.wrapped + block.first_document for block in tokens.blocks()])
    return tokens.corpus.documents["id"].iloc[numbers].tolist()


def repeated_lines(corpus: Corpus) -> pd.DataFrame:
    """Lines that are in many documents of one source and are not excluded yet.

    Columns source, line (numbers that differ as `*`), documents, of (documents of the source). A
    line counts from three documents and a fifth of its source on; the commonest come first. Two
    passes: the first counts lines by hash in a table of fixed size, the second only those that may
    be many, so that memory does not grow with the corpus.
    """
    sizes = corpus.documents["source"].value_counts()
    needed = np.maximum(_MIN_DOCUMENTS, np.ceil(_MIN_SHARE * sizes)).to_dict()
    buckets = np.zeros(_BUCKETS, dtype=np.uint32)
    for source, lines in _document_lines(corpus):
        np.add.at(buckets, list({_bucket_of(source, line) for line in lines}), 1)
    counts: Counter[tuple[str, str]] = Counter()
    as_written: dict[tuple[str, str], str] = {}
    for source, lines in _document_lines(corpus):
        for line, written in lines.items():
            if buckets[_bucket_of(source, line)] >= needed[source]:
                counts[source, line] += 1
                if as_written.setdefault((source, line), written) != written:
                    as_written[source, line] = line if len(line) < MAX_LINE else f"{line}*"
    rows = [
        (source, as_written[source, line], n, int(sizes[source]))
        for (source, line), n in counts.items()
        if n >= needed[source]
    ]
    table = pd.DataFrame(rows, columns=["source", "line", "documents", "of"])
    order = ["documents", "source", "line"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _document_lines(corpus: Corpus) -> Iterator[tuple[str, dict[str, str]]]:
    """Of each document its source and its distinct lines, numbers as `*`, each as it is written."""
    excluded = {name: set(lines) for name, lines in corpus.excluded.groupby("document")["line"]}
    names = zip(corpus.documents["id"], corpus.documents["source"], corpus.texts, strict=True)
    for document, source, text in names:
        out = excluded.get(document, ())
        yield (
            source,
            {
                _NUMBER.sub("*", line[:MAX_LINE]): line
                for number, line in enumerate(map(str.strip, text.splitlines()), start=1)
                if number not in out and _LETTERS.search(line)
            },
        )


def _bucket_of(source: str, line: str) -> int:
    """The bucket in which a line of a source is counted."""
    return hash((source, line)) % _BUCKETS
