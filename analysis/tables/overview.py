"""What is in a corpus: documents, vocabulary, collocations, diversity, growth, overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby

import numpy as np
import pandas as pd

from analysis.corpus import EVERY, NO_VALUE, Corpus
from analysis.errors import shown_lines
from analysis.language.chinese import not_segmented
from analysis.language.words import is_stop_word
from analysis.reading.metadata import WHOLE_CORPUS
from analysis.rules.codebook import RuleSet
from analysis.statistics import measures, uncertainty
from analysis.statistics.diversity import TypesInTexts, hdd, mattr, mtld
from analysis.tokens import Block, Tokens, excluded_by_number

_FEWEST_TOGETHER = 3
_GROWTH_POINTS = 200
_MOST_WORDS = _MOST_PAIRS = 50_000
MOST_CURVES = 40
MOST_SPREAD = 200
_MOST_TOLD = 10_000
_UNSEGMENTED_LEADS = (b"\xe0", b"\xe1", b"\xe3\x81", b"\xe3\x82", b"\xe3\x83")
"""First bytes, in UTF-8, of the letters of scripts that are not segmented."""
_SIEVE_BITS = 26
_SIEVE = 2**_SIEVE_BITS
_SHARES = 16
"""Ranges of pairs that are counted apart, so that little is sorted at a time."""
_FULL = 255


def reading_account(corpus: Corpus) -> pd.DataFrame:
    """What was read, kept and left out, as counts that add up: columns what, count."""
    lines = sum(
        sum(bool(line.strip()) for line in corpus.texts.gathered(part)[0].decode().splitlines())
        for part in corpus.texts.portions()
    )
    dated = int((corpus.documents["date"] != "").sum())
    rows = [
        ("documents read", len(corpus) + len(corpus.rejected)),
        ("documents rejected", len(corpus.rejected)),
        ("documents kept", len(corpus)),
        ("documents with a date", dated),
        ("documents without a date", len(corpus) - dated),
        ("lines of text", lines),
        ("lines excluded by a rule", len(corpus.excluded)),
        ("lines kept", lines - len(corpus.excluded)),
        ("remarks on how items were read", len(corpus.remarks)),
    ]
    return pd.DataFrame(rows, columns=["what", "count"])


def reading_notes(corpus: Corpus) -> pd.DataFrame:
    """Each item that was rejected, then each read by a guess: columns what, where, why."""
    rows = [("rejected", *item) for item in corpus.rejected]
    rows += [("remark", *item) for item in corpus.remarks]
    return pd.DataFrame(rows, columns=["what", "where", "why"])


def document_table(tokens: Tokens) -> pd.DataFrame:
    """One row a document: `documents.csv`.

    Counts are of what is kept after exclusions; `characters` of the text as it was given. Types
    and diversity are of folded types. A diversity that the text is too short for is missing.
    """
    corpus = tokens.corpus
    table = corpus.documents[["id", "title", "source", "date", "language"]].rename(
        columns={"id": "document"}
    )
    columns = ["types", "paragraphs", "mattr", "mtld", "hdd"]
    parts = [part for _, part in tokens.each(_diversity_of)]
    found = dict(zip(columns, map(np.concatenate, zip(*parts, strict=True)), strict=True))
    table["tokens"] = tokens.document_sizes
    table["types"] = found["types"]
    table["sentences"] = np.diff(tokens.sentence_start)
    table["paragraphs"] = found["paragraphs"]
    table["characters"] = corpus.texts.characters
    excluded = np.zeros(len(table), dtype=np.int64)
    for number, lines in excluded_by_number(corpus).items():
        excluded[number] = len(lines)
    table["excluded_lines"] = excluded
    for column in columns[2:]:
        table[column] = found.pop(column)
    table["date_precision"] = corpus.documents["date_precision"]
    return table


def _diversity_of(block: Block) -> tuple[np.ndarray, ...]:
    """Types, paragraphs and three measures of diversity of each document of a block."""
    new = np.ones(block.n_sentences, dtype=bool)
    new[1:] = (np.diff(block.sentence_document) != 0) | (np.diff(block.paragraph) != 0)
    paragraphs = np.bincount(block.sentence_document[new], minlength=block.n_documents)
    texts = TypesInTexts(block.type_ids, block.document_start)
    return texts.n_types, paragraphs, mattr(texts), mtld(texts), hdd(texts)


def group_overview(tokens: Tokens, group: str) -> pd.DataFrame:
    """Who speaks how much: columns group, documents, tokens, share (of tokens), first, last (dates)."""
    groups = tokens.corpus.groups(group)
    dates = tokens.corpus.documents["date"]
    rows = []
    for name in sorted(set(groups)):
        mine = (groups == name).to_numpy()
        size = int(tokens.document_sizes[mine].sum())
        dated = sorted(set(dates[mine].unique()) - {""}) or [""]
        share = size / max(len(tokens), 1)
        rows.append((name, int(mine.sum()), size, share, dated[0], dated[-1]))
    return pd.DataFrame(rows, columns=["group", "documents", "tokens", "share", "first", "last"])


def vocabulary_table(tokens: Tokens, *, most_words: int = _MOST_WORDS) -> pd.DataFrame:
    """One row a type, the most frequent first: `vocabulary.csv`; at most `most_words` of them.

    `documents` is how many hold it. Three measures of dispersion over documents: `dp` is Gries's
    deviation of proportions, 0 = evenly spread, towards 1 = in one document; `dp_norm` the same in
    Lijffijt and Gries's normalisation; `juilland_d` runs the other way, 1 = even, 0 = in one
    document. All are missing for a corpus of one document. A corpus of several languages has the
    rows of each, with the columns language and of_documents (those of the language), and rates
    within it.
    """
    strata = tokens.corpus.strata
    parts = [_vocabulary_of(tokens, inside, most_words) for _, inside in strata]
    if len(strata) == 1:
        return parts[0]
    told = [
        part.assign(language=language, of_documents=int(inside.sum()))
        for part, (language, inside) in zip(parts, strata, strict=True)
    ]
    together = pd.concat(told, ignore_index=True)
    return together.sort_values("count", ascending=False, kind="stable", ignore_index=True)


def _vocabulary_of(tokens: Tokens, inside: np.ndarray, most_words: int) -> pd.DataFrame:
    """The rows of the documents of one language."""
    whole = inside.all()
    count = tokens.type_totals if whole else tokens.group_totals(inside[None])[0]
    sizes = tokens.document_sizes
    total = int(sizes[inside].sum())
    documents = np.zeros(len(count), dtype=np.int64)
    excess, rates, squares = (np.zeros(len(count)) for _ in range(3))
    for block, counts in tokens.type_counts():
        mine = counts if whole else counts[np.flatnonzero(inside[block])]
        lengths = sizes[block][inside[block]]
        documents += np.bincount(mine.indices, minlength=len(count))
        excess += measures.excess_of_proportions(mine, lengths, count, total)
        rate = mine.data / np.repeat(lengths, np.diff(mine.indptr))
        rates += np.bincount(mine.indices, rate, len(count))
        squares += np.bincount(mine.indices, rate**2, len(count))
    order = np.argsort(-count, kind="stable")[: min(most_words, np.count_nonzero(count))]
    parts = sizes[inside & (sizes > 0)]
    dp = (excess[order] + 1) / 2 if len(parts) > 1 else np.full(len(order), np.nan)
    return pd.DataFrame(
        {
            "token": tokens.types.take(order).to_pylist(),
            "count": count[order],
            "documents": documents[order],
            "per_million": measures.per_million(count[order], total),
            "dp": dp,
            "dp_norm": measures.normalised_deviation(dp, parts) if len(parts) > 1 else dp,
            "juilland_d": measures.juilland_of_sums(rates[order], squares[order], len(parts)),
        }
    )


def words_told(tokens: Tokens, shown: int) -> str:
    """How many words there are, and how many a table of the most frequent ones leaves out."""
    total = len(tokens.types)
    rest = f"; the {shown:,} most frequent are listed" if shown < total else ", all listed"
    return f"{total:,} different words{rest}."


def content_words(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table whose `token` is no function word, lone letter or number."""
    kept = [not is_stop_word(token) for token in table["token"]]
    return table[np.array(kept, dtype=bool)].reset_index(drop=True)


