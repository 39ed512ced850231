"""What is in a corpus: documents, vocabulary, collocations, diversity, growth, overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.corpus import EVERY, Corpus
from analysis.language.chinese import not_segmented
from analysis.language.words import is_stop_word
from analysis.reading.metadata import WHOLE_CORPUS
from analysis.statistics import measures, uncertainty
from analysis.statistics.diversity import TypesInTexts, hdd, mattr, mtld
from analysis.tables.rates import table_by_language
from analysis.tokens import Block, Tokens, excluded_by_number

MIN_TOGETHER = 3
MAX_PAIRS = 50_000
_MAX_WORDS = 50_000
_GROWTH_POINTS = 200
MOST_CURVES = 40
MOST_SPREAD = 200
_MAX_LISTED = 10_000
# first bytes, in UTF-8, of the letters of scripts that are not segmented
_UNSEGMENTED_LEADS = (b"\xe0", b"\xe1", b"\xe3\x81", b"\xe3\x82", b"\xe3\x83")
# pairs whose measures are computed together
_AT_ONCE = 1_000_000


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
    parts = [part for _, part in tokens.each(_diversity_of)]
    types, paragraphs, *diversity = map(np.concatenate, zip(*parts, strict=True))
    excluded = np.zeros(len(corpus), dtype=np.int64)
    for number, lines in excluded_by_number(corpus).items():
        excluded[number] = len(lines)
    documents = corpus.documents[["id", "title", "source", "date", "language"]]
    return documents.rename(columns={"id": "document"}).assign(
        tokens=tokens.document_sizes,
        types=types,
        sentences=np.diff(tokens.sentence_start),
        paragraphs=paragraphs,
        characters=corpus.texts.characters,
        excluded_lines=excluded,
        **dict(zip(("mattr", "mtld", "hdd"), diversity, strict=True)),
        date_precision=corpus.documents["date_precision"],
    )


def _diversity_of(block: Block) -> tuple[np.ndarray, ...]:
    """Types, paragraphs and three measures of diversity of each document of a block."""
    new = np.ones(block.n_sentences, dtype=bool)
    new[1:] = (np.diff(block.sentence_document) != 0) | (np.diff(block.paragraph) != 0)
    paragraphs = np.bincount(block.sentence_document[new], minlength=block.n_documents)
    texts = TypesInTexts(block.type_ids, block.document_start)
    return texts.n_types, paragraphs, mattr(texts), mtld(texts), hdd(texts)


def group_overview(tokens: Tokens, group: str) -> pd.DataFrame:
    """How much text each group has: columns group, documents, tokens, share (of tokens), first, last
    (dates)."""
    corpus, dates = tokens.corpus, tokens.corpus.documents["date"]
    columns = {"size": tokens.document_sizes, "date": dates.where(dates != "")}
    groups = pd.DataFrame({"group": corpus.groups(group), **columns}).groupby("group")
    table = groups["size"].agg(documents="size", tokens="sum")
    table["share"] = table["tokens"] / max(len(tokens), 1)
    table[["first", "last"]] = groups["date"].agg(["min", "max"]).fillna("")
    return table.reset_index()


def vocabulary_table(tokens: Tokens, *, most_words: int = _MAX_WORDS) -> pd.DataFrame:
    """One row a type, the most frequent first: `vocabulary.csv`; at most `most_words` of them.

    `documents` is how many hold it. Three measures of dispersion over documents: `dp` is Gries's
    deviation of proportions, 0 = evenly spread, towards 1 = in one document; `dp_norm` the same in
    Lijffijt and Gries's normalisation; `juilland_d` runs the other way, 1 = even, 0 = in one
    document. All are missing for a corpus of one document. A corpus of several languages has the
    rows of each, with the columns language and of_documents (those of the language), and rates
    within it.
    """
    table = table_by_language(
        tokens.corpus, lambda inside: _vocabulary_of(tokens, inside, most_words)
    )
    if "language" not in table:
        return table
    documents = {language: int(inside.sum()) for language, inside in tokens.corpus.strata}
    table["of_documents"] = table["language"].map(documents)
    return table.sort_values("count", ascending=False, kind="stable", ignore_index=True)


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


def content_words(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table whose `token` is no function word, lone letter or number."""
    kept = [not is_stop_word(token) for token in table["token"]]
    return table[np.array(kept, dtype=bool)].reset_index(drop=True)


