"""What is in a corpus: documents, vocabulary, collocations, diversity, growth, overlap."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from analysis import measures
from analysis.corpus import WHOLE_CORPUS, Corpus
from analysis.errors import shown_lines
from analysis.tokens import Tokens, is_stop_word

FEWEST_TOGETHER = 3
GROWTH_POINTS = 200


def reading_account(corpus: Corpus) -> pd.DataFrame:
    """What was read, kept and left out, as counts that add up: columns what, count."""
    lines = sum(sum(bool(line.strip()) for line in text.splitlines()) for text in corpus.texts)
    dated = int((corpus.documents["date"] != "").sum())
    rows = [
        ("documents read", len(corpus)),
        ("documents with a date", dated),
        ("documents without a date", len(corpus) - dated),
        ("lines of text", lines),
        ("lines excluded by a rule", len(corpus.excluded)),
        ("lines kept", lines - len(corpus.excluded)),
        ("other things in the folder, left out", len(corpus.unlisted)),
    ]
    return pd.DataFrame(rows, columns=["what", "count"])


def document_table(tokens: Tokens) -> pd.DataFrame:
    """One row a document: `documents.csv`.

    Counts are of what is kept after exclusions; `characters` of the text as it was given. Types
    and diversity are of folded types. A diversity that the text is too short for is missing.
    """
    corpus = tokens.corpus
    table = corpus.documents[["id", "title", "source", "date", "language"]].rename(
        columns={"id": "document"}
    )
    texts = [tokens.type_ids[slice(*span)] for span in document_bounds(tokens)]
    table["tokens"] = tokens.document_sizes
    table["types"] = [len(np.unique(types)) for types in texts]
    table["sentences"] = sentences_per_document(tokens)
    table["paragraphs"] = paragraphs_per_document(tokens)
    table["characters"] = [len(text) for text in corpus.texts]
    table["excluded_lines"] = (
        corpus.excluded.groupby("document").size().reindex(table["document"], fill_value=0).values
    )
    table["mattr"] = [measures.mattr(types) for types in texts]
    table["mtld"] = [measures.mtld(types) if len(types) else np.nan for types in texts]
    table["hdd"] = [measures.hdd(types) for types in texts]
    table["date_precision"] = corpus.documents["date_precision"]
    return table


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


def document_bounds(tokens: Tokens) -> list[tuple[int, int]]:
    """First and one past the last token of each document."""
    starts = tokens.document_start.tolist()
    return list(pairwise(starts))


def sentences_per_document(tokens: Tokens) -> np.ndarray:
    """Sentences of each document."""
    return np.bincount(tokens.sentence_document, minlength=tokens.n_documents)


def paragraphs_per_document(tokens: Tokens) -> np.ndarray:
    """Lines that hold a token, per document."""
    pairs = np.unique(np.column_stack((tokens.sentence_document, tokens.paragraph)), axis=0)
    return np.bincount(pairs[:, 0], minlength=tokens.n_documents)


def vocabulary_table(tokens: Tokens) -> pd.DataFrame:
    """One row a type, the most frequent first: `vocabulary.csv`.

    `documents` is how many hold it; `dp` is Gries's deviation of proportions over documents,
    0 = evenly spread, towards 1 = in one document (missing for a corpus of one document).
    """
    counts = tokens.document_types
    count = np.asarray(counts.sum(axis=0)).ravel()
    several = tokens.n_documents > 1
    dp = measures.deviation_of_proportions(counts, tokens.document_sizes)
    table = pd.DataFrame(
        {
            "token": tokens.types,
            "count": count,
            "documents": np.asarray((counts > 0).sum(axis=0)).ravel(),
            "per_million": measures.per_million(count, len(tokens)),
            "dp": dp if several else np.nan,
        }
    )
    return table.sort_values(["count", "token"], ascending=[False, True], ignore_index=True)


def content_words(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table whose `token` is no function word, lone letter or number."""
    kept = [not is_stop_word(token) for token in table["token"]]
    return table[np.array(kept, dtype=bool)].reset_index(drop=True)