def collocation_table(
    tokens: Tokens, *, fewest: int = _FEWEST_TOGETHER, most_pairs: int = _MOST_PAIRS
) -> pd.DataFrame:
    """Pairs of neighbouring content words within a sentence, by G²: `collocations.csv`.

    Only pairs that stand together at least `fewest` times and more often than expected, of these the
    `most_pairs` with the highest G². `expected` assumes that the two words are set independently of
    each other; pmi is to base 2. In a corpus of several languages what is expected is reckoned
    within each (column language).
    """
    strata = tokens.corpus.strata
    parts = [_collocations_of(tokens, inside, fewest, most_pairs) for _, inside in strata]
    if len(strata) > 1:
        parts = [part.assign(language=code) for part, (code, _) in zip(parts, strata, strict=True)]
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    rank = _ranks(table["g2"])
    order = table.assign(rank=rank).sort_values(["rank", "collocation"], ascending=[False, True])
    return order.drop(columns="rank").reset_index(drop=True).head(most_pairs)


def _ranks(g2):
    """What pairs are ordered by: equal but for rounding is equal."""
    return g2.round(6)


def _collocations_of(
    tokens: Tokens, inside: np.ndarray, fewest: int, most_pairs: int
) -> pd.DataFrame:
    """The strongest pairs of the documents of one language, in no order, with all that tie with the last."""
    n_types = len(tokens.types)
    as_first, as_second = np.zeros(n_types, np.int64), np.zeros(n_types, np.int64)
    sieve = np.zeros(_SIEVE, dtype=np.uint8)
    for block, (first, second, places, times) in tokens.each(partial(_neighbours, tokens, inside)):
        np.add.at(as_first, block.types, first)
        np.add.at(as_second, block.types, second)
        sieve[places] = np.minimum(sieve[places] + times, _FULL)
    sums = [_Sums() for _ in range(_SHARES)]
    edges = np.arange(1, _SHARES) * (n_types * n_types // _SHARES)
    enough = partial(_pairs_passed, tokens, inside, sieve, min(fewest, _FULL))
    for _, (pairs, times) in tokens.each(enough):
        at = np.searchsorted(pairs, edges)
        for share, *part in zip(sums, np.split(pairs, at), np.split(times, at), strict=True):
            share.add(*part)
    total = int(as_first.sum())
    strongest = np.empty((5, 0))
    for share in sums:
        pairs, together = share.total()
        pairs, together = pairs[together >= fewest], together[together >= fewest]
        first, second = as_first[pairs // n_types], as_second[pairs % n_types]
        expected, g2, pmi = measures.collocation(together, first, second, total)
        found = np.stack((pairs, together, expected, g2, pmi))[:, together > expected]
        strongest = _highest(np.hstack((strongest, found)), most_pairs)
    pairs, together = strongest[:2].astype(np.int64)
    names = [tokens.types.take(side).to_pylist() for side in np.divmod(pairs, max(n_types, 1))]
    return pd.DataFrame(
        {
            "collocation": [f"{a} {b}" for a, b in zip(*names, strict=True)],
            "count": together,
            **dict(zip(("expected", "g2", "pmi"), strongest[2:], strict=True)),
        }
    )


def _highest(found: np.ndarray, most: int) -> np.ndarray:
    """The columns with the highest G² (the fourth row), and those that tie with the last of them."""
    if found.shape[1] <= most:
        return found
    rank = _ranks(found[3])
    return found[:, rank >= np.partition(rank, -most)[-most]]


def pairs_told(pairs: pd.DataFrame) -> str:
    """How many pairs are listed, and whether there are more."""
    listed = f"{len(pairs):,} pairs are listed"
    if len(pairs) < _MOST_PAIRS:
        return f"{listed}: all that stand together {_FEWEST_TOGETHER} times and more often than expected."
    return f"{listed}, those with the highest G²."


class _Sums:
    """Counts by key added up, merged whenever as many wait as are merged already."""

    def __init__(self):
        self.keys, self.counts = np.empty(0, np.int64), np.empty(0, np.int64)
        self.waiting: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, keys: np.ndarray, counts: np.ndarray) -> None:
        """Take counts of different keys."""
        self.waiting.append((keys, counts))
        if sum(len(part) for part, _ in self.waiting) > max(100_000, len(self.keys)):
            self.merge()

    def merge(self) -> None:
        parts = [(self.keys, self.counts), *self.waiting]
        keys, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
        self.keys, at = np.unique(keys, return_inverse=True)
        self.counts = np.bincount(at, counts, len(self.keys)).astype(np.int64)
        self.waiting = []

    def total(self) -> tuple[np.ndarray, np.ndarray]:
        """The keys, sorted, and their counts."""
        self.merge()
        return self.keys, self.counts


def _neighbours(tokens: Tokens, inside: np.ndarray, block: Block) -> tuple[np.ndarray, ...]:
    """How often each form of a block stands first and second of two tokens side by side in a
    sentence; the places of their content pairs in the sieve, and how many pairs have each."""
    pair = _beside(block, inside)
    first, second = (
        np.bincount(ids[pair], minlength=len(block.forms))
        for ids in (block.ids[:-1], block.ids[1:])
    )
    return (
        first,
        second,
        *np.unique(_sieved(_content_pairs(tokens, inside, block)), return_counts=True),
    )


def _beside(block: Block, inside: np.ndarray) -> np.ndarray:
    """Which tokens of a block have the next one beside them in a sentence of some documents."""
    same = np.ones(max(len(block.ids) - 1, 0), dtype=bool)
    same[block.sentence_start[1:-1] - 1] = False
    if not inside.all():
        same &= inside[block.documents][block.document_of[:-1]]
    return same


def _content_pairs(tokens: Tokens, inside: np.ndarray, block: Block) -> np.ndarray:
    """The pairs of two content words side by side in a sentence of a block, each as one number."""
    content = tokens.is_content[block.types][block.ids]
    pair = np.flatnonzero(_beside(block, inside) & content[:-1] & content[1:])
    first, second = block.types[block.ids[pair]], block.types[block.ids[pair + 1]]
    return first.astype(np.int64) * len(tokens.types) + second


def _pairs_passed(
    tokens: Tokens, inside: np.ndarray, sieve: np.ndarray, fewest: int, block: Block
) -> tuple:
    """The content pairs of a block whose place in the sieve holds enough, and their counts."""
    pairs = _content_pairs(tokens, inside, block)
    return np.unique(pairs[sieve[_sieved(pairs)] >= fewest], return_counts=True)


def _sieved(pairs: np.ndarray) -> np.ndarray:
    """A place of the sieve for every pair: pairs that share one are counted apart later."""
    scattered = pairs.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (scattered >> np.uint64(64 - _SIEVE_BITS)).astype(np.uint32)


def growth_table(tokens: Tokens, *, random_seed: int = 0) -> pd.DataFrame:
    """Types met after so many tokens: in each document, and through the corpus by date.

    Columns document, tokens, types, in a corpus of several languages also language; at most 200
    points a document, and of a corpus of more than MOST_CURVES documents only some, drawn at random.
    """
    ids = tokens.corpus.documents["id"]
    parts = []
    for number, types in _types_in(tokens, _some_documents(tokens, random_seed)):
        first = np.flatnonzero(TypesInTexts.of_one(types).last_met < 0)
        parts.append(_growth_points(ids[number], first, len(types)))
    if len(ids) > 1:
        parts.append(_growth_points(WHOLE_CORPUS, _first_met_by_date(tokens), len(tokens)))
    return _with_languages(pd.concat(parts, ignore_index=True), tokens)


def _with_languages(table: pd.DataFrame, tokens: Tokens) -> pd.DataFrame:
    """A table by document with a column language, where the corpus has several languages."""
    corpus = tokens.corpus
    if len(corpus.strata) == 1:
        return table
    spoken = dict(zip(corpus.documents["id"], corpus.languages, strict=True))
    return table.assign(language=table["document"].map(spoken).fillna(EVERY))


def _some_documents(
    tokens: Tokens, random_seed: int, what: str = "growth", most: int = MOST_CURVES
) -> list[int]:
    """All documents of a small corpus, `most` of a large one."""
    n = tokens.n_documents
    if n <= most:
        return list(range(n))
    rng = uncertainty.generator(random_seed, what)
    return np.sort(rng.choice(n, most, replace=False)).tolist()


def _types_in(tokens: Tokens, numbers: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Each of some documents, given in their order, with the types of its tokens."""
    for place, inside in groupby(numbers, key=tokens.block_number):
        block = tokens.block(place)
        for number in inside:
            first, last = block.document_start[number - block.first_document :][:2]
            yield number, block.types[block.ids[first:last]]


def _first_met_by_date(tokens: Tokens) -> np.ndarray:
    """The token at which each type is met first when the documents are read by date, sorted."""
    documents = tokens.corpus.documents
    order = documents.sort_values(["date", "id"]).index.to_numpy()
    starts = np.empty(len(documents), dtype=np.int64)
    starts[order] = np.cumsum(tokens.document_sizes[order]) - tokens.document_sizes[order]
    first = np.full(len(tokens.types), len(tokens), dtype=np.int64)
    for block in tokens.blocks():
        shift = starts[block.documents] - block.document_start[:-1]
        place = np.arange(len(block.ids)) + np.repeat(shift, np.diff(block.document_start))
        np.minimum.at(first, block.type_ids, place)
    return np.sort(first)


def _growth_points(name: str, first: np.ndarray, size: int) -> pd.DataFrame:
    """Some points of a curve of types met; `first` are the tokens that met a new one, sorted."""
    if not size:
        return pd.DataFrame({"document": [], "tokens": [], "types": []})
    at = np.unique(np.linspace(1, size, min(_GROWTH_POINTS, size)).astype(int))
    return pd.DataFrame({"document": name, "tokens": at, "types": np.searchsorted(first, at)})


def overlap_table(tokens: Tokens, *, random_seed: int = 0) -> pd.DataFrame:
    """For each document, how many of its types stand in how many documents of its language.

    Columns document, in_documents (1 = only here), types, share (of the document's types), in a
    corpus of several languages also language. A
    number of documents that no type of the document occurs in has no row, but for 1. Of a corpus
    of more than MOST_SPREAD documents only MOST_CURVES are in the table, drawn at random, and the
    numbers are counted together: `in_documents` is then the least of a stretch that ends before its
    double.
    """
    spread, numbers = tokens.spread, list(range(tokens.n_documents))
    if tokens.n_documents > MOST_SPREAD:
        spread = 2 ** np.floor(np.log2(np.maximum(spread, 1))).astype(np.int64)
        numbers = _some_documents(tokens, random_seed)
    ids = tokens.corpus.documents["id"]
    parts = []
    for number, types in _types_in(tokens, numbers):
        own = np.unique(types)
        among, n = np.unique(np.append(spread[tokens.stratum[number], own], 1), return_counts=True)
        n[0] -= 1
        share = n / (len(own) or np.nan)
        part = {"document": ids[number], "in_documents": among, "types": n, "share": share}
        parts.append(pd.DataFrame(part))
    return _with_languages(pd.concat(parts, ignore_index=True), tokens)


def only_here(tokens: Tokens, *, most: int = 8, random_seed: int = 0) -> pd.DataFrame:
    """Each document's most frequent content words that stand in no other document of its language.

    Columns document, words_only_here (how many content types), most_frequent ('word (count), …').
    Of a corpus of more than MOST_TOLD documents only so many are in the table, drawn at random.
    """
    alone = (tokens.spread == 1) & tokens.is_content
    numbers = _some_documents(tokens, random_seed, "only here", _MOST_TOLD)
    rows = []
    for number, types in _types_in(tokens, numbers):
        words, times = np.unique(types, return_counts=True)
        mine = alone[tokens.stratum[number], words]
        words, times = words[mine], times[mine]
        named = np.argsort(-times, kind="stable")[:most]
        told = zip(tokens.types.take(words[named]).to_pylist(), times[named], strict=True)
        rows.append((len(words), ", ".join(f"{word} ({count})" for word, count in told)))
    table = pd.DataFrame(rows, columns=["words_only_here", "most_frequent"])
    table.insert(0, "document", tokens.corpus.documents["id"].iloc[numbers].to_numpy())
    return table


def drawn_told(table: pd.DataFrame, tokens: Tokens) -> str:
    """Of how many documents a table has a row."""
    if len(table) == tokens.n_documents:
        return "Every document is in the table."
    return f"{len(table):,} of {tokens.n_documents:,} documents are in the table, drawn at random."


def in_every_document(vocabulary: pd.DataFrame, n_documents: int) -> pd.DataFrame:
    """The content words of a vocabulary table that stand in every document (of their language)."""
    every = vocabulary.get("of_documents", n_documents)
    return content_words(vocabulary[vocabulary["documents"] == every])


def describe_shared_words(vocabulary: pd.DataFrame, n_documents: int, *, most: int = 30) -> str:
    """The content words in every document (of their language), or that there are none."""
    words = in_every_document(vocabulary, n_documents)["token"]
    every = "every document" + (" of their language" if "language" in vocabulary else "")
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    listed = ", ".join(words.head(most)) or "none"
    return shown_lines(f"Content words in {every}: {listed}{more}")


def languages_told(corpus: Corpus) -> str:
    """The languages of the documents, and what is compared."""
    strata = corpus.strata
    counts = ", ".join(f"{code or 'not declared'} {int(inside.sum())}" for code, inside in strata)
    told = f"Documents by language: {counts}."
    if len(strata) > 1:
        told += " Words, rates and shares are compared within a language only."
    return shown_lines(told)


def scripts_told(corpus: Corpus) -> str:
    """The scripts that put no spaces between words and are not segmented, '' for none."""
    return "\n".join(
        f"NOT SEGMENTED: {letters:,} letters of {script} in {documents} documents: this script puts no "
        "spaces between words, so what is counted as one of its tokens is no word."
        for script, (documents, letters) in _unsegmented(corpus).items()
    )


def _unsegmented(corpus: Corpus) -> dict[str, tuple[int, int]]:
    """For each script that is not segmented, how many documents hold it and with how many letters."""
    found: dict[str, tuple[int, int]] = {}
    for part in corpus.texts.portions():
        content, _ = corpus.texts.gathered(part)
        if not any(lead in content for lead in _UNSEGMENTED_LEADS):
            continue
        for number in part:
            for script, letters in not_segmented(corpus.texts[number]).items():
                documents, total = found.get(script, (0, 0))
                found[script] = documents + 1, total + letters
    return dict(sorted(found.items()))


def rules_told_by_language(sets: Iterable[RuleSet], corpus: Corpus, what: str) -> str:
    """The languages of the corpus in which rule sets have no rule, '' where there are none."""
    lines = []
    for code, inside in corpus.strata:
        without = [rules.name for rules in sets if not rules.has_rules_in(code)]
        if without:
            names = ", ".join(without[:20]) + (" and more" if len(without) > 20 else "")
            lines.append(
                f"No rule in {code or 'the language'} ({int(inside.sum())} documents) for {what}: {names}."
            )
    return shown_lines("\n".join(lines)) or f"Every one of the {what} has rules in every language."


def overview_answer(
    tokens: Tokens, group: str, vocabulary: pd.DataFrame, collocations: pd.DataFrame
) -> str:
    """What the corpus is, in three sentences made of its numbers."""
    corpus, longest = tokens.corpus, tokens.document_sizes.max() / max(len(tokens), 1)
    words = ", ".join(content_words(vocabulary)["token"].head(8))
    pairs = ", ".join(collocations["collocation"].head(4)) or "none"
    groups = corpus.groups(group)
    named = groups[groups != NO_VALUE]
    values = f"{named.nunique()} values of {group}"
    without = len(groups) - len(named)
    values += f", {without:,} documents without one" if without else ""
    return shown_lines(
        f"{len(corpus)} documents ({values}) hold "
        f"{len(tokens):,} tokens in {tokens.n_sentences:,} sentences; "
        f"{len(corpus.excluded)} lines were left out.\n"
        f"The longest document holds {longest:.0%} of the tokens.\n"
        f"Most frequent content words: {words}. Strongest pairs: {pairs}."
    )