def collocation_table(
    tokens: Tokens, *, fewest: int = MIN_TOGETHER, most_pairs: int = MAX_PAIRS
) -> pd.DataFrame:
    """Pairs of neighbouring content words within a sentence, by G²: `collocations.csv`.

    Only pairs that occur together at least `fewest` times and more often than expected, of these the
    `most_pairs` with the highest G². `expected` assumes that the two words are set independently of
    each other; pmi is to base 2. In a corpus of several languages what is expected is computed
    within each (column language).
    """
    table = table_by_language(
        tokens.corpus, lambda inside: _collocations_of(tokens, inside, fewest, most_pairs)
    )
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
    together, as_first, as_second = _pair_counts(tokens, inside)
    together.data[together.data < fewest] = 0
    together.eliminate_zeros()
    together = together.tocoo()
    strongest = np.empty((6, 0))
    for start in range(0, together.nnz, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        first, second, count = (part[some] for part in (*together.coords, together.data))
        found = measures.collocation(count, as_first[first], as_second[second], as_first.sum())
        found = np.stack((first, second, count, *found))[:, count > found[0]]
        strongest = _highest(np.hstack((strongest, found)), most_pairs)
    first, second, count = strongest[:3].astype(np.int64)
    names = (tokens.types.take(side).to_pylist() for side in (first, second))
    table = {"collocation": [f"{a} {b}" for a, b in zip(*names, strict=True)], "count": count}
    return pd.DataFrame(table | dict(zip(("expected", "g2", "pmi"), strongest[3:], strict=True)))


def _highest(found: np.ndarray, most: int) -> np.ndarray:
    """The columns with the highest G² (the last row but one), and those that tie with the last of them."""
    if found.shape[1] <= most:
        return found
    rank = _ranks(found[-2])
    return found[:, rank >= np.partition(rank, -most)[-most]]


def _pair_counts(
    tokens: Tokens, inside: np.ndarray
) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    """How often content words are neighbours in a sentence (types × types), and each type is the first
    and the second of any two neighbours."""
    n_types = len(tokens.types)
    as_first, as_second = np.zeros((2, n_types), dtype=np.int64)
    parts = [sparse.csr_array((n_types, n_types), dtype=np.int32)]
    for block, (first, second, pairs) in tokens.each(partial(_neighbours, tokens, inside)):
        np.add.at(as_first, block.types, first)
        np.add.at(as_second, block.types, second)
        parts.append(pairs)
        while len(parts) > 1 and parts[-1].nnz > parts[-2].nnz // 2:
            parts[-2:] = [parts[-2] + parts[-1]]  # so that what is large is seldom copied
    return sum(parts[-2::-1], parts[-1]), as_first, as_second


def _neighbours(
    tokens: Tokens, inside: np.ndarray, block: Block
) -> tuple[np.ndarray, np.ndarray, sparse.csr_array]:
    """How often each form of a block is the first and the second of two neighbours in a sentence, and
    the pairs of content words among them (types × types), in some documents."""
    same = np.ones(max(len(block.ids) - 1, 0), dtype=bool)
    same[block.sentence_start[1:-1] - 1] = False
    if not inside.all():
        same &= inside[block.documents][block.document_of[:-1]]
    sides = block.ids[:-1][same], block.ids[1:][same]
    counts = (np.bincount(side, minlength=len(block.forms)) for side in sides)
    content = tokens.is_content[block.types]
    both = content[sides[0]] & content[sides[1]]
    types = tuple(block.types[side[both]] for side in sides)
    ones, n_types = np.ones(np.count_nonzero(both), dtype=np.int32), len(tokens.types)
    return *counts, sparse.csr_array((ones, types), shape=(n_types, n_types))


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
    language_of = dict(zip(corpus.documents["id"], corpus.languages, strict=True))
    return table.assign(language=table["document"].map(language_of).fillna(EVERY))


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
    """For each document, how many of its types occur in how many documents of its language.

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
    """Each document's most frequent content words that occur in no other document of its language.

    Columns document, words_only_here (how many content types), most_frequent ('word (count), …').
    Of a corpus of more than _MAX_LISTED documents only so many are in the table, drawn at random.
    """
    alone = (tokens.spread == 1) & tokens.is_content
    numbers = _some_documents(tokens, random_seed, "only here", _MAX_LISTED)
    rows = []
    for number, types in _types_in(tokens, numbers):
        words, times = np.unique(types, return_counts=True)
        mine = alone[tokens.stratum[number], words]
        words, times = words[mine], times[mine]
        first = np.argsort(-times, kind="stable")[:most]
        listed = zip(tokens.types.take(words[first]).to_pylist(), times[first], strict=True)
        rows.append((len(words), ", ".join(f"{word} ({count})" for word, count in listed)))
    table = pd.DataFrame(rows, columns=["words_only_here", "most_frequent"])
    table.insert(0, "document", tokens.corpus.documents["id"].iloc[numbers].to_numpy())
    return table


def in_every_document(vocabulary: pd.DataFrame, n_documents: int) -> pd.DataFrame:
    """The content words of a vocabulary table that occur in every document (of their language)."""
    every = vocabulary.get("of_documents", n_documents)
    return content_words(vocabulary[vocabulary["documents"] == every])


def unsegmented_scripts(corpus: Corpus) -> dict[str, tuple[int, int]]:
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
