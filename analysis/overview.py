"""What is in a corpus: documents, vocabulary, collocations, diversity, growth, overlap."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis import measures, uncertainty
from analysis.codebook import RuleSet
from analysis.corpus import Corpus
from analysis.errors import shown_lines
from analysis.language.chinese import not_segmented
from analysis.language.words import is_stop_word
from analysis.reading.metadata import WHOLE_CORPUS
from analysis.tokens import Block, Tokens

FEWEST_TOGETHER = 3
GROWTH_POINTS = 200
MOST_WORDS = 50_000
MOST_CURVES = 40
MOST_SPREAD = 200
UNSEGMENTED_LEADS = (b"\xe0", b"\xe1", b"\xe3\x81", b"\xe3\x82", b"\xe3\x83")
"""First bytes, in UTF-8, of the letters of scripts that are not segmented."""
SIEVE_BITS = 26
SIEVE = 2**SIEVE_BITS
FULL = 255


def reading_account(corpus: Corpus) -> pd.DataFrame:
    """What was read, kept and left out, as counts that add up: columns what, count."""
    lines = sum(sum(bool(line.strip()) for line in text.splitlines()) for text in corpus.texts)
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
    parts = [part for _, part in tokens.each(diversity_of)]
    found = dict(zip(columns, map(np.concatenate, zip(*parts, strict=True)), strict=True))
    table["tokens"] = tokens.document_sizes
    table["types"] = found["types"]
    table["sentences"] = np.diff(tokens.sentence_start)
    table["paragraphs"] = found["paragraphs"]
    table["characters"] = corpus.texts.characters
    table["excluded_lines"] = (
        corpus.excluded.groupby("document").size().reindex(table["document"], fill_value=0).values
    )
    for column in columns[2:]:
        table[column] = found[column]
    table["date_precision"] = corpus.documents["date_precision"]
    return table


def diversity_of(block: Block) -> tuple[np.ndarray, ...]:
    """Types, paragraphs and three measures of diversity of each document of a block."""
    new = np.ones(block.n_sentences, dtype=bool)
    new[1:] = (np.diff(block.sentence_document) != 0) | (np.diff(block.paragraph) != 0)
    paragraphs = np.bincount(block.sentence_document[new], minlength=block.n_documents)
    texts = measures.TypesInTexts(block.type_ids, block.document_start)
    diversity = measures.mattr(texts), measures.mtld(texts), measures.hdd(texts)
    return texts.n_types, paragraphs, *diversity


def group_overview(tokens: Tokens, group: str) -> pd.DataFrame:
    """Who speaks how much: columns group, documents, tokens, share (of tokens), first, last (dates)."""
    groups = tokens.corpus.groups(group)
    dates = tokens.corpus.documents["date"]
    rows = []
    for name in sorted(set(groups)):
        mine = (groups == name).to_numpy()
        size = int(tokens.document_sizes[mine].sum())
        dated = sorted(date for date in dates[mine] if date) or [""]
        share = size / max(len(tokens), 1)
        rows.append((name, int(mine.sum()), size, share, dated[0], dated[-1]))
    return pd.DataFrame(rows, columns=["group", "documents", "tokens", "share", "first", "last"])


def vocabulary_table(tokens: Tokens, *, most_words: int = MOST_WORDS) -> pd.DataFrame:
    """One row a type, the most frequent first: `vocabulary.csv`; at most `most_words` of them.

    `documents` is how many hold it. Three measures of dispersion over documents: `dp` is Gries's
    deviation of proportions, 0 = evenly spread, towards 1 = in one document; `dp_norm` the same in
    Lijffijt and Gries's normalisation; `juilland_d` runs the other way, 1 = even, 0 = in one
    document. All are missing for a corpus of one document. A corpus of several languages has the
    rows of each, with the columns language and of_documents (those of the language), and rates
    within it.
    """
    strata = tokens.corpus.strata
    parts = [vocabulary_of(tokens, inside, most_words) for _, inside in strata]
    if len(strata) == 1:
        return parts[0]
    told = [
        part.assign(language=language, of_documents=int(inside.sum()))
        for part, (language, inside) in zip(parts, strata, strict=True)
    ]
    together = pd.concat(told, ignore_index=True)
    return together.sort_values("count", ascending=False, kind="stable", ignore_index=True)


def vocabulary_of(tokens: Tokens, inside: np.ndarray, most_words: int) -> pd.DataFrame:
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


def collocation_table(tokens: Tokens, *, fewest: int = FEWEST_TOGETHER) -> pd.DataFrame:
    """Pairs of neighbouring content words within a sentence, by G²: `collocations.csv`.

    Only pairs that stand together at least `fewest` times and more often than expected. `expected`
    assumes that the two words are set independently of each other; pmi is to base 2. In a corpus
    of several languages what is expected is reckoned within each (column language).
    """
    strata = tokens.corpus.strata
    parts = [collocations_of(tokens, inside, fewest) for _, inside in strata]
    if len(strata) > 1:
        parts = [part.assign(language=code) for part, (code, _) in zip(parts, strata, strict=True)]
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    rank = table["g2"].round(6)  # equal but for rounding is equal
    order = table.assign(rank=rank).sort_values(["rank", "collocation"], ascending=[False, True])
    return order.drop(columns="rank").reset_index(drop=True)


def collocations_of(tokens: Tokens, inside: np.ndarray, fewest: int) -> pd.DataFrame:
    """The pairs of the documents of one language, in no order."""
    n_types = len(tokens.types)
    as_first, as_second = np.zeros(n_types, np.int64), np.zeros(n_types, np.int64)
    sieve = np.zeros(SIEVE, dtype=np.uint8)
    for block, (first, second, places, times) in tokens.each(partial(neighbours, tokens, inside)):
        np.add.at(as_first, block.types, first)
        np.add.at(as_second, block.types, second)
        sieve[places] = np.minimum(sieve[places] + times, FULL)
    sums = Sums()
    enough = partial(pairs_passed, tokens, inside, sieve, min(fewest, FULL))
    for _, counted in tokens.each(enough):
        sums.add(*counted)
    pairs, together = sums.total()
    total = int(as_first.sum())
    pairs, together = pairs[together >= fewest], together[together >= fewest]
    left, right = np.divmod(pairs, max(n_types, 1))
    expected, g2, pmi = measures.collocation(together, as_first[left], as_second[right], total)
    kept = together > expected
    names = [tokens.types.take(side[kept]).to_pylist() for side in (left, right)]
    return pd.DataFrame(
        {
            "collocation": [f"{a} {b}" for a, b in zip(*names, strict=True)],
            "count": together[kept],
            "expected": expected[kept],
            "g2": g2[kept],
            "pmi": pmi[kept],
        }
    )


class Sums:
    """Counts by key added up, merged whenever as many wait as are merged already."""

    def __init__(self):
        self.keys, self.counts = np.empty(0, np.int64), np.empty(0, np.int64)
        self.waiting: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, keys: np.ndarray, counts: np.ndarray) -> None:
        """Take counts of different keys."""
        self.waiting.append((keys, counts))
        if sum(len(part) for part, _ in self.waiting) > max(1_000_000, len(self.keys)):
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


def neighbours(tokens: Tokens, inside: np.ndarray, block: Block) -> tuple[np.ndarray, ...]:
    """How often each form of a block stands first and second of two tokens side by side in a
    sentence; the places of their content pairs in the sieve, and how many pairs have each."""
    pair = beside(block, inside)
    first, second = (
        np.bincount(ids[pair], minlength=len(block.forms))
        for ids in (block.ids[:-1], block.ids[1:])
    )
    return (
        first,
        second,
        *np.unique(sieved(content_pairs(tokens, inside, block)), return_counts=True),
    )


def beside(block: Block, inside: np.ndarray) -> np.ndarray:
    """Which tokens of a block have the next one beside them in a sentence of some documents."""
    same = np.ones(max(len(block.ids) - 1, 0), dtype=bool)
    same[block.sentence_start[1:-1] - 1] = False
    if not inside.all():
        same &= inside[block.documents][block.document_of[:-1]]
    return same


def content_pairs(tokens: Tokens, inside: np.ndarray, block: Block) -> np.ndarray:
    """The pairs of two content words side by side in a sentence of a block, each as one number."""
    content = tokens.is_content[block.types][block.ids]
    pair = np.flatnonzero(beside(block, inside) & content[:-1] & content[1:])
    first, second = block.types[block.ids[pair]], block.types[block.ids[pair + 1]]
    return first.astype(np.int64) * len(tokens.types) + second


def pairs_passed(
    tokens: Tokens, inside: np.ndarray, sieve: np.ndarray, fewest: int, block: Block
) -> tuple:
    """The content pairs of a block whose place in the sieve holds enough, and their counts."""
    pairs = content_pairs(tokens, inside, block)
    return np.unique(pairs[sieve[sieved(pairs)] >= fewest], return_counts=True)


def sieved(pairs: np.ndarray) -> np.ndarray:
    """A place of the sieve for every pair: pairs that share one are counted apart later."""
    scattered = pairs.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (scattered >> np.uint64(64 - SIEVE_BITS)).astype(np.uint32)


def growth_table(tokens: Tokens, *, random_seed: int = 0) -> pd.DataFrame:
    """Types met after so many tokens: in each document, and through the corpus by date.

    Columns document, tokens, types; at most 200 points a document, and of a corpus of more than
    MOST_CURVES documents only some, drawn at random.
    """
    ids = tokens.corpus.documents["id"]
    parts = []
    for number in some_documents(tokens, random_seed):
        types = types_of_document(tokens, number)
        first = np.flatnonzero(measures.last_met(types) < 0)
        parts.append(growth_points(ids[number], first, len(types)))
    if len(ids) > 1:
        parts.append(growth_points(WHOLE_CORPUS, first_met_by_date(tokens), len(tokens)))
    return pd.concat(parts, ignore_index=True)


def some_documents(tokens: Tokens, random_seed: int) -> list[int]:
    """All documents of a small corpus, MOST_CURVES of a large one."""
    n = tokens.n_documents
    if n <= MOST_CURVES:
        return list(range(n))
    rng = uncertainty.generator(random_seed, "growth")
    return np.sort(rng.choice(n, MOST_CURVES, replace=False)).tolist()


def first_met_by_date(tokens: Tokens) -> np.ndarray:
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


def growth_points(name: str, first: np.ndarray, size: int) -> pd.DataFrame:
    """Some points of a curve of types met; `first` are the tokens that met a new one, sorted."""
    if not size:
        return pd.DataFrame({"document": [], "tokens": [], "types": []})
    at = np.unique(np.linspace(1, size, min(GROWTH_POINTS, size)).astype(int))
    return pd.DataFrame({"document": name, "tokens": at, "types": np.searchsorted(first, at)})


def overlap_table(tokens: Tokens, *, random_seed: int = 0) -> pd.DataFrame:
    """For each document, how many of its types stand in how many documents of its language.

    Columns document, in_documents (1 = only here), types, share (of the document's types). A
    number of documents that no type of the document occurs in has no row, but for 1. Of a corpus
    of more than MOST_SPREAD documents only MOST_CURVES are in the table, drawn at random, and the
    numbers are counted together: `in_documents` is then the least of a stretch that ends before its
    double.
    """
    spread, numbers = documents_of_types(tokens), list(range(tokens.n_documents))
    if tokens.n_documents > MOST_SPREAD:
        spread = 2 ** np.floor(np.log2(np.maximum(spread, 1))).astype(np.int64)
        numbers = some_documents(tokens, random_seed)
    stratum = stratum_of(tokens)
    ids = tokens.corpus.documents["id"].to_numpy()
    parts = []
    for number in numbers:
        own = np.unique(types_of_document(tokens, number))
        among, types = np.unique(np.append(spread[stratum[number], own], 1), return_counts=True)
        types[0] -= 1
        share = types / (len(own) or np.nan)
        part = {"document": ids[number], "in_documents": among, "types": types, "share": share}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def types_of_document(tokens: Tokens, number: int) -> np.ndarray:
    """The types of a document's tokens in order."""
    block = tokens.block(tokens.block_number(number))
    inner = number - block.first_document
    return block.type_ids[slice(*block.document_start[inner : inner + 2])]


def documents_of_types(tokens: Tokens) -> np.ndarray:
    """In how many documents of each language (rows) each type (columns) stands."""
    stratum = stratum_of(tokens)
    spread = np.zeros((stratum.max() + 1, len(tokens.types)), dtype=np.int64)
    for block, counts in tokens.type_counts():
        number = np.repeat(stratum[block], np.diff(counts.indptr))
        for language, row in enumerate(spread):
            row += np.bincount(counts.indices[number == language], minlength=len(row))
    return spread


def stratum_of(tokens: Tokens) -> np.ndarray:
    """The number of the language of each document."""
    return np.unique(tokens.corpus.languages, return_inverse=True)[1]


def only_here(tokens: Tokens, *, most: int = 8) -> pd.DataFrame:
    """Each document's most frequent content words that stand in no other document of its language.

    Columns document, words_only_here (how many content types), most_frequent ('word (count), …').
    """
    alone = (documents_of_types(tokens) == 1) & tokens.is_content
    stratum = stratum_of(tokens)
    rows = []
    for block, counts in tokens.type_counts():
        number = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        mine = alone[stratum[block][number], counts.indices]
        number = number[mine]
        words, times = counts.indices[mine], counts.data[mine]
        order = np.lexsort((words, -times, number))
        bounds = np.searchsorted(number, np.arange(counts.shape[0] + 1))
        for first, last in pairwise(bounds.tolist()):
            named = order[first : min(first + most, last)]
            told = zip(tokens.types.take(words[named]).to_pylist(), times[named], strict=True)
            rows.append((last - first, ", ".join(f"{word} ({count})" for word, count in told)))
    table = pd.DataFrame(rows, columns=["words_only_here", "most_frequent"])
    table.insert(0, "document", tokens.corpus.documents["id"])
    return table


def in_every_document(vocabulary: pd.DataFrame, n_documents: int) -> pd.DataFrame:
    """The content words of a vocabulary table that stand in every document (of their language)."""
    every = vocabulary.get("of_documents", n_documents)
    return content_words(vocabulary[vocabulary["documents"] == every])


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
        for script, (documents, letters) in unsegmented(corpus).items()
    )


def unsegmented(corpus: Corpus) -> dict[str, tuple[int, int]]:
    """For each script that is not segmented, how many documents hold it and with how many letters."""
    found: dict[str, tuple[int, int]] = {}
    for number in range(len(corpus)):
        content = corpus.texts.content(number)
        if any(lead in content for lead in UNSEGMENTED_LEADS):
            for script, letters in not_segmented(content.decode("utf-8")).items():
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
    return shown_lines(
        f"{len(corpus)} documents ({corpus.groups(group).nunique()} values of {group}) hold "
        f"{len(tokens):,} tokens in {tokens.n_sentences:,} sentences; "
        f"{len(corpus.excluded)} lines were left out.\n"
        f"The longest document holds {longest:.0%} of the tokens.\n"
        f"Most frequent content words: {words}. Strongest pairs: {pairs}."
    )