def collocation_table(tokens: Tokens, *, fewest: int = FEWEST_TOGETHER) -> pd.DataFrame:
    """Pairs of neighbouring content words within a sentence, by G²: `collocations.csv`.

    Only pairs that stand together at least `fewest` times and more often than expected. `expected`
    assumes that the two words are set independently of each other; pmi is to base 2.
    """
    types = tokens.type_ids.astype(np.int64)
    same = tokens.sentence_of[1:] == tokens.sentence_of[:-1]
    first, second = types[:-1][same], types[1:][same]
    n_types, total = len(tokens.types), len(first)
    pairs, together = np.unique(first * n_types + second, return_counts=True)
    as_first = np.bincount(first, minlength=n_types)
    as_second = np.bincount(second, minlength=n_types)
    content = np.array([not is_stop_word(token) for token in tokens.types], dtype=bool)
    left, right = pairs // max(n_types, 1), pairs % max(n_types, 1)
    kept = (together >= fewest) & content[left] & content[right]
    rows = []
    for a, b, count in zip(left[kept], right[kept], together[kept], strict=True):
        expected, g2, pmi = measures.collocation(
            int(count), int(as_first[a]), int(as_second[b]), total
        )
        if count > expected:
            rows.append((f"{tokens.types[a]} {tokens.types[b]}", int(count), expected, g2, pmi))
    table = pd.DataFrame(rows, columns=["collocation", "count", "expected", "g2", "pmi"])
    return table.sort_values(["g2", "collocation"], ascending=[False, True], ignore_index=True)


def growth_table(tokens: Tokens) -> pd.DataFrame:
    """Types met after so many tokens: in each document, and through the corpus by date.

    Columns document, tokens, types; at most 200 points a document.
    """
    texts = [tokens.type_ids[slice(*span)] for span in document_bounds(tokens)]
    ids = tokens.corpus.documents["id"]
    parts = [growth_points(name, types) for name, types in zip(ids, texts, strict=True)]
    if len(texts) > 1:
        order = tokens.corpus.documents.sort_values(["date", "id"]).index
        parts.append(growth_points(WHOLE_CORPUS, np.concatenate([texts[n] for n in order])))
    return pd.concat(parts, ignore_index=True)


def growth_points(name: str, types: np.ndarray) -> pd.DataFrame:
    if not len(types):
        return pd.DataFrame({"document": [], "tokens": [], "types": []})
    at = np.unique(np.linspace(1, len(types), min(GROWTH_POINTS, len(types))).astype(int))
    return pd.DataFrame(
        {"document": name, "tokens": at, "types": measures.types_met(types)[at - 1]}
    )


def overlap_table(tokens: Tokens) -> pd.DataFrame:
    """For each document, how many of its types stand in how many documents.

    Columns document, in_documents (1 = only here), types, share (of the document's types). A
    number of documents that no type of the document occurs in has no row, but for 1.
    """
    present = tokens.document_types > 0
    spread = np.asarray(present.sum(axis=0)).ravel()
    own = np.diff(present.indptr)
    document = np.repeat(np.arange(len(own)), own)
    pairs, types = np.unique(
        np.column_stack((document, spread[present.indices])), axis=0, return_counts=True
    )
    table = pd.DataFrame({"number": pairs[:, 0], "in_documents": pairs[:, 1], "types": types})
    alone = pd.DataFrame({"number": np.arange(len(own)), "in_documents": 1, "types": 0})
    alone = alone[~alone["number"].isin(table.loc[table["in_documents"] == 1, "number"])]
    table = pd.concat([table, alone]).sort_values(["number", "in_documents"], ignore_index=True)
    number = table.pop("number").to_numpy(int)
    table["share"] = table["types"] / np.where(own > 0, own, np.nan)[number]
    table.insert(0, "document", tokens.corpus.documents["id"].to_numpy()[number])
    return table


def only_here(tokens: Tokens, *, most: int = 8) -> pd.DataFrame:
    """Each document's most frequent content words that stand in no other document.

    Columns document, words_only_here (how many content types), most_frequent ('word (count), …').
    """
    counts = tokens.document_types
    spread = np.asarray((counts > 0).sum(axis=0)).ravel()
    rows = []
    for number, document in enumerate(tokens.corpus.documents["id"]):
        row = counts[[number]]
        mine = [
            (tokens.types[kind], int(count))
            for kind, count in zip(row.indices, row.data, strict=True)
            if spread[kind] == 1 and not is_stop_word(tokens.types[kind])
        ]
        mine.sort(key=lambda pair: (-pair[1], pair[0]))
        named = ", ".join(f"{word} ({count})" for word, count in mine[:most])
        rows.append((document, len(mine), named))
    return pd.DataFrame(rows, columns=["document", "words_only_here", "most_frequent"])


def in_every_document(vocabulary: pd.DataFrame, n_documents: int) -> pd.DataFrame:
    """The content words of a vocabulary table that stand in every document."""
    return content_words(vocabulary[vocabulary["documents"] == n_documents])


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
