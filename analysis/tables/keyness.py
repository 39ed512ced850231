"""Keyness: words that distinguish each group from the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.statistics import measures, uncertainty
from analysis.statistics.uncertainty import WordSums
from analysis.tables.framing import Comparison, comparisons_of, group_names
from analysis.tables.trends import informative_prior
from analysis.tokens import Tokens

_MAX_WORDS = 20_000
_COLUMNS = ["token", "group", "count", "tokens", "rest_count", "rest_tokens", "log_odds", "z"]
_COLUMNS += ["g2", "log_ratio", "p", "q", "documents", "rest_documents"]
_COLUMNS += ["g2_two_cell", "percent_difference", "no_test"]


def keyness_table(
    tokens: Tokens,
    group: str,
    compare: Sequence[str] = (),
    *,
    prior: float,
    most_words: int = _MAX_WORDS,
) -> pd.DataFrame:
    """Words that distinguish each group from what it is compared with: `keyness.csv`.

    The `most_words` types with the largest |z| of every group, by z. log_odds and z: log-odds with
    an informative Dirichlet prior of `prior` tokens; g2: 4-cell log-likelihood, signed; log_ratio:
    binary logarithm of the two rates' ratio. p: a binomial test adjusted for the clumping of words
    in documents (`uncertainty.word_p`), with its false discovery rate q over all tested types of the
    group. Both are missing, and `no_test` says why, where a side has fewer than ten documents or the
    word is in too few: it is ranked but not tested. Columns end with documents, rest_documents,
    g2_two_cell (log-likelihood from the word's own two cells, signed), percent_difference (%DIFF) and
    no_test. log_odds, z, g2, log_ratio and percent_difference always have one sign.
    """
    groups = tokens.corpus.groups(group).to_numpy()
    names = group_names(tokens.corpus, group, compare)
    parts = [
        part
        for _, compared in comparisons_of(tokens.corpus, groups, names)
        for part in _keyness_parts(tokens, compared, prior, most_words)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return table.reindex(columns=_COLUMNS).sort_values(
        ["group", "z", "token"], ascending=[True, False, True], ignore_index=True
    )


def _keyness_parts(
    tokens: Tokens, compared: Sequence[Comparison], prior: float, most_words: int
) -> Iterator[pd.DataFrame]:
    """The rows of each group in the comparisons of one language."""
    two = len(compared) == 1
    masks = [mine for _, _, mine, _ in compared] + [theirs for *_, theirs in compared[:1] if two]
    sums = _word_sums(tokens, np.array(masks) & (tokens.document_sizes > 0))
    for (name, other, mine, theirs), (own, rest) in zip(compared, sums, strict=False):
        sides = [(name, own, rest, mine, theirs), (other, rest, own, theirs, mine)]
        for label, one, another, inside, outside in sides[: 1 + two]:
            part = _keyness_of(one, another, prior, most_words)
            part["token"] = tokens.types.take(part.pop("type").to_numpy()).to_pylist()
            n = {"documents": int(inside.sum()), "rest_documents": int(outside.sum())}
            yield part.assign(group=label, **n)


def _keyness_of(own: WordSums, rest: WordSums, prior: float, most_words: int) -> pd.DataFrame:
    """The rows of one group against the other side, `type` the number of the word."""
    used = np.flatnonzero(own.counts + rest.counts)
    count, others = own.counts[used], rest.counts[used]
    size, rest_size = int(count.sum()), int(others.sum())
    if not size or not rest_size:
        return pd.DataFrame({"type": np.empty(0, dtype=np.int64)})
    delta, z = measures.log_odds(count, others, informative_prior(count + others, prior))
    even = count * float(rest_size) == others * float(size)  # rounding must not give it a sign
    p = uncertainty.word_p(own, rest)[used]
    cells = {"count": count, "tokens": size, "rest_count": others, "rest_tokens": rest_size}
    effects = {name: measure(*cells.values()) for name, measure in measures.KEYNESS.items()}
    table = pd.DataFrame({"type": used, **cells, **effects, "p": p})
    table["log_odds"], table["z"] = np.where(even, 0.0, delta), np.where(even, 0.0, z)
    table["q"] = uncertainty.false_discovery(p)
    table["no_test"] = np.where(np.isnan(p), _no_word_test(own, rest), "")
    if len(table) <= most_words:
        return table
    strongest = np.argsort(-table["z"].abs().to_numpy(), kind="stable")[:most_words]
    return table.iloc[np.sort(strongest)]


def _no_word_test(own: WordSums, rest: WordSums) -> str:
    """Why a word without a p has none."""
    n = own.documents, rest.documents
    if min(n) < uncertainty.FEWEST_DOCUMENTS:
        fewest = uncertainty.FEWEST_DOCUMENTS
        return f"{n[0]} against {n[1]} documents: fewer than {fewest} on a side"
    least = -(-uncertainty.MIN_EXPECTED_WORD_CARRIERS * sum(n) // min(n))
    return f"too rare to test: fewer than {least:,} documents have it"


def _word_sums(tokens: Tokens, masks: np.ndarray) -> Iterator[tuple[WordSums, WordSums]]:
    """The sums of each group of documents (rows of masks), and of all other groups together.

    What only a test needs is summed for words in enough documents to be tested, and is 0 for others.
    The weight h of a document as one of the others is the largest that it has in any comparison.
    With two groups that is exact; with more it makes the test slightly conservative, and one sum
    serves all groups.
    """
    totals, m = tokens.group_totals(masks), tokens.document_sizes.astype(float)
    every, sizes, documents = totals.sum(axis=0), masks @ m, masks.sum(axis=1)
    group_of, others = masks.argmax(axis=0), sizes.sum() - sizes
    least = np.array([np.delete(others, group).min() for group in range(len(masks))])
    weights = np.array([t / np.maximum(t - m, 1) for t in (sizes[group_of], least[group_of])])
    columns = _testable(tokens, documents)
    by_word = _clumping(tokens, masks, weights, columns)
    by_side = [(sizes, masks @ m**2, masks @ m**4, masks @ (h * m**2)) for h in weights]

    def side(counts: np.ndarray, chosen: np.ndarray, weight: int) -> WordSums:
        words = np.zeros((3, len(every)))
        words[:, columns] = by_word[:, weight, chosen].sum(axis=1)
        sums = (float(part[chosen].sum()) for part in by_side[weight])
        return WordSums(counts, *words, *sums, int(documents[chosen].sum()))

    for group, count in enumerate(totals):
        mine = np.arange(len(masks)) == group
        yield side(count, mine, 0), side(every - count, ~mine, 1)


def _testable(tokens: Tokens, documents: np.ndarray) -> np.ndarray:
    """The words in enough documents to be tested in some group; `documents` are those of each."""
    n = max(int(documents.sum()), 1)
    smaller = np.minimum(documents, n - documents)
    share = np.max(smaller[smaller >= uncertainty.FEWEST_DOCUMENTS], initial=0) / n
    expected = tokens.spread.sum(axis=0) * share
    return np.flatnonzero(expected >= uncertainty.MIN_EXPECTED_WORD_CARRIERS)


def _clumping(
    tokens: Tokens, masks: np.ndarray, weights: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Sums over the documents of each group: weight × count², weight × size × count, and documents
    with the word (sums × weights × groups × words)."""
    sums = np.zeros((3, len(weights), len(masks), len(columns)))
    for documents, counts in tokens.type_counts() if len(columns) else ():
        x = counts[:, columns].astype(float)
        inside = sparse.csr_array(masks[:, documents].astype(float))
        for k, weight in enumerate(weights[:, documents]):
            by_weight = inside.multiply(weight[None, :]).tocsr()
            by_size = by_weight.multiply(tokens.document_sizes[documents][None, :])
            parts = (by_weight @ x.multiply(x), by_size @ x, inside @ (x > 0).astype(float))
            for total, part in zip(sums[:, k], parts, strict=True):
                part = part.tocoo()
                total[part.coords] += part.data
    return sums
